// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/neighbors/ranking.hpp>

namespace {

using namespace metriclab;

/// Retrieval: each test example queries the gallery, which is ranked by rising distance, ties by
/// index.
///
/// Of a query whose class has R examples in the gallery, at the ranks ρ₁ < … < ρ_R:
///
///     recall_at_K     1 if ρ₁ ≤ K, else 0
///     precision_at_1  1 if ρ₁ = 1, else 0
///     r_precision     #{ρᵢ ≤ R} / R
///     map_at_r        (1/R) Σ over ρᵢ ≤ R of i/ρᵢ     (Musgrave et al., section 3.2)
///     map             (1/R) Σ over all i of i/ρᵢ      (average precision; Manning et al.,
///     section 8.4) mrr             1/ρ₁
///
/// Each is averaged over the queries with R ≥ 1; the others are left out. No such query: NaN.
/// `gallery`: "test", all other test examples; "train", the training part.
/// `k`: only the k nearest are looked at, a convention of some packages: then r_precision is
/// #{ρᵢ ≤ min(R, k)} / min(R, k); in map and map_at_r what lies beyond k adds nothing, and the sum
/// is still divided by R; mrr is 0 for ρ₁ > k, recall_at_K is that at min(K, k).
class Retrieval final : public Evaluator {
 public:
  static void describe(Description<Retrieval>& is) {
    is.summary("ranked retrieval: Recall@K, R-precision, MAP@R, MAP, MRR");
    is.source("Musgrave, Belongie, Lim. A metric learning reality check. ECCV 2020");
    is.source("Jégou, Douze, Schmid. Product quantization for nearest neighbor search. TPAMI 2011");
    is.source(
        "Manning, Raghavan, Schütze. Introduction to information retrieval. Cambridge University "
        "Press 2008");
    is.cost("O(queries · gallery · d) time as a matrix product, O(gallery) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("recall_at", &Retrieval::recall_at, "the K of each recall_at_K").at_least(1);
    is.parameter("gallery", &Retrieval::gallery,
                 "what is searched: the other test examples, or the training part")
        .one_of({"test", "train"});
    is.parameter("k", &Retrieval::k, "only the k nearest count; null: the whole gallery")
        .at_least(1);
    is.parameter("average", &Retrieval::average,
                 "the mean over queries, or over classes of the mean over their queries")
        .one_of({"queries", "classes"});
  }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    std::vector<Metric> metrics;
    for (std::int64_t at : recall_at)
      metrics.push_back({.name = fmt::format("recall_at_{}", at), .reason = {}});
    for (const char* name : {"precision_at_1", "r_precision", "map_at_r", "map", "mrr"})
      metrics.push_back({.name = name, .reason = {}});

    struct Sum {
      std::vector<double> values;
      double queries = 0;
    };
    std::map<std::int32_t, Sum> sums;
    const std::vector<std::int32_t> no_labels;
    const bool from_train = gallery == "train";
    const auto& labels = input.test.columns.empty() ? no_labels : input.test.labels();
    const auto visit = [&](std::int64_t i, std::span<const std::int64_t> ranks) {
      if (ranks.empty()) return;
      const std::vector<double> values = of_query(ranks);
      Sum& sum = sums[average == "classes" ? labels[static_cast<std::size_t>(i)] : 0];
      sum.values.resize(values.size());
      for (std::size_t m = 0; m < values.size(); ++m) sum.values[m] += values[m];
      ++sum.queries;
    };
    const bool empty =
        from_train ? input.train.embeddings.rows() == 0 : input.test.embeddings.rows() == 0;
    if (!empty && from_train)
      rank_same_class(input.test.embeddings, labels, input.train.embeddings, input.train.labels(),
                      input.distance, visit);
    else if (!empty)
      rank_same_class(input.test.embeddings, labels, input.distance, visit);

    for (std::size_t m = 0; m < metrics.size(); ++m) {
      if (sums.empty()) {
        metrics[m] = undefined(
            metrics[m].name,
            empty ? fmt::format("the {} part, the gallery, is empty",
                                from_train ? "training" : "test")
                  : fmt::format("no test example has {} example of its class in the gallery",
                                from_train ? "an" : "another"));
        continue;
      }
      for (const auto& [label, sum] : sums) metrics[m].value += sum.values[m] / sum.queries;
      metrics[m].value /= static_cast<double>(sums.size());
    }
    return metrics;
  }

 private:
  std::vector<double> of_query(std::span<const std::int64_t> ranks) const {
    const auto r = static_cast<std::int64_t>(ranks.size());
    const std::int64_t most = k.value_or(std::numeric_limits<std::int64_t>::max());
    const std::int64_t first = ranks.front();
    std::vector<double> values;
    for (std::int64_t at : recall_at) values.push_back(first <= std::min(at, most) ? 1 : 0);
    double within = 0, map_at_r = 0, map = 0;
    for (std::int64_t i = 0; i < r; ++i) {
      const std::int64_t rank = ranks[static_cast<std::size_t>(i)];
      if (rank > most) break;
      const double precision = static_cast<double>(i + 1) / static_cast<double>(rank);
      map += precision;
      if (rank > r) continue;
      map_at_r += precision;
      ++within;
    }
    values.push_back(first == 1 ? 1 : 0);
    values.push_back(within / static_cast<double>(std::min(r, most)));
    values.push_back(map_at_r / static_cast<double>(r));
    values.push_back(map / static_cast<double>(r));
    values.push_back(first <= most ? 1 / static_cast<double>(first) : 0);
    return values;
  }

  std::vector<std::int64_t> recall_at = {1, 2, 4, 8};
  std::string gallery = "test";
  std::optional<std::int64_t> k;
  std::string average = "queries";
};

METRICLAB_PLUGIN(Retrieval, "retrieval");

}  // namespace
