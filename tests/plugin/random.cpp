// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/random.hpp>
#include <set>

namespace {

using metriclab::Random;

std::vector<std::uint64_t> draws(Random random, int count = 8) {
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < count; ++i) drawn.push_back(random.next());
  return drawn;
}

}  // namespace

TEST_CASE("the generator is xoshiro256**") {
  // The outputs of the authors' own xoshiro256starstar.c from the state {1, 2, 3, 4}, as other
  // implementations' tests have them too (rand_xoshiro of Rust).
  Random random(0);
  random.restore({0, 1, 2, 3, 4, 0, 0});
  for (std::uint64_t expected :
       {11520ULL, 0ULL, 1509978240ULL, 1215971899390074240ULL, 1216172134540287360ULL,
        607988272756665600ULL, 16172922978634559625ULL, 8476171486693032832ULL,
        10595114339597558777ULL, 2904607092377533576ULL})
    CHECK(random.next() == expected);
}

TEST_CASE("a child depends on seed and name, not on what has been drawn") {
  CHECK(rc::check([](std::uint64_t seed, const std::string& name) {
    Random parent(seed, "parent");
    const auto before = draws(parent.child(name));
    for (int i = 0; i < 5; ++i) parent.normal();
    RC_ASSERT(draws(parent.child(name)) == before);
    RC_ASSERT(draws(parent.child(name + "'")) != before);
    RC_ASSERT(draws(Random(seed + 1, "parent").child(name)) != before);
    RC_ASSERT(draws(parent.child(0)) != draws(parent.child(1)));
    RC_ASSERT(draws(Random(seed, "parent")) == draws(Random(seed, "parent")));
  }));
}

TEST_CASE("a restored stream goes on where it was, between the two normals of a pair too") {
  Random random(7, "stream");
  random.normal();
  Random again(0);
  again.restore(random.state());
  for (int i = 0; i < 5; ++i) CHECK(again.normal() == random.normal());
  CHECK(draws(again) == draws(random));
  CHECK(draws(again.child("x")) == draws(random.child("x")));
  CHECK_THROWS_AS(again.restore({1, 2, 3}), metriclab::Bug);
}

TEST_CASE("bounds of the distributions") {
  CHECK(rc::check([](std::uint64_t seed) {
    Random random(seed);
    const auto n = *rc::gen::inRange<std::int64_t>(1, 1'000);
    for (int i = 0; i < 20; ++i) {
      const double u = random.uniform();
      RC_ASSERT((u >= 0 && u < 1));
      RC_ASSERT(std::ldexp(u, 53) == std::floor(std::ldexp(u, 53)));
      const std::int64_t b = random.below(n);
      RC_ASSERT((b >= 0 && b < n));
      RC_ASSERT(std::isfinite(random.normal()));
    }
    RC_ASSERT(random.below(1) == 0);
    RC_ASSERT(random.below(INT64_MAX) >= 0);
    auto order = random.permutation(n);
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i)
      RC_ASSERT(order[i] == static_cast<std::int64_t>(i));
    const auto k = *rc::gen::inRange<std::int64_t>(0, n + 1);
    const auto sample = random.sample(n, k);
    RC_ASSERT(static_cast<std::int64_t>(std::set(sample.begin(), sample.end()).size()) == k);
    RC_ASSERT(
        std::all_of(sample.begin(), sample.end(), [&](std::int64_t i) { return i >= 0 && i < n; }));
  }));
  CHECK_THROWS_AS(Random(1).below(0), metriclab::Bug);
  CHECK_THROWS_AS(Random(1).sample(2, 3), metriclab::Bug);
}

TEST_CASE("stochastic, seeded: the moments and frequencies are those of the distributions") {
  Random random(2024, "moments");
  constexpr int kDraws = 200'000;
  double uniform_sum = 0, sum = 0, squares = 0, fourth = 0;
  std::array<int, 6> faces{};
  for (int i = 0; i < kDraws; ++i) {
    uniform_sum += random.uniform();
    const double x = random.normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    ++faces[static_cast<std::size_t>(random.below(6))];
  }
  // Five standard errors: of the mean of U(0, 1) 1/√(12 n), of the normal's moments √(1/n), √(2/n),
  // √(96/n).
  const double n = kDraws;
  CHECK(std::abs(uniform_sum / n - 0.5) < 5 / std::sqrt(12 * n));
  CHECK(std::abs(sum / n) < 5 / std::sqrt(n));
  CHECK(std::abs(squares / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(fourth / n - 3) < 5 * std::sqrt(96 / n));
  for (int count : faces) CHECK(std::abs(count - n / 6) < 5 * std::sqrt(n * (1.0 / 6) * (5.0 / 6)));
}
