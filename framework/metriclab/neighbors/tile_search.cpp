// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <atomic>
#include <limits>
#include <metriclab/neighbors/tile_search.hpp>
#include <metriclab/neighbors/workers.hpp>

namespace metriclab {
namespace {

// Queries whose selections are open at a time: each tile of the gallery is prepared once for all of
// them.
constexpr std::int64_t kQueries = 2048;
// A product of 128 × 1024 floats takes half a megabyte and stays in the cache until it has been
// looked through.
constexpr std::int64_t kProductRows = 128;
constexpr std::int64_t kTileRows = 1024;
static_assert(kTileRows % kStrip == 0);

std::int64_t whole_strips(std::int64_t count) { return (count + kStrip - 1) / kStrip * kStrip; }

/// A tile's lower bounds as strips read them.
template <class Scalar>
void pad(Tile<Scalar>& tile) {
  tile.low.resize(static_cast<std::size_t>(whole_strips(tile.count)), 0);
}

template <class Scalar>
std::vector<Scalar> limits_of(const Bounds<Scalar>& bounds, const Wanted& wanted,
                              std::int64_t first, std::int64_t count) {
  std::vector<Scalar> limits;
  if (!wanted.limits.empty())
    for (std::int64_t i = first; i < first + count; ++i)
      limits.push_back(bounds.limit(i, wanted.limits[static_cast<std::size_t>(i)]));
  return limits;
}

/// One thread's search of a gallery by some queries at a time.
template <class Scalar>
class GallerySearch {
 public:
  GallerySearch(const Bounds<Scalar>& bounds, std::int64_t n, bool within_one_set)
      : bounds_(bounds),
        n_(n),
        within_one_set_(within_one_set),
        products_(static_cast<std::size_t>(kProductRows * whole_strips(std::min(kTileRows, n)))) {}

  template <class Selections>
  void search(std::int64_t first, std::int64_t count, Selections& selections) {
    bounds_.query_tile(first, count, query_);
    for (std::int64_t begin = 0; begin < n_; begin += kTileRows) {
      bounds_.gallery_tile(begin, std::min(kTileRows, n_ - begin), gallery_);
      pad(gallery_);
      const std::int64_t stride = whole_strips(gallery_.count);
      for (std::int64_t row = 0; row < count; row += kProductRows) {
        const std::int64_t rows = std::min(kProductRows, count - row);
        bounds_.products(query_, row, rows, gallery_, products_.data(), stride);
        for (std::int64_t r = row; r < row + rows; ++r)
          look_through(r, products_.data() + (r - row) * stride, selections);
      }
    }
  }

 private:
  template <class Selections>
  void look_through(std::int64_t row, const Scalar* values, Selections& selections) {
    const Scalar& threshold = selections.thresholds()[row];
    const Scalar width = query_.width[static_cast<std::size_t>(row)];
    for (std::int64_t strip = 0; strip < gallery_.count; strip += kStrip) {
      scan(values + strip, gallery_.low.data() + strip, threshold, found_);
      for (std::int64_t f = 0; f < found_.count; ++f) {
        const std::int64_t j = strip + found_.at[f];
        if (j >= gallery_.count) continue;
        const Scalar low = values[j] + gallery_.low[static_cast<std::size_t>(j)];
        if (low > threshold) continue;
        if (within_one_set_ && gallery_.begin + j == query_.begin + row) continue;
        selections.offer(row, low, low + (width + gallery_.width[static_cast<std::size_t>(j)]),
                         gallery_.begin + j);
      }
    }
  }

  const Bounds<Scalar>& bounds_;
  std::int64_t n_;
  bool within_one_set_;
  Tile<Scalar> query_, gallery_;
  std::vector<Scalar> products_;
  Positions found_;
};

template <class Scalar, class Select>
void search_gallery(const Measure<Scalar>& measure, const Bounds<Scalar>& bounds,
                    const Wanted& wanted, const Visit& visit, const Select& select) {
  const std::int64_t q = measure.query().n();
  // Fewer at a time where there would be none for some thread.
  const std::int64_t share = (q + wanted.threads - 1) / wanted.threads;
  const std::int64_t block = std::clamp<std::int64_t>(share, 1, kQueries);
  std::atomic<std::int64_t> next = 0;
  run_workers(wanted.threads, [&] {
    GallerySearch<Scalar> worker(bounds, measure.gallery().n(), wanted.within_one_set);
    std::vector<Found> found;
    for (std::int64_t first; (first = next.fetch_add(block)) < q;) {
      const std::int64_t count = std::min(block, q - first);
      auto selections = select(first, count);
      worker.search(first, count, selections);
      for (std::int64_t row = 0; row < count; ++row) {
        selections.finish(row, found);
        visit(first + row, found);
      }
    }
  });
}

/// One thread's search within a set, by pairs of tiles of which it has both selections to itself.
template <class Scalar, class Selections>
class PairSearch {
 public:
  PairSearch(const Bounds<Scalar>& bounds, std::int64_t n, Selections& selections)
      : bounds_(bounds), n_(n), selections_(selections) {
    const std::int64_t width = whole_strips(std::min(kTileRows, n));
    products_.resize(static_cast<std::size_t>(kProductRows * width));
    if (!bounds.symmetric_keys()) exchanged_.resize(products_.size());
  }

  void search(std::pair<std::int64_t, std::int64_t> pair) {
    if (pair.first != held_) prepare(held_ = pair.first, rows_);
    const bool diagonal = pair.first == pair.second;
    if (!diagonal) prepare(pair.second, others_);
    const Tile<Scalar>& columns = diagonal ? rows_ : others_;
    const std::int64_t stride = whole_strips(columns.count);
    for (std::int64_t row = 0; row < rows_.count; row += kProductRows) {
      const std::int64_t rows = std::min(kProductRows, rows_.count - row);
      // On the diagonal, what lies before the row's own strip was looked through from there.
      const std::int64_t from = diagonal ? row / kStrip * kStrip : 0;
      bounds_.both_products(rows_, row, rows, columns, from, products_.data(), exchanged_.data(),
                            stride);
      const Scalar* exchanged = exchanged_.empty() ? products_.data() : exchanged_.data();
      for (std::int64_t r = row; r < row + rows; ++r) {
        const std::int64_t at = (r - row) * stride;
        look_through(r, columns, from, diagonal ? r + 1 : 0, products_.data() + at, exchanged + at);
      }
    }
  }

 private:
  void prepare(std::int64_t block, Tile<Scalar>& tile) {
    const std::int64_t begin = block * kTileRows;
    bounds_.either_tile(begin, std::min(kTileRows, n_ - begin), tile);
    pad(tile);
  }

  /// Of the values from column `from` on those from `first` on.
  void look_through(std::int64_t r, const Tile<Scalar>& columns, std::int64_t from,
                    std::int64_t first, const Scalar* values, const Scalar* exchanged) {
    const std::int64_t i = rows_.begin + r;
    const Scalar* thresholds = selections_.thresholds() + columns.begin;
    const Scalar& threshold = selections_.thresholds()[i];
    const Scalar low_i = rows_.low[static_cast<std::size_t>(r)];
    const Scalar width_i = rows_.width[static_cast<std::size_t>(r)];
    const auto width = [&](std::int64_t j) {
      return width_i + columns.width[static_cast<std::size_t>(j)];
    };
    for (std::int64_t strip = from; strip < columns.count; strip += kStrip) {
      scan(values + strip, columns.low.data() + strip, threshold, found_);
      for (std::int64_t f = 0; f < found_.count; ++f) {
        const std::int64_t j = strip + found_.at[f];
        if (j < first || j >= columns.count) continue;
        const Scalar low = values[j] + columns.low[static_cast<std::size_t>(j)];
        if (low <= threshold) selections_.offer(i, low, low + width(j), columns.begin + j);
      }
      scan(exchanged + strip, low_i, thresholds + strip, found_);
      for (std::int64_t f = 0; f < found_.count; ++f) {
        const std::int64_t j = strip + found_.at[f];
        if (j < first || j >= columns.count) continue;
        const Scalar low = exchanged[j] + low_i;
        selections_.offer(columns.begin + j, low, low + width(j), i);
      }
    }
  }

  const Bounds<Scalar>& bounds_;
  std::int64_t n_, held_ = -1;
  Selections& selections_;
  Tile<Scalar> rows_, others_;
  std::vector<Scalar> products_, exchanged_;
  Positions found_;
};

template <class Scalar, class Select>
void search_pairs(const Measure<Scalar>& measure, const Bounds<Scalar>& bounds,
                  const Wanted& wanted, const Visit& visit, const Select& select) {
  const std::int64_t n = measure.query().n();
  auto selections = select(0, n);
  Pairs pairs((n + kTileRows - 1) / kTileRows);
  run_workers(wanted.threads, [&] {
    try {
      PairSearch<Scalar, decltype(selections)> worker(bounds, n, selections);
      std::int64_t last = 0;
      while (const auto pair = pairs.take(last)) {
        worker.search(*pair);
        last = pair->first;
        pairs.give_back(*pair);
      }
    } catch (...) {
      pairs.abandon();
      throw;
    }
  });
  constexpr std::int64_t kFinished = 64;
  std::atomic<std::int64_t> next = 0;
  run_workers(wanted.threads, [&] {
    std::vector<Found> found;
    for (std::int64_t begin; (begin = next.fetch_add(kFinished)) < n;)
      for (std::int64_t i = begin; i < std::min(begin + kFinished, n); ++i) {
        selections.finish(i, found);
        visit(i, found);
      }
  });
}

template <class Scalar, class Select>
void search_by(const Measure<Scalar>& measure, const Bounds<Scalar>& bounds, const Wanted& wanted,
               const Visit& visit, const Select& select) {
  if (bounds.symmetric())
    search_pairs(measure, bounds, wanted, visit, select);
  else
    search_gallery(measure, bounds, wanted, visit, select);
}

}  // namespace

template <class Scalar>
void search(const Measure<Scalar>& measure, const Wanted& wanted, const Visit& visit) {
  if (measure.query().n() == 0) return;
  if (const std::int64_t n = measure.gallery().n(); n > std::numeric_limits<std::int32_t>::max())
    throw Error(fmt::format("a gallery of {} examples; at most {} are searched at a time", n,
                            std::numeric_limits<std::int32_t>::max()));
  const Bounds<Scalar> bounds(measure, wanted.within_one_set);
  const auto limits = [&](std::int64_t first, std::int64_t count) {
    return limits_of(bounds, wanted, first, count);
  };
  if (wanted.k)
    search_by(measure, bounds, wanted, visit, [&](std::int64_t first, std::int64_t count) {
      return NearestSelections<Scalar>(measure, first, count, *wanted.k, limits(first, count));
    });
  else
    search_by(measure, bounds, wanted, visit, [&](std::int64_t first, std::int64_t count) {
      return WithinSelections<Scalar>(measure, first, count, limits(first, count));
    });
}

template void search(const Measure<float>&, const Wanted&, const Visit&);
template void search(const Measure<double>&, const Wanted&, const Visit&);

}  // namespace metriclab
