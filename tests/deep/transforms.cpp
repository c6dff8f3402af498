// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/zeros.h>

#include <Eigen/Dense>
#include <cmath>
#include <cstring>
#include <functional>
#include <metriclab/deep/affine_map.hpp>
#include <metriclab/deep/transform.hpp>
#include <metriclab/plugin/json.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
using Shape = std::vector<std::int64_t>;

std::unique_ptr<Transform> transform(const std::string& block, const Shape& shape) {
  auto made = registry().make<Transform>(parse_json(block));
  made->prepare(shape);
  return made;
}

at::Tensor random_images(const Shape& shape, std::uint64_t seed) {
  Random random(seed, "images");
  return normal_tensor(shape, 1, random);
}

/// The same bytes.
bool same(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.contiguous(), y = b.contiguous();
  return x.sizes() == y.sizes() &&
         std::memcmp(x.data_ptr(), y.data_ptr(), static_cast<std::size_t>(x.nbytes())) == 0;
}

std::vector<std::int64_t> all_of(std::int64_t copy, const at::Tensor& images) {
  return std::vector<std::int64_t>(static_cast<std::size_t>(images.size(0)), copy);
}

at::Tensor warped(const AffineMap& map, const at::Tensor& image, float fill) {
  at::Tensor result = at::zeros(image.sizes(), image.options());
  warp(map, image.data_ptr<float>(), result.data_ptr<float>(), image.size(0), image.size(1),
       image.size(2), fill);
  return result;
}

/// What `AffineMap::seen` and `warp` mean, written plainly: the forward map is composed and
/// inverted, and every pixel of the image has its say, by a tent of width 1 around it.
at::Tensor plainly_warped(double degrees, double scale, double shear, double right, double down,
                          const at::Tensor& image, double fill) {
  const std::int64_t height = image.size(1), width = image.size(2);
  const double angle = degrees * std::acos(-1.0) / 180;
  Eigen::Matrix2d turn, slant;
  turn << std::cos(angle), std::sin(angle), -std::sin(angle), std::cos(angle);
  slant << 1, shear, 0, 1;
  const Eigen::Matrix2d inverse = (turn * slant * scale).inverse();
  const Eigen::Vector2d centre((static_cast<double>(width) - 1) / 2,
                               (static_cast<double>(height) - 1) / 2);
  at::Tensor result = at::zeros(image.sizes(), image.options());
  const float* from = image.data_ptr<float>();
  float* to = result.data_ptr<float>();
  for (std::int64_t c = 0; c < image.size(0); ++c, from += height * width)
    for (std::int64_t y = 0; y < height; ++y)
      for (std::int64_t x = 0; x < width; ++x) {
        const Eigen::Vector2d out(static_cast<double>(x), static_cast<double>(y));
        const Eigen::Vector2d in = inverse * (out - centre - Eigen::Vector2d(right, down)) + centre;
        double sum = 0, weights = 0;
        for (std::int64_t v = 0; v < height; ++v)
          for (std::int64_t u = 0; u < width; ++u) {
            const double weight = std::max(0.0, 1 - std::abs(in.x() - static_cast<double>(u))) *
                                  std::max(0.0, 1 - std::abs(in.y() - static_cast<double>(v)));
            sum += weight * static_cast<double>(from[v * width + u]);
            weights += weight;
          }
        *to++ = static_cast<float>(sum + (1 - weights) * fill);
      }
  return result;
}

/// That numbers drawn are uniform between two ends, as far as their mean and variance tell: both
/// within 4.5 of their own deviations.
void check_uniform(const std::vector<double>& drawn, double low, double high) {
  const auto n = static_cast<double>(drawn.size());
  const double width = high - low;
  double sum = 0, squares = 0;
  for (double value : drawn) {
    CHECK(value >= low - 1e-4);
    CHECK(value <= high + 1e-4);
    const double standard = (value - (low + high) / 2) / width;
    sum += standard;
    squares += standard * standard;
  }
  CHECK(std::abs(sum / n) < 4.5 * std::sqrt(1.0 / 12 / n));
  // The fourth moment of a uniform number of width 1 is 1/80.
  CHECK(std::abs(squares / n - 1.0 / 12) < 4.5 * std::sqrt((1.0 / 80 - 1.0 / 144) / n));
}

/// Images of (height, width) whose value is x, or y, counted from the centre.
at::Tensor ramps(std::int64_t n, std::int64_t size, bool of_x) {
  at::Tensor images = at::zeros({n, 1, size, size});
  float* to = images.data_ptr<float>();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t y = 0; y < size; ++y)
      for (std::int64_t x = 0; x < size; ++x)
        *to++ = static_cast<float>(of_x ? x : y) - static_cast<float>(size - 1) / 2;
  return images;
}

constexpr const char* kStill =
    R"({"plugin": "affine", "rotation": 0, "scale": [1, 1], "shear": 0, "shift": 0})";

}  // namespace

TEST_CASE("affine: nothing to do gives the same bytes") {
  const at::Tensor images = random_images({5, 3, 9, 7}, 1);
  images.view({-1})[0].fill_(-0.0);
  Random random(1);
  CHECK(same(transform(kStill, {3, 9, 7})->apply(images, all_of(0, images), random), images));
}

TEST_CASE("warp agrees with a plain formulation") {
  Random random(2, "maps");
  for (const Shape& shape : {Shape{1, 28, 28}, Shape{2, 9, 6}, Shape{1, 1, 5}, Shape{1, 1, 1}}) {
    for (int i = 0; i < 12; ++i) {
      const at::Tensor image = uniform_tensor(shape, 0, 1, random);
      const double degrees = random.uniform(-180, 180), scale = random.uniform(0.5, 2),
                   shear = random.uniform(-0.5, 0.5), right = random.uniform(-9, 9),
                   down = random.uniform(-9, 9);
      const at::Tensor got =
          warped(AffineMap::seen(degrees, scale, shear, right, down), image, 0.25f);
      CHECK(largest_difference(
                got, plainly_warped(degrees, scale, shear, right, down, image, 0.25)) < 1e-6);
    }
  }
}

TEST_CASE("a shift by whole pixels is a shifted copy") {
  const at::Tensor image = random_images({2, 8, 11}, 3);
  const at::Tensor got = warped(AffineMap::seen(0, 1, 0, 3, -2), image, 0.5f);
  at::Tensor expected = at::zeros({2, 8, 11}).fill_(0.5);
  expected.narrow(1, 0, 6).narrow(2, 3, 8).copy_(image.narrow(1, 2, 6).narrow(2, 0, 8));
  CHECK(same(got, expected));
}

TEST_CASE("warp by 90° is the turn of rotations_as_classes, and four of those are none") {
  for (std::int64_t n : {1, 5, 28}) {
    const at::Tensor images = random_images({3, 2, n, n}, 4);
    const auto rotations = transform("\"rotations_as_classes\"", {2, n, n});
    Random random(1);
    CHECK(rotations->copies() == 4);
    at::Tensor turned = images;
    for (std::int64_t k = 0; k < 4; ++k) {
      const at::Tensor copy = rotations->apply(images, all_of(k, images), random);
      CHECK(same(copy, turned));
      CHECK(largest_difference(copy.select(0, 1),
                               warped(AffineMap::seen(90.0 * static_cast<double>(k), 1, 0, 0, 0),
                                      images.select(0, 1).contiguous(), 0)) < 1e-5);
      turned = rotations->apply(turned, all_of(1, images), random);
    }
    CHECK(same(turned, images));
  }
  // Counter-clockwise: what is at the upper right comes to the upper left.
  at::Tensor corner = at::zeros({2, 1, 3, 3});
  corner.narrow(2, 0, 1).narrow(3, 2, 1).fill_(1);
  Random random(1);
  const at::Tensor got =
      transform("\"rotations_as_classes\"", {1, 3, 3})->apply(corner, {1, 2}, random);
  CHECK(got.sum().item<double>() == 2);
  CHECK(got.select(0, 0).select(1, 0).select(1, 0).item<double>() == 1);
  CHECK(got.select(0, 1).select(1, 2).select(1, 0).item<double>() == 1);
}

TEST_CASE("affine draws each quantity uniformly from its range (stochastic, seeded)") {
  constexpr std::int64_t kN = 2000, kSize = 41, kCentre = 20, kArm = 5;
  // On a ramp, a pixel reads where it came from.
  auto read = [&](const std::string& parameters, bool of_x, std::int64_t right, std::int64_t down,
                  const std::function<double(double)>& quantity) {
    Random random(7, parameters);
    const at::Tensor images = ramps(kN, kSize, of_x);
    const at::Tensor got =
        transform("{\"plugin\": \"affine\", " + parameters + "}", {1, kSize, kSize})
            ->apply(images, all_of(0, images), random)
            .select(1, 0)
            .select(1, kCentre + down)
            .select(1, kCentre + right)
            .contiguous();
    std::vector<double> drawn;
    for (std::int64_t i = 0; i < kN; ++i)
      drawn.push_back(quantity(static_cast<double>(got.data_ptr<float>()[i])));
    return drawn;
  };
  const std::string turn = R"("rotation": 30, "scale": [1, 1], "shear": 0, "shift": 0)",
                    scale = R"("rotation": 0, "scale": [0.5, 2], "shear": 0, "shift": 0)",
                    shear = R"("rotation": 0, "scale": [1, 1], "shear": 0.4, "shift": 0)",
                    shift = R"("rotation": 0, "scale": [1, 1], "shear": 0, "shift": 0.25)";
  check_uniform(read(turn, false, kArm, 0,
                     [](double y) { return std::asin(y / kArm) * 180 / std::acos(-1.0); }),
                -30, 30);
  check_uniform(read(scale, true, kArm, 0, [](double x) { return kArm / x; }), 0.5, 2);
  check_uniform(read(shear, true, 0, kArm, [](double x) { return -x / kArm; }), -0.4, 0.4);
  check_uniform(read(shift, true, 0, 0, [](double x) { return -x / kSize; }), -0.25, 0.25);
  check_uniform(read(shift, false, 0, 0, [](double y) { return -y / kSize; }), -0.25, 0.25);
}

TEST_CASE(
    "noise has the deviation asked for, independent from value to value (stochastic, seeded)") {
  const at::Tensor values = random_images({200, 50}, 8);
  Random random(9);
  const auto noise = transform(R"({"plugin": "noise", "deviation": 0.3})", {50});
  const at::Tensor added =
      noise->apply(values, all_of(0, values), random).sub(values).to(at::kDouble).div(0.3);
  const double n = 1e4;
  CHECK(std::abs(added.mean().item<double>()) < 4.5 / std::sqrt(n));
  CHECK(std::abs(added.pow(2).mean().item<double>() - 1) < 4.5 * std::sqrt(2 / n));
  CHECK(std::abs(added.pow(4).mean().item<double>() - 3) < 4.5 * std::sqrt(96 / n));
  const at::Tensor neighbours = added.narrow(1, 0, 49).mul(added.narrow(1, 1, 49));
  CHECK(std::abs(neighbours.mean().item<double>()) < 4.5 / std::sqrt(200 * 49.0));
  const at::Tensor still = transform(R"({"plugin": "noise", "deviation": 0})", {50})
                               ->apply(values, all_of(0, values), random);
  CHECK(same(still, values));
}

TEST_CASE("the same stream gives the same bytes, and goes on where it was") {
  const at::Tensor images = random_images({6, 1, 12, 12}, 10);
  for (const char* name : {"\"affine\"", "\"noise\""}) {
    CAPTURE(name);
    const auto is = transform(name, {1, 12, 12});
    Random one(11), other(11);
    const at::Tensor first = is->apply(images, all_of(0, images), one);
    CHECK(same(first, is->apply(images, all_of(0, images), other)));
    CHECK_FALSE(same(first, is->apply(images, all_of(0, images), one)));
    // A view with gaps is as good as a contiguous tensor.
    const at::Tensor wide = at::zeros({6, 1, 12, 24});
    wide.narrow(3, 0, 12).copy_(images);
    Random third(11);
    CHECK(same(first, is->apply(wide.narrow(3, 0, 12), all_of(0, images), third)));
  }
}

TEST_CASE("transforms say what they take") {
  CHECK_THROWS_WITH_AS(transform("\"affine\"", {13}),
                       "affine takes images, of shape (channels, height, width); these are vectors "
                       "of 13 values; take \"noise\" for vectors",
                       Error);
  CHECK_THROWS_WITH_AS(transform(R"({"plugin": "affine", "scale": [1]})", {1, 5, 5}),
                       "/scale: 1 numbers; give two, the least factor and the greatest", Error);
  CHECK_THROWS_WITH_AS(transform(R"({"plugin": "affine", "scale": [1.5, 1]})", {1, 5, 5}),
                       "/scale: the least factor, 1.5, is above the greatest, 1", Error);
  CHECK_THROWS_WITH_AS(transform("\"rotations_as_classes\"", {13}),
                       "rotations_as_classes takes images, of shape (channels, n, n); these are "
                       "vectors of 13 values",
                       Error);
  CHECK_THROWS_WITH_AS(transform("\"rotations_as_classes\"", {1, 5, 6}),
                       "rotations_as_classes takes square images; these are 5 high and 6 wide; "
                       "resize them where they are read",
                       Error);
}
