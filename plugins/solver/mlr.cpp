// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/ranking_loss.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Metric learning to rank: a structural support vector machine whose rankings are those by
/// distance,
///
///     minimise over M = LᵀL:  tr(M) + C·mean over queries q of
///                             max over rankings y [Δ_q(y) − ⟨M, ψ(q, y*) − ψ(q, y)⟩]
///
/// Each example is a query for the others of its class; y* ranks these first, Δ is one less the
/// `measure` of y, the area under the ROC curve or average precision (ranking_loss.hpp has ψ and
/// how the worst ranking is found). An example that is alone in its class is no query. The problem
/// is convex in M, so that with as many components as features the start decides nothing but the
/// time it takes. The objective reported is this sum; it never rises. No query, or one class: an
/// error. The trace makes the metric depend on the unit of the features; standardise them.
///
/// Differs from the paper: L-BFGS on L over every query's worst ranking in place of cutting planes
/// with projected subgradients, which come to the same M. Stopped "converged" when 5 iterations
/// together lower the objective by no more than tolerance of it.
class Mlr final : public TransformationSolver {
 public:
  Mlr() : TransformationSolver(500, 1e-4) {}

  static void describe(Description<Mlr>& is) {
    is.summary("rankings by distance with the class first, as a structural SVM");
    is.source("McFee, Lanckriet. Metric learning to rank. ICML 2010");
    is.cost(
        "O(n² (r + log n)) time an iteration, with map O(n R N) at worst for R relevant examples "
        "of "
        "a query and N others; O(n d + 256 n) memory");
    is.parameter("measure", &Mlr::measure, "what of a ranking counts").one_of({"auc", "map"});
    is.parameter("slack_weight", &Mlr::slack_weight, "C, the weight of the rankings").above(0);
    describe_transformation(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "mlr");
    const std::vector<Indices> members = require_classes(problem, "mlr");
    if (static_cast<std::int64_t>(members.size()) == problem.n())
      throw Error("mlr needs a class with two examples; each of these is of a class of its own");
    Indices order;
    std::vector<std::int64_t> begin, end;  // of each example's class, in that order
    for (const Indices& of : members) {
      const auto first = static_cast<std::int64_t>(order.size());
      order.insert(order.end(), of.begin(), of.end());
      begin.resize(order.size(), first);
      end.resize(order.size(), static_cast<std::int64_t>(order.size()));
    }
    Matrix X = problem.X(order, Eigen::all);
    X.rowwise() -= mean(X).transpose();
    auto objective = [&](const Matrix& L, Matrix& gradient) {
      return value(X, begin, end, L, gradient);
    };
    return minimize(problem, "mlr", objective, start(problem, "mlr"));
  }

 private:
  double value(const Matrix& X, const std::vector<std::int64_t>& begin,
               const std::vector<std::int64_t>& end, const Matrix& L, Matrix& gradient) const {
    constexpr std::int64_t kBlock = 256;
    const std::int64_t n = X.rows();
    const auto violation = measure == "auc" ? auc_violation : map_violation;
    const Matrix Z = X * L.transpose();
    // With w_qx the derivative by d²_qx, that by L is 2·((Laplacian of w + wᵀ)·Z)ᵀ·X.
    Matrix laplacian = Matrix::Zero(n, Z.cols());
    Vector degree = Vector::Zero(n);
    double sum = 0, queries = 0;
    Query query;
    for (std::int64_t top = 0; top < n; top += kBlock) {
      const std::int64_t rows = std::min(kBlock, n - top);
      Matrix w = squared_distances(Z.middleRows(top, rows), Z);
      for (std::int64_t row = 0; row < rows; ++row) {
        const std::int64_t q = top + row;
        const auto place = static_cast<std::size_t>(q);
        if (end[place] - begin[place] == 1) {
          w.row(row).setZero();
          continue;
        }
        sum += query.violation(violation, w.row(row).data(), n, q, begin[place], end[place]);
        ++queries;
        degree[q] += w.row(row).sum();
      }
      degree += w.colwise().sum().transpose();
      laplacian.middleRows(top, rows).noalias() -= w * Z;
      laplacian.noalias() -= w.transpose() * Z.middleRows(top, rows);
    }
    laplacian += degree.asDiagonal() * Z;
    gradient = 2 * L;
    gradient.noalias() += 2 * slack_weight / queries * laplacian.transpose() * X;
    return L.squaredNorm() + slack_weight * sum / queries;
  }

  /// Sorts the distances from a query, and puts the derivatives in their place.
  class Query {
   public:
    template <class Violation>
    double violation(Violation of, double* d, std::int64_t n, std::int64_t q, std::int64_t begin,
                     std::int64_t end) {
      relevant_.clear();
      others_.clear();
      for (std::int64_t x = 0; x < n; ++x)
        if (x != q) (x >= begin && x < end ? relevant_ : others_).push_back({d[x], x});
      const double value = of(sorted(relevant_), sorted(others_), by_relevant_, by_others_);
      d[q] = 0;
      for (std::size_t k = 0; k < relevant_.size(); ++k)
        d[relevant_[k].second] = by_relevant_[static_cast<Eigen::Index>(k)];
      for (std::size_t k = 0; k < others_.size(); ++k)
        d[others_[k].second] = by_others_[static_cast<Eigen::Index>(k)];
      return value;
    }

   private:
    using Ranked = std::vector<std::pair<double, std::int64_t>>;
    static Vector sorted(Ranked& ranked) {
      std::sort(ranked.begin(), ranked.end());
      Vector distances(static_cast<Eigen::Index>(ranked.size()));
      for (std::size_t k = 0; k < ranked.size(); ++k)
        distances[static_cast<Eigen::Index>(k)] = ranked[k].first;
      return distances;
    }

    Ranked relevant_, others_;
    Vector by_relevant_, by_others_;
  };

  std::string measure = "auc";
  double slack_weight = 1;
};

METRICLAB_PLUGIN(Mlr, "mlr");

}  // namespace
