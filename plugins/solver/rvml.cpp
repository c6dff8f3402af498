// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Cholesky>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Regressive virtual metric learning: each example is sent to a virtual point by ridge regression,
///
///     minimise over L (r × d), b:  mean over i of ‖L x_i + b − v_i‖² + λ·‖L‖²_F
///
/// v_i = e_c, the c-th unit vector, for an example of class c, so that all classes are to be as far
/// from one another. The solution is closed, L = V_cᵀX_c (X_cᵀX_c + nλ·I)⁻¹ of the centred examples
/// and points; λ = regularization·(mean variance of a feature), so that the same value serves any
/// unit. L has a row for each class less one: of the C rows of the regression, which sum to 0,
/// those of an orthonormal basis of what they span, by falling length, which changes no distance.
/// The objective is the minimum. Directions in which the examples don't vary have L = 0.
///
/// One class, or class means that are equal: an error. Differs from the paper: the intercept b,
/// which distances don't see; and the virtual points are the paper's second kind, by class, not
/// those of optimal transport.
class Rvml final : public Solver {
 public:
  static void describe(Description<Rvml>& is) {
    is.summary("ridge regression of each example to a virtual point of its class");
    is.source("Perrot, Habrard. Regressive virtual metric learning. NIPS 2015");
    is.cost("O(n d² + d³) time, O(C d + d²) memory");
    is.parameter("regularization", &Rvml::regularization,
                 "λ, as a part of the mean variance of a feature")
        .above(0);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "rvml");
    const std::vector<Indices> members = require_classes(problem, "rvml");
    const GroupScatter scatter =
        scatter_within(problem, members, {[](std::int64_t) { return 1.0; }});
    const auto n = static_cast<double>(problem.n());
    const auto n_classes = static_cast<std::int64_t>(members.size());
    Vector shares(n_classes);
    for (std::int64_t c = 0; c < n_classes; ++c)
      shares[c] = static_cast<double>(members[static_cast<std::size_t>(c)].size()) / n;

    // Of the centred: XᵀX/n, and VᵀX/n, whose row c is share_c·(m_c − m).
    Matrix A = (scatter.sums[0] + scatter_between(scatter.means, n * shares)) / n;
    const Eigen::RowVectorXd overall = shares.transpose() * scatter.means;
    const Matrix targets = shares.asDiagonal() * (scatter.means.rowwise() - overall);
    A.diagonal().array() += regularization * A.trace() / static_cast<double>(problem.d());
    const Eigen::LLT<Eigen::MatrixXd> factor(A);
    if (A.trace() == 0 || factor.info() != Eigen::Success)
      throw Error("rvml needs examples that differ; all of these are equal");
    const Matrix regression = factor.solve(targets.transpose()).transpose();

    // ‖v‖² − VᵀX A⁻¹ XᵀV, all divided by n.
    const double variance = 1 - shares.squaredNorm();
    Solution solution;
    solution.objective = variance - regression.cwiseProduct(targets).sum();
    const SymmetricEigen basis = symmetric_eigen(gram(regression.transpose()));
    const std::int64_t rank = std::min(numerical_rank(basis.values.cwiseMax(0), 1e-12),
                                       std::min(n_classes - 1, problem.d()));
    if (!(basis.values[0] > 0) || rank == 0)
      throw Error("rvml needs class means that differ; all of these are equal");
    solution.L = basis.vectors.topRows(rank) * regression;
    return solution;
  }

 private:
  double regularization = 1e-3;
};

METRICLAB_PLUGIN(Rvml, "rvml");

}  // namespace
