// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/method.hpp>
#include <optional>

namespace metriclab {

/// Plugin kind "kernel": a positive semidefinite function k(x, y) of two examples, an inner product
/// of features of theirs. Any solver with a `kernel` parameter learns in the space of these.
class Kernel : public Component {
 public:
  static constexpr std::string_view kind = "kernel";
  static constexpr std::string_view abi = kEigenAbi;
  ~Kernel() override;

  /// (n × m): k of each row of A (n × d) with each of B (m × d).
  virtual Matrix between(const Matrix& A, const Matrix& B) const = 0;
  /// (n): k of each row with itself.
  virtual Vector diagonal(const Matrix& A) const = 0;

  std::optional<std::int64_t> landmarks;

 protected:
  /// Declares `landmarks`; every kernel does.
  template <class T>
  static void describe_landmarks(Description<T>& is) {
    is.parameter("landmarks", &Kernel::landmarks,
                 "examples that span the feature space (Nyström); null is as many as its rank, "
                 "which is exact")
        .at_least(1);
  }
};

/// Coordinates in the feature space of a kernel, spanned by the features of some examples, the
/// landmarks: φ(x) = T·(k(b_1, x), …, k(b_m, x)), T = R⁻¹ for K_BB = R·Rᵀ. Then φ(x)·φ(y) = k(x, y)
/// where the features of x or y lie in the span, and of the orthogonal projections on it otherwise.
///
/// A solver that rotates with its input learns in these coordinates what it would in the feature
/// space itself (Chatpatanasiri, Korsrilabutr, Tangchanachaianan, Kijsirikul. A new kernelization
/// framework for Mahalanobis distance learning algorithms. Neurocomputing 2010, the "KPCA trick":
/// there by principal components, which differ from these coordinates by a rotation).
///
/// The landmarks are the pivots of a Cholesky factorisation of the examples' K: each next one is
/// the example whose features are farthest from the span, the smaller index on a tie. It ends when
/// that squared distance is below n·2⁻⁵² of the largest k(x, x): then K is reproduced to rounding;
/// or at `landmarks` of them, the Nyström approximation (Fine, Scheinberg. Efficient SVM training
/// using low-rank kernel representations. Journal of Machine Learning Research 2001, section 4).
/// Time: n·m·(d + m); memory: n·m for `landmarks` = m, n² without.
class KernelFeatures {
 public:
  /// Of the rows of X (n × d), n ≥ 1. Throws Error where all k(x, x) are 0 or one is not finite.
  KernelFeatures(const Kernel& kernel, const Matrix& X);

  /// φ of the rows of X themselves, (n × m).
  const Matrix& of_examples() const { return features_; }
  /// The landmarks, (m × d), and T, (m × m).
  const Matrix& landmarks() const { return landmarks_; }
  const Matrix& T() const { return T_; }

 private:
  Matrix features_, landmarks_, T_;
};

/// x → A·(k(b_1, x), …, k(b_m, x)), compared by the Euclidean distance; A (r × m), b (m × d).
class KernelModel final : public Model {
 public:
  KernelModel(Plugin<Kernel> kernel, Matrix landmarks, Matrix A);
  MatrixF embed(const Examples& examples) const override;
  void save(const std::filesystem::path& folder) const override;
  static std::unique_ptr<Model> restore(Plugin<Kernel> kernel, const std::filesystem::path& folder);

 private:
  Plugin<Kernel> kernel_;
  Matrix landmarks_, A_;
};

}  // namespace metriclab
