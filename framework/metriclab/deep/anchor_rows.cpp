// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <limits>
#include <metriclab/deep/anchor_rows.hpp>

namespace metriclab {
namespace {

void copy_ranges(const PairPlaces::Ranges& ranges, const std::vector<std::int64_t>& from,
                 std::vector<std::int64_t>& to) {
  to.clear();
  for (int part = 0; part < 2; ++part)
    to.insert(to.end(), from.begin() + ranges.begin[part], from.begin() + ranges.end[part]);
}

template <class T>
std::size_t place_of(std::span<const T> values, T value) {
  const auto at = std::find(values.begin(), values.end(), value);
  return at == values.end() ? 0 : static_cast<std::size_t>(at - values.begin());
}

/// The first of the best of those kept.
template <class T, class Better>
std::optional<std::size_t> best_within(std::span<const T> x, T shift, Kept<T> kept, T worst,
                                       Better better) {
  // Two passes over numbers alone, the first without branches.
  T best = worst;
  bool any = false;
  for (const T value : x) {
    const T z = value - shift;
    const bool is_kept = (z > kept.low) & (z < kept.high);
    any |= is_kept;
    best = is_kept & better(value, best) ? value : best;
  }
  if (!any) return std::nullopt;
  return place_of(x, best);
}

}  // namespace

AnchorRows::AnchorRows(Batch grouped, ClassOrder order, at::Tensor distances)
    : batch_(std::move(grouped)),
      order_(std::move(order)),
      distances_(std::move(distances)),
      places_(batch_, Tuples::all()) {}

void AnchorRows::find_names(std::int64_t row, Names& names) const {
  copy_ranges(places_.positive_ranges(row), order_.others, names.positives);
  const auto label = [&](std::int64_t of) {
    return places_.labels()[static_cast<std::size_t>(of)];
  };
  if (names.of < 0 || label(names.of) != label(row))
    copy_ranges(places_.negative_ranges(row), order_.others, names.negatives);
  names.of = row;
}

template <class T>
std::size_t farthest_of(std::span<const T> distances) {
  return place_of(distances, maximum_of(distances));
}

template <class T>
std::size_t nearest_of(std::span<const T> distances) {
  return place_of(distances, minimum_of(distances));
}

template <class T>
std::optional<std::size_t> farthest_within(std::span<const T> distances, T shift, Kept<T> kept) {
  return best_within(distances, shift, kept, -std::numeric_limits<T>::infinity(),
                     [](T a, T b) { return a > b; });
}

template <class T>
std::optional<std::size_t> nearest_within(std::span<const T> distances, T shift, Kept<T> kept) {
  return best_within(distances, shift, kept, std::numeric_limits<T>::infinity(),
                     [](T a, T b) { return a < b; });
}

#define METRICLAB_EXPORT(T)                                                            \
  template std::size_t farthest_of(std::span<const T>);                                \
  template std::size_t nearest_of(std::span<const T>);                                 \
  template std::optional<std::size_t> farthest_within(std::span<const T>, T, Kept<T>); \
  template std::optional<std::size_t> nearest_within(std::span<const T>, T, Kept<T>);
METRICLAB_EXPORT(float)
METRICLAB_EXPORT(double)

}  // namespace metriclab
