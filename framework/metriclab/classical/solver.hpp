// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <metriclab/classical/kernel.hpp>
#include <metriclab/data/method.hpp>
#include <string>
#include <utility>
#include <vector>

namespace metriclab {

/// What a solver learns from.
struct SolverProblem {
  Matrix X;                            // (n × d); empty for a solver that reads blocks
  const Examples* examples = nullptr;  // for a solver that reads blocks: the same, as held
  std::vector<std::int32_t> y = {};    // (n), dense from 0; empty where there are only constraints
  std::int64_t classes = 0;            // of the data set, where that has some without examples here
  Vector targets = {};                 // (n) real labels, or empty
  // Given, or empty: a solver that needs them draws them from y.
  std::vector<LabelledPair> pairs = {};
  std::vector<std::array<std::int64_t, 3>> triplets = {};     // d(0, 1) < d(0, 2)
  std::vector<std::array<std::int64_t, 4>> quadruplets = {};  // d(0, 1) < d(2, 3)
  std::vector<std::int64_t> chunks = {};  // (n) the chunk of each example, −1 for none
  Random random;
  int threads = 1;
  std::function<void(double done, const std::string& what)> progress = {};

  std::int64_t n() const { return examples != nullptr ? examples->size() : X.rows(); }
  std::int64_t d() const { return examples != nullptr ? examples->dimension() : X.cols(); }
  /// Of the data set, or as many as y tells of.
  std::int64_t n_classes() const;
  /// Examples begin … begin + count − 1, and those of these indices, as rows in double.
  Matrix rows(std::int64_t begin, std::int64_t count) const;
  Matrix rows(const Indices& indices) const;
};

/// What a solver found: the linear transformation L (r × d); the distance is ‖L(x − y)‖. With a
/// kernel d is the number of its features. A solver whose distance is not of that kind sets `model`
/// and may leave L empty.
struct Solution {
  Matrix L;
  double objective =
      std::numeric_limits<double>::quiet_NaN();  // as the solver's declaration defines it
  std::int64_t iterations = 0;
  std::string stopped = "closed form";  // "converged", "iterations", "time", "closed form"
  std::vector<double> objectives = {};  // by iteration, where there are iterations
  std::unique_ptr<Model> model = {};    // in place of x → Lx
};

/// Plugin kind "solver": learns a distance; most of them a Mahalanobis metric.
class Solver : public Method {
 public:
  static constexpr std::string_view kind = "solver";
  ~Solver() override;

  /// Learns from the problem; with a kernel, in the space of its features: `learn` is given those
  /// in place of X, and the solution has a model. Throws Error where the data or the parameters
  /// don't allow it.
  Solution solve(const SolverProblem& problem);
  /// Whether `learn` reads the examples by SolverProblem::rows() alone, so that they need not be in
  /// memory in double precision, or at all.
  virtual bool reads_blocks() const { return false; }

  Fit fit(const Training& training) final;
  /// LinearModel or KernelModel; to be overridden by a solver that sets Solution::model.
  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const override;

 protected:
  virtual Solution learn(const SolverProblem& problem) = 0;

  /// Declares `kernel`. For a solver whose metric doesn't depend on the axes of its input, that is,
  /// rotates with it, and whose L has its rows in the span of the examples.
  template <class T>
  static void describe_kernel(Description<T>& is) {
    is.parameter("kernel", &Solver::kernel,
                 "learns in this kernel's feature space; null is the input space");
  }

  Plugin<Kernel> kernel;
};

/// x → Lx, compared by the Euclidean distance, or another.
class LinearModel final : public Model {
 public:
  explicit LinearModel(Matrix L, Distance distance = Distance::euclidean);
  MatrixF embed(const Examples& examples) const override;
  Distance distance() const override { return distance_; }
  void save(const std::filesystem::path& folder) const override;
  const Matrix& L() const { return L_; }

 private:
  Matrix L_;
  Distance distance_;
};

}  // namespace metriclab
