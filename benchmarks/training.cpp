// SPDX-License-Identifier: BSD-3-Clause
// Training steps of conv4 on 128 images of 1 × 28 × 28 (32 classes of 4) on one thread: forward,
// backward and Adam, of the network alone and with the multi-similarity loss and miner. In seconds
// an image and in products: the time of one 2048³ single-precision matrix product, timed in turn
// with the steps. Beside them are the figures of ../shared/reference/deep/peers.csv (PyTorch 1.13
// and pytorch-metric-learning 2.8.1, the same step).
//     training [ROUNDS]
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/architecture.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/optimizer.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <vector>

namespace {

using namespace metriclab;

constexpr std::int64_t kImages = 128, kPerClass = 4;
constexpr double kPeerNetwork = 0.0065086, kPeerLoss = 0.0068028;

template <class F>
double seconds(F run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Network {
  explicit Network(Registry& registry) : network(registry.make<Architecture>("conv4")) {
    build_network(*network, {1, 28, 28}, Random(1), at::kCPU);
    optimizer.emplace(OptimizerSettings{}, network->parameters());
    for (const NamedTensor& parameter : network->parameters()) moved.push_back(parameter.tensor);
  }
  at::Tensor forward(const at::Tensor& images) { return network->forward(images, true); }
  void step(const at::Tensor& loss) {
    optimizer->set_gradients(gradients_of(loss, moved));
    optimizer->step(1e-3);
  }
  std::unique_ptr<Architecture> network;
  std::optional<Optimizer> optimizer;
  std::vector<at::Tensor> moved;
};

}  // namespace

int main(int argc, char** argv) {
  prepare_process(1);
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 10;
  Registry registry(Registry::standard_folders());
  Random random(1);
  const at::Tensor a = normal_tensor({2048, 2048}, 1, random),
                   b = normal_tensor({2048, 2048}, 1, random);
  const at::Tensor images = uniform_tensor({kImages, 1, 28, 28}, 0, 1, random);
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < kImages; ++i) labels.push_back(i / kPerClass);
  Network network(registry);
  const auto loss = registry.make<Loss>("multi_similarity");
  const auto miner = registry.make<Miner>("multi_similarity");

  double product = 1e9, alone = 1e9, with_loss = 1e9;
  for (int round = 0; round <= rounds;
       ++round) {  // the first warms up, but counts where it is best
    product = std::min(product, seconds([&] { at::mm(a, b); }));
    alone = std::min(alone, seconds([&] { network.step(network.forward(images).pow(2).mean()); }));
    with_loss = std::min(with_loss, seconds([&] {
                           Batch batch{.embeddings = network.forward(images),
                                       .labels = index_tensor(labels)};
                           Batch seen = batch;
                           seen.embeddings = batch.embeddings.detach();
                           network.step(loss->forward(batch, miner->mine(seen, random)));
                         }));
  }
  fmt::print("product {:.4f} s\n{:<32} {:>12} {:>12} {:>10}\n", product, "step", "ms an image",
             "products", "peer's");
  const auto line = [&](const char* what, double took, double peer) {
    const double each = took / kImages;
    fmt::print("{:<32} {:>12.4f} {:>12.6f} {:>10.6f}\n", what, 1e3 * each, each / product, peer);
  };
  line("conv4, network only", alone, kPeerNetwork);
  line("conv4, multi_similarity + miner", with_loss, kPeerLoss);
}
