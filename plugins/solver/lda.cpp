// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/projections.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Linear discriminant analysis: the directions w that maximise the between-class over the
/// within-class scatter,
///
///     S_b w = λ S w,  S = S_w + regularization·diag(S_w),  L S Lᵀ = I
///     S_w = Σ_c Σ_{i in c} (x_i − m_c)(x_i − m_c)ᵀ / (n − C),  S_b = Σ_c n_c (m_c − m)(m_c − m)ᵀ /
///     (n − C)
///
/// by falling λ; m_c, m: means of class c and of all; C: the number of classes that have examples.
/// At most C − 1 rows. Directions without within-class scatter (constant features; some where d > n
/// − C) are left out when regularization = 0: S is inverted on its range, features first scaled by
/// their within-class deviation, with eigenvalues above 10⁻¹⁰ of the largest. A feature that
/// differs between classes only is thus left out as well, always. With a kernel (kernel
/// discriminant analysis) S = S_w + regularization·(tr(S_w)/d)·I in the coordinates of its
/// features. The objective is Σ λ over the rows kept. Errors: one class; as many classes as
/// examples; no scatter within or between classes.
class Lda final : public Solver {
 public:
  static void describe(Description<Lda>& is) {
    is.summary("linear discriminants: between-class over within-class scatter");
    is.source(
        "Fisher. The use of multiple measurements in taxonomic problems. Annals of Eugenics 1936");
    is.source(
        "Rao. The utilization of multiple measurements in problems of biological classification. "
        "Journal of the Royal Statistical Society B 1948");
    is.source(
        "Mika, Rätsch, Weston, Schölkopf, Müller. Fisher discriminant analysis with kernels. "
        "Neural "
        "Networks for Signal Processing IX, 1999");
    is.cost("O(n d² + d³) time, O(C d + d²) memory");
    is.parameter("components", &Lda::components,
                 "dimensions kept; null is all discriminants, at most one fewer than classes")
        .at_least(1);
    is.parameter(
          "regularization", &Lda::regularization,
          "what is added to the within-class variance of each feature, as a part of it; null is 0, "
          "and 0.001 with a kernel")
        .at_least(0);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "lda");
    const std::vector<Indices> members = require_classes(problem, "lda");
    const Directions found = discriminants(
        problem, members, regularization.value_or(kernel ? 1e-3 : 0), "lda", bool(kernel));
    const std::int64_t r = require_components(
        components, found.rows.rows(),
        "the number of discriminants (classes less one, or the rank of the data)");
    return {.L = found.rows.topRows(r), .objective = found.values.head(r).sum()};
  }

 private:
  std::optional<std::int64_t> components;
  std::optional<double> regularization;
};

METRICLAB_PLUGIN(Lda, "lda");

}  // namespace
