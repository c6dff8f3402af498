// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/neighborhoods.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/neighbors/search.hpp>

namespace {

using namespace metriclab;

/// The k-th smallest value, k from 0; few are kept at a time.
double order_statistic(const double* values, std::int64_t n, std::int64_t k) {
  std::vector<double> least(values, values + k + 1);  // the k + 1 smallest so far, as a heap
  std::make_heap(least.begin(), least.end());
  for (std::int64_t j = k + 1; j < n; ++j)
    if (values[j] < least.front()) {
      std::pop_heap(least.begin(), least.end());
      least.back() = values[j];
      std::push_heap(least.begin(), least.end());
    }
  return least.front();
}

/// Local Fisher discriminant analysis: linear discriminants that keep near examples of a class
/// near, but not those that are far from each other within it (classes of several clusters).
///
///     S_b w = λ S_w w,  L S_w Lᵀ = I,  by falling λ
///     S_w = ½ Σ_ij a_ij/n_c (x_i − x_j)(x_i − x_j)ᵀ over pairs of one class c
///     S_b = ½ Σ_ij b_ij (x_i − x_j)(x_i − x_j)ᵀ,  b_ij = a_ij·(1/n − 1/n_c) in class c, 1/n
///     between
///
/// n_c: examples of class c. The affinity a_ij is exp(−‖x_i − x_j‖²/(σ_i·σ_j)) with σ_i the
/// distance of x_i from its k-th nearest of its class (for σ_i·σ_j = 0: 1 between equal examples,
/// otherwise 0), "local_scaling"; or with "neighbors" ½·([j is among the k nearest of i in the
/// class] + [i is among those of j]). Classes of k examples or fewer take the farthest; a class of
/// one adds to S_b only. L: the eigenvectors ("plain"), each times √λ ("weighted"), or made
/// orthonormal in their order ("orthonormalized").
///
/// S_w is inverted on its range (constant features and others without scatter are left out), after
/// `regularization` times its diagonal was added, with a kernel that times its mean diagonal. The
/// objective is Σ λ over the rows kept. Errors: one class; no class with two examples that differ.
class Lfda final : public Solver {
 public:
  static void describe(Description<Lfda>& is) {
    is.summary("linear discriminants that let classes consist of several clusters");
    is.source(
        "Sugiyama. Dimensionality reduction of multimodal labeled data by local Fisher "
        "discriminant analysis. Journal of Machine Learning Research 2007");
    is.source("Zelnik-Manor, Perona. Self-tuning spectral clustering. NIPS 2004 (local scaling)");
    is.cost("O(Σ n_c² d + n d² + d³) time for classes of n_c, O(n d + n_c² + d²) memory");
    is.parameter("components", &Lfda::components,
                 "dimensions kept; null is all that have scatter within the classes")
        .at_least(1);
    is.parameter("k", &Lfda::k,
                 "which nearest example of the class sets the scale, or how many "
                 "are neighbours")
        .at_least(1);
    is.parameter("affinity", &Lfda::affinity, "how near two examples of a class are")
        .one_of({"local_scaling", "neighbors"});
    is.parameter("embedding_type", &Lfda::embedding_type, "what is made of the eigenvectors")
        .one_of({"weighted", "orthonormalized", "plain"});
    is.parameter("regularization", &Lfda::regularization,
                 "what is added to the diagonal of S_w, as a part of it; null is 0, and 0.001 with "
                 "a kernel")
        .at_least(0);
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "lfda");
    const std::vector<Indices> members = require_classes(problem, "lfda");
    auto [within, between] = scatter(problem.X, members);
    if (!(within.trace() > 0))
      throw Error("lfda needs a class with two examples that differ; here is none");
    const double part = regularization.value_or(kernel ? 1e-3 : 0);
    if (kernel)
      within.diagonal().array() += part * within.diagonal().mean();
    else
      within.diagonal() *= 1 + part;
    const RangeInverse inverse(within, !kernel);
    const std::int64_t r =
        require_components(components, inverse.rank(), "the rank of the scatter within classes");
    SymmetricEigen eigen = generalized_eigen(between, inverse, r);
    const Vector values = eigen.values.cwiseMax(0);
    Solution solution{.L = std::move(eigen.vectors), .objective = values.sum()};
    if (embedding_type == "weighted") solution.L = values.cwiseSqrt().asDiagonal() * solution.L;
    if (embedding_type == "orthonormalized") {
      const Eigen::HouseholderQR<Eigen::MatrixXd> qr(solution.L.transpose());
      const Eigen::MatrixXd Q = qr.householderQ() * Eigen::MatrixXd::Identity(problem.d(), r);
      solution.L = Q.transpose();
      fix_signs(solution.L);
    }
    return solution;
  }

 private:
  /// (diag(A 1) − A)·X of one class's examples, (n_c × d).
  Matrix pulls(const Matrix& points) const {
    const std::int64_t n = points.rows(), nearest = std::min(k, n - 1);
    if (affinity == "neighbors") {
      const Neighbors<double> near = nearest_neighbors(points, nearest);
      Matrix pull = Matrix::Zero(n, points.cols());
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t neighbor = 0; neighbor < nearest; ++neighbor) {
          const std::int64_t j = near.indices(i, neighbor);
          pull.row(i) += 0.5 * (points.row(i) - points.row(j));
          pull.row(j) += 0.5 * (points.row(j) - points.row(i));
        }
      return pull;
    }
    Matrix A = squared_distances(points, points);
    A.diagonal().setZero();
    Vector sigma(n);
    for (std::int64_t i = 0; i < n; ++i)
      sigma[i] = std::sqrt(order_statistic(A.row(i).data(), n, nearest));
    if (sigma.minCoeff() > 0) {
      const Vector inverse = sigma.cwiseInverse();
      for (std::int64_t i = 0; i < n; ++i)
        scaled_exponentials(A.row(i).data(), inverse.data(), inverse[i], n);
    } else {
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) {
          const double scale = sigma[i] * sigma[j];
          A(i, j) = scale > 0 ? std::exp(-A(i, j) / scale) : A(i, j) > 0 ? 0 : 1;
        }
    }
    const Vector degree = A.rowwise().sum();
    Matrix pull = degree.asDiagonal() * points;
    pull.noalias() -= A * points;
    return pull;
  }

  /// S_w and S_b. With Y_c = (diag(A 1) − A)·X_c the first is Σ X_cᵀ Y_c/n_c, and the second Σ X_cᵀ
  /// ((1 − n_c/n)·X_c − (1/n_c − 1/n)·Y_c) of centred X_c, and the scatter of the class means.
  std::pair<Matrix, Matrix> scatter(const Matrix& X, const std::vector<Indices>& members) const {
    const auto n = static_cast<double>(X.rows());
    const Vector overall = mean(X);
    Matrix centred(X.rows(), X.cols()), pull(X.rows(), X.cols()), spread(X.rows(), X.cols());
    Matrix means(static_cast<std::int64_t>(members.size()), X.cols());
    std::int64_t begin = 0;
    for (std::size_t c = 0; c < members.size(); ++c) {
      const auto size = static_cast<std::int64_t>(members[c].size());
      const auto count = static_cast<double>(size);
      Matrix points = X(members[c], Eigen::all);
      const Vector m = mean(points);
      points.rowwise() -= m.transpose();
      means.row(static_cast<std::int64_t>(c)) = std::sqrt(count) * (m - overall).transpose();
      const Matrix Y = pulls(points);
      centred.middleRows(begin, size) = points;
      pull.middleRows(begin, size) = Y / count;
      spread.middleRows(begin, size) = (1 - count / n) * points - (1 / count - 1 / n) * Y;
      begin += size;
    }
    Matrix between = symmetric_product(centred, spread);
    between.noalias() += means.transpose() * means;
    return {symmetric_product(centred, pull), std::move(between)};
  }

  std::optional<std::int64_t> components;
  std::int64_t k = 7;
  std::string affinity = "local_scaling";
  std::string embedding_type = "weighted";
  std::optional<double> regularization;
};

METRICLAB_PLUGIN(Lfda, "lfda");

}  // namespace
