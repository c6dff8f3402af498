// SPDX-License-Identifier: BSD-3-Clause
#include "reference.hpp"

#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/file.hpp>

namespace metriclab::testing {

using Json = nlohmann::json;

namespace {

Json block(const char* plugin) { return Json{{"plugin", plugin}}; }

Json regularizer_block(const Json& is) {
  const std::map<std::string, const char*> kNames = {
      {"LpRegularizer", "lp"},
      {"RegularFaceRegularizer", "regular_face"},
      {"ZeroMeanRegularizer", "zero_mean"},
      {"CenterInvariantRegularizer", "center_invariant"},
      {"SparseCentersRegularizer", "sparse_centers"}};
  Json regularizer = block(kNames.at(is["name"]));
  for (const char* key : {"p", "power", "weight"})
    if (is.contains(key)) regularizer[key] = is[key];
  return regularizer;
}

/// The plugin's block of a case.
Json loss_block(const Reference& reference, const Json& is) {
  Json loss = block(reference.loss.c_str());
  loss["distance"] = distance_block(is["distance"]);
  loss["normalize_embeddings"] = is["distance"]["normalize_embeddings"];
  loss["reducer"] = reducer_block(is["reducer"]);
  for (const auto& [name, ours] : reference.parameters) {
    if (is["params"].contains(name))
      loss[ours] = is["params"][name];
    else if (reference.defaults.contains(ours))
      loss[ours] = reference.defaults[ours];
  }
  Json regularizers = Json::array();
  if (is.contains("embedding_regularizer"))
    regularizers.push_back(regularizer_block(is["embedding_regularizer"]));
  if (is.contains("weight_regularizer")) {
    regularizers.push_back(regularizer_block(is["weight_regularizer"]));
    regularizers.back()["on"] = "weights";
  }
  if (!regularizers.empty()) loss["regularizers"] = regularizers;
  if (reference.adapt) reference.adapt(loss, is);
  return loss;
}

}  // namespace

Json distance_block(const Json& is) {
  if (is["name"] == "CosineSimilarity") return "cosine";
  if (is["name"] == "DotProductSimilarity") return "dot";
  if (is["name"] == "SNRDistance") return "snr";
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
  if (name == "MultipleReducers") {
    // One for each part of the loss; the penalties' own is a mean.
    for (const auto& [part, reducer] : is["sub"].items())
      if (part.find("reg_loss") == std::string::npos) return reducer_block(reducer);
    return reducer_block(is["default"]);
  }
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

Tuples tuples_of(const Json& is) {
  if (!is.contains("indices_tuple")) return Tuples::all();
  std::vector<at::Tensor> lists;
  for (const Json& list : is["indices_tuple"])
    lists.push_back(integers(list.get<std::vector<std::int64_t>>()));
  if (lists.size() == 3) return Tuples::triplets(lists[0], lists[1], lists[2]);
  REQUIRE(lists.size() == 4);
  return Tuples::pairs(lists[0], lists[1], lists[2], lists[3]);
}

void check_case(const Reference& reference, const Json& is) {
  const auto folder = deep_reference();
  REQUIRE(folder);
  CAPTURE(reference.loss);
  CAPTURE(is["setting"].get<int>());
  const auto loss = make_loss(loss_block(reference, is).dump());
  Batch batch = reference_batch(*folder);
  if (is.contains("ref_rows")) {
    batch.reference =
        read_tensor(*folder / "ref_B32.npy").narrow(0, 0, is["ref_rows"].get<std::int64_t>());
    batch.reference_labels = batch.labels.narrow(0, 0, is["ref_rows"].get<std::int64_t>());
  }
  auto ours = [&](const char* file) {
    const at::Tensor weights = read_tensor(*folder / is[file].get<std::string>());
    return reference.weights ? reference.weights(weights) : weights;
  };
  std::int64_t n_classes = 5;
  for (const char* name : {"num_classes", "n_classes"})
    if (is["params"].contains(name)) n_classes = is["params"][name];
  LossSetting setting{.n_classes = n_classes,
                      .embedding_size = 16,
                      .type = at::kDouble,
                      .random = Random(1),
                      .labels = as_indices(batch.labels)};
  loss->prepare(setting);
  if (is.contains("weights")) {
    REQUIRE(loss->parameters().size() == 1);
    const at::Tensor weights = ours("weights");
    REQUIRE(loss->parameters()[0].tensor.sizes() == weights.sizes());
    loss->parameters()[0].tensor.detach().copy_(weights);
  }
  const double factor = reference.factor ? reference.factor(is) : 1, expected = is["loss"];
  const Outcome outcome = evaluate(*loss, batch, tuples_of(is));
  CHECK(std::abs(factor * outcome.value - expected) <
        reference.tolerance * std::max(1.0, std::abs(expected)));
  CHECK(largest_difference(outcome.embeddings.mul(factor),
                           read_tensor(*folder / is["grad_embeddings"].get<std::string>())) <
        reference.tolerance);
  if (is.contains("weights")) {
    at::Tensor gradient = ours("grad_weights");
    if (reference.gradient) gradient = reference.gradient(gradient, ours("weights"));
    CHECK(largest_difference(outcome.parameters[0].mul(factor), gradient) < reference.tolerance);
  }
  if (is.contains("ref_rows"))
    CHECK(largest_difference(outcome.reference,
                             read_tensor(*folder / is["grad_ref_emb"].get<std::string>())) <
          reference.tolerance);
}

void check_cases(const Reference& reference) {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const Json file = Json::parse(read_file(*folder / "losses" / (reference.file + ".json")));
  REQUIRE(file["cases"].size() >= 2);
  for (const Json& is : file["cases"]) check_case(reference, is);
}

}  // namespace metriclab::testing
