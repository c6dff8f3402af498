// SPDX-License-Identifier: BSD-3-Clause
// Values and gradients of an independent implementation in float64 (reference/deep/README.md says
// which).
#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <nlohmann/json.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

Json block(const char* plugin) { return Json{{"plugin", plugin}}; }

Json distance_block(const Json& is) {
  if (is["name"] == "CosineSimilarity") return "cosine";
  REQUIRE(is["name"] == "LpDistance");
  if (is["p"] == 2 && is["power"] == 1) return "euclidean";
  if (is["p"] == 2 && is["power"] == 2) return "squared_euclidean";
  Json lp = block("lp");
  lp["p"] = is["p"];
  lp["power"] = is["power"];
  return lp;
}

Json reducer_block(const Json& is) {
  const std::string name = is["name"];
  if (name == "MeanReducer") return "mean";
  if (name == "SumReducer") return "sum";
  if (name == "AvgNonZeroReducer") return "avg_non_zero";
  if (name == "DivisorReducer") return "divisor";
  if (name == "MultipleReducers") return reducer_block(is["sub"]["pos_loss"]);
  if (name == "ThresholdReducer") {
    Json threshold = block("threshold");
    threshold["low"] = is["low"];
    threshold["high"] = is["high"];
    return threshold;
  }
  if (name == "ClassWeightedReducer") {
    Json weighted = block("class_weighted");
    weighted["weights"] = is["weights"];
    return weighted;
  }
  REQUIRE(name == "PerAnchorReducer");
  Json per_anchor = block("per_anchor");
  per_anchor["reducer"] = reducer_block(is["inner"]);
  return per_anchor;
}

struct Names {
  const char* reference;
  const char* ours;
  std::map<std::string, std::string> parameters;
};

Json loss_block(const Names& names, const Json& is) {
  Json loss = block(names.ours);
  loss["distance"] = distance_block(is["distance"]);
  loss["normalize_embeddings"] = is["distance"]["normalize_embeddings"];
  loss["reducer"] = reducer_block(is["reducer"]);
  for (const auto& [name, value] : is["params"].items())
    if (const auto found = names.parameters.find(name); found != names.parameters.end())
      loss[found->second] = value;
  // There, margins on a cosine are similarities; here, margins are distances, 1 − cosine.
  if (std::string(names.ours) == "contrastive" && is["distance"]["name"] == "CosineSimilarity")
    for (const char* margin : {"positive_margin", "negative_margin"})
      loss[margin] = 1 - loss[margin].get<double>();
  Json regularizers = Json::array();
  if (is.contains("embedding_regularizer")) {
    Json lp = block("lp");
    for (const char* key : {"p", "power", "weight"}) lp[key] = is["embedding_regularizer"][key];
    regularizers.push_back(lp);
  }
  if (is.contains("weight_regularizer")) {
    REQUIRE(is["weight_regularizer"]["name"] == "RegularFaceRegularizer");
    Json regular_face = block("regular_face");
    regular_face["weight"] = is["weight_regularizer"]["weight"];
    regularizers.push_back(regular_face);
  }
  if (!regularizers.empty()) loss["regularizers"] = regularizers;
  return loss;
}

Tuples tuples_of(const Json& is) {
  if (!is.contains("indices_tuple")) return Tuples::all();
  std::vector<at::Tensor> lists;
  for (const Json& list : is["indices_tuple"])
    lists.push_back(integers(list.get<std::vector<std::int64_t>>()));
  if (lists.size() == 3) return Tuples::triplets(lists[0], lists[1], lists[2]);
  REQUIRE(lists.size() == 4);
  return Tuples::pairs(lists[0], lists[1], lists[2], lists[3]);
}

const std::vector<Names> kLosses = {
    {"ContrastiveLoss",
     "contrastive",
     {{"pos_margin", "positive_margin"}, {"neg_margin", "negative_margin"}}},
    {"TripletMarginLoss",
     "triplet",
     {{"margin", "margin"}, {"swap", "swap"}, {"smooth_loss", "smooth"}}},
    {"MultiSimilarityLoss",
     "multi_similarity",
     {{"alpha", "alpha"}, {"beta", "beta"}, {"base", "base"}}},
    {"NTXentLoss", "ntxent", {{"temperature", "temperature"}}},
    {"ProxyAnchorLoss", "proxy_anchor", {{"margin", "margin"}, {"alpha", "alpha"}}},
};
// What that package takes where a case says nothing.
const std::map<std::string, Json> kDefaults = {
    {"contrastive", {{"positive_margin", 0}, {"negative_margin", 1}}},
    {"triplet", {{"margin", 0.05}}},
    {"multi_similarity", {{"alpha", 2}, {"beta", 50}, {"base", 0.5}}},
    {"ntxent", {{"temperature", 0.07}}},
    {"proxy_anchor", {{"margin", 0.1}, {"alpha", 32}}},
};

void check_case(const Names& names, const Json& is, const std::filesystem::path& folder) {
  CAPTURE(names.ours);
  CAPTURE(is["setting"].get<int>());
  Json filled = is;
  for (const auto& [name, ours] : names.parameters)
    if (!is["params"].contains(name) && kDefaults.at(names.ours).contains(ours))
      filled["params"][name] = kDefaults.at(names.ours)[ours];
  // There, the anchors' terms (B × 1) meet the weights (B) in a product that is (B × B): its mean
  // is that of the weights times that of the terms. Here each anchor's term has the weight of its
  // class (losses.cpp holds that to the formula).
  double factor = 1;
  if (std::string(names.ours) == "multi_similarity" &&
      is["reducer"]["name"] == "ClassWeightedReducer") {
    filled["reducer"] = {{"name", "MeanReducer"}};
    const std::vector<std::int64_t> labels = as_indices(read_tensor(folder / "labels_B32.npy"));
    factor = 0;
    for (std::int64_t label : labels)
      factor += is["reducer"]["weights"][static_cast<std::size_t>(label)].get<double>();
    factor /= static_cast<double>(labels.size());
  }
  const auto loss = make_loss(loss_block(names, filled).dump());
  Batch batch = reference_batch(folder);
  if (is.contains("ref_rows")) {
    batch.reference =
        read_tensor(folder / "ref_B32.npy").narrow(0, 0, is["ref_rows"].get<std::int64_t>());
    batch.reference_labels = batch.labels.narrow(0, 0, is["ref_rows"].get<std::int64_t>());
  }
  if (is.contains("weights")) {
    const at::Tensor weights = read_tensor(folder / is["weights"].get<std::string>());
    loss->prepare({.n_classes = weights.size(0),
                   .embedding_size = 16,
                   .type = at::kDouble,
                   .random = Random(1)});
    REQUIRE(loss->parameters().size() == 1);
    CHECK(loss->parameters()[0].name == is["weight_name"].get<std::string>());
    loss->parameters()[0].tensor.detach().copy_(weights);
  }
  const Outcome outcome = evaluate(*loss, batch, tuples_of(is));
  const double expected = is["loss"];
  CHECK(std::abs(factor * outcome.value - expected) < 1e-10 * std::max(1.0, std::abs(expected)));
  CHECK(largest_difference(outcome.embeddings.mul(factor),
                           read_tensor(folder / is["grad_embeddings"].get<std::string>())) < 1e-10);
  if (is.contains("weights"))
    CHECK(largest_difference(outcome.parameters[0],
                             read_tensor(folder / is["grad_weights"].get<std::string>())) < 1e-10);
  if (is.contains("ref_rows"))
    CHECK(largest_difference(outcome.reference,
                             read_tensor(folder / is["grad_ref_emb"].get<std::string>())) < 1e-10);
}

TEST_CASE("values and gradients are those of the reference") {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  for (const Names& names : kLosses) {
    if (!registry().has("loss", names.ours)) continue;
    const Json file =
        Json::parse(read_file(*folder / "losses" / (std::string(names.reference) + ".json")));
    REQUIRE(file["cases"].size() > 3);
    for (const Json& is : file["cases"]) check_case(names, is, *folder);
  }
}

TEST_CASE("against a separate reference set") {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Json file = Json::parse(read_file(*folder / "losses/_ref_emb.json"));
  int checked = 0;
  for (const Json& is : file["cases"])
    for (const Names& names : kLosses)
      if (is["loss_name"] == names.reference) {
        check_case(names, is, *folder);
        ++checked;
      }
  CHECK(checked == 2);
}

}  // namespace
