#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Whitens what varies within the classes.
///
///     M = C⁻¹,  C = (1 − s)·S + s·(tr(S)/d)·I,  S = Σ_i (x_i − m_i)(x_i − m_i)ᵀ / n
///
/// m_i: the mean of x_i's class; s: `shrinkage`, above 0, so that C can be inverted. L = M^½ up to
/// a rotation, (d × d); ‖L(x − y)‖ is large along directions in which a class hardly varies.
/// Examples that are all equal within their classes: an error. Cost: O(n d² + d³) time, O(d²)
/// memory.
class MySolver final : public Solver {
 public:
  static void describe(Description<MySolver>& is) {
    is.summary("whitens what varies within the classes, shrunk");
    is.source("yours: authors, title, venue, year; the number of the equation");
    is.cost("O(n d² + d³) time, O(d²) memory");
    is.parameter("shrinkage", &MySolver::shrinkage,
                 "part of the multiple of the identity that is mixed into the covariance")
        .above(0)
        .at_most(1);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "my_solver");
    const auto members = require_classes(problem, "my_solver");
    Matrix centred = problem.X;
    for (const Indices& of_class : members) {
      Vector sum = Vector::Zero(problem.d());
      for (const std::int64_t i : of_class) sum += problem.X.row(i);
      for (const std::int64_t i : of_class)
        centred.row(i) -= sum.transpose() / static_cast<double>(of_class.size());
    }
    Matrix C = centred.transpose() * centred / static_cast<double>(problem.n());
    const double scale = C.trace() / static_cast<double>(problem.d());
    if (!(scale > 0))
      throw Error(
          "my_solver needs examples that differ within a class; in each class all are equal");
    C *= 1 - shrinkage;
    C.diagonal().array() += shrinkage * scale;
    const SymmetricEigen eigen = symmetric_eigen(C);
    return {.L = eigen.values.cwiseSqrt().cwiseInverse().asDiagonal() * eigen.vectors};
  }

 private:
  double shrinkage = 0.1;
};

METRICLAB_PLUGIN(MySolver, "my_solver");

}  // namespace
