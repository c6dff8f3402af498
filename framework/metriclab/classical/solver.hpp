// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <metriclab/data/method.hpp>
#include <string>
#include <utility>
#include <vector>

namespace metriclab {

/// A pair of examples that is to be near (similar) or far.
struct LabelledPair {
  std::int64_t first = 0, second = 0;
  bool similar = true;
};

/// What a solver learns from.
struct SolverProblem {
  Matrix X;                          // (n × d)
  std::vector<std::int32_t> y = {};  // (n), dense from 0; empty where there are only constraints
  std::vector<LabelledPair> pairs =
      {};  // given, or empty: a solver that needs them draws them from y
  std::vector<std::array<std::int64_t, 4>> quadruplets = {};  // d(0, 1) < d(2, 3); given, or empty
  std::vector<std::int64_t> chunks =
      {};  // (n) the chunk of each example, −1 for none; given, or empty
  Random random;
  int threads = 1;
  std::function<void(double done, const std::string& what)> progress = {};

  std::int64_t n() const { return X.rows(); }
  std::int64_t d() const { return X.cols(); }
  std::int64_t n_classes() const;
};

/// What a solver found: the linear transformation L (r × d); the distance is ‖L(x − y)‖.
struct Solution {
  Matrix L;
  double objective =
      std::numeric_limits<double>::quiet_NaN();  // as the solver's declaration defines it
  std::int64_t iterations = 0;
  std::string stopped = "closed form";  // "converged", "iterations", "time", "closed form"
  std::vector<double> objectives = {};  // by iteration, where there are iterations
};

/// Plugin kind "solver": learns a Mahalanobis metric.
class Solver : public Method {
 public:
  static constexpr std::string_view kind = "solver";
  ~Solver() override;

  virtual Solution solve(const SolverProblem& problem) = 0;

  Fit fit(const Training& training) final;
  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const final;
};

/// x → Lx, compared by the Euclidean distance.
class LinearModel final : public Model {
 public:
  explicit LinearModel(Matrix L);
  MatrixF embed(const Examples& examples) const override;
  void save(const std::filesystem::path& folder) const override;
  const Matrix& L() const { return L_; }

 private:
  Matrix L_;
};

}  // namespace metriclab
