// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// The plain Euclidean distance: L = I. The baseline of every table.
class Euclidean final : public Solver {
 public:
  static void describe(Description<Euclidean>& is) {
    is.summary("the plain Euclidean distance on the inputs: nothing is learned");
    is.source("the baseline of every comparison");
    is.cost("nothing");
  }
  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "euclidean", 0);
    return {.L = Matrix::Identity(problem.d(), problem.d())};
  }
};

METRICLAB_PLUGIN(Euclidean, "euclidean");

}  // namespace
