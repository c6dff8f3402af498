// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/neighbors/measure.hpp>

namespace {

using namespace metriclab;

/// Verification: is a pair of test examples of one class? It is taken to be when its distance is at
/// most a threshold.
///
/// At each threshold t: TAR, the part of the same-class pairs with distance ≤ t, and FAR, that of
/// the others. Thresholds are the distances that occur, and one below all; pairs of equal distance
/// are accepted together.
///
///     roc_auc                  P(same < other) + ½ P(same = other) over a same-class pair and
///                              another (Fawcett, section 7)
///     eer                      FAR where it is 1 − TAR, on the straight line between neighbouring
///                              points of the ROC curve
///     best_threshold_accuracy  the greatest part of all pairs judged right by a single threshold,
///                              which is chosen on these very pairs
///     tar_at_far_F             the greatest TAR of all thresholds with FAR ≤ F
///
/// All n(n − 1)/2 pairs where they are at most max_pairs. Otherwise pairs are drawn, evenly and
/// with repeats, from the same-class pairs for one half of max_pairs and from the others for the
/// other half (all of a kind where they are no more), and best_threshold_accuracy weighs both kinds
/// as they are among all pairs. No pair of one of the kinds: NaN.
class Verification final : public Evaluator {
 public:
  static void describe(Description<Verification>& is) {
    is.summary("same class or not, by a threshold on the distance: ROC AUC, EER, TAR at FAR");
    is.source("Fawcett. An introduction to ROC analysis. Pattern Recognition Letters 2006");
    is.source("ISO/IEC 19795-1. Biometric performance testing and reporting. 2021");
    is.cost("O(min(n², max_pairs) · (d + log)) time, 8 bytes a pair");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("max_pairs", &Verification::max_pairs,
                 "where there are more pairs, a sample of so many is drawn")
        .at_least(2);
    is.parameter("tar_at_far", &Verification::tar_at_far, "the F of each tar_at_far_F")
        .at_least(0)
        .at_most(1);
  }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    Scores scores = measured(input);
    std::vector<Metric> metrics = {{.name = "roc_auc", .reason = {}},
                                   {.name = "eer", .better = Better::lower, .reason = {}},
                                   {.name = "best_threshold_accuracy", .reason = {}}};
    for (double far : tar_at_far)
      metrics.push_back({.name = fmt::format("tar_at_far_{}", far), .reason = {}});
    if (scores.same.empty() || scores.other.empty()) {
      for (Metric& metric : metrics)
        metric = undefined(metric.name,
                           scores.same.empty() ? "no two test examples are of one class"
                                               : "no two test examples differ in class",
                           metric.better);
      return metrics;
    }
    sweep(scores, metrics);
    return metrics;
  }

 private:
  struct Scores {
    std::vector<double> same, other;         // distances
    double same_pairs = 0, other_pairs = 0;  // how many there are in all
  };

  Scores measured(const Evaluation& input) const {
    Scores scores;
    const std::int64_t n = input.test.embeddings.rows();
    if (n == 0) return scores;
    const auto& labels = input.test.labels();
    const Measure<float> measure(input.test.embeddings, input.test.embeddings, input.distance);
    std::int64_t same = 0;
    const auto members = members_by_class(labels);
    for (const auto& [label, of] : members)
      same += static_cast<std::int64_t>(of.size() * (of.size() - 1) / 2);
    const std::int64_t other = n * (n - 1) / 2 - same;
    scores.same_pairs = static_cast<double>(same);
    scores.other_pairs = static_cast<double>(other);

    const bool all = same + other <= max_pairs;
    const bool all_same = all || same <= max_pairs / 2,
               all_other = all || other <= max_pairs - max_pairs / 2;
    if (all_other) {
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = i + 1; j < n; ++j)
          if (labels[static_cast<std::size_t>(i)] != labels[static_cast<std::size_t>(j)])
            scores.other.push_back(measure(i, j));
    }
    if (all_same) {
      for (const auto& [label, of] : members)
        for (std::size_t i = 0; i < of.size(); ++i)
          for (std::size_t j = i + 1; j < of.size(); ++j)
            scores.same.push_back(measure(of[i], of[j]));
    }
    Random random = input.random.child("pairs");
    const std::vector<const Indices*> classes = [&] {
      std::vector<const Indices*> result;
      for (const auto& entry : members) result.push_back(&entry.second);
      return result;
    }();
    if (!all_same) draw_same(classes, max_pairs / 2, measure, random, scores.same);
    if (!all_other)
      draw_other(classes, n, max_pairs - max_pairs / 2, measure, random, scores.other);
    return scores;
  }

  /// A class by how many pairs begin in it, then a pair.
  static void draw_same(const std::vector<const Indices*>& classes, std::int64_t count,
                        const Measure<float>& measure, Random& random,
                        std::vector<double>& distances) {
    std::vector<std::int64_t> until;
    for (const Indices* of : classes) {
      const auto size = static_cast<std::int64_t>(of->size());
      until.push_back((until.empty() ? 0 : until.back()) + size * (size - 1));
    }
    for (std::int64_t drawn = 0; drawn < count; ++drawn) {
      const Indices& of = *classes[draw_class(until, random)];
      const auto size = static_cast<std::int64_t>(of.size());
      const std::int64_t i = random.below(size), other = random.below(size - 1);
      const std::int64_t j = other + (other >= i ? 1 : 0);
      distances.push_back(
          measure(of[static_cast<std::size_t>(i)], of[static_cast<std::size_t>(j)]));
    }
  }

  static void draw_other(const std::vector<const Indices*>& classes, std::int64_t n,
                         std::int64_t count, const Measure<float>& measure, Random& random,
                         std::vector<double>& distances) {
    Indices by_class;
    std::vector<std::int64_t> until, begins;
    for (const Indices* of : classes) {
      const auto size = static_cast<std::int64_t>(of->size());
      begins.push_back(static_cast<std::int64_t>(by_class.size()));
      by_class.insert(by_class.end(), of->begin(), of->end());
      until.push_back((until.empty() ? 0 : until.back()) + size * (n - size));
    }
    for (std::int64_t drawn = 0; drawn < count; ++drawn) {
      const std::size_t c = draw_class(until, random);
      const auto size = static_cast<std::int64_t>(classes[c]->size());
      const std::int64_t i = random.below(size), other = random.below(n - size);
      const std::int64_t j = other + (other >= begins[c] ? size : 0);
      distances.push_back(measure((*classes[c])[static_cast<std::size_t>(i)],
                                  by_class[static_cast<std::size_t>(j)]));
    }
  }

  static std::size_t draw_class(const std::vector<std::int64_t>& until, Random& random) {
    const std::int64_t drawn = random.below(until.back());
    return static_cast<std::size_t>(std::upper_bound(until.begin(), until.end(), drawn) -
                                    until.begin());
  }

  void sweep(Scores& scores, std::vector<Metric>& metrics) const {
    std::sort(scores.same.begin(), scores.same.end());
    std::sort(scores.other.begin(), scores.other.end());
    const auto same = static_cast<double>(scores.same.size()),
               other = static_cast<double>(scores.other.size());
    const double pairs = scores.same_pairs + scores.other_pairs;
    std::size_t s = 0, o = 0;
    double tar = 0, far = 0, area = 0, eer = -1, best = scores.other_pairs / pairs;
    while (s < scores.same.size() || o < scores.other.size()) {
      const double threshold = s == scores.same.size() ? scores.other[o]
                               : o == scores.other.size()
                                   ? scores.same[s]
                                   : std::min(scores.same[s], scores.other[o]);
      while (s < scores.same.size() && scores.same[s] <= threshold) ++s;
      while (o < scores.other.size() && scores.other[o] <= threshold) ++o;
      const double next_tar = static_cast<double>(s) / same,
                   next_far = static_cast<double>(o) / other;
      area += (next_far - far) * (tar + next_tar) / 2;
      if (eer < 0 && next_far >= 1 - next_tar) {
        const double before = 1 - tar - far, after = next_far - (1 - next_tar);
        eer = far + (next_far - far) * before / (before + after);
      }
      tar = next_tar;
      far = next_far;
      best = std::max(best, (tar * scores.same_pairs + (1 - far) * scores.other_pairs) / pairs);
      for (std::size_t m = 0; m < tar_at_far.size(); ++m)
        if (far <= tar_at_far[m]) metrics[3 + m].value = tar;
    }
    metrics[0].value = area;
    metrics[1].value = eer;
    metrics[2].value = best;
  }

  std::int64_t max_pairs = 1000000;
  std::vector<double> tar_at_far = {0.001, 0.01, 0.1};
};

METRICLAB_PLUGIN(Verification, "verification");

}  // namespace
