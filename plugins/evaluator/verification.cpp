// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/folded_accuracy.hpp>
#include <metriclab/evaluation/roc.hpp>

namespace {

using namespace metriclab;

/// Verification: is a pair of test examples similar (of one class)? It is taken to be when its
/// distance is at most a threshold.
///
/// At each threshold t: TAR, the part of the similar pairs with distance ≤ t, and FAR, that of the
/// others (evaluation/roc.hpp, where TAR is TPR and FAR is FPR). Thresholds are the distances that
/// occur, and one below all; pairs of equal distance are accepted together.
///
///     roc_auc                  P(same < other) + ½ P(same = other) over a similar pair and
///                              another (Fawcett, section 7)
///     eer                      FAR where it is 1 − TAR, on the straight line between neighbouring
///                              points of the ROC curve
///     best_threshold_accuracy  the greatest part of all pairs judged right by a single threshold,
///                              which is chosen on these very pairs
///     accuracy                 the mean over folds of the part of a fold's pairs judged right by
///                              the threshold that is best for all others' (Huang et al.; which
///                              one that is: evaluation/folded_accuracy.hpp)
///     accuracy_error           its standard error, √(Σ (accuracy of a fold − accuracy)² / (F(F −
///                              1))) over F folds
///     tar_at_far_F             the greatest TAR of all thresholds with FAR ≤ F
///
/// and the curves "roc", TAR by FAR, and "det", 1 − TAR by FAR.
///
/// `pairs`: "labels", all n(n − 1)/2 of the test part where they are at most max_pairs. Otherwise
/// pairs are drawn, evenly and with repeats, from the similar pairs for one half of max_pairs and
/// from the others for the other half (all of a kind where they are no more), and all that is said
/// of pairs of both kinds together weighs the kinds as they are among all pairs. Each kind is
/// divided among the folds at random, evenly. "data", those that the data set gives, repeated ones
/// as often as they are given; the similar ones in their order are cut into folds of consecutive
/// ones, and so are the others: on the list of LFW, which has 300 of each in turn, its own ten.
///
/// No pair of one of the kinds: NaN. Fewer pairs than folds in both kinds: accuracy is NaN.
class Verification final : public Evaluator {
 public:
  static void describe(Description<Verification>& is) {
    is.summary(
        "similar or not, by a threshold on the distance: ROC AUC, EER, accuracy, TAR at FAR");
    is.source("Fawcett. An introduction to ROC analysis. Pattern Recognition Letters 2006");
    is.source("ISO/IEC 19795-1. Biometric performance testing and reporting. 2021");
    is.source(
        "Huang, Ramesh, Berg, Learned-Miller. Labeled faces in the wild: a database for studying "
        "face recognition in unconstrained environments. University of Massachusetts 2007 "
        "(accuracy over folds)");
    is.source(
        "Martin, Doddington, Kamm, Ordowski, Przybocki. The DET curve in assessment of detection "
        "task performance. Eurospeech 1997");
    is.cost("O(pairs · (d + log + folds)) time, 40 bytes a pair; pairs: min(n², max_pairs)");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("pairs", &Verification::pairs,
                 "where pairs are from: two test examples are similar if they are of one class; or "
                 "those that the data set gives")
        .one_of({"labels", "data"});
    is.parameter("max_pairs", &Verification::max_pairs,
                 "where there are more pairs, a sample of so many is drawn")
        .at_least(2)
        .unused_when("pairs", "data");
    is.parameter("folds", &Verification::folds, "F: into how many parts pairs are cut for accuracy")
        .at_least(2)
        .at_most(1000);
    is.parameter("tar_at_far", &Verification::tar_at_far, "the F of each tar_at_far_F")
        .at_least(0)
        .at_most(1);
  }

  bool needs_labels() const override { return pairs == "labels"; }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    const VerificationPairs found =
        pairs == "data" ? given_pairs(input) : pairs_by_class(input, max_pairs);
    const auto& similar = found.similar;
    const auto& dissimilar = found.dissimilar;
    if (similar.values.empty() || dissimilar.values.empty())
      return without_values(reason_for(similar.values.empty()));

    const Roc roc(similar.values, dissimilar.values);
    std::vector<Metric> metrics = {
        {.name = "roc_auc", .value = roc.area(), .reason = {}},
        {.name = "eer", .value = roc.equal_error_rate(), .better = Better::lower, .reason = {}},
        {.name = "best_threshold_accuracy",
         .value = roc.best_accuracy(similar.of, dissimilar.of),
         .reason = {}}};
    add_accuracy(found, input.random.child("folds"), metrics);
    for (double far : tar_at_far)
      metrics.push_back({.name = name_at(far), .value = roc.greatest_tpr(far), .reason = {}});
    const Curve curve = roc.curve("roc", "false accept rate");
    return {std::move(metrics), {curve, detection_error_tradeoff(curve, "det")}};
  }

 private:
  static std::string name_at(double far) { return fmt::format("tar_at_far_{}", far); }

  std::string reason_for(bool none_similar) const {
    if (pairs == "data")
      return fmt::format("the data set gives no {} pair of test examples",
                         none_similar ? "similar" : "dissimilar");
    return none_similar ? "no two test examples are of one class"
                        : "no two test examples differ in class";
  }

  std::vector<Metric> without_values(const std::string& reason) const {
    std::vector<Metric> metrics = {
        undefined("roc_auc", reason), undefined("eer", reason, Better::lower),
        undefined("best_threshold_accuracy", reason), undefined("accuracy", reason),
        undefined("accuracy_error", reason, Better::lower)};
    for (double far : tar_at_far) metrics.push_back(undefined(name_at(far), reason));
    return metrics;
  }

  /// In their order where they are given. Drawn at random, distances are sorted before, so that the
  /// order of examples doesn't matter.
  void add_accuracy(VerificationPairs found, Random random, std::vector<Metric>& metrics) const {
    const std::size_t most = std::max(found.similar.values.size(), found.dissimilar.values.size());
    if (static_cast<std::int64_t>(most) < folds) {
      const std::string reason = fmt::format(
          "{} folds take at least so many pairs of a kind, and there are {}; lower "
          "\"folds\"",
          folds, most);
      metrics.push_back(undefined("accuracy", reason));
      metrics.push_back(undefined("accuracy_error", reason, Better::lower));
      return;
    }
    const auto folds_of = [&](PairDistances& of) {
      std::vector<std::int32_t> result = folds_in_order(of.values.size(), folds);
      if (pairs == "data") return result;
      std::sort(of.values.begin(), of.values.end());
      random.shuffle(result);
      return result;
    };
    const std::vector<std::int32_t> of_similar = folds_of(found.similar),
                                    of_dissimilar = folds_of(found.dissimilar);
    const std::vector<double> accuracies = fold_accuracies(found, of_similar, of_dissimilar, folds);
    const auto n = static_cast<double>(accuracies.size());
    double mean = 0, squares = 0;
    for (double value : accuracies) mean += value;
    mean /= n;
    for (double value : accuracies) squares += (value - mean) * (value - mean);
    metrics.push_back({.name = "accuracy", .value = mean, .reason = {}});
    metrics.push_back({.name = "accuracy_error",
                       .value = std::sqrt(squares / (n * (n - 1))),
                       .better = Better::lower,
                       .reason = {}});
  }

  std::string pairs = "labels";
  std::int64_t max_pairs = 1000000;
  std::int64_t folds = 10;
  std::vector<double> tar_at_far = {0.001, 0.01, 0.1};
};

METRICLAB_PLUGIN(Verification, "verification");

}  // namespace
