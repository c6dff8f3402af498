// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <limits>
#include <metriclab/neighbors/measure.hpp>
#include <metriclab/neighbors/panels.hpp>
#include <metriclab/neighbors/scan.hpp>

#include "points.hpp"

namespace {

using namespace metriclab;

template <class Scalar>
std::vector<Scalar> numbers(std::int64_t n, double unit, Random random) {
  std::vector<Scalar> result;
  for (std::int64_t i = 0; i < n; ++i)
    result.push_back(static_cast<Scalar>(std::round(random.normal() / unit) * unit));
  return result;
}

Indices sorted(const Positions& found) {
  Indices result(found.at, found.at + found.count);
  std::sort(result.begin(), result.end());
  return result;
}

template <class Scalar>
void scan_property() {
  const Random random(*rc::gen::arbitrary<std::uint64_t>());
  auto values = numbers<Scalar>(kStrip, 0.25, random.child("values"));
  const auto others = numbers<Scalar>(kStrip, 0.25, random.child("others"));
  if (*rc::gen::arbitrary<bool>()) values[77] = std::numeric_limits<Scalar>::quiet_NaN();
  // From none over few and half to all.
  const auto threshold = static_cast<Scalar>(*rc::gen::elementOf(std::vector{-9., -2., 0., 9.}));
  Positions found;
  scan(values.data(), others.data(), threshold, found);
  Indices expected;
  for (std::int64_t j = 0; j < kStrip; ++j) {
    const auto at = static_cast<std::size_t>(j);
    if (values[at] + others[at] <= threshold) expected.push_back(j);
  }
  RC_ASSERT(sorted(found) == expected);
  scan(values.data(), threshold, others.data(), found);
  expected.clear();
  for (std::int64_t j = 0; j < kStrip; ++j) {
    const auto at = static_cast<std::size_t>(j);
    if (values[at] + threshold <= others[at]) expected.push_back(j);
  }
  RC_ASSERT(sorted(found) == expected);
}

TEST_CASE("a scan finds what a loop finds") {
  CHECK(rc::check("float", scan_property<float>));
  CHECK(rc::check("double", scan_property<double>));
}

template <class Scalar>
void kth_property() {
  const auto n = *rc::gen::inRange<std::int64_t>(1, 400);
  const auto k = *rc::gen::inRange<std::int64_t>(1, n + 1);
  const auto spare = *rc::gen::inRange<std::int64_t>(0, k + 1);
  const auto unit = *rc::gen::elementOf(std::vector{1e-30, 1e-3, 1.});
  const Random random(*rc::gen::arbitrary<std::uint64_t>());
  auto values = numbers<Scalar>(n, unit, random);
  if (*rc::gen::arbitrary<bool>()) values[0] = std::numeric_limits<Scalar>::infinity();
  const Scalar kth = near_kth(values.data(), n, k, spare);
  std::sort(values.begin(), values.end());
  const Scalar exact = values[static_cast<std::size_t>(k) - 1];
  RC_ASSERT(kth >= exact);
  const auto at_most = std::upper_bound(values.begin(), values.end(), kth) - values.begin();
  // So many are equal; save that −0 was counted as below 0.
  if (at_most > k + spare && kth != 0) RC_ASSERT(kth == exact);
}

TEST_CASE("near the k-th by counting") {
  CHECK(rc::check("float", kth_property<float>));
  CHECK(rc::check("double", kth_property<double>));
}

template <class Scalar>
void panels_property() {
  using RowMajor = typename Rows<Scalar>::RowMajor;
  using Wide = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const auto n = *rc::gen::inRange<std::int64_t>(1, 140);
  const auto q = *rc::gen::inRange<std::int64_t>(1, 40);
  const auto d = *rc::gen::inRange<std::int64_t>(1, 100);
  const auto from = *rc::gen::inRange<std::int64_t>(0, (n + 31) / 32) * 32;
  const Random random(*rc::gen::arbitrary<std::uint64_t>());
  const RowMajor x = points<RowMajor>("normal", q, d, random.child("x")),
                 y = points<RowMajor>("normal", n, d, random.child("y"));
  Panels<Scalar> panels;
  panels.take(y.data(), n, d);
  if (panels.empty()) return;  // a processor without the registers
  const std::int64_t stride = n + 3;
  RowMajor result = RowMajor::Constant(q, stride, 7);
  panels.products(x.data(), q, from, result.data(), stride);
  const Wide right =
      -2 * x.template cast<long double>() * y.template cast<long double>().transpose();
  const Vector by_x = x.template cast<double>().rowwise().norm(),
               by_y = y.template cast<double>().rowwise().norm();
  const double unit = double{std::numeric_limits<Scalar>::epsilon()} / 2;
  const double part = 2.01 * unit * static_cast<double>(Panels<Scalar>::roundings(d));
  for (std::int64_t i = 0; i < q; ++i)
    for (std::int64_t j = 0; j < stride; ++j)
      if (j < from || j >= n)
        RC_ASSERT(result(i, j) == 7);
      else
        RC_ASSERT(std::abs(static_cast<double>(result(i, j) - right(i, j))) <=
                  part * by_x[i] * by_y[j]);
}

TEST_CASE("panels multiply as matrices do, with no more roundings than they say") {
  CHECK(rc::check("float", panels_property<float>));
  CHECK(rc::check("double", panels_property<double>));
}

}  // namespace
