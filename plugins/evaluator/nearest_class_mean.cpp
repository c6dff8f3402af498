// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/classification.hpp>
#include <metriclab/evaluation/prototypes.hpp>

namespace {

using namespace metriclab;

/// Nearest class mean: a test example gets the class whose mean is nearest,
///
///     argmin over c of  d(x, μ_c),  μ_c = (1/n_c) Σ over training examples i of c of x_i
///
/// d the embeddings' distance; ties: the smallest label. Measured: accuracy,
/// balanced_accuracy, macro_f1 (their definitions: evaluation/classification.hpp).
///
/// The mean is taken where the distance lives: for cosine over embeddings of length 1, and one of
/// zeros adds nothing; for by_class over the class's own block; for poincare on the hyperboloid,
/// which gives the Einstein midpoint. For dot and bilinear, which are linear in the second
/// argument, d(x, μ_c) is the mean distance to the class's examples. For manhattan it is the mean
/// all the same, and not the median, which has the least sum of distances.
///
/// An empty part, or a test part that shares no class with the training part: NaN. Differs from the
/// paper: there embeddings are compared by the Euclidean distance only.
class NearestClassMean final : public Evaluator {
 public:
  static void describe(Description<NearestClassMean>& is) {
    is.summary("classification by the nearest class mean: accuracy, balanced accuracy, macro F1");
    is.source(
        "Mensink, Verbeek, Perronnin, Csurka. Distance-based image classification: generalizing to "
        "new classes at near-zero cost. IEEE Transactions on Pattern Analysis and Machine "
        "Intelligence 2013, section 3");
    is.cost("O(n_train · d + n_test · classes · d) time; O(classes · d) memory beside the input");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
  }

  bool compares(Distance) const override { return true; }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (const auto reason = unclassifiable(input.test, input.train)) return unclassified(*reason);
    const Prototypes means = prototypes_of(
        input.train, input.distance,
        [&](const Matrix& rows, std::int32_t) { return mean_of(rows, input.distance); });
    return classification_metrics(input.test.labels(),
                                  nearest_prototypes(input.test, means, input.distance));
  }
};

METRICLAB_PLUGIN(NearestClassMean, "nearest_class_mean");

}  // namespace
