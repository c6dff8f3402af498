// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/neighbors/selection.hpp>
#include <optional>

namespace metriclab {

/// What of a gallery a search is for.
struct Wanted {
  /// The nearest so many of each query; nothing: all within its limit.
  std::optional<std::int64_t> k;
  /// For each query a distance as `Measure` gives it, beyond which nothing is wanted, though a
  /// little more may be found; empty: none.
  std::vector<double> limits;
  /// The queries are the gallery, and none finds itself.
  bool within_one_set = false;
  int threads = 1;
};

/// A query and what is found of it, in order, ties by index. Several threads call it at the same
/// time, once for each query.
using Visit = std::function<void(std::int64_t query, std::vector<Found>& found)>;

/// Exact search by tiles of products; search.hpp has the promises. Within one set a product serves
/// both of its examples, save for `bilinear`, whose two sides differ.
template <class Scalar>
void search(const Measure<Scalar>& measure, const Wanted& wanted, const Visit& visit);

}  // namespace metriclab
