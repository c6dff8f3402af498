// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/cat.h>
#include <ATen/ops/cdist.h>

#include <cmath>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <nlohmann/json.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

TEST_CASE("distance matrices are those of the reference") {
  const auto folder = deep_reference();
  if (!folder) {
    MESSAGE("skipped: no reference values on this machine");
    return;
  }
  const at::Tensor embeddings = read_tensor(*folder / "embeddings_B32.npy"),
                   others = read_tensor(*folder / "ref_B32.npy").narrow(0, 0, 29);
  const Json file = Json::parse(read_file(*folder / "distances.json"));
  for (const Json& is : file["cases"]) {
    if (is["distance"]["name"] == "SNRDistance") continue;
    const bool cosine = is["distance"]["name"] == "CosineSimilarity";
    std::vector<Json> blocks;
    if (cosine) {
      blocks = {"cosine"};
    } else {
      blocks.push_back(
          {{"plugin", "lp"}, {"p", is["distance"]["p"]}, {"power", is["distance"]["power"]}});
      if (is["distance"]["p"] == 2 && is["distance"]["power"] == 1) blocks.push_back("euclidean");
      if (is["distance"]["p"] == 2 && is["distance"]["power"] == 2)
        blocks.push_back("squared_euclidean");
    }
    for (const Json& block : blocks) {
      CAPTURE(block.dump());
      const auto distance = registry().make<BatchDistance>(parse_json(block.dump()));
      const bool normalize = is["distance"]["normalize_embeddings"];
      const at::Tensor x = normalize ? normalized_rows(embeddings) : embeddings,
                       y = normalize ? normalized_rows(others) : others;
      auto similarity = [&](const at::Tensor& d) { return cosine ? d.neg().add(1) : d; };
      CHECK(largest_difference(similarity(distance->matrix(x, x)),
                               read_tensor(*folder / is["self"].get<std::string>())) < 1e-11);
      CHECK(largest_difference(similarity(distance->matrix(x, y)),
                               read_tensor(*folder / is["to_ref"].get<std::string>())) < 1e-11);
    }
  }
}

TEST_CASE("near and equal vectors keep their digits in float32") {
  Random random(31);
  const at::Tensor x = normal_tensor({6, 8}, 1, random).add(100);
  at::Tensor y = x.clone();
  y.narrow(0, 3, 3).add_(normal_tensor({3, 8}, 1e-3, random));
  const at::Tensor exact = at::cdist(x.to(at::kDouble), y.to(at::kDouble), 2, 2);
  const at::Tensor got = euclidean_matrix(x, y, false);
  for (std::int64_t i = 0; i < 3; ++i) CHECK(got[i][i].item<double>() == 0);
  CHECK(largest_difference(got.diagonal(), exact.diagonal()) < 1e-6);
  CHECK(largest_difference(got, exact) < 1e-5);
}

TEST_CASE("the gradient of the Euclidean fast paths is that of the direct formula") {
  Random random(32);
  const at::Tensor x = normal_tensor({7, 4}, 1, random, at::kDouble).requires_grad_(true);
  const at::Tensor y = normal_tensor({5, 4}, 1, random, at::kDouble).requires_grad_(true);
  const at::Tensor outer = normal_tensor({7, 5}, 1, random, at::kDouble),
                   square = normal_tensor({7, 7}, 1, random, at::kDouble);
  for (const bool squared : {false, true}) {
    const at::Tensor plain = at::cdist(x, y, 2, 2), within = at::cdist(x, x.add(0), 2, 2);
    const auto expected = gradients_of((squared ? plain.pow(2) : plain).mul(outer).sum(), {x, y});
    const auto got = gradients_of(euclidean_matrix(x, y, squared).mul(outer).sum(), {x, y});
    CHECK(largest_difference(got[0], expected[0]) < 1e-12);
    CHECK(largest_difference(got[1], expected[1]) < 1e-12);
    const auto self = gradients_of((squared ? within.pow(2) : within).mul(square).sum(), {x});
    CHECK(largest_difference(
              gradients_of(euclidean_matrix(x, x, squared).mul(square).sum(), {x})[0], self[0]) <
          1e-12);
  }
}

TEST_CASE("what evaluators are told has the order of neighbours that was learned") {
  const auto told = [](const std::string& distance, bool normalized) {
    return make_loss(R"({"plugin": "contrastive", "distance": )" + distance +
                     ", \"normalize_embeddings\": " + (normalized ? "true}" : "false}"))
        ->learned_distance();
  };
  const std::string city_block = R"({"plugin": "lp", "p": 1})",
                    its_square = R"({"plugin": "lp", "p": 1, "power": 2})",
                    square = R"({"plugin": "lp", "p": 2, "power": 2})";
  CHECK(told(R"("euclidean")", false) == Distance::euclidean);
  CHECK(told(R"("squared_euclidean")", false) == Distance::squared_euclidean);
  CHECK(told(square, false) == Distance::squared_euclidean);
  CHECK(told(R"("dot")", false) == Distance::dot);
  for (const std::string& one : {std::string(R"("euclidean")"), std::string(R"("dot")"),
                                 std::string(R"("squared_euclidean")"), square})
    CHECK(told(one, true) == Distance::cosine);
  for (const bool normalized : {false, true}) {
    CHECK(told(R"("cosine")", normalized) == Distance::cosine);
    CHECK(told(city_block, normalized) == Distance::manhattan);
    CHECK(told(its_square, normalized) == Distance::manhattan);
  }

  // The orders themselves, of embeddings of length 1.
  Random random(33);
  const at::Tensor x = normalized_rows(normal_tensor({40, 6}, 1, random, at::kFloat));
  const Eigen::Map<const MatrixF> points(x.data_ptr<float>(), 40, 6);
  for (const std::string& one : {std::string(R"("euclidean")"), std::string(R"("dot")"),
                                 std::string(R"("cosine")"), city_block, its_square, square}) {
    CAPTURE(one);
    at::Tensor d = registry()
                       .make<BatchDistance>(parse_json(one))
                       ->matrix(x.to(at::kDouble), x.to(at::kDouble))
                       .clone();
    d.fill_diagonal_(1e9);
    const at::Tensor order = std::get<1>(d.sort(1)).narrow(1, 0, 39).contiguous();
    const auto found = nearest_neighbors(MatrixF(points), 39, told(one, true));
    CHECK(std::equal(found.indices.data(), found.indices.data() + found.indices.size(),
                     order.data_ptr<std::int64_t>()));
    if (one == city_block) {
      const auto cosine = nearest_neighbors(MatrixF(points), 39, Distance::cosine);
      CHECK(cosine.indices != found.indices);
    }
  }
}

}  // namespace
