// SPDX-License-Identifier: BSD-3-Clause
// Tuples that an independent implementation mines (reference/deep/README.md says which), compared
// as sets.
#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/distance_weighting.hpp>
#include <metriclab/deep/uniform_bins.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

using Rows = std::vector<std::vector<std::int64_t>>;

/// The tuples of parallel lists, in a canonical order.
Rows rows(const std::vector<std::vector<std::int64_t>>& lists) {
  Rows result(lists[0].size());
  for (const auto& list : lists)
    for (std::size_t i = 0; i < list.size(); ++i) result[i].push_back(list[i]);
  std::sort(result.begin(), result.end());
  return result;
}

/// The plugin's block of a case.
Json block_of(const Json& is, const char* plugin) {
  const std::map<std::string, std::string> kNames = {
      {"type_of_triplets", "mode"},
      {"pos_strategy", "positive_strategy"},
      {"neg_strategy", "negative_strategy"},
      {"allowed_pos_range", "allowed_positive_range"},
      {"allowed_neg_range", "allowed_negative_range"},
      {"pos_margin", "positive_margin"},
      {"neg_margin", "negative_margin"}};
  Json block = {{"plugin", plugin}};
  for (const auto& [name, value] : is["params"].items())
    block[kNames.contains(name) ? kNames.at(name) : name] = value;
  return block;
}

void set_distance(Json& block, const Json& is) {
  block["distance"] = distance_block(is["distance"]);
  block["normalize_embeddings"] = is["distance"]["normalize_embeddings"];
}

Json cases_of(const char* reference) {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return Json::array();
  }
  const Json file = Json::parse(read_file(*folder / "miners" / (std::string(reference) + ".json")));
  REQUIRE_FALSE(file["cases"].empty());
  return file["cases"];
}

struct Found {
  Rows triplets = {}, positives = {}, negatives = {};
};
Found found_by(const Json& block) {
  Random random(1);
  const Tuples mined = make_miner(block.dump())->mine(reference_batch(*deep_reference()), random);
  if (mined.form == Tuples::Form::triplets)
    return {.triplets = rows({as_indices(mined.anchor), as_indices(mined.positive),
                              as_indices(mined.negative)})};
  REQUIRE(mined.form == Tuples::Form::pairs);
  return {.positives = rows({as_indices(mined.positive_anchor), as_indices(mined.positive)}),
          .negatives = rows({as_indices(mined.negative_anchor), as_indices(mined.negative)})};
}

void check_cases(const char* reference, const char* ours) {
  for (const Json& is : cases_of(reference)) {
    CAPTURE(ours);
    CAPTURE(is["setting"].get<int>());
    Json block = block_of(is, ours);
    set_distance(block, is);
    const Found mined = found_by(block);
    const auto expected = is["tuple"].get<Rows>();
    if (is["kind"] == "triplets") {
      CHECK(mined.triplets == rows(expected));
    } else {
      CHECK(mined.positives == rows({expected[0], expected[1]}));
      CHECK(mined.negatives == rows({expected[2], expected[3]}));
    }
  }
}

TEST_CASE("batch_hard mines what the reference does") {
  check_cases("BatchHardMiner", "batch_hard");
}
TEST_CASE("batch_easy_hard mines what the reference does") {
  check_cases("BatchEasyHardMiner", "batch_easy_hard");
}
TEST_CASE("multi_similarity mines what the reference does") {
  check_cases("MultiSimilarityMiner", "multi_similarity");
}
TEST_CASE("pair_margin mines what the reference does") {
  check_cases("PairMarginMiner", "pair_margin");
}
TEST_CASE("triplet_margin mines what the reference does") {
  check_cases("TripletMarginMiner", "triplet_margin");
}

TEST_CASE("angular mines what the reference does") {
  for (const Json& is : cases_of("AngularMiner")) {
    CAPTURE(is["setting"].get<int>());
    Json block = block_of(is, "angular");
    block["normalize_embeddings"] = false;
    CHECK(found_by(block).triplets == rows(is["tuple"].get<Rows>()));
  }
}

// The reference counts ordered pairs, and may keep (i, j) as its last without (j, i), which is as
// hard: those two go together here.
Rows with_mirrors(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  std::set<std::vector<std::int64_t>> pairs;
  for (std::size_t i = 0; i < a.size(); ++i) {
    pairs.insert({a[i], b[i]});
    pairs.insert({b[i], a[i]});
  }
  CHECK(pairs.size() <= a.size() + 1);
  return {pairs.begin(), pairs.end()};
}

TEST_CASE("hdc mines what the reference does") {
  for (const Json& is : cases_of("HDCMiner")) {
    CAPTURE(is["setting"].get<int>());
    Json block = block_of(is, "hdc");
    set_distance(block, is);
    const Found mined = found_by(block);
    const auto expected = is["tuple"].get<Rows>();
    CHECK(mined.positives == with_mirrors(expected[0], expected[1]));
    CHECK(mined.negatives == with_mirrors(expected[2], expected[3]));
  }
}

double distance(const at::Tensor& unit, std::int64_t i, std::int64_t j) {
  return unit[i].sub(unit[j]).norm().item<double>();
}

TEST_CASE("distance_weighted draws with the reference's probabilities (stochastic, seeded)") {
  for (const Json& is : cases_of("DistanceWeightedMiner")) {
    CAPTURE(is["setting"].get<int>());
    const Batch batch = reference_batch(*deep_reference());
    const std::vector<std::int64_t> labels = as_indices(batch.labels);
    const at::Tensor unit = normalized_rows(batch.embeddings),
                     weights = read_tensor(*deep_reference() / is["weights"].get<std::string>());
    const DistanceWeighting weighting{batch.embeddings.size(1), is["params"].value("cutoff", 0.5),
                                      is["params"].value("nonzero_loss_cutoff", 1.4)};
    const auto without = is["rows_with_nan"].get<std::vector<std::int64_t>>();
    std::map<std::int64_t, std::map<std::int64_t, double>> drawn;
    constexpr int kRounds = 2000;
    Random random(7);
    const auto miner = make_miner(block_of(is, "distance_weighted").dump());
    for (int round = 0; round < kRounds; ++round) {
      const Tuples mined = miner->mine(batch, random);
      const auto a = as_indices(mined.anchor), n = as_indices(mined.negative);
      for (std::size_t t = 0; t < a.size(); ++t) ++drawn[a[t]][n[t]];
    }
    for (std::int64_t i = 0; i < 32; ++i) {
      CAPTURE(i);
      const std::int64_t label = labels[static_cast<std::size_t>(i)];
      std::vector<double> distances, ours, expected;
      std::vector<std::int64_t> negatives;
      for (std::int64_t j = 0; j < 32; ++j) {
        if (labels[static_cast<std::size_t>(j)] == label) continue;
        negatives.push_back(j);
        distances.push_back(distance(unit, i, j));
        expected.push_back(weights[i][j].item<double>());
      }
      ours.resize(negatives.size());
      const bool any = weighting.weigh<double>(distances, ours);
      CHECK(any == (std::find(without.begin(), without.end(), i) == without.end()));
      const auto positives = std::count(labels.begin(), labels.end(), label) - 1;
      if (!any || positives == 0) {
        CHECK_FALSE(drawn.contains(i));
        continue;
      }
      const auto draws = static_cast<double>(kRounds * positives);
      for (std::size_t k = 0; k < negatives.size(); ++k) {
        const double p = expected[k];
        CHECK(std::abs(ours[k] - p) < 1e-10);
        // Five standard deviations of a binomial, and one draw where it is rare.
        CHECK(std::abs(drawn[i][negatives[k]] - draws * p) <=
              5 * std::sqrt(draws * p * (1 - p)) + 1);
      }
    }
  }
}

TEST_CASE("uniform_histogram draws from the reference's candidates (stochastic, seeded)") {
  for (const Json& is : cases_of("UniformHistogramMiner")) {
    CAPTURE(is["setting"].get<int>());
    const Batch batch = reference_batch(*deep_reference());
    const at::Tensor unit = normalized_rows(batch.embeddings);
    const std::vector<std::int64_t> labels = as_indices(batch.labels);
    const std::int64_t n_bins = is["params"]["num_bins"];
    std::vector<std::vector<std::int64_t>> positives, negatives;
    for (std::int64_t i = 0; i < 32; ++i)
      for (std::int64_t j = 0; j < 32; ++j)
        if (i != j)
          (labels[static_cast<std::size_t>(i)] == labels[static_cast<std::size_t>(j)] ? positives
                                                                                      : negatives)
              .push_back({i, j});
    auto bins_of = [&](const char* edges, const Rows& pairs) {
      const auto expected = is[edges].get<std::vector<double>>();
      const UniformBins bins{expected.front(), expected.back(), n_bins};
      for (std::int64_t b = 0; b <= n_bins; ++b)
        CHECK(std::abs(bins.edge(b) - expected[static_cast<std::size_t>(b)]) < 1e-12);
      Rows candidates(static_cast<std::size_t>(n_bins));
      for (std::size_t k = 0; k < pairs.size(); ++k)
        candidates[static_cast<std::size_t>(bins.of(distance(unit, pairs[k][0], pairs[k][1])))]
            .push_back(static_cast<std::int64_t>(k));
      return candidates;
    };
    const Rows positive_bins = bins_of("pos_bin_edges", positives),
               negative_bins = bins_of("neg_bin_edges", negatives);
    CHECK(positive_bins == is["pos_candidates_per_bin"].get<Rows>());
    std::vector<std::size_t> counts;
    for (const auto& bin : negative_bins) counts.push_back(bin.size());
    CHECK(counts == is["neg_candidates_count_per_bin"].get<std::vector<std::size_t>>());

    constexpr int kRounds = 2000, kPerBin = 3;
    const Json block = {{"plugin", "uniform_histogram"},
                        {"n_bins", n_bins},
                        {"positives_per_bin", kPerBin},
                        {"negatives_per_bin", kPerBin}};
    const auto miner = make_miner(block.dump());
    Random random(8);
    std::map<std::vector<std::int64_t>, double> drawn;
    for (int round = 0; round < kRounds; ++round) {
      const Tuples mined = miner->mine(batch, random);
      for (const auto& pair : rows({as_indices(mined.positive_anchor), as_indices(mined.positive)}))
        ++drawn[pair];
      for (const auto& pair : rows({as_indices(mined.negative_anchor), as_indices(mined.negative)}))
        ++drawn[pair];
    }
    for (const auto& [pairs, bins] :
         {std::pair(positives, positive_bins), std::pair(negatives, negative_bins)})
      for (const auto& bin : bins)
        for (const std::int64_t k : bin) {
          const double p = 1 / static_cast<double>(bin.size()), draws = kRounds * kPerBin;
          CHECK(std::abs(drawn[pairs[static_cast<std::size_t>(k)]] - draws * p) <=
                5 * std::sqrt(draws * p * (1 - p)));
        }
  }
}

}  // namespace
