// SPDX-License-Identifier: BSD-3-Clause
// Forward and backward of each loss on one thread, in seconds and in products: the time of one
// 2048³ single-precision matrix product in the same run, the measure of
// ../shared/reference/deep/peers.csv.
//     losses [LOSS…]
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <vector>

namespace {

using namespace metriclab;

template <class F>
double seconds(F run) {
  run();
  double least = 1e9, total = 0;
  for (int i = 0; i < 50 && (i < 3 || total < 0.7); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    least = std::min(least, took);
    total += took;
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  at::set_num_threads(1);
  Registry registry(Registry::standard_folders());
  std::vector<std::string> names(argv + 1, argv + argc);
  if (names.empty())
    names = {R"("triplet")",     R"({"plugin": "triplet", "swap": true})",
             R"("contrastive")", R"("multi_similarity")",
             R"("ntxent")",      R"("proxy_anchor")",
             R"("quadruplet")"};
  Random random(1);
  const at::Tensor a = normal_tensor({2048, 2048}, 1, random),
                   b = normal_tensor({2048, 2048}, 1, random);
  const double product = seconds([&] { at::mm(a, b); });
  fmt::print("product {:.4f} s\n{:<42} {:>5} {:>10} {:>9}\n", product, "loss", "batch", "seconds",
             "products");
  for (const std::string& name : names)
    for (const std::int64_t n : {128, 512, 2048}) {
      const auto loss = registry.make<Loss>(parse_json(name));
      loss->prepare(
          {.n_classes = n / 4, .embedding_size = 128, .type = at::kFloat, .random = Random(2)});
      std::vector<std::int64_t> labels;
      for (std::int64_t i = 0; i < n; ++i) labels.push_back(i / 4);
      const Batch batch{.embeddings = normal_tensor({n, 128}, 1, random).requires_grad_(true),
                        .labels = index_tensor(labels)};
      std::vector<at::Tensor> inputs = {batch.embeddings};
      for (const NamedTensor& parameter : loss->parameters()) inputs.push_back(parameter.tensor);
      const double took =
          seconds([&] { gradients_of(loss->forward(batch, Tuples::all()), inputs); });
      fmt::print("{:<42} {:>5} {:>10.6f} {:>9.4f}\n", name, n, took, took / product);
    }
}
