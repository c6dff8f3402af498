// SPDX-License-Identifier: BSD-3-Clause
// Tuples that an independent implementation mines (reference/deep/README.md says which), compared
// as sets.
#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <nlohmann/json.hpp>

#include "support.hpp"

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

void check_cases(const char* reference, const char* ours) {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const std::map<std::string, std::string> modes = {
      {"all", "violating"}, {"hard", "hard"}, {"semihard", "semihard"}, {"easy", "easy"}};
  const Json file = Json::parse(read_file(*folder / "miners" / (std::string(reference) + ".json")));
  REQUIRE_FALSE(file["cases"].empty());
  for (const Json& is : file["cases"]) {
    CAPTURE(ours);
    CAPTURE(is["setting"].get<int>());
    Json block = {{"plugin", ours}};
    block["distance"] = is["distance"]["name"] == "CosineSimilarity" ? "cosine" : "euclidean";
    block["normalize_embeddings"] = is["distance"]["normalize_embeddings"];
    for (const auto& [name, value] : is["params"].items()) {
      if (name == "type_of_triplets")
        block["mode"] = modes.at(value.get<std::string>());
      else
        block[name] = value;
    }
    Random random(1);
    const Tuples mined = make_miner(block.dump())->mine(reference_batch(*folder), random);
    const auto expected = is["tuple"].get<Rows>();
    if (is["kind"] == "triplets") {
      REQUIRE(mined.form == Tuples::Form::triplets);
      CHECK(rows({as_indices(mined.anchor), as_indices(mined.positive),
                  as_indices(mined.negative)}) == rows(expected));
    } else {
      REQUIRE(mined.form == Tuples::Form::pairs);
      CHECK(rows({as_indices(mined.positive_anchor), as_indices(mined.positive)}) ==
            rows({expected[0], expected[1]}));
      CHECK(rows({as_indices(mined.negative_anchor), as_indices(mined.negative)}) ==
            rows({expected[2], expected[3]}));
    }
  }
}

TEST_CASE("batch_hard mines what the reference does") {
  check_cases("BatchHardMiner", "batch_hard");
}
TEST_CASE("multi_similarity mines what the reference does") {
  check_cases("MultiSimilarityMiner", "multi_similarity");
}
TEST_CASE("semihard mines what the reference does") {
  check_cases("TripletMarginMiner", "semihard");
}

}  // namespace
