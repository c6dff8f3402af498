// SPDX-License-Identifier: BSD-3-Clause
// Architectures for ids against plain loops and finite differences, and trained on given pairs
// without labels.
#include <ATen/ops/zeros.h>

#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/plugin/json.hpp>

#include "training_support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

std::unique_ptr<Architecture> built(const std::string& json, const Shape& input) {
  auto network = registry().make<Architecture>(parse_json(json));
  build_network(*network, input, Random(1), at::kCPU);
  return network;
}

/// Ids as inputs come in: (B × L) floating-point.
at::Tensor inputs_of(const std::vector<std::vector<double>>& rows,
                     at::ScalarType type = at::kDouble) {
  const auto n = static_cast<std::int64_t>(rows.size()),
             length = static_cast<std::int64_t>(rows[0].size());
  at::Tensor inputs = at::zeros({n, length}, at::kDouble);
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t k = 0; k < length; ++k)
      inputs.data_ptr<double>()[i * length + k] =
          rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
  return inputs.to(type);
}

at::Tensor tensor_of(const Trainable& network, const std::string& name) {
  for (const NamedTensor& held : network.parameters())
    if (held.name == name) return held.tensor.detach();
  throw Error("there is no tensor " + name);
}

double at_place(const at::Tensor& tensor, std::int64_t i, std::int64_t k) {
  return tensor.select(0, i).select(0, k).item<double>();
}

const std::vector<std::vector<double>> kTexts = {
    {3, 1, 3, 0, 0}, {0, 0, 0, 0, 0}, {0, 2, 0, 4, 0}, {4, 4, 4, 4, 4}};

/// The mean of the vectors of a text's tokens, (d).
std::vector<double> plain_mean(const at::Tensor& table, const std::vector<double>& text) {
  std::vector<double> mean(static_cast<std::size_t>(table.size(1)));
  double count = 0;
  for (const double id : text) {
    if (id == 0) continue;
    ++count;
    for (std::size_t k = 0; k < mean.size(); ++k)
      mean[k] += at_place(table, static_cast<std::int64_t>(id), static_cast<std::int64_t>(k));
  }
  for (double& value : mean) value /= std::max(count, 1.0);
  return mean;
}

std::vector<double> plain_layer(const Trainable& network, const std::string& name,
                                const std::vector<double>& x) {
  const at::Tensor weight = tensor_of(network, name + ".weight"),
                   bias = tensor_of(network, name + ".bias");
  std::vector<double> y;
  for (std::int64_t o = 0; o < weight.size(0); ++o) {
    y.push_back(bias.select(0, o).item<double>());
    for (std::size_t k = 0; k < x.size(); ++k)
      y.back() += at_place(weight, o, static_cast<std::int64_t>(k)) * x[k];
  }
  return y;
}

void check_row(const at::Tensor& found, std::int64_t row, const std::vector<double>& expected) {
  REQUIRE(found.size(1) == static_cast<std::int64_t>(expected.size()));
  for (std::size_t k = 0; k < expected.size(); ++k)
    CHECK(at_place(found, row, static_cast<std::int64_t>(k)) ==
          doctest::Approx(expected[k]).epsilon(1e-12));
}

TEST_CASE("bag_of_ngrams is the mean of the tokens' vectors, and layers") {
  const auto mean = built(R"({"plugin": "bag_of_ngrams", "size": 4, "embedding": 3})", {5});
  const auto layers = built(R"({"plugin": "bag_of_ngrams", "size": 4, "embedding": 3, "vector": 6,
                                "hidden": [7, 2]})",
                            {5});
  const auto linear =
      built(R"({"plugin": "bag_of_ngrams", "size": 4, "embedding": 3, "vector": 6})", {5});
  for (const auto* network : {&mean, &layers, &linear}) {
    in_double(**network);
    for (const NamedTensor& held : (*network)->parameters())
      if (held.name.ends_with(".bias")) held.tensor.detach().fill_(0.25);
  }
  for (const bool training : {true, false}) {
    const at::Tensor of_mean = mean->forward(inputs_of(kTexts), training),
                     of_layers = layers->forward(inputs_of(kTexts), training),
                     of_linear = linear->forward(inputs_of(kTexts), training);
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
      const auto row = static_cast<std::int64_t>(i);
      check_row(of_mean, row, plain_mean(tensor_of(*mean, "table"), kTexts[i]));
      check_row(
          of_linear, row,
          plain_layer(*linear, "embedding", plain_mean(tensor_of(*linear, "table"), kTexts[i])));
      std::vector<double> x = plain_mean(tensor_of(*layers, "table"), kTexts[i]);
      for (const char* name : {"hidden1", "hidden2"}) {
        x = plain_layer(*layers, name, x);
        for (double& value : x) value = std::max(value, 0.0);
      }
      check_row(of_layers, row, plain_layer(*layers, "embedding", x));
    }
    CHECK(of_mean.select(0, 1).abs().max().item<double>() == 0);
  }
  CHECK(mean->parameters().size() == 1);
  CHECK(tensor_of(*mean, "table").numel() == 5 * 3);
  CHECK(layers->parameters().size() == 1 + 2 * 3);
}

TEST_CASE("bag_of_ngrams does not see padding, nor the order of tokens") {
  const auto network = built(R"({"plugin": "bag_of_ngrams", "size": 9, "embedding": 8})", {6});
  const auto of = [&](const std::vector<double>& text) {
    return network->forward(inputs_of({text}, at::kFloat), false);
  };
  const at::Tensor text = of({5, 9, 2});
  CHECK(largest_difference(of({5, 9, 2, 0, 0, 0}), text) < 1e-6);
  CHECK(largest_difference(of({0, 2, 0, 5, 9, 0}), text) < 1e-6);
  CHECK(largest_difference(of({5, 9, 3}), text) > 1e-2);
  // Unit vectors of no text stay 0, not NaN.
  const auto unit =
      built(R"({"plugin": "bag_of_ngrams", "size": 9, "embedding": 8, "normalize": true})", {2});
  const at::Tensor rows = unit->forward(inputs_of({{0, 0}, {0, 1}}, at::kFloat), true);
  CHECK(rows.select(0, 0).abs().max().item<double>() == 0);
  CHECK(rows.select(0, 1).norm().item<double>() == doctest::Approx(1));
}

/// The largest difference of a network's gradients to central finite differences.
double gradient_error(Architecture& network, const at::Tensor& inputs) {
  in_double(network);
  // Away from the kink at which biases of 0 leave a text without tokens.
  for (const NamedTensor& held : network.parameters())
    if (held.name.ends_with(".bias")) held.tensor.detach().fill_(0.25);
  Random random(9);
  const at::Tensor weights =
      normal_tensor({inputs.size(0), network.embedding_size()}, 1, random, at::kDouble);
  const auto value = [&] {
    network.draw_from(Random(3));
    return network.forward(inputs, true).mul(weights).sum();
  };
  std::vector<at::Tensor> parameters;
  for (const NamedTensor& held : network.parameters()) parameters.push_back(held.tensor);
  const std::vector<at::Tensor> gradients = gradients_of(value(), parameters);
  const WithoutAutograd off;
  constexpr double kStep = 1e-6;
  double worst = 0;
  for (std::size_t t = 0; t < parameters.size(); ++t) {
    const at::Tensor gradient = gradients[t].contiguous();
    for (std::int64_t i = 0; i < parameters[t].numel(); ++i) {
      double* at = parameters[t].data_ptr<double>() + i;
      const double before = *at;
      *at = before + kStep;
      const double above = value().item<double>();
      *at = before - kStep;
      const double below = value().item<double>();
      *at = before;
      worst =
          std::max(worst, std::abs(gradient.data_ptr<double>()[i] - (above - below) / (2 * kStep)));
    }
  }
  return worst;
}

TEST_CASE("gradients of the tables are those of finite differences") {
  for (const char* json :
       {R"({"plugin": "bag_of_ngrams", "size": 5, "embedding": 3})",
        R"({"plugin": "bag_of_ngrams", "size": 5, "embedding": 3, "hidden": [4], "dropout": 0.3})",
        R"({"plugin": "bag_of_ngrams", "size": 5, "embedding": 3, "vector": 2})"}) {
    CAPTURE(std::string(json));
    CHECK(gradient_error(*built(json, {5}), inputs_of(kTexts)) < 1e-8);
  }
  for (const char* json : {R"({"plugin": "lookup", "size": 4, "embedding": 3})",
                           R"({"plugin": "lookup", "size": 4, "embedding": 3, "normalize": true})",
                           R"({"plugin": "lookup", "size": 4, "embedding": 3, "max_norm": 100})"}) {
    CAPTURE(std::string(json));
    CHECK(gradient_error(*built(json, {1}), inputs_of({{3}, {0}, {3}, {1}})) < 1e-8);
  }
}

TEST_CASE("dropout leaves out that part of the tokens, in training only") {
  const auto network =
      built(R"({"plugin": "bag_of_ngrams", "size": 4000, "embedding": 1, "dropout": 0.3})", {4000});
  const at::Tensor table = tensor_of(*network, "table");
  // One token in ten has the vector 1, others 0; the mean over those left is about 0.1 as well.
  table.zero_();
  std::vector<double> text;
  for (std::int64_t id = 1; id <= 4000; ++id) {
    text.push_back(static_cast<double>(id));
    if (id % 10 == 0) table.select(0, id).fill_(1);
  }
  const at::Tensor inputs = inputs_of({text}, at::kFloat);
  CHECK(network->forward(inputs, false).item<float>() == doctest::Approx(0.1));
  network->draw_from(Random(1));
  const float once = network->forward(inputs, true).item<float>();
  // Of 2800 tokens: the deviation is √(0.1 · 0.9 / 2800 · 0.3) = 0.0031; seeded.
  CHECK(once == doctest::Approx(0.1).epsilon(0.12));
  CHECK(once != doctest::Approx(0.1).epsilon(1e-6));
  network->draw_from(Random(1));
  CHECK(network->forward(inputs, true).item<float>() == once);
  const auto unprepared = built(R"({"plugin": "bag_of_ngrams", "size": 2, "dropout": 0.3})", {1});
  CHECK_THROWS_AS(unprepared->forward(inputs_of({{1}}, at::kFloat), true), Error);
}

TEST_CASE("lookup gives each id its vector; max_norm projects to a ball") {
  const std::string block = R"({"plugin": "lookup", "size": 4, "embedding": 3)";
  const auto plain = built(block + "}", {1}), ball = built(block + R"(, "max_norm": 2})", {1});
  const at::Tensor ids = inputs_of({{2}, {0}, {2}, {1}}, at::kFloat);
  const at::Tensor table = tensor_of(*plain, "table");
  const at::Tensor rows = plain->forward(ids, true);
  for (const auto& [row, id] : {std::pair(0, 2), std::pair(1, 0), std::pair(2, 2), std::pair(3, 1)})
    CHECK(rows.select(0, row).equal(table.select(0, id)));
  CHECK(plain->embedding_size() == 3);

  const at::Tensor inside = tensor_of(*ball, "table");
  for (std::int64_t id = 0; id < 4; ++id) inside.select(0, id).fill_(id == 1 ? 0.5 : 3.0);
  const double edge = 2 / std::sqrt(3.0);
  const at::Tensor before = inside.clone();
  const at::Tensor out = ball->forward(ids, false);
  CHECK(inside.equal(before));  // outside of training nothing changes
  CHECK(at_place(out, 0, 0) == doctest::Approx(edge));
  CHECK(at_place(out, 3, 0) == 0.5);
  const at::Tensor trained = ball->forward(ids, true);
  CHECK(largest_difference(trained, out) < 1e-6);
  // Those that were used are in the ball now; 3 was not.
  for (std::int64_t id = 0; id < 4; ++id)
    CHECK(at_place(inside, id, 2) == doctest::Approx(id == 1 ? 0.5 : id == 3 ? 3 : edge));
}

TEST_CASE("vectors start normal, of length about 1; the padding's is 0") {
  const auto network = built(R"({"plugin": "bag_of_ngrams", "size": 4000, "embedding": 50})", {3});
  const at::Tensor table = tensor_of(*network, "table");
  CHECK(table.select(0, 0).abs().max().item<double>() == 0);
  // 200 000 normals: the deviation of the mean square is 0.3 %.
  CHECK(table.square().sum().item<double>() / 4000 == doctest::Approx(1).epsilon(0.015));
  const auto lookup = built(R"({"plugin": "lookup", "size": 4000, "embedding": 50})", {1});
  CHECK(tensor_of(*lookup, "table").square().sum().item<double>() / 4000 ==
        doctest::Approx(1).epsilon(0.015));
}

TEST_CASE("what is no id is said, and what the size would have to be") {
  const auto message = [](const std::string& json, const Shape& shape,
                          const std::vector<double>& text) -> std::string {
    try {
      built(json, shape)->forward(inputs_of({text}, at::kFloat), false);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string bag = R"({"plugin": "bag_of_ngrams", "size": 4})",
                    lookup = R"({"plugin": "lookup", "size": 4})";
  CHECK(message(bag, {2}, {4, 0}).empty());
  CHECK(message(bag, {3}, {0, 5, 7}) ==
        "token id 7 is beyond the table, whose \"size\" is 4; it must be at least 7 for these, and "
        "may be larger for others");
  const std::string no_id =
      "; ids are integers from 0 on, as they are without \"normalize\" and transforms";
  CHECK(message(bag, {2}, {1, 0.25}) == "0.25 is no token id" + no_id);
  CHECK(message(bag, {2}, {-1, 9}) == "-1 is no token id" + no_id);
  CHECK(message(bag, {1}, {std::nan("")}) == "nan is no token id" + no_id);
  CHECK(message(lookup, {1}, {3}).empty());
  CHECK(message(lookup, {1}, {4}) ==
        "id 4 is beyond the table, whose \"size\" is 4; it must be at least 5 for these, and may "
        "be larger for others");
  CHECK(message(bag, {1, 28, 28}, {}) ==
        "bag_of_ngrams takes token ids, (length); these are of shape (1, 28, 28)");
  CHECK(message(lookup, {2}, {}) == "lookup takes one id, (1); these are of shape (2)");
}

/// Texts of six tokens of one of two topics, ids 1 … 20 and 21 … 40, and pairs of successive ones:
/// similar where they are of one topic. There are no labels.
Data topics(std::int64_t n, std::uint64_t seed) {
  Random random(seed, "topics");
  std::vector<float> values;
  std::vector<std::int64_t> topic;
  for (std::int64_t i = 0; i < n; ++i) {
    topic.push_back(random.below(2));
    for (int k = 0; k < 6; ++k)
      values.push_back(static_cast<float>(1 + 20 * topic.back() + random.below(20)));
  }
  Data data;
  data.examples = Examples({6}, std::move(values));
  for (std::int64_t i = 0; i + 1 < n; i += 2)
    data.constraints.pairs.push_back(
        {i, i + 1, topic[static_cast<std::size_t>(i)] == topic[static_cast<std::size_t>(i + 1)]});
  return data;
}

const char* const kDeep =
    R"({"plugin": "deep", "architecture": {"plugin": "bag_of_ngrams", "size": 40, "embedding": 8},
        "training": {"epochs": 30, "learning_rate": 0.02}, "loss": )";

TEST_CASE("bag_of_ngrams learns from given pairs of texts without labels (seeded)") {
  const Data data = topics(400, 1), test = topics(400, 2);
  const Fit trained =
      fit(kDeep + std::string(R"("contrastive", "sampler": {"plugin": "fixed_tuples"}})"), data);
  const MatrixF rows = trained.model->embed(test.examples);
  // Of other pairs the similar ones are nearer, all but a few.
  std::vector<double> near, far;
  for (const LabelledPair& pair : test.constraints.pairs)
    (pair.similar ? near : far)
        .push_back((rows.row(pair.first).normalized() - rows.row(pair.second).normalized()).norm());
  std::int64_t right = 0;
  for (const double a : near)
    for (const double b : far) right += a < b;
  CHECK(static_cast<double>(right) > 0.99 * static_cast<double>(near.size() * far.size()));
}

TEST_CASE("without labels tuples must be the data's, and the loss have nothing of the classes") {
  const Data data = topics(20, 3);
  const auto error_of = [&](const std::string& rest) -> std::string {
    try {
      fit(kDeep + rest, data);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const std::string no_labels = "/loss: learns from class labels, and this data set has none";
  CHECK(error_of(R"("contrastive", "sampler": "fixed_tuples"})").empty());
  CHECK(error_of(R"("contrastive", "sampler": {"plugin": "fixed_tuples", "from": "pairs"}})") ==
        no_labels);
  CHECK(error_of(R"("contrastive", "sampler": "uniform"})") == no_labels);
  CHECK(error_of(R"("proxy_nca", "sampler": "fixed_tuples"})") ==
        "/loss: needs classes: the data has none");
}

}  // namespace
