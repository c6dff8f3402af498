// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/classical/separation.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Learning with side information, of all pairs: examples of two classes as far apart as can be
/// while those of one class stay near.
///
///     maximise over M:  mean over D of √(vᵀMv)
///     subject to  mean over S of vᵀMv + regularization·(tr/d)·tr(M) ≤ 1,  M ⪰ 0
///
/// S, D: all pairs of examples of one class, and of two; v: the difference of a pair; tr: the trace
/// of the mean over S of vvᵀ. The problem is that of the solver mmc, and so are the objective, when
/// it is "converged", and what regularization does; but no pair is drawn, and none is written out:
/// the mean over S is that of the classes' scatters, and D is visited in tiles of distances. Equal
/// examples of two classes add nothing. One class, no class with two examples that differ, and no
/// two classes that differ: an error.
///
/// Differs from the paper: as mmc does.
class Lsi final : public IterativeSolver {
 public:
  Lsi() : IterativeSolver(1000, 1e-6) {}

  static void describe(Description<Lsi>& is) {
    is.summary("examples of different classes as far apart as can be, of all pairs");
    is.source(
        "Xing, Ng, Jordan, Russell. Distance metric learning, with application to clustering with "
        "side-information. NIPS 2002");
    is.cost("O(n² d) time an iteration, O(n d + d²) memory");
    is.parameter("regularization", &Lsi::regularization,
                 "what every direction counts beside the similar pairs, as a part of their mean")
        .at_least(0);
    describe_limits(is, "how far below the greatest objective is near enough, as a part of it");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "lsi");
    const std::vector<Indices> members = require_classes(problem, "lsi");
    // Class after class; end[i] is where the class of row i ends.
    Matrix X(problem.n(), problem.d());
    Indices end;
    const Vector centre = mean(problem.X);
    Matrix similar = Matrix::Zero(problem.d(), problem.d());
    double similar_pairs = 0;
    for (const Indices& examples : members) {
      const auto begin = static_cast<Eigen::Index>(end.size());
      const auto size = static_cast<Eigen::Index>(examples.size());
      end.insert(end.end(), examples.size(), begin + size);
      X.middleRows(begin, size) = problem.X(examples, Eigen::all).rowwise() - centre.transpose();
      Matrix own = X.middleRows(begin, size);
      own.rowwise() -= mean(own).transpose();
      similar.noalias() += static_cast<double>(size) * (own.transpose() * own);
      similar_pairs += static_cast<double>(size) * static_cast<double>(size - 1) / 2;
    }
    const auto n = static_cast<double>(problem.n());
    const double dissimilar_pairs = n * (n - 1) / 2 - similar_pairs;
    // Σ over all pairs of vvᵀ is n·XᵀX for the centred X.
    Matrix dissimilar = n * (X.transpose() * X) - similar;
    dissimilar /= dissimilar_pairs;
    similar /= std::max(similar_pairs, 1.0);
    const Matrix Q = separating_coordinates(similar, dissimilar, regularization, "lsi");
    const Matrix U = X * Q.transpose();
    auto objective = [&](const Matrix& B, Matrix& H) {
      return separation(U, U * B.transpose(), end, dissimilar_pairs, H);
    };
    return maximize_separation(problem, "lsi", objective, Q,
                               (Q * dissimilar * Q.transpose()).diagonal(), max_iterations,
                               tolerance, time_limit);
  }

 private:
  /// The mean of the distances between the rows of Z of different classes, and H = the mean of
  /// uuᵀ/distance for the differences u of the same rows of U: Σ_ij w_ij (u_i − u_j)(u_i − u_j)ᵀ =
  /// Uᵀ·diag(Σ_j w_ij + Σ_j w_ji)·U − Uᵀ(W + Wᵀ)U.
  static double separation(const Matrix& U, const Matrix& Z, const Indices& end, double pairs,
                           Matrix& H) {
    constexpr Eigen::Index kRows = 128, kColumns = 512;  // half a megabyte of distances
    constexpr double kEqual = 1e-14;  // of the squared norms, what rounding leaves of equal rows
    const Eigen::Index n = U.rows();
    const Vector norms = Z.rowwise().squaredNorm();
    Vector degree = Vector::Zero(n);
    Matrix pulled = Matrix::Zero(n, U.cols());  // W·U
    Matrix tile(kRows, kColumns);
    double sum = 0;
    for (Eigen::Index top = 0; top < n; top += kRows) {
      const Eigen::Index rows = std::min(kRows, n - top);
      for (Eigen::Index left = end[static_cast<std::size_t>(top)]; left < n; left += kColumns) {
        const Eigen::Index columns = std::min(kColumns, n - left);
        auto weights = tile.topLeftCorner(rows, columns);
        weights.noalias() = Z.middleRows(top, rows) * Z.middleRows(left, columns).transpose();
        for (Eigen::Index i = 0; i < rows; ++i) {
          // Columns of the row's own class come first, if any.
          const Eigen::Index own =
              std::clamp<Eigen::Index>(end[static_cast<std::size_t>(top + i)] - left, 0, columns);
          auto row = weights.row(i).array();
          row.head(own).setZero();
          auto others = row.tail(columns - own);
          const auto theirs = norms.segment(left + own, columns - own).transpose().array();
          const double mine = norms[top + i];
          others = mine + theirs - 2 * others;
          others = (others > kEqual * (mine + theirs)).select(others.max(0).sqrt(), 0);
          sum += others.sum();
          others = (others > 0).select(others.inverse(), 0);
          degree[top + i] += others.sum();
          degree.segment(left + own, columns - own).transpose().array() += others;
        }
        pulled.middleRows(top, rows).noalias() += weights * U.middleRows(left, columns);
      }
    }
    const Matrix cross = U.transpose() * pulled;
    H.noalias() = U.transpose() * (degree.asDiagonal() * U);
    H -= cross + cross.transpose();
    H /= pairs;
    return sum / pairs;
  }

  double regularization = 1e-9;
};

METRICLAB_PLUGIN(Lsi, "lsi");

}  // namespace
