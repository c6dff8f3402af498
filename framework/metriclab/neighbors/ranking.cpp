// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <metriclab/neighbors/ranking.hpp>
#include <metriclab/neighbors/row_ranking.hpp>
#include <numeric>
#include <optional>

namespace metriclab {
namespace {

constexpr std::int64_t kGalleryRows = 1024;
// What is left open waits to be measured, up to so many.
constexpr std::int64_t kMostWaiting = 1 << 20;

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

/// Some queries at a time, in products of one precision.
template <class Scalar>
class Blocks {
 public:
  using RowMajor = typename Rows<Scalar>::RowMajor;

  Blocks(const Rows<Scalar>& query, const ByClass& query_set, const Rows<Scalar>& gallery,
         const ByClass& gallery_set, Distance distance, bool within_one_set,
         const LeftOut& left_out, const VisitRanks& visit)
      : measure_(query, gallery, distance),
        bounds_(measure_),
        query_set_(query_set),
        gallery_set_(gallery_set),
        within_one_set_(within_one_set),
        left_out_(left_out),
        visit_(visit),
        tiles_(static_cast<std::size_t>((gallery.n() + kGalleryRows - 1) / kGalleryRows)) {
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      const std::int64_t first = static_cast<std::int64_t>(t) * kGalleryRows;
      bounds_.gallery_tile(first, std::min(kGalleryRows, gallery.n() - first), tiles_[t]);
      for (Scalar width : tiles_[t].width) widest_ = std::max(widest_, width);
    }
  }

  /// Ranks for the queries begin … begin + count − 1; all their classes are in the gallery. Gives
  /// how many distances were measured.
  std::int64_t rank(std::int64_t begin, std::int64_t count) {
    bounds_.query_tile(begin, count, query_);
    find_own(begin, count);
    keys_.resize(
        std::max(keys_.size(), static_cast<std::size_t>(count * kGalleryRows) * tiles_.size()));
    const auto [least, most] = std::pair(own_.front(), own_.back());
    for (std::size_t t = 0; t < tiles_.size(); ++t)
      // Where all queries are of one class, its examples need no second product.
      if (!(least == most && tiles_[t].begin >= least.first &&
            tiles_[t].begin + tiles_[t].count <= least.second))
        bounds_.products(query_, 0, count, tiles_[t], keys_at(t, count, 0), tiles_[t].count);

    std::int64_t measured = 0, waiting = 0, settled = 0;
    while (static_cast<std::int64_t>(rows_.size()) < count)
      rows_.emplace_back(measure_, gallery_set_.order, bins_);
    for (std::int64_t r = 0; r < count; ++r) {
      RowRanking<Scalar>& row = rows_[static_cast<std::size_t>(r)];
      const double width = double{query_.width[static_cast<std::size_t>(r)]} + widest_;
      row.begin(begin + r, width, relevant_[static_cast<std::size_t>(r)]);
      const auto [own, own_end] = own_[static_cast<std::size_t>(r)];
      for (std::size_t t = 0; t < tiles_.size(); ++t) {
        const std::int64_t first = tiles_[t].begin, end = first + tiles_[t].count;
        offer(t, count, r, 0, std::min(end, own) - first);
        offer(t, count, r, std::max(first, own_end) - first, end - first);
      }
      row.close();
      const auto open = static_cast<std::int64_t>(row.open().size());
      measured += open;
      waiting += open;
      if (waiting < kMostWaiting && r + 1 < count) continue;
      settle(begin, settled, r + 1);
      settled = r + 1;
      waiting = 0;
    }
    return measured;
  }

 private:
  Scalar* keys_at(std::size_t tile, std::int64_t queries, std::int64_t r) {
    return keys_.data() + static_cast<std::int64_t>(tile) * queries * kGalleryRows +
           r * tiles_[tile].count;
  }
  void offer(std::size_t t, std::int64_t queries, std::int64_t r, std::int64_t from,
             std::int64_t to) {
    if (from >= to) return;
    rows_[static_cast<std::size_t>(r)].offer(keys_at(t, queries, r) + from,
                                             tiles_[t].low.data() + from, to - from,
                                             tiles_[t].begin + from);
  }

  /// Measures what the rows from … to − 1 left open, for all of them the same part of the gallery
  /// at a time, and gives their ranks.
  void settle(std::int64_t begin, std::int64_t from, std::int64_t to) {
    std::vector<std::size_t> next(tiles_.size() + 1);
    const auto tile_of = [](const auto& open) {
      return static_cast<std::size_t>(open.at / kGalleryRows);
    };
    for (std::int64_t r = from; r < to; ++r)
      for (const auto& open : rows_[static_cast<std::size_t>(r)].open()) ++next[tile_of(open) + 1];
    std::partial_sum(next.begin(), next.end(), next.begin());
    waiting_.resize(next.back());
    for (std::int64_t r = from; r < to; ++r)
      for (auto& open : rows_[static_cast<std::size_t>(r)].open())
        waiting_[next[tile_of(open)]++] = {r, &open};
    for (const auto& [r, open] : waiting_) open->distance = measure_(begin + r, open->at);
    for (std::int64_t r = from; r < to; ++r)
      visit_(query_set_.order[static_cast<std::size_t>(begin + r)],
             rows_[static_cast<std::size_t>(r)].finish());
  }

  /// Keys of the examples of each query's own class.
  void find_own(std::int64_t begin, std::int64_t count) {
    relevant_.resize(static_cast<std::size_t>(count));
    own_.clear();
    for (std::int64_t r = 0; r < count;) {
      const std::int32_t label = query_set_.labels[static_cast<std::size_t>(begin + r)];
      std::int64_t end = r + 1;
      while (end < count && query_set_.labels[static_cast<std::size_t>(begin + end)] == label)
        ++end;
      const auto [own, own_end] = gallery_set_.range(label);
      if (class_.begin != own || class_.count != own_end - own)
        bounds_.gallery_tile(own, own_end - own, class_);
      class_keys_.resize(static_cast<std::size_t>((end - r) * class_.count));
      bounds_.products(query_, r, end - r, class_, class_keys_.data(), class_.count);
      const Scalar* keys = class_keys_.data();
      for (; r < end; ++r, keys += class_.count) {
        own_.push_back({own, own_end});
        auto& relevant = relevant_[static_cast<std::size_t>(r)];
        relevant.clear();
        for (std::int64_t j = 0; j < class_.count; ++j)
          if (counts(begin + r, own + j))
            relevant.push_back({keys[j] + class_.low[static_cast<std::size_t>(j)], own + j});
      }
    }
  }
  bool counts(std::int64_t query, std::int64_t gallery) const {
    if (within_one_set_ && query == gallery) return false;
    return !left_out_ || !left_out_(query_set_.order[static_cast<std::size_t>(query)],
                                    gallery_set_.order[static_cast<std::size_t>(gallery)]);
  }

  const Measure<Scalar> measure_;
  const Bounds<Scalar> bounds_;
  const ByClass &query_set_, &gallery_set_;
  const bool within_one_set_;
  const LeftOut& left_out_;
  const VisitRanks& visit_;
  std::vector<Tile<Scalar>> tiles_;
  Scalar widest_ = 0;
  Tile<Scalar> query_, class_;
  std::vector<std::pair<std::int64_t, std::int64_t>> own_;  // where each query's class is
  std::vector<std::vector<typename RowRanking<Scalar>::Relevant>> relevant_;
  std::vector<Scalar> keys_, class_keys_;
  typename RowRanking<Scalar>::Bins bins_;
  std::vector<RowRanking<Scalar>> rows_;
  std::vector<std::pair<std::int64_t, typename RowRanking<Scalar>::Open*>> waiting_;
};

/// The same in double, with copies of all examples.
class WideBlocks {
 public:
  WideBlocks(const ByClass& query_set, const ByClass& gallery_set, Distance distance,
             bool within_one_set, const LeftOut& left_out, const VisitRanks& visit)
      : gallery_(gallery_set.rows.cast<double>()),
        query_(within_one_set ? Matrix() : Matrix(query_set.rows.cast<double>())),
        blocks_(within_one_set ? gallery_ : query_, query_set, gallery_, gallery_set, distance,
                within_one_set, left_out, visit) {}
  std::int64_t rank(std::int64_t begin, std::int64_t count) { return blocks_.rank(begin, count); }

 private:
  const Matrix gallery_, query_;
  Blocks<double> blocks_;
};

void rank(const ByClass& query, const ByClass& gallery, Distance distance, bool within_one_set,
          const LeftOut& left_out, const VisitRanks& visit) {
  const std::int64_t q = query.rows.rows(), n = gallery.rows.rows();
  // At most 32 MB of keys, but enough queries for a product to be worth the reading of the gallery.
  const std::int64_t block =
      std::clamp<std::int64_t>((1 << 23) / std::max<std::int64_t>(n, 1), 64, 256);
  // A distance measured costs about as much as this many products more in double.
  constexpr std::int64_t kMeasured = 24;

  std::optional<Blocks<float>> narrow;
  std::optional<WideBlocks> wide;
  double most_relevant = std::numeric_limits<double>::infinity();
  for (std::int64_t begin = 0; begin < q;) {
    const auto size = [&](std::int64_t i) {
      const auto [from, to] = gallery.range(query.labels[static_cast<std::size_t>(i)]);
      return to - from;
    };
    if (size(begin) == 0) {
      visit(query.order[static_cast<std::size_t>(begin)], {});
      ++begin;
      continue;
    }
    std::int64_t count = 0;
    double relevant = 0;
    while (count < block && begin + count < q) {
      const std::int64_t of_class = size(begin + count);
      if (of_class == 0) break;
      relevant += static_cast<double>(of_class);
      ++count;
    }
    relevant /= static_cast<double>(count);
    if (relevant >= most_relevant) {
      if (!wide) wide.emplace(query, gallery, distance, within_one_set, left_out, visit);
      wide->rank(begin, count);
    } else {
      if (!narrow)
        narrow.emplace(query.rows, query, gallery.rows, gallery, distance, within_one_set, left_out,
                       visit);
      if (narrow->rank(begin, count) * kMeasured > count * n) most_relevant = relevant;
    }
    begin += count;
  }
}

}  // namespace

void rank_same_class(const Eigen::Ref<const MatrixF>& query,
                     std::span<const std::int32_t> query_labels,
                     const Eigen::Ref<const MatrixF>& gallery,
                     std::span<const std::int32_t> gallery_labels, Distance distance,
                     const VisitRanks& visit, const LeftOut& left_out) {
  if (query.cols() != gallery.cols())
    throw Error(fmt::format("queries have {} dimensions, the gallery has {}; they must be the same",
                            query.cols(), gallery.cols()));
  require_finite<float>(query, "query");
  require_finite<float>(gallery, "gallery");
  // It refuses what the distance can't compare by the examples' own numbers.
  const Measure<float> refuses(query, gallery, distance);
  rank(ByClass(query, query_labels), ByClass(gallery, gallery_labels), distance, false, left_out,
       visit);
}

void rank_same_class(const Eigen::Ref<const MatrixF>& points, std::span<const std::int32_t> labels,
                     Distance distance, const VisitRanks& visit, const LeftOut& left_out) {
  require_finite<float>(points, "searched");
  const Measure<float> refuses(points, points, distance);
  const ByClass set(points, labels);
  rank(set, set, distance, true, left_out, visit);
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
