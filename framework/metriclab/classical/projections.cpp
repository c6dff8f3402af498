// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/projections.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/npy.hpp>

namespace metriclab {

namespace {

/// The leading eigenvectors of the covariance, or of the examples' products, of n examples with d
/// features.
Directions leading_directions(Matrix products, std::int64_t n, std::int64_t d,
                              std::string_view solver,
                              const std::optional<std::int64_t>& components) {
  const double total = products.trace();
  const SymmetricEigen eigen =
      leading_eigen(std::move(products), std::min(components.value_or(n), std::min(n, d)));
  const Vector variances = eigen.values.cwiseMax(0);
  const double rounding =
      std::numeric_limits<double>::epsilon() * static_cast<double>(std::max(n, d));
  const std::int64_t rank = total > 0 ? numerical_rank(variances, rounding) : 0;
  if (rank == 0)
    throw Error(fmt::format("{} needs examples that differ; all of these are equal", solver));
  return {eigen.vectors.topRows(rank), variances.head(rank)};
}

}  // namespace

Directions principal_components_of(Matrix covariance, std::int64_t n, std::string_view solver,
                                   const std::optional<std::int64_t>& components) {
  const std::int64_t d = covariance.rows();
  return leading_directions(std::move(covariance), n, d, solver, components);
}

Directions principal_components(const Matrix& X, std::string_view solver,
                                const std::optional<std::int64_t>& components) {
  METRICLAB_CHECK(X.rows() >= 2, "the principal components of fewer than two examples");
  const std::int64_t n = X.rows(), d = X.cols();
  const bool by_examples = d > n;
  const Matrix centred = X.rowwise() - mean(X).transpose();
  Matrix products = by_examples ? gram(centred.transpose()) : gram(centred);
  products /= static_cast<double>(n - 1);
  Directions found = leading_directions(std::move(products), n, d, solver, components);
  if (by_examples) {
    const std::int64_t rank = found.rows.rows();
    // Of u, an eigenvector for the products, uᵀX is one for the covariance; made orthonormal, since
    // those of small variance are little but rounding.
    const Matrix rows = found.rows * centred;
    const Eigen::HouseholderQR<Eigen::MatrixXd> qr(rows.transpose());
    const Eigen::MatrixXd Q = qr.householderQ() * Eigen::MatrixXd::Identity(d, rank);
    found.rows = Q.transpose();
    fix_signs(found.rows);
  }
  return found;
}

Directions discriminants(const SolverProblem& problem, const std::vector<Indices>& members,
                         double regularization, std::string_view solver, bool rotate) {
  const auto n_classes = static_cast<std::int64_t>(members.size());
  if (n_classes == problem.n())
    throw Error(fmt::format(
        "{} needs a class with two examples; each of these is of a class of its own", solver));
  const double degrees = static_cast<double>(problem.n() - n_classes);

  const GroupScatter scatter = scatter_within(problem, members, {[](std::int64_t) { return 1.0; }});
  Vector sizes(n_classes);
  for (std::int64_t c = 0; c < n_classes; ++c)
    sizes[c] = static_cast<double>(members[static_cast<std::size_t>(c)].size());
  const Eigen::RowVectorXd overall = sizes.transpose() * scatter.means / sizes.sum();
  const Matrix between = (sizes / degrees).cwiseSqrt().asDiagonal() *
                         (scatter.means.rowwise() - overall);  // √(n_c/(n − C))·(m_c − m)
  Matrix S = scatter.sums[0] / degrees;
  if (rotate)
    S.diagonal().array() += regularization * S.diagonal().mean();
  else
    S.diagonal() *= 1 + regularization;
  const RangeInverse inverse(S, !rotate);
  if (inverse.rank() == 0)
    throw Error(fmt::format("{} needs scatter within a class; the examples of each class are equal",
                            solver));

  const Matrix means = inverse.map(between);  // (C × rank)
  const bool few_classes = n_classes < inverse.rank();
  const SymmetricEigen ratio = symmetric_eigen(few_classes ? gram(means.transpose()) : gram(means));
  const std::int64_t most =
      std::min(numerical_rank(ratio.values.cwiseMax(0), 1e-10), n_classes - 1);
  if (most == 0 || !(ratio.values[0] > 0))
    throw Error(fmt::format("{} needs class means that differ; all of these are equal", solver));
  Matrix directions = ratio.vectors.topRows(most);
  if (few_classes)
    directions =
        ratio.values.head(most).cwiseSqrt().cwiseInverse().asDiagonal() * (directions * means);
  Directions result{inverse.lift(directions), ratio.values.head(most)};
  fix_signs(result.rows);
  return result;
}

std::vector<std::string> initial_transformation_names() {
  return {"auto", "identity", "pca", "covariance", "lda", "random"};
}

Matrix initial_transformation(const std::string& name, const SolverProblem& problem,
                              const std::optional<std::int64_t>& components,
                              std::string_view solver) {
  const std::int64_t d = problem.d();
  const std::int64_t r = require_components(components, d, "the number of features");
  std::string chosen = name;
  if (name == "auto") {
    const auto n_classes = static_cast<std::int64_t>(class_members(problem.y).size());
    chosen = r == d ? "identity" : r < n_classes ? "lda" : "pca";
  }
  if (chosen == "identity") return Matrix::Identity(r, d);
  if (chosen == "random") {
    Random random = problem.random.child("initial transformation");
    return Matrix::NullaryExpr(r, d,
                               [&] { return random.normal() / std::sqrt(static_cast<double>(d)); });
  }
  if (chosen == "lda") {
    const Directions found = discriminants(problem, require_classes(problem, solver), 0, solver);
    return found.rows.topRows(require_components(
        components, found.rows.rows(), "the number of discriminants \"lda\" begins with"));
  }
  METRICLAB_CHECK(chosen == "pca" || chosen == "covariance",
                  "an initial transformation without a name");
  const Directions found = principal_components(problem.X, solver, r);
  require_components(components, found.rows.rows(), "the rank of the centred data");
  const std::int64_t given = std::min(r, found.rows.rows());
  Matrix L = Matrix::Zero(r, d);
  L.topRows(given) = found.rows.topRows(given);
  if (chosen == "covariance")
    L.topRows(given) =
        found.values.head(given).cwiseSqrt().cwiseInverse().asDiagonal() * L.topRows(given);
  return L;
}

Matrix saved_transformation(const std::string& path, std::int64_t d,
                            const std::optional<std::int64_t>& components) {
  try {
    std::filesystem::path file(path);
    if (std::filesystem::is_directory(file)) file /= "L.npy";
    Matrix L = read_npy_matrix(file);
    if (L.cols() != d)
      throw Error(fmt::format("{}: is a transformation of {} features; here are {}", file.string(),
                              L.cols(), d));
    if (components && L.rows() != *components)
      throw Error(
          fmt::format("{}: has {} rows; components is {}", file.string(), L.rows(), *components));
    if (!L.allFinite())
      throw Error(fmt::format("{}: has values that are not finite", file.string()));
    return L;
  } catch (Error& error) {
    throw error.in("init_from");
  }
}

std::vector<std::string> initial_metric_names() { return {"identity", "covariance", "random"}; }

Matrix initial_metric(const std::string& name, const SolverProblem& problem,
                      std::string_view parameter) {
  const std::int64_t d = problem.d();
  if (name == "random") {
    Random random = problem.random.child("initial metric");
    const Matrix A = Matrix::NullaryExpr(d, d, [&] { return random.normal(); });
    return A.transpose() * A / static_cast<double>(d);
  }
  Matrix M = Matrix::Identity(d, d);
  if (name == "covariance") {
    const Eigen::LLT<Eigen::MatrixXd> factor(covariance(problem.X));
    if (factor.info() != Eigen::Success || factor.rcond() < 1e-14)
      throw Error(
          "the covariance of these examples is singular and has no inverse; take \"identity\"")
          .in(std::string(parameter));
    M = factor.solve(M);
    M = (M + M.transpose()).eval() / 2;
  }
  return M;
}

}  // namespace metriclab
