// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <metriclab/neighbors/ranking.hpp>
#include <metriclab/neighbors/row_ranking.hpp>
#include <metriclab/neighbors/workers.hpp>
#include <mutex>
#include <numeric>
#include <optional>

namespace metriclab {
namespace {

constexpr std::int64_t kGalleryRows = 1024;

/// One set's examples, those of a class together.
struct ByClass {
  std::vector<std::int64_t> order;   // the example that comes i-th
  std::vector<std::int32_t> labels;  // its class
  MatrixF rows;

  ByClass(const Eigen::Ref<const MatrixF>& examples, std::span<const std::int32_t> classes) {
    METRICLAB_CHECK(static_cast<std::int64_t>(classes.size()) == examples.rows(),
                    "one label for each example");
    order.resize(classes.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return classes[static_cast<std::size_t>(a)] < classes[static_cast<std::size_t>(b)];
    });
    rows.resize(examples.rows(), examples.cols());
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
      rows.row(i) = examples.row(order[static_cast<std::size_t>(i)]);
      labels.push_back(classes[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])]);
    }
  }
  /// Where a class begins and ends.
  std::pair<std::int64_t, std::int64_t> range(std::int32_t label) const {
    const auto [begin, end] = std::equal_range(labels.begin(), labels.end(), label);
    return {begin - labels.begin(), end - labels.begin()};
  }
};

/// What asks, what is searched, and what counts.
struct Sets {
  const ByClass &query, &gallery;
  Distance distance;
  bool is_one_set;
  const LeftOut& left_out;

  bool counts(std::int64_t i, std::int64_t j) const {
    if (is_one_set && i == j) return false;
    return !left_out || !left_out(query.order[static_cast<std::size_t>(i)],
                                  gallery.order[static_cast<std::size_t>(j)]);
  }
  /// Where the examples of a query's class begin and end in the gallery.
  std::pair<std::int64_t, std::int64_t> own(std::int64_t i) const {
    return gallery.range(query.labels[static_cast<std::size_t>(i)]);
  }
};

/// The gallery, ready for products of one precision.
template <class Scalar>
struct GalleryTiles {
  const Measure<Scalar> measure;
  const Bounds<Scalar> bounds;
  std::vector<Tile<Scalar>> tiles;
  Scalar widest = 0;

  GalleryTiles(const Rows<Scalar>& query, const Rows<Scalar>& gallery, Distance distance)
      : measure(query, gallery, distance),
        bounds(measure),
        tiles(static_cast<std::size_t>((gallery.n() + kGalleryRows - 1) / kGalleryRows)) {
    for (std::size_t t = 0; t < tiles.size(); ++t) {
      const std::int64_t first = static_cast<std::int64_t>(t) * kGalleryRows;
      bounds.gallery_tile(first, std::min(kGalleryRows, gallery.n() - first), tiles[t]);
      for (Scalar width : tiles[t].width) widest = std::max(widest, width);
      if (!tiles[t].panels.empty()) tiles[t].rows.resize(0, 0);
    }
  }
};

/// Some queries at a time; one thread's.
template <class Scalar>
class Blocks {
 public:
  Blocks(const Sets& sets, const GalleryTiles<Scalar>& gallery) : sets_(sets), gallery_(gallery) {}

  /// Ranks for the queries begin … begin + count − 1; all their classes are in the gallery. Gives
  /// how many distances were measured.
  std::int64_t rank(std::int64_t begin, std::int64_t count, const VisitRanks& visit) {
    gallery_.bounds.query_tile(begin, count, query_);
    while (static_cast<std::int64_t>(rows_.size()) < count)
      rows_.emplace_back(gallery_.measure, sets_.gallery.order);
    find_own(begin, count);
    for (std::int64_t r = 0; r < count; ++r)
      row(r).begin(begin + r, double{query_.width[static_cast<std::size_t>(r)]} + gallery_.widest);
    // Row by row, what a row counts in stays in the nearest cache, but the keys don't.
    const std::size_t together = working_set(count) > kNearCache ? gallery_.tiles.size() : 1;
    for (std::size_t first = 0; first < gallery_.tiles.size(); first += together)
      take(std::span(gallery_.tiles)
               .subspan(first, std::min(together, gallery_.tiles.size() - first)),
           count);
    std::int64_t measured = 0;
    for (std::int64_t r = 0; r < count; ++r) {
      visit(sets_.query.order[static_cast<std::size_t>(begin + r)], row(r).finish());
      measured += row(r).measured();
    }
    return measured;
  }

 private:
  static constexpr std::int64_t kNearCache = 1 << 19;

  std::int64_t working_set(std::int64_t count) {
    std::int64_t bytes = 0;
    for (std::int64_t r = 0; r < count; ++r)
      bytes += RowRanking<Scalar>::working_set(static_cast<std::int64_t>(row(r).relevant().size()),
                                               gallery_.measure.gallery().n());
    return bytes;
  }

  /// The next tiles, for all rows.
  void take(std::span<const Tile<Scalar>> tiles, std::int64_t count) {
    keys_.resize(
        std::max(keys_.size(), tiles.size() * static_cast<std::size_t>(count * kGalleryRows)));
    const auto keys_at = [&](std::size_t t, std::int64_t r) {
      return keys_.data() + static_cast<std::int64_t>(t) * count * kGalleryRows +
             r * tiles[t].count;
    };
    // Where all queries are of one class, its examples need no second product.
    const auto is_own = [&, least = own_.front(), most = own_.back()](const Tile<Scalar>& tile) {
      return least == most && tile.begin >= least.first && tile.begin + tile.count <= least.second;
    };
    for (std::size_t t = 0; t < tiles.size(); ++t)
      if (!is_own(tiles[t]))
        gallery_.bounds.products(query_, 0, count, tiles[t], keys_at(t, 0), tiles[t].count);
    for (std::int64_t r = 0; r < count; ++r) {
      const auto [own, own_end] = own_[static_cast<std::size_t>(r)];
      for (std::size_t t = 0; t < tiles.size(); ++t) {
        const Tile<Scalar>& tile = tiles[t];
        const auto offer = [&](std::int64_t from, std::int64_t to) {
          if (from < to)
            row(r).offer(keys_at(t, r) + from, tile.low.data() + from, to - from,
                         tile.begin + from);
        };
        offer(0, std::min(tile.count, own - tile.begin));
        offer(std::max<std::int64_t>(0, own_end - tile.begin), tile.count);
      }
    }
  }

  RowRanking<Scalar>& row(std::int64_t r) { return rows_[static_cast<std::size_t>(r)]; }

  /// Keys of the examples of each query's own class.
  void find_own(std::int64_t begin, std::int64_t count) {
    own_.clear();
    for (std::int64_t r = 0; r < count;) {
      const auto [own, own_end] = sets_.own(begin + r);
      std::int64_t end = r + 1;
      while (end < count && sets_.own(begin + end) == std::pair(own, own_end)) ++end;
      if (class_.begin != own || class_.count != own_end - own)
        gallery_.bounds.gallery_tile(own, own_end - own, class_);
      class_keys_.resize(static_cast<std::size_t>((end - r) * class_.count));
      gallery_.bounds.products(query_, r, end - r, class_, class_keys_.data(), class_.count);
      const Scalar* keys = class_keys_.data();
      for (; r < end; ++r, keys += class_.count) {
        own_.push_back({own, own_end});
        auto& relevant = row(r).relevant();
        relevant.clear();
        for (std::int64_t j = 0; j < class_.count; ++j)
          if (sets_.counts(begin + r, own + j))
            relevant.push_back({keys[j] + class_.low[static_cast<std::size_t>(j)], own + j});
      }
    }
  }

  const Sets& sets_;
  const GalleryTiles<Scalar>& gallery_;
  Tile<Scalar> query_, class_;
  std::vector<std::pair<std::int64_t, std::int64_t>> own_;  // where each query's class is
  std::vector<Scalar> keys_, class_keys_;
  std::vector<RowRanking<Scalar>> rows_;
};

/// Copies of all examples in double, and the gallery ready for products of these.
class WideGallery {
 public:
  explicit WideGallery(const Sets& sets)
      : gallery_(sets.gallery.rows.cast<double>()),
        query_(sets.is_one_set ? Matrix() : Matrix(sets.query.rows.cast<double>())),
        tiles_(sets.is_one_set ? gallery_ : query_, gallery_, sets.distance) {}
  const GalleryTiles<double>& tiles() const { return tiles_; }

 private:
  const Matrix gallery_, query_;
  const GalleryTiles<double> tiles_;
};

/// Queries that are ranked together.
struct Block {
  std::int64_t begin, count;
  double relevant;  // on average
};

/// All queries whose classes are in the gallery; the others are visited here.
std::vector<Block> blocks_of(const Sets& sets, const VisitRanks& visit) {
  // Enough queries for a product to be worth the reading of the gallery, but few enough for what
  // they count in to stay in a near cache.
  constexpr std::int64_t kFewest = 24, kMost = 96, kCache = 1 << 20;
  const std::int64_t q = sets.query.rows.rows(), n = sets.gallery.rows.rows();
  std::vector<Block> blocks;
  for (std::int64_t begin = 0; begin < q;) {
    std::int64_t count = 0, relevant = 0, memory = 0;
    for (; count < kMost && begin + count < q; ++count) {
      const auto [own, own_end] = sets.own(begin + count);
      if (own == own_end) break;
      memory += RowRanking<float>::working_set(own_end - own, n);
      if (count >= kFewest && memory > kCache) break;
      relevant += own_end - own;
    }
    if (count > 0)
      blocks.push_back({begin, count, static_cast<double>(relevant) / static_cast<double>(count)});
    else
      visit(sets.query.order[static_cast<std::size_t>(begin)], {});
    begin += std::max<std::int64_t>(count, 1);
  }
  return blocks;
}

void rank(const Sets& sets, const VisitRanks& visit, int threads) {
  // A distance measured costs about as much as this many products more in double.
  constexpr std::int64_t kMeasured = 48;
  const std::vector<Block> blocks = blocks_of(sets, visit);
  if (blocks.empty()) return;

  const std::int64_t n = sets.gallery.rows.rows();
  const GalleryTiles<float> narrow(sets.query.rows, sets.gallery.rows, sets.distance);
  std::optional<WideGallery> wide;
  std::mutex mutex;
  double most_relevant = std::numeric_limits<double>::infinity();
  std::size_t next = 0;
  run_workers(threads, [&] {
    Blocks<float> ours(sets, narrow);
    std::optional<Blocks<double>> ours_wide;
    for (;;) {
      Block block;
      bool is_wide = false;
      {
        const std::lock_guard lock(mutex);
        if (next == blocks.size()) return;
        block = blocks[next++];
        is_wide = block.relevant >= most_relevant;
        if (is_wide && !ours_wide) {
          if (!wide) wide.emplace(sets);
          ours_wide.emplace(sets, wide->tiles());
        }
      }
      if (is_wide) {
        ours_wide->rank(block.begin, block.count, visit);
        continue;
      }
      if (ours.rank(block.begin, block.count, visit) * kMeasured <= block.count * n) continue;
      const std::lock_guard lock(mutex);
      most_relevant = std::min(most_relevant, block.relevant);
    }
  });
}

}  // namespace

void rank_same_class(const Eigen::Ref<const MatrixF>& query,
                     std::span<const std::int32_t> query_labels,
                     const Eigen::Ref<const MatrixF>& gallery,
                     std::span<const std::int32_t> gallery_labels, Distance distance,
                     const VisitRanks& visit, const LeftOut& left_out, int threads) {
  if (query.cols() != gallery.cols())
    throw Error(fmt::format("queries have {} dimensions, the gallery has {}; they must be the same",
                            query.cols(), gallery.cols()));
  require_finite<float>(query, "query");
  require_finite<float>(gallery, "gallery");
  // It refuses what the distance can't compare by the examples' own numbers.
  const Measure<float> refuses(query, gallery, distance);
  const ByClass asks(query, query_labels), searched(gallery, gallery_labels);
  rank({asks, searched, distance, false, left_out}, visit, threads);
}

void rank_same_class(const Eigen::Ref<const MatrixF>& points, std::span<const std::int32_t> labels,
                     Distance distance, const VisitRanks& visit, const LeftOut& left_out,
                     int threads) {
  require_finite<float>(points, "searched");
  const Measure<float> refuses(points, points, distance);
  const ByClass set(points, labels);
  rank({set, set, distance, true, left_out}, visit, threads);
}

std::vector<std::int64_t> ranks_of(std::span<const double> distances,
                                   std::span<const std::int64_t> relevant) {
  std::vector<std::pair<double, std::int64_t>> sorted;
  for (std::int64_t j : relevant) sorted.push_back({distances[static_cast<std::size_t>(j)], j});
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> before(sorted.size() + 1), ranks;
  for (std::size_t j = 0; j < distances.size(); ++j) {
    if (distances[j] == std::numeric_limits<double>::infinity()) continue;
    const std::pair<double, std::int64_t> is{distances[j], static_cast<std::int64_t>(j)};
    ++before[static_cast<std::size_t>(std::upper_bound(sorted.begin(), sorted.end(), is) -
                                      sorted.begin())];
  }
  // A relevant one is its own upper bound's predecessor: it counts for those after it.
  std::int64_t nearer = 0;
  for (std::size_t p = 0; p < sorted.size(); ++p) {
    nearer += before[p];
    ranks.push_back(nearer + 1);
  }
  return ranks;
}

}  // namespace metriclab
