// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/ordinal_triplets.hpp>
#include <metriclab/data/wide.hpp>
#include <metriclab/neighbors/search.hpp>

namespace metriclab {
namespace {

constexpr int kLanes = 8;  // sums that are kept apart, so that they fill vector registers

struct Sums {
  double hinge[kLanes] = {}, smooth[kLanes] = {}, weight[kLanes] = {}, slack[kLanes] = {};
};

METRICLAB_WIDE void add_triplets(const double* distances, std::int64_t pairs,
                                 const std::int32_t* begin, const std::int32_t* end, double width,
                                 double* slopes, Sums& sums) {
  const double steepness = 1 / width;
  for (std::int64_t near = 0; near < pairs; ++near) {
    const double least = 1 + distances[near];
    double weights[kLanes] = {};
    for (std::int32_t first = begin[near]; first < end[near]; first += kLanes) {
      const int lanes = std::min(kLanes, end[near] - first);
      for (int lane = 0; lane < lanes; ++lane) {
        const double u = least - distances[first + lane];
        double w = u * steepness;
        w = w < 0 ? 0 : w;
        w = w > 1 ? 1 : w;
        const double hinge = u < 0 ? 0 : u;
        sums.hinge[lane] += hinge;
        sums.smooth[lane] += w * (u - 0.5 * width * w);
        sums.slack[lane] += hinge - w * u;
        weights[lane] += w;
        slopes[first + lane] -= w;
      }
    }
    double whole = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      whole += weights[lane];
      sums.weight[lane] += weights[lane];
    }
    slopes[near] += whole;
  }
}

double total(const double (&lanes)[kLanes]) {
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

}  // namespace

OrdinalTriplets::OrdinalTriplets(const Matrix& X, const std::vector<std::int32_t>& y,
                                 const std::vector<Indices>& members, std::int64_t own,
                                 std::int64_t others) {
  const std::int64_t n = X.rows();
  auto label = [&](std::int64_t i) { return y[static_cast<std::size_t>(i)]; };
  std::vector<Indices> near(y.size());              // N(i), those of its class first
  std::vector<std::int64_t> of_class(y.size(), 0);  // how many those are
  for (const Indices& one : members) {
    const auto size = static_cast<std::int64_t>(one.size());
    Indices rest;
    rest.reserve(static_cast<std::size_t>(n - size));
    for (std::int64_t i = 0; i < n; ++i)
      if (label(i) != label(one[0])) rest.push_back(i);
    const Matrix points = X(one, Eigen::all);
    const std::int64_t n_own = std::min(own, size - 1), n_others = std::min(others, n - size);
    const Neighbors<double> friends = nearest_neighbors(points, n_own);
    const Neighbors<double> strangers =
        nearest_neighbors(points, Matrix(X(rest, Eigen::all)), n_others);
    for (std::int64_t row = 0; row < size; ++row) {
      const auto i = static_cast<std::size_t>(one[static_cast<std::size_t>(row)]);
      of_class[i] = n_own;
      for (std::int64_t j = 0; j < n_own; ++j)
        near[i].push_back(one[static_cast<std::size_t>(friends.indices(row, j))]);
      for (std::int64_t l = 0; l < n_others; ++l)
        near[i].push_back(rest[static_cast<std::size_t>(strangers.indices(row, l))]);
    }
  }
  // The pairs of an example: those of its class, then those of lower classes by falling label, then
  // those of higher ones by rising label.
  for (std::int64_t i = 0; i < n; ++i) {
    Indices& of = near[static_cast<std::size_t>(i)];
    const auto begin = static_cast<std::int32_t>(pairs_.size());
    const auto first = of.begin() + of_class[static_cast<std::size_t>(i)];
    const auto middle =
        std::stable_partition(first, of.end(), [&](std::int64_t a) { return label(a) < label(i); });
    std::stable_sort(first, middle,
                     [&](std::int64_t a, std::int64_t b) { return label(a) > label(b); });
    std::stable_sort(middle, of.end(),
                     [&](std::int64_t a, std::int64_t b) { return label(a) < label(b); });
    const auto lowest = static_cast<std::int32_t>(begin + (middle - of.begin()));
    const auto end = static_cast<std::int32_t>(begin + (of.end() - of.begin()));
    for (auto at = of.begin(); at != of.end(); ++at) {
      const std::int64_t a = *at;
      pairs_.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(a)});
      const auto last = at < middle ? middle : of.end();
      const auto beyond =
          at < first ? first
                     : std::find_if(at, last, [&](std::int64_t b) { return label(b) != label(a); });
      begin_.push_back(static_cast<std::int32_t>(begin + (beyond - of.begin())));
      end_.push_back(at < first ? end : at < middle ? lowest : end);
      count_ += end_.back() - begin_.back();
    }
  }
}

OrdinalTriplets::Means OrdinalTriplets::operator()(const Vector& distances, double width,
                                                   Vector& slopes) const {
  slopes.setZero(distances.size());
  Sums sums;
  add_triplets(distances.data(), distances.size(), begin_.data(), end_.data(), width, slopes.data(),
               sums);
  const double each = 1 / static_cast<double>(count_);
  slopes *= each;
  return {each * total(sums.hinge), each * total(sums.smooth), each * total(sums.weight),
          each * total(sums.slack)};
}

}  // namespace metriclab
