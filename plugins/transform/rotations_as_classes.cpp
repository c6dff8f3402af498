// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty_like.h>
#include <fmt/format.h>

#include <metriclab/deep/transform.hpp>

namespace {

using namespace metriclab;

/// Each class of images stands for four: as it is, and turned by 90°, 180° and 270°
/// counter-clockwise, exactly. Copy k of an image is turned k times. Takes square images,
/// (channels, n, n). Cost: O(values), one pass.
class RotationsAsClasses final : public Transform {
 public:
  static void describe(Description<RotationsAsClasses>& is) {
    is.summary("images turned by 90°, 180° and 270° are three further classes each");
    is.source(
        "Santoro, Bartunov, Botvinick, Wierstra, Lillicrap. Meta-learning with memory-augmented "
        "neural networks. ICML 2016 (section 4.1)");
    is.source(
        "Vinyals, Blundell, Lillicrap, Kavukcuoglu, Wierstra. Matching networks for one shot "
        "learning. NIPS 2016 (section 4.1.1)");
    is.cost("O(values) time and memory");
  }

  void prepare(const std::vector<std::int64_t>& shape) override {
    if (shape.size() != 3)
      throw Error("rotations_as_classes takes images, of shape (channels, n, n); these are " +
                  described(shape));
    if (shape[1] != shape[2])
      throw Error(
          fmt::format("rotations_as_classes takes square images; these are {} high and {} "
                      "wide; resize them where they are read",
                      shape[1], shape[2]));
    channels_ = shape[0];
    n_ = shape[1];
  }

  std::int64_t copies() const override { return 4; }

  at::Tensor apply(const at::Tensor& inputs, const std::vector<std::int64_t>& copies,
                   Random&) const override {
    const at::Tensor images = inputs.contiguous();
    at::Tensor result = at::empty_like(images);
    const float* from = images.data_ptr<float>();
    float* to = result.data_ptr<float>();
    for (std::int64_t copy : copies)
      for (std::int64_t c = 0; c < channels_; ++c, from += n_ * n_, to += n_ * n_)
        turn(copy, from, to);
    return result;
  }

 private:
  void turn(std::int64_t quarters, const float* from, float* to) const {
    // Where the upper left pixel comes from, and the ways to its neighbours below and to the right.
    const std::int64_t n = n_;
    const std::int64_t first[] = {0, n - 1, n * n - 1, n * n - n}, down[] = {n, -1, -n, 1},
                       right[] = {1, n, -1, -n};
    for (std::int64_t y = 0; y < n; ++y)
      for (std::int64_t x = 0; x < n; ++x)
        *to++ = from[first[quarters] + y * down[quarters] + x * right[quarters]];
  }

  std::int64_t channels_ = 0, n_ = 0;
};

METRICLAB_PLUGIN(RotationsAsClasses, "rotations_as_classes");

}  // namespace
