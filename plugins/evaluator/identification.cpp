// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/chosen.hpp>
#include <metriclab/neighbors/measure.hpp>
#include <metriclab/neighbors/search.hpp>
#include <set>

namespace {

using namespace metriclab;

/// Open-set identification: is a probe one of those enrolled in the gallery, and which?
///
/// The answer is the class of the nearest enrolled example (ties: the first), where that is no
/// farther than a threshold; else "none of them". Genuine probes are of enrolled classes, impostors
/// of others. At each threshold t:
///
///     DIR   the part of the genuine probes whose nearest enrolled example is of their class, and
///           at most t away: detected and identified, at rank 1
///     FAR   the part of the impostors whose nearest enrolled example is at most t away
///
/// Thresholds are the distances that occur, and one below all; probes at equal distances are
/// accepted together.
///
///     rank_1        the part of the genuine probes whose nearest is of their class: the closed-set
///                   rate, and DIR at FAR 1
///     dir_at_far_F  the greatest DIR of all thresholds with FAR ≤ F; with m impostors FAR is a
///                   multiple of 1/m, so that F < 1/m lets none in
///
/// (Phillips, Grother, Micheals, section on open-set identification.) Curve "dir": that greatest
/// DIR over FAR, at 0, 1, 2, … false alarms, then at steps of a tenth.
///
/// `gallery` says who is enrolled. "test": of the test part's classes the part `enrolled` (rounded;
/// of two or more at least one, and one is not), drawn from those with more than `n_enrolled`
/// examples, with `n_enrolled` examples of each, drawn too; their other examples are the genuine
/// probes, and all of the other classes impostors. Thus a test part whose classes were never
/// trained on has both. "train": the training part; "column=class", as in "role=gallery": the test
/// examples of that label; probes are all (other) test examples.
///
/// No genuine probe: all NaN. No impostor: dir_at_far_F are NaN. Cost: a search of one neighbour.
class Identification final : public Evaluator {
 public:
  static void describe(Description<Identification>& is) {
    is.summary("open-set identification: rank-1 rate, and DIR at FAR with probes never enrolled");
    is.source(
        "Phillips, Grother, Micheals. Evaluation methods in face recognition. In: Handbook of face "
        "recognition, 2nd ed., Springer 2011");
    is.cost("O(probes · gallery · d) time as a matrix product, O((probes + gallery) · d) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("gallery", &Identification::gallery,
                 "who is enrolled: drawn from \"test\", the \"train\" part, or test examples by a "
                 "label, as in \"role=gallery\"");
    is.parameter("enrolled", &Identification::enrolled,
                 "the part of the classes that is drawn to be enrolled")
        .above(0)
        .at_most(1)
        .unused_when("gallery", "train");
    is.parameter("n_enrolled", &Identification::n_enrolled,
                 "how many examples of each are drawn to be enrolled")
        .at_least(1)
        .unused_when("gallery", "train");
    is.parameter("dir_at_far", &Identification::dir_at_far, "the F of each dir_at_far_F")
        .at_least(0)
        .at_most(1);
  }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    const Chosen chosen = choose(input, "gallery", gallery);
    const Chosen enrolled_ones{chosen.part, gallery == "test" && !chosen.examples.empty()
                                                ? drawn(chosen, input.random)
                                                : chosen.examples};
    const Chosen probes{input.test, others(input.test, enrolled_ones)};
    if (enrolled_ones.examples.empty() || probes.examples.empty())
      return unmeasured(none_because(enrolled_ones));

    const Scores scores = measured(probes, enrolled_ones, input.distance, input.threads);
    if (scores.n_genuine == 0) return unmeasured("no probe is of an enrolled class");
    const auto genuine = static_cast<double>(scores.n_genuine);
    std::vector<Metric> metrics = {
        {.name = "rank_1",
         .value = static_cast<double>(scores.identified.size()) / genuine,
         .reason = {}}};
    if (scores.impostors.empty()) {
      for (double far : dir_at_far)
        metrics.push_back(undefined(
            fmt::format("dir_at_far_{}", far),
            gallery == "test" ? "every class is enrolled; lower enrolled"
                              : "every probe is of an enrolled class: none raises a false alarm"));
      return metrics;
    }
    const auto n = static_cast<std::int64_t>(scores.impostors.size());
    for (double far : dir_at_far)
      metrics.push_back({.name = fmt::format("dir_at_far_{}", far),
                         .value = scores.identified_with(alarms_at(far, n)) / genuine,
                         .reason = {}});
    Curve curve{.name = "dir", .unit = "false alarm rate", .at = {}, .values = {}};
    for (std::int64_t alarms = 0;; alarms = std::min(n, std::max(alarms + 1, alarms * 11 / 10))) {
      curve.at.push_back(static_cast<double>(alarms) / static_cast<double>(n));
      curve.values.push_back(scores.identified_with(alarms) / genuine);
      if (alarms == n) break;
    }
    return {std::move(metrics), {std::move(curve)}};
  }

 private:
  struct Scores {
    std::vector<double> identified, impostors;  // distances from the nearest, rising
    std::int64_t n_genuine = 0;

    /// How many are identified at the greatest threshold that lets at most so many impostors in.
    double identified_with(std::int64_t alarms) const {
      const auto until = alarms == static_cast<std::int64_t>(impostors.size())
                             ? identified.end()
                             : std::lower_bound(identified.begin(), identified.end(),
                                                impostors[static_cast<std::size_t>(alarms)]);
      return static_cast<double>(until - identified.begin());
    }
  };

  /// The most of `n` impostors that are a part of at most `far`.
  static std::int64_t alarms_at(double far, std::int64_t n) {
    auto alarms = static_cast<std::int64_t>(far * static_cast<double>(n));
    // What far·n rounds away: 0.1 · 30 is 3 alarms, a FAR of 3/30 ≤ 0.1.
    while (alarms < n && static_cast<double>(alarms + 1) / static_cast<double>(n) <= far) ++alarms;
    while (alarms > 0 && static_cast<double>(alarms) / static_cast<double>(n) > far) --alarms;
    return alarms;
  }

  std::vector<Metric> unmeasured(const std::string& reason) const {
    std::vector<Metric> metrics = {undefined("rank_1", reason)};
    for (double far : dir_at_far)
      metrics.push_back(undefined(fmt::format("dir_at_far_{}", far), reason));
    return metrics;
  }

  std::string none_because(const Chosen& enrolled_ones) const {
    if (!enrolled_ones.examples.empty()) return "there is no probe: all test examples are enrolled";
    if (gallery == "train") return "the training part, whose examples are enrolled, is empty";
    if (gallery == "test" && enrolled_ones.part.embeddings.rows() > 0)
      return fmt::format("no class of the test part has more than n_enrolled = {} examples",
                         n_enrolled);
    return fmt::format("nobody is enrolled: \"{}\" has no examples", gallery);
  }

  /// The examples that are drawn from the test part to be enrolled.
  Indices drawn(const Chosen& test, const Random& stream) const {
    const auto members = members_by_class(test.part.labels());
    std::vector<std::int32_t> eligible;
    for (const auto& [label, of] : members)
      if (static_cast<std::int64_t>(of.size()) > n_enrolled) eligible.push_back(label);
    const auto n = static_cast<std::int64_t>(members.size());
    auto count = static_cast<std::int64_t>(std::llround(enrolled * static_cast<double>(n)));
    count = std::max<std::int64_t>(count, 1);
    if (enrolled < 1 && n > 1) count = std::min(count, n - 1);
    count = std::min(count, static_cast<std::int64_t>(eligible.size()));

    Random classes = stream.child("enrolled classes");
    const Random examples = stream.child("enrolled examples");
    Indices result;
    for (std::int64_t c : classes.sample(static_cast<std::int64_t>(eligible.size()), count)) {
      const std::int32_t label = eligible[static_cast<std::size_t>(c)];
      const Indices& of = members.at(label);
      Random random = examples.child(static_cast<std::uint64_t>(label));
      for (std::int64_t i : random.sample(static_cast<std::int64_t>(of.size()), n_enrolled))
        result.push_back(of[static_cast<std::size_t>(i)]);
    }
    std::sort(result.begin(), result.end());
    return result;
  }

  /// The test examples that are not enrolled.
  static Indices others(const Embedded& test, const Chosen& enrolled_ones) {
    Indices result;
    const bool within = &test == &enrolled_ones.part;
    for (std::int64_t i = 0; i < test.embeddings.rows(); ++i)
      if (!within ||
          !std::binary_search(enrolled_ones.examples.begin(), enrolled_ones.examples.end(), i))
        result.push_back(i);
    return result;
  }

  static Scores measured(const Chosen& probes, const Chosen& enrolled_ones, Distance distance,
                         int threads) {
    const MatrixF asks = probes.embeddings(), known = enrolled_ones.embeddings();
    const std::vector<std::int32_t> truth = probes.labels(), labels = enrolled_ones.labels();
    const std::set<std::int32_t> known_labels(labels.begin(), labels.end());
    const auto found = nearest_neighbors(asks, known, 1, distance, threads);
    // Thresholds tell apart what differs in double.
    const Measure<float> measure(asks, known, distance);
    Scores scores;
    for (std::int64_t i = 0; i < asks.rows(); ++i) {
      const std::int32_t label = truth[static_cast<std::size_t>(i)];
      const std::int64_t nearest = found.indices(i, 0);
      const bool genuine = known_labels.contains(label);
      if (genuine) ++scores.n_genuine;
      if (genuine && labels[static_cast<std::size_t>(nearest)] != label) continue;
      (genuine ? scores.identified : scores.impostors).push_back(measure(i, nearest));
    }
    std::sort(scores.identified.begin(), scores.identified.end());
    std::sort(scores.impostors.begin(), scores.impostors.end());
    return scores;
  }

  std::string gallery = "test";
  double enrolled = 0.5;
  std::int64_t n_enrolled = 1;
  std::vector<double> dir_at_far = {0.001, 0.01, 0.1};
};

METRICLAB_PLUGIN(Identification, "identification");

}  // namespace
