// SPDX-License-Identifier: BSD-3-Clause
// One batch through each transform on one thread, in milliseconds; and LibTorch's own sampling of
// the same images, which is given its maps. The measure is a training step of conv4 with 128 images
// of 28 × 28, of which a transform should be a small part.
//     transforms
#include <ATen/Parallel.h>
#include <ATen/ops/affine_grid_generator.h>
#include <ATen/ops/grid_sampler_2d.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <metriclab/deep/transform.hpp>
#include <metriclab/plugin/registry.hpp>
#include <vector>

namespace {

using namespace metriclab;

template <class F>
double milliseconds(F run) {
  double least = 1e9;
  for (int i = 0; i < 200; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    least = std::min(least, took.count());
  }
  return 1e3 * least;
}

}  // namespace

int main() {
  at::set_num_threads(1);
  Registry registry(Registry::standard_folders());
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{128, 1, 28, 28}, {128, 3, 84, 84}}) {
    fmt::print("{} images of {} × {} × {}\n", shape[0], shape[1], shape[2], shape[3]);
    Random random(1);
    const at::Tensor images = normal_tensor(shape, 1, random);
    const std::vector<std::int64_t> copies(static_cast<std::size_t>(shape[0]), 1 % shape[0]);
    for (const std::string& name : registry.names("transform")) {
      const auto transform = registry.make<Transform>(Value(name));
      transform->prepare({shape.begin() + 1, shape.end()});
      fmt::print("  {:<24} {:8.3f} ms\n", name,
                 milliseconds([&] { transform->apply(images, copies, random); }));
    }
    at::Tensor maps = normal_tensor({shape[0], 2, 3}, 0.1, random);
    maps.narrow(2, 0, 2).diagonal(0, 1, 2).add_(1);
    fmt::print("  {:<24} {:8.3f} ms\n", "at::grid_sampler_2d", milliseconds([&] {
                 const at::Tensor grid = at::affine_grid_generator(maps, shape, false);
                 at::grid_sampler_2d(images, grid, 0, 0, false);
               }));
  }
}
