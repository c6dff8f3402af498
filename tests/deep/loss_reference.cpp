// SPDX-License-Identifier: BSD-3-Clause
// The first losses against values and gradients of an independent implementation.
#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/file.hpp>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
using Json = nlohmann::json;

const Reference kContrastive{
    .file = "ContrastiveLoss",
    .loss = "contrastive",
    .parameters = {{"pos_margin", "positive_margin"}, {"neg_margin", "negative_margin"}},
    .defaults = {{"positive_margin", 0}, {"negative_margin", 1}},
    // There, margins on a cosine are similarities; here, margins are distances, 1 − cosine.
    .adapt = [](Json& block, const Json& is) {
      if (is["distance"]["name"] == "CosineSimilarity")
        for (const char* margin : {"positive_margin", "negative_margin"})
          block[margin] = 1 - block[margin].get<double>();
    }};
const Reference kTriplet{
    .file = "TripletMarginLoss",
    .loss = "triplet",
    .parameters = {{"margin", "margin"}, {"swap", "swap"}, {"smooth_loss", "smooth"}},
    .defaults = {{"margin", 0.05}}};
bool weighs_classes(const Json& is) { return is["reducer"]["name"] == "ClassWeightedReducer"; }
const Reference kMultiSimilarity{
    .file = "MultiSimilarityLoss",
    .loss = "multi_similarity",
    .parameters = {{"alpha", "alpha"}, {"beta", "beta"}, {"base", "base"}},
    .defaults = {{"alpha", 2}, {"beta", 50}, {"base", 0.5}},
    // There, the anchors' terms (B × 1) meet the weights (B) in a product that is (B × B): its mean
    // is that of the weights times that of the terms. Here each anchor's term has the weight of its
    // class (loss_formulas.cpp holds that to the formula).
    .adapt =
        [](Json& block, const Json& is) {
          if (weighs_classes(is)) block["reducer"] = "mean";
        },
    .factor =
        [](const Json& is) {
          if (!weighs_classes(is)) return 1.0;
          const std::vector<std::int64_t> labels =
              as_indices(read_tensor(*deep_reference() / "labels_B32.npy"));
          double sum = 0;
          for (const std::int64_t label : labels)
            sum += is["reducer"]["weights"][static_cast<std::size_t>(label)].get<double>();
          return sum / static_cast<double>(labels.size());
        }};
const Reference kNtXent{.file = "NTXentLoss",
                        .loss = "ntxent",
                        .parameters = {{"temperature", "temperature"}},
                        .defaults = {{"temperature", 0.07}}};
const Reference kProxyAnchor{.file = "ProxyAnchorLoss",
                             .loss = "proxy_anchor",
                             .parameters = {{"margin", "margin"}, {"alpha", "alpha"}},
                             .defaults = {{"margin", 0.1}, {"alpha", 32}}};

TEST_CASE("contrastive") { check_cases(kContrastive); }
TEST_CASE("triplet") { check_cases(kTriplet); }
TEST_CASE("multi_similarity") { check_cases(kMultiSimilarity); }
TEST_CASE("ntxent") { check_cases(kNtXent); }
TEST_CASE("proxy_anchor") { check_cases(kProxyAnchor); }

TEST_CASE("against a separate reference set") {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Json file = Json::parse(read_file(*folder / "losses/_ref_emb.json"));
  int checked = 0;
  for (const Json& is : file["cases"])
    for (const Reference* reference : {&kTriplet, &kMultiSimilarity})
      if (is["loss_name"] == reference->file) {
        check_case(*reference, is);
        ++checked;
      }
  CHECK(checked == 2);
}

TEST_CASE("cross_batch_memory: five steps, with the memory full from the second on") {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Json file = Json::parse(read_file(*folder / "losses/CrossBatchMemory.json"));
  REQUIRE(file["cases"].size() == 3);
  const Batch all = reference_batch(*folder);
  for (const Json& is : file["cases"]) {
    CAPTURE(is["setting"].get<int>());
    const std::string inner = is["params"]["loss"];
    Json loss = {{"plugin", inner == "ContrastiveLoss"     ? "contrastive"
                            : inner == "TripletMarginLoss" ? "triplet"
                                                           : "multi_similarity"}};
    for (const auto& [name, value] : is["params"]["loss_params"].items())
      loss[name == "neg_margin" ? "negative_margin" : name] = value;
    Json block = {{"plugin", "cross_batch_memory"},
                  {"loss", loss},
                  {"memory_size", is["params"]["memory_size"]}};
    if (!is["params"]["miner"].is_null())
      block["miner"] = {{"plugin", "multi_similarity"},
                        {"epsilon", is["params"]["miner"][1]["epsilon"]}};
    const auto memory = make_loss(block.dump());
    memory->prepare(
        {.n_classes = 5, .embedding_size = 16, .type = at::kDouble, .random = Random(1)});
    for (const Json& step : is["steps"]) {
      const at::Tensor rows = integers(step["rows"].get<std::vector<std::int64_t>>());
      Batch batch = rows_of(all, rows);
      batch.embeddings = batch.embeddings.add(step["add"].get<double>());
      const Outcome outcome = evaluate(*memory, batch);
      CHECK(std::abs(outcome.value - step["loss"].get<double>()) < 1e-10);
      CHECK(largest_difference(outcome.embeddings,
                               read_tensor(*folder / step["grad_embeddings"].get<std::string>())) <
            1e-10);
    }
  }
}

}  // namespace
