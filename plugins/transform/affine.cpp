// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty_like.h>
#include <fmt/format.h>

#include <metriclab/deep/affine_map.hpp>
#include <metriclab/deep/transform.hpp>

namespace {

using namespace metriclab;

/// Each image is scaled, sheared, turned and shifted at random, about its centre.
///
///     p ↦ R(θ)·[1 h; 0 1]·k·p + t
///     θ uniform in ±rotation, k in scale, h in ±shear, t in ±shift·(width, height), all
///     independent
///
/// One map an example, for all of its channels; bilinear. What comes from outside of the image has
/// the value `fill`, in the scale of the inputs as they are after normalisation. Takes images,
/// (channels, height, width). Cost: O(values), one pass.
/// The defaults are for handwritten characters; the paper names none.
class Affine final : public Transform {
 public:
  static void describe(Description<Affine>& is) {
    is.summary("images scaled, sheared, turned and shifted a little at random");
    is.source(
        "Simard, Steinkraus, Platt. Best practices for convolutional neural networks applied to "
        "visual document analysis. ICDAR 2003 (section 2)");
    is.cost("O(values) time and memory");
    is.parameter("rotation", &Affine::rotation, "turned by up to so many degrees either way")
        .at_least(0)
        .at_most(180);
    is.parameter("scale", &Affine::scale, "magnified by a factor between these two").above(0);
    is.parameter("shear", &Affine::shear, "x is moved by up to so many times y either way")
        .at_least(0);
    is.parameter("shift", &Affine::shift, "moved by up to this part of width and height either way")
        .at_least(0);
    is.parameter("fill", &Affine::fill, "the value outside of the image");
  }

  void prepare(const std::vector<std::int64_t>& shape) override {
    if (shape.size() != 3)
      throw Error("affine takes images, of shape (channels, height, width); these are " +
                  described(shape) + (shape.size() == 1 ? "; take \"noise\" for vectors" : ""));
    if (scale.size() != 2)
      throw Error(
          fmt::format("{} numbers; give two, the least factor and the greatest", scale.size()))
          .in("scale");
    if (scale[0] > scale[1])
      throw Error(
          fmt::format("the least factor, {}, is above the greatest, {}", scale[0], scale[1]))
          .in("scale");
    channels_ = shape[0];
    height_ = shape[1];
    width_ = shape[2];
  }

  at::Tensor apply(const at::Tensor& inputs, const std::vector<std::int64_t>&,
                   Random& random) const override {
    const at::Tensor images = inputs.contiguous();
    at::Tensor result = at::empty_like(images);
    const std::int64_t size = channels_ * height_ * width_;
    const float* from = images.data_ptr<float>();
    float* to = result.data_ptr<float>();
    for (std::int64_t i = 0; i < images.size(0); ++i, from += size, to += size)
      warp(drawn(random), from, to, channels_, height_, width_, static_cast<float>(fill));
    return result;
  }

 private:
  AffineMap drawn(Random& random) const {
    const double degrees = random.uniform(-rotation, rotation);
    const double factor = random.uniform(scale[0], scale[1]);
    const double slant = random.uniform(-shear, shear);
    const double right = random.uniform(-shift, shift) * static_cast<double>(width_);
    const double down = random.uniform(-shift, shift) * static_cast<double>(height_);
    return AffineMap::seen(degrees, factor, slant, right, down);
  }

  std::int64_t channels_ = 0, height_ = 0, width_ = 0;

  double rotation = 10;
  std::vector<double> scale = {0.8, 1.2};
  double shear = 0.2;
  double shift = 0.1;
  double fill = 0;
};

METRICLAB_PLUGIN(Affine, "affine");

}  // namespace
