// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/local_directions.hpp>
#include <metriclab/classical/pair_sums.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/npy.hpp>

namespace {

using namespace metriclab;

/// The mean of [1 + d_near − d_far]₊ over the triplets; the derivative by each pair's d is written
/// to `weights`.
double mean_hinge(const TripletPairs& triplets, const Vector& distances, Vector& weights) {
  weights.setZero(distances.size());
  const double each = 1 / static_cast<double>(triplets.near.size());
  double value = 0;
  for (std::size_t t = 0; t < triplets.near.size(); ++t) {
    const double term = 1 + distances[triplets.near[t]] - distances[triplets.far[t]];
    if (term <= 0) continue;
    value += each * term;
    weights[triplets.near[t]] += each;
    weights[triplets.far[t]] -= each;
  }
  return value;
}

/// The metric of a query x, d²(x, y) = Σ_b w_b(x) (b·x − b·y)² with w_b(x) = (a_b·z + c_b)², z =
/// P·(x − m), as a bilinear distance of embeddings of two halves: for u = (b·(x − m))_b
///
///     (2w∘u, −w, −Σ w∘u²)  and  (u, u², 1),
///
/// minus the product of which is d². It is the query's metric: not symmetric.
class LocalModel final : public Model {
 public:
  LocalModel(Matrix basis, Matrix maps, Matrix P, Vector m)
      : basis_(std::move(basis)), maps_(std::move(maps)), P_(std::move(P)), m_(std::move(m)) {}

  MatrixF embed(const Examples& examples) const override {
    const std::int64_t K = basis_.rows(), n = examples.size(), half = 2 * K + 1;
    constexpr std::int64_t kBlock = 1024;
    MatrixF embeddings(n, 2 * half);
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t count = std::min(kBlock, n - begin);
      const Matrix X = examples.rows(begin, count).rowwise() - m_.transpose();
      const Matrix U = X * basis_.transpose(), W = weights(X);
      auto out = embeddings.middleRows(begin, count);
      out.leftCols(K) = (2 * W.cwiseProduct(U)).cast<float>();
      out.middleCols(K, K) = (-W).cast<float>();
      out.col(2 * K) = -(W.array() * U.array().square()).rowwise().sum().matrix().cast<float>();
      out.middleCols(half, K) = U.cast<float>();
      out.middleCols(half + K, K) = U.array().square().matrix().cast<float>();
      out.col(2 * half - 1).setOnes();
    }
    return embeddings;
  }
  Distance distance() const override { return Distance::bilinear; }
  void save(const std::filesystem::path& folder) const override {
    write_npy(folder / "basis.npy", basis_);
    write_npy(folder / "maps.npy", maps_);
    write_npy(folder / "projection.npy", P_);
    write_npy(folder / "mean.npy", Matrix(m_.transpose()));
  }
  static std::unique_ptr<Model> restore(const std::filesystem::path& folder) {
    return std::make_unique<LocalModel>(read_npy_matrix(folder / "basis.npy"),
                                        read_npy_matrix(folder / "maps.npy"),
                                        read_npy_matrix(folder / "projection.npy"),
                                        Vector(read_npy_matrix(folder / "mean.npy").transpose()));
  }

 private:
  Matrix weights(const Matrix& centred) const {
    const std::int64_t r = P_.rows();
    Matrix W = centred * (maps_.leftCols(r) * P_).transpose();
    W.rowwise() += maps_.col(r).transpose();
    return W.cwiseAbs2();
  }

  Matrix basis_;  // (K × d)
  Matrix maps_;   // (K × (r + 1)): a_b, c_b
  Matrix P_;      // (r × d)
  Vector m_;      // (d)
};

/// Sparse compositional metric learning: a metric made of few of many given directions b,
///
///     global:  minimise over w ≥ 0:  mean over triplets of [1 + d²(i, j) − d²(i, l)]₊ + beta·Σ w_b
///              d²(x, y) = Σ_b w_b (b·(x − y))²,  M = Σ_b w_b b bᵀ
///     local:   the same with w_b(x) = (a_b·z(x) + c_b)² at the triplet's first example, and
///              beta·Σ_b ‖(a_b, c_b)‖ for Σ w_b
///
/// b: unit directions from local discriminants, or from differences of triplets
/// (local_directions.hpp), n_basis of them or a few more. z: the leading local_components principal
/// components, each of unit variance. Triplets are given, or each example with its k_genuine
/// nearest of its class and its k_impostor nearest of others. The global problem is convex;
/// solved by L-BFGS on v with w = v∘v, from equal weights. The local one, which is not, starts at
/// the global solution with a = 0, on the directions of which the largest weight is more than 10⁶
/// times others' left out. The objective is the one above and never rises; stopped "converged" when
/// 5 iterations together lower it by no more than tolerance of it.
///
/// The local metric is that of the query: d(x, y) and d(y, x) differ; the model embeds for the
/// bilinear distance.
///
/// Differs from the paper: full gradients, which cost two products with the examples, instead of
/// stochastic dual averaging with a batch of triplets; z by plain instead of kernel principal
/// components.
class Scml final : public TransformationSolver {
 public:
  Scml() : TransformationSolver(500, 1e-3) {}

  static void describe(Description<Scml>& is) {
    is.summary(
        "a metric composed of few of many locally discriminative directions, or one for "
        "each query");
    is.source("Shi, Bellet, Sha. Sparse compositional metric learning. AAAI 2014");
    is.cost(
        "O((n + K) d² + p d) time an iteration for K directions and p pairs in triplets; once O(K "
        "(n + C d²)); O(n d + K d + p) memory; local: O(p k) an iteration for k directions in use");
    is.parameter("metric", &Scml::metric, "one for all, or one that depends on the query")
        .one_of({"global", "local"});
    is.parameter("basis", &Scml::basis,
                 "where directions come from; auto: lda with labels, triplet_diffs without")
        .one_of({"auto", "lda", "triplet_diffs"});
    is.parameter("n_basis", &Scml::n_basis, "directions; null is 20·features").at_least(1);
    is.parameter("beta", &Scml::beta, "weight of the sparsity").at_least(0);
    is.parameter("k_genuine", &Scml::k_genuine, "neighbours of its class in an example's triplets")
        .at_least(1);
    is.parameter("k_impostor", &Scml::k_impostor,
                 "neighbours of other classes in an example's triplets")
        .at_least(1);
    is.parameter("local_components", &Scml::local_components,
                 "principal components that the local metric depends on, fewer where there are not "
                 "as many")
        .at_least(1)
        .unused_when("metric", {"global"});
    describe_limits(is,
                    "stops when 5 iterations together better the objective by no more than this "
                    "part of it");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    if (kernel && metric == "local")
      throw Error(
          "there is no local metric in a kernel's feature space; take the metric \"global\"")
          .in("kernel");
    require_features(problem, "scml");
    const TripletPairs triplets =
        pairs_of_triplets(require_triplets(problem, k_genuine, k_impostor, "scml"));
    const Vector centre = mean(problem.X);
    const Matrix X = problem.X.rowwise() - centre.transpose();
    const Matrix B = directions(problem, X, triplets);
    Vector weights;
    Solution solution = learn_global(problem, X, triplets, B, weights);
    if (metric == "global") return solution;

    Indices used;
    const double least = 1e-6 * weights.maxCoeff();
    for (Eigen::Index b = 0; b < weights.size(); ++b)
      if (weights[b] > least) used.push_back(b);
    return learn_local(problem, X, centre, triplets, B(used, Eigen::all), weights(used));
  }

  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const override {
    return metric == "local" ? LocalModel::restore(folder) : Solver::restore(folder);
  }

 private:
  Matrix directions(const SolverProblem& problem, const Matrix& X,
                    const TripletPairs& triplets) const {
    const std::int64_t count = n_basis.value_or(20 * problem.d());
    const bool by_labels = basis == "lda" || (basis == "auto" && !problem.y.empty());
    Matrix B = by_labels ? local_discriminants(X, require_classes(problem, "scml"), count,
                                               problem.random.child("basis"))
                         : triplet_directions(X, triplets, count, problem.random.child("basis"));
    if (B.rows() == 0)
      throw Error(
          "scml finds no direction in which unlike examples differ; its examples are equal");
    return B;
  }

  Solution learn_global(const SolverProblem& problem, const Matrix& X, const TripletPairs& triplets,
                        const Matrix& B, Vector& weights) const {
    auto composed = [&](const Vector& w) { return Matrix(B.transpose() * w.asDiagonal() * B); };
    Vector slopes;
    auto objective = [&](const Matrix& v, Matrix& gradient) {
      const Vector w = v.cwiseAbs2();
      const Vector distances = pair_products(X, X * composed(w), triplets.pairs);
      const double value = mean_hinge(triplets, distances, slopes) + beta * w.sum();
      const Matrix G = scatter_of_pairs(X, triplets.pairs, slopes);
      const Vector by_w =
          (B * G).cwiseProduct(B).rowwise().sum() + Vector::Constant(w.size(), beta);
      gradient = 2 * v.cwiseProduct(by_w);
      return value;
    };
    // Equal weights, with pairs of a class 1 apart in the mean.
    const Vector ones = Vector::Ones(B.rows());
    const Vector distances = pair_products(X, X * composed(ones), triplets.pairs);
    double sum = 0;
    for (std::int32_t pair : triplets.near) sum += distances[pair];
    const double spread = sum / static_cast<double>(triplets.near.size());
    const double scale = spread > 0 ? 1 / spread : 1 / std::max(distances.mean(), 1e-300);
    Solution solution = minimize(problem, "scml", objective, std::sqrt(scale) * ones);
    weights = solution.L.cwiseAbs2();
    solution.L = factorize(composed(weights), 1e-12);
    return solution;
  }

  Solution learn_local(const SolverProblem& problem, const Matrix& X, const Vector& centre,
                       const TripletPairs& triplets, const Matrix& B, const Vector& weights) const {
    const Directions principal = principal_components(problem.X, "scml");
    const std::int64_t r = std::min(local_components, principal.rows.rows()), K = B.rows();
    const Matrix P = principal.values.head(r).cwiseSqrt().cwiseInverse().asDiagonal() *
                     principal.rows.topRows(r);
    Matrix Z(X.rows(), r + 1);
    Z.leftCols(r) = X * P.transpose();
    Z.col(r).setOnes();
    const Matrix R = X * B.transpose();
    Vector slopes;
    auto objective = [&](const Matrix& maps, Matrix& gradient) {
      const Matrix roots = Z * maps.transpose(), W = roots.cwiseAbs2();
      const Vector distances = weighted_pair_distances(R, W, triplets.pairs);
      double value = mean_hinge(triplets, distances, slopes);
      Matrix G = Matrix::Zero(X.rows(), K);
      add_weight_derivatives(R, triplets.pairs, slopes, G);
      gradient.noalias() = 2 * G.cwiseProduct(roots).transpose() * Z;
      for (std::int64_t b = 0; b < K; ++b) {
        const double size = maps.row(b).norm();
        value += beta * size;
        if (size > 0) gradient.row(b) += beta / size * maps.row(b);
      }
      return value;
    };
    Matrix start = Matrix::Zero(K, r + 1);
    start.col(r) = weights.cwiseSqrt();
    Solution solution = minimize(problem, "scml", objective, start);
    solution.model = std::make_unique<LocalModel>(B, std::move(solution.L), P, centre);
    solution.L.resize(0, 0);
    return solution;
  }

  std::string metric = "global", basis = "auto";
  std::optional<std::int64_t> n_basis;
  double beta = 1e-5;
  std::int64_t k_genuine = 3, k_impostor = 10;
  std::int64_t local_components = 10;
};

METRICLAB_PLUGIN(Scml, "scml");

}  // namespace
