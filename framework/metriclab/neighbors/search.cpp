// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/neighbors/selection.hpp>
#include <metriclab/neighbors/tiles.hpp>

namespace metriclab {
namespace {

// Queries whose selections are open at a time: each tile of the gallery is prepared once for all of
// them.
constexpr std::int64_t kQueries = 2048;
// A product of 128 × 1024 floats takes half a megabyte and stays in the cache until it has been
// looked through.
constexpr std::int64_t kProductRows = 128;
constexpr std::int64_t kGalleryRows = 1024;

void require_k(std::int64_t k, std::int64_t n, bool within_one_set) {
  if (k < 0) throw Error(fmt::format("{} neighbours are asked for; at least 0 is needed", k));
  if (within_one_set && k > std::max<std::int64_t>(n - 1, 0))
    throw Error(
        fmt::format("{} neighbours are asked for within {} examples; at most {}, since none is its "
                    "own neighbour",
                    k, n, std::max<std::int64_t>(n - 1, 0)));
  if (k > n)
    throw Error(fmt::format("{} neighbours are asked for in a gallery of {} examples; at most {}",
                            k, n, n));
}

template <class Scalar>
Neighbors<Scalar> search(const Measure<Scalar>& measure, std::int64_t k, bool within_one_set) {
  const std::int64_t q = measure.query().n(), n = measure.gallery().n();
  Neighbors<Scalar> result;
  result.indices.resize(q, k);
  result.distances.resize(q, k);
  if (q == 0 || k == 0) return result;

  const Bounds<Scalar> bounds(measure);
  Tile<Scalar> query, gallery;
  std::vector<Scalar> products(
      static_cast<std::size_t>(std::min(kProductRows, q) * std::min(kGalleryRows, n)));
  for (std::int64_t first = 0; first < q; first += kQueries) {
    bounds.query_tile(first, std::min(kQueries, q - first), query);
    std::vector<Selection<Scalar>> selections(static_cast<std::size_t>(query.count),
                                              Selection<Scalar>(k));
    for (std::int64_t begin = 0; begin < n; begin += kGalleryRows) {
      bounds.gallery_tile(begin, std::min(kGalleryRows, n - begin), gallery);
      for (std::int64_t row = 0; row < query.count; row += kProductRows) {
        const std::int64_t rows = std::min(kProductRows, query.count - row);
        bounds.products(query, row, rows, gallery, products.data(), gallery.count);
        for (std::int64_t r = row; r < row + rows; ++r) {
          Selection<Scalar>& selection = selections[static_cast<std::size_t>(r)];
          const std::int64_t i = first + r;
          const Scalar* keys = products.data() + (r - row) * gallery.count;
          const Scalar width = query.width[static_cast<std::size_t>(r)];
          const auto measured = [&](std::int64_t j) { return measure(i, j); };
          for_each_within(
              keys, gallery.low.data(), gallery.count, selection.threshold(), [&](std::int64_t j) {
                const auto at = static_cast<std::size_t>(j);
                const Scalar low = keys[j] + gallery.low[at];
                if (low > selection.threshold() || (within_one_set && begin + j == i)) return;
                selection.offer(low, low + (width + gallery.width[at]), begin + j, measured);
              });
        }
      }
    }
    for (std::int64_t r = 0; r < query.count; ++r) {
      const std::int64_t i = first + r;
      const auto& nearest = selections[static_cast<std::size_t>(r)].finish(
          [&](std::int64_t j) { return measure(i, j); });
      METRICLAB_CHECK(static_cast<std::int64_t>(nearest.size()) == k,
                      "a selection that lost a neighbour");
      for (std::int64_t rank = 0; rank < k; ++rank) {
        const auto& neighbor = nearest[static_cast<std::size_t>(rank)];
        result.indices(i, rank) = neighbor.index;
        result.distances(i, rank) = static_cast<Scalar>(measure.named(neighbor.distance));
      }
    }
  }
  return result;
}

template <class Scalar>
Neighbors<Scalar> search_gallery(Rows<Scalar> query, Rows<Scalar> gallery, std::int64_t k,
                                 Distance distance) {
  if (query.d() != gallery.d())
    throw Error(fmt::format("queries have {} dimensions, the gallery has {}; they must be the same",
                            query.d(), gallery.d()));
  require_k(k, gallery.n(), false);
  require_finite(query, "query");
  require_finite(gallery, "gallery");
  return search(Measure<Scalar>(query, gallery, distance), k, false);
}

template <class Scalar>
Neighbors<Scalar> search_itself(Rows<Scalar> points, std::int64_t k, Distance distance) {
  require_k(k, points.n(), true);
  require_finite(points, "searched");
  return search(Measure<Scalar>(points, points, distance), k, true);
}

}  // namespace

Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& query,
                                   const Eigen::Ref<const MatrixF>& gallery, std::int64_t k,
                                   Distance distance) {
  return search_gallery<float>(query, gallery, k, distance);
}

Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& query,
                                    const Eigen::Ref<const Matrix>& gallery, std::int64_t k,
                                    Distance distance) {
  return search_gallery<double>(query, gallery, k, distance);
}

Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& points, std::int64_t k,
                                   Distance distance) {
  return search_itself<float>(points, k, distance);
}

Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& points, std::int64_t k,
                                    Distance distance) {
  return search_itself<double>(points, k, distance);
}

}  // namespace metriclab
