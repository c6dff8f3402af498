// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/neighbors/tile_search.hpp>

namespace metriclab {
namespace {

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

void require_radius(double radius) {
  if (std::isnan(radius)) throw Error("the radius is not a number");
}

void require_threads(int threads) {
  if (threads < 1) throw Error(fmt::format("{} threads; at least 1 is needed", threads));
}

void require_same_dimensions(std::int64_t query, std::int64_t gallery) {
  if (query != gallery)
    throw Error(fmt::format("queries have {} dimensions, the gallery has {}; they must be the same",
                            query, gallery));
}

/// The k nearest of each query, row by row.
template <class Scalar>
class Ranked {
 public:
  Ranked(std::int64_t q, std::int64_t k) : k_(k) {
    result.indices.resize(q, k);
    result.distances.resize(q, k);
  }
  void add(const Measure<Scalar>& measure, std::int64_t query, const std::vector<Found>& found) {
    METRICLAB_CHECK(static_cast<std::int64_t>(found.size()) == k_,
                    "a selection that lost a neighbour");
    for (std::int64_t rank = 0; rank < k_; ++rank) {
      const Found& is = found[static_cast<std::size_t>(rank)];
      result.indices(query, rank) = is.index;
      result.distances(query, rank) = static_cast<Scalar>(measure.named(is.distance));
    }
  }
  Neighbors<Scalar> result;

 private:
  std::int64_t k_;
};

template <class Scalar>
Neighbors<Scalar> nearest(const Measure<Scalar>& measure, std::int64_t k, bool within_one_set,
                          int threads) {
  require_threads(threads);
  Ranked<Scalar> ranked(measure.query().n(), k);
  if (k > 0)
    search<Scalar>(
        measure, {.k = k, .limits = {}, .within_one_set = within_one_set, .threads = threads},
        [&](std::int64_t query, std::vector<Found>& found) { ranked.add(measure, query, found); });
  return std::move(ranked.result);
}

/// Lists of any lengths, one after another.
template <class Scalar>
NeighborLists<Scalar> joined(const Measure<Scalar>& measure,
                             std::vector<std::vector<Found>>& lists) {
  NeighborLists<Scalar> result;
  result.starts.push_back(0);
  for (const auto& list : lists)
    result.starts.push_back(result.starts.back() + static_cast<std::int64_t>(list.size()));
  result.indices.reserve(static_cast<std::size_t>(result.starts.back()));
  result.distances.reserve(static_cast<std::size_t>(result.starts.back()));
  for (auto& list : lists) {
    for (const Found& is : list) {
      result.indices.push_back(is.index);
      result.distances.push_back(static_cast<Scalar>(measure.named(is.distance)));
    }
    std::vector<Found>().swap(list);
  }
  return result;
}

/// Of what was found within a little more than the radius, what is within it.
template <class Scalar>
void drop_beyond(const Measure<Scalar>& measure, double radius, std::vector<Found>& found) {
  while (!found.empty() && !(measure.named(found.back().distance) <= radius)) found.pop_back();
}

template <class Scalar>
NeighborLists<Scalar> within(const Measure<Scalar>& measure, double radius, bool within_one_set,
                             int threads) {
  require_threads(threads);
  require_radius(radius);
  const auto q = static_cast<std::size_t>(measure.query().n());
  std::vector<std::vector<Found>> lists(q);
  search<Scalar>(measure,
                 {.k = {},
                  .limits = std::vector<double>(q, measure.reach(radius)),
                  .within_one_set = within_one_set,
                  .threads = threads},
                 [&](std::int64_t query, std::vector<Found>& found) {
                   drop_beyond(measure, radius, found);
                   lists[static_cast<std::size_t>(query)] = found;
                 });
  return joined(measure, lists);
}

template <class Scalar>
Measure<Scalar> between(Rows<Scalar> query, Rows<Scalar> gallery, Distance distance) {
  require_same_dimensions(query.d(), gallery.d());
  require_finite(query, "query");
  require_finite(gallery, "gallery");
  return Measure<Scalar>(query, gallery, distance);
}

template <class Scalar>
Measure<Scalar> within_set(Rows<Scalar> points, Distance distance) {
  require_finite(points, "searched");
  return Measure<Scalar>(points, points, distance);
}

template <class Scalar>
Neighbors<Scalar> search_gallery(Rows<Scalar> query, Rows<Scalar> gallery, std::int64_t k,
                                 Distance distance, int threads) {
  require_same_dimensions(query.d(), gallery.d());
  require_k(k, gallery.n(), false);
  return nearest(between(query, gallery, distance), k, false, threads);
}

template <class Scalar>
Neighbors<Scalar> search_itself(Rows<Scalar> points, std::int64_t k, Distance distance,
                                int threads) {
  require_k(k, points.n(), true);
  return nearest(within_set(points, distance), k, true, threads);
}

/// The blocks of a file, one after another, each searched for what is nearer than what was found.
/// `limit(list)`: the distance, as `Measure` gives it, beyond which a query with that list wants
/// nothing; `add(measure, list, found)` merges.
template <class Limit, class Add>
std::vector<std::vector<Found>> search_file(Rows<float> query, const GalleryFile& gallery,
                                            std::optional<std::int64_t> k, Distance distance,
                                            int threads, const Limit& limit, const Add& add) {
  std::vector<std::vector<Found>> lists(static_cast<std::size_t>(query.n()));
  gallery.for_each_block([&](std::int64_t begin, Rows<float> block) {
    require_finite(block, "gallery", begin);
    require_comparable(block, distance, "gallery", begin);
    const Measure<float> measure(query, block, distance);
    Wanted wanted{.k = k, .limits = {}, .within_one_set = false, .threads = threads};
    for (const auto& list : lists) wanted.limits.push_back(limit(measure, list));
    search<float>(measure, wanted, [&](std::int64_t i, std::vector<Found>& found) {
      for (Found& is : found) is.index += begin;
      add(measure, lists[static_cast<std::size_t>(i)], found);
    });
  });
  return lists;
}

}  // namespace

Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& query,
                                   const Eigen::Ref<const MatrixF>& gallery, std::int64_t k,
                                   Distance distance, int threads) {
  return search_gallery<float>(query, gallery, k, distance, threads);
}

Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& query,
                                    const Eigen::Ref<const Matrix>& gallery, std::int64_t k,
                                    Distance distance, int threads) {
  return search_gallery<double>(query, gallery, k, distance, threads);
}

Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& points, std::int64_t k,
                                   Distance distance, int threads) {
  return search_itself<float>(points, k, distance, threads);
}

Neighbors<double> nearest_neighbors(const Eigen::Ref<const Matrix>& points, std::int64_t k,
                                    Distance distance, int threads) {
  return search_itself<double>(points, k, distance, threads);
}

Neighbors<float> nearest_neighbors(const Eigen::Ref<const MatrixF>& query,
                                   const GalleryFile& gallery, std::int64_t k, Distance distance,
                                   int threads) {
  require_threads(threads);
  require_same_dimensions(query.cols(), gallery.d());
  require_k(k, gallery.n(), false);
  require_finite<float>(query, "query");
  const Measure<float> naming(query, query, distance);
  Ranked<float> ranked(query.rows(), k);
  if (k == 0) return std::move(ranked.result);
  const auto lists = search_file(
      query, gallery, k, distance, threads,
      [&](const Measure<float>&, const std::vector<Found>& list) {
        return static_cast<std::int64_t>(list.size()) == k
                   ? list.back().distance
                   : std::numeric_limits<double>::infinity();
      },
      [&](const Measure<float>&, std::vector<Found>& list, const std::vector<Found>& found) {
        const auto middle = list.insert(list.end(), found.begin(), found.end());
        std::inplace_merge(list.begin(), middle, list.end());
        if (static_cast<std::int64_t>(list.size()) > k) list.resize(static_cast<std::size_t>(k));
      });
  for (std::int64_t i = 0; i < query.rows(); ++i)
    ranked.add(naming, i, lists[static_cast<std::size_t>(i)]);
  return std::move(ranked.result);
}

NeighborLists<float> neighbors_within(const Eigen::Ref<const MatrixF>& query,
                                      const Eigen::Ref<const MatrixF>& gallery, double radius,
                                      Distance distance, int threads) {
  return within(between<float>(query, gallery, distance), radius, false, threads);
}

NeighborLists<double> neighbors_within(const Eigen::Ref<const Matrix>& query,
                                       const Eigen::Ref<const Matrix>& gallery, double radius,
                                       Distance distance, int threads) {
  return within(between<double>(query, gallery, distance), radius, false, threads);
}

NeighborLists<float> neighbors_within(const Eigen::Ref<const MatrixF>& points, double radius,
                                      Distance distance, int threads) {
  return within(within_set<float>(points, distance), radius, true, threads);
}

NeighborLists<double> neighbors_within(const Eigen::Ref<const Matrix>& points, double radius,
                                       Distance distance, int threads) {
  return within(within_set<double>(points, distance), radius, true, threads);
}

NeighborLists<float> neighbors_within(const Eigen::Ref<const MatrixF>& query,
                                      const GalleryFile& gallery, double radius, Distance distance,
                                      int threads) {
  require_threads(threads);
  require_radius(radius);
  require_same_dimensions(query.cols(), gallery.d());
  require_finite<float>(query, "query");
  const Measure<float> naming(query, query, distance);
  auto lists = search_file(
      query, gallery, {}, distance, threads,
      [&](const Measure<float>& measure, const std::vector<Found>&) {
        return measure.reach(radius);
      },
      [&](const Measure<float>& measure, std::vector<Found>& list, std::vector<Found>& found) {
        drop_beyond(measure, radius, found);
        const auto middle = list.insert(list.end(), found.begin(), found.end());
        std::inplace_merge(list.begin(), middle, list.end());
      });
  return joined(naming, lists);
}

}  // namespace metriclab
