// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <metriclab/neighbors/ranking.hpp>
#include <metriclab/neighbors/tiles.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kGalleryRows = 1024;

/// One query's row of keys, from which its class's ranks are found.
class RowRanking {
 public:
  explicit RowRanking(const Measure<float>& measure) : measure_(measure) {}

  /// `keys` of all the gallery, each at most `width` below the distance it stands for; `relevant`:
  /// those to be ranked; `itself`: one that is left out, or −1. Overwrites keys.
  const std::vector<std::int64_t>& ranks(std::int64_t query, std::span<float> keys, double width,
                                         const std::vector<std::int64_t>& relevant,
                                         std::int64_t itself) {
    constexpr float kNever = std::numeric_limits<float>::infinity();
    sorted_.clear();
    for (std::int64_t j : relevant)
      if (j != itself) sorted_.push_back({keys[static_cast<std::size_t>(j)], j});
    std::sort(sorted_.begin(), sorted_.end());
    for (std::int64_t j : relevant) keys[static_cast<std::size_t>(j)] = kNever;
    if (itself >= 0) keys[static_cast<std::size_t>(itself)] = kNever;
    ranks_.clear();
    if (sorted_.empty()) return ranks_;

    // Relevant ones whose order is open form chains; another example is open against one chain at
    // most.
    const std::size_t r = sorted_.size();
    bounds_.resize(r);
    chain_.resize(r);
    for (std::size_t p = 0; p < r; ++p) {
      bounds_[p] = sorted_[p].first;
      chain_[p] = p > 0 && double{bounds_[p]} - bounds_[p - 1] <= 2 * width ? chain_[p - 1] : p;
    }
    before_.assign(r + 1, 0);
    open_.clear();
    const double last = bounds_.back() + width;
    for (std::size_t j = 0; j < keys.size(); ++j) {
      const float key = keys[j];
      if (key > last) continue;
      const auto p = static_cast<std::size_t>(
          std::lower_bound(bounds_.begin(), bounds_.end(), key) - bounds_.begin());
      if (p < r && double{bounds_[p]} - key <= width)
        open_.push_back({chain_[p], static_cast<std::int64_t>(j)});
      else if (p > 0 && double{key} - bounds_[p - 1] <= width)
        open_.push_back({chain_[p - 1], static_cast<std::int64_t>(j)});
      else
        ++before_[p];
    }
    settle(query);
    std::int64_t nearer = 0;
    for (std::size_t p = 0; p < r; ++p) {
      nearer += before_[p];
      ranks_.push_back(nearer + static_cast<std::int64_t>(p) + 1);
    }
    return ranks_;
  }

 private:
  /// Places what is open by measured distances.
  void settle(std::int64_t query) {
    std::sort(open_.begin(), open_.end());
    for (std::size_t begin = 0; begin < open_.size();) {
      const std::size_t chain = open_[begin].first;
      members_.clear();
      for (std::size_t p = chain; p < chain_.size() && chain_[p] == chain; ++p)
        members_.push_back({measure_(query, sorted_[p].second), sorted_[p].second});
      std::sort(members_.begin(), members_.end());
      for (; begin < open_.size() && open_[begin].first == chain; ++begin) {
        const std::pair<double, std::int64_t> other{measure_(query, open_[begin].second),
                                                    open_[begin].second};
        const auto place =
            std::lower_bound(members_.begin(), members_.end(), other) - members_.begin();
        ++before_[chain + static_cast<std::size_t>(place)];
      }
    }
  }

  const Measure<float>& measure_;
  std::vector<std::pair<float, std::int64_t>> sorted_;  // the relevant ones by key
  std::vector<float> bounds_;                           // their keys
  std::vector<std::size_t> chain_;                      // where each one's chain begins
  std::vector<std::int64_t> before_;                    // how many others stand just before each
  std::vector<std::pair<std::size_t, std::int64_t>>
      open_;  // (chain, index) of others whose place is open
  std::vector<std::pair<double, std::int64_t>> members_;
  std::vector<std::int64_t> ranks_;
};

void rank(const Measure<float>& measure, std::span<const std::int32_t> query_labels,
          std::span<const std::int32_t> gallery_labels, bool within_one_set,
          const VisitRanks& visit) {
  const std::int64_t q = measure.query().n(), n = measure.gallery().n();
  METRICLAB_CHECK(static_cast<std::int64_t>(query_labels.size()) == q, "one label for each query");
  METRICLAB_CHECK(static_cast<std::int64_t>(gallery_labels.size()) == n,
                  "one label for each gallery example");
  std::map<std::int32_t, std::vector<std::int64_t>> members;
  for (std::int64_t j = 0; j < n; ++j)
    members[gallery_labels[static_cast<std::size_t>(j)]].push_back(j);

  // At most 64 MB of keys, but enough queries that preparing the gallery again for each block costs
  // little.
  const std::int64_t block =
      std::clamp<std::int64_t>((1 << 24) / std::max<std::int64_t>(n, 1), 64, 512);
  const Bounds<float> bounds(measure);
  RowRanking row(measure);
  Tile<float> query, gallery;
  std::vector<float> keys(static_cast<std::size_t>(std::min(block, q) * n));
  for (std::int64_t begin = 0; begin < q; begin += block) {
    bounds.query_tile(begin, std::min(block, q - begin), query);
    float widest = 0;
    for (std::int64_t first = 0; first < n; first += kGalleryRows) {
      bounds.gallery_tile(first, std::min(kGalleryRows, n - first), gallery);
      bounds.products(query, 0, query.count, gallery, keys.data() + first, n);
      for (std::int64_t r = 0; r < query.count; ++r)
        for (std::int64_t j = 0; j < gallery.count; ++j)
          keys[static_cast<std::size_t>(r * n + first + j)] +=
              gallery.low[static_cast<std::size_t>(j)];
      widest = std::max(widest, *std::max_element(gallery.width.begin(), gallery.width.end()));
    }
    for (std::int64_t r = 0; r < query.count; ++r) {
      const std::int64_t i = begin + r;
      const auto relevant = members.find(query_labels[static_cast<std::size_t>(i)]);
      static const std::vector<std::int64_t> kNone;
      visit(i, row.ranks(i,
                         std::span(keys).subspan(static_cast<std::size_t>(r * n),
                                                 static_cast<std::size_t>(n)),
                         double{query.width[static_cast<std::size_t>(r)]} + widest,
                         relevant == members.end() ? kNone : relevant->second,
                         within_one_set ? i : -1));
    }
  }
}

}  // namespace

void rank_same_class(const Eigen::Ref<const MatrixF>& query,
                     std::span<const std::int32_t> query_labels,
                     const Eigen::Ref<const MatrixF>& gallery,
                     std::span<const std::int32_t> gallery_labels, Distance distance,
                     const VisitRanks& visit) {
  if (query.cols() != gallery.cols())
    throw Error(fmt::format("queries have {} dimensions, the gallery has {}; they must be the same",
                            query.cols(), gallery.cols()));
  require_finite<float>(query, "query");
  require_finite<float>(gallery, "gallery");
  rank(Measure<float>(query, gallery, distance), query_labels, gallery_labels, false, visit);
}

void rank_same_class(const Eigen::Ref<const MatrixF>& points, std::span<const std::int32_t> labels,
                     Distance distance, const VisitRanks& visit) {
  require_finite<float>(points, "searched");
  rank(Measure<float>(points, points, distance), labels, labels, true, visit);
}

}  // namespace metriclab
