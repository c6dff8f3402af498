// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <metriclab/evaluation/density.hpp>
#include <metriclab/evaluation/spanning_tree.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

/// Of each row to its k-th nearest other row; k ≥ 1.
Vector kth_distances(const Matrix& X, std::int64_t k) {
  return nearest_neighbors(X, k, Distance::euclidean).distances.col(k - 1);
}

/// The numbers of clusters given anew, by their first rows; those below 0 are noise.
std::vector<std::int32_t> numbered(const std::vector<std::int64_t>& clusters) {
  std::map<std::int64_t, std::int32_t> numbers;
  std::vector<std::int32_t> labels;
  for (std::int64_t cluster : clusters) {
    const auto next = static_cast<std::int32_t>(numbers.size());
    labels.push_back(cluster < 0 ? -1 : numbers.emplace(cluster, next).first->second);
  }
  return labels;
}

/// A cluster of some density: rows and clusters leave it, as λ rises from its birth.
struct Condensed {
  double birth = 0;
  double stability = 0;
  std::int64_t parent = -1;
  bool parts = false;  // into other clusters, which come behind it in the list
  bool taken = false;
};

/// The binary tree of merges: node n + i is merge i, nodes below n are rows.
class Hierarchy {
 public:
  Hierarchy(std::vector<Merge> merges, std::int64_t min_cluster_size)
      : merges_(std::move(merges)), n_(static_cast<std::int64_t>(merges_.size()) + 1) {
    std::stable_sort(merges_.begin(), merges_.end(),
                     [](const Merge& x, const Merge& y) { return x.height < y.height; });
    build();
    condense(min_cluster_size);
    take();
  }

  /// The cluster of each row, or −1.
  std::vector<std::int64_t> clusters() const {
    // What lies below a cluster that is taken belongs to it; parents come first in the list.
    std::vector<std::int64_t> above(clusters_.size(), -1);
    for (std::size_t at = 0; at < clusters_.size(); ++at) {
      const Condensed& is = clusters_[at];
      if (is.parent >= 0) above[at] = above[static_cast<std::size_t>(is.parent)];
      if (above[at] < 0 && is.taken) above[at] = static_cast<std::int64_t>(at);
    }
    std::vector<std::int64_t> result;
    for (std::int64_t last : last_) result.push_back(above[static_cast<std::size_t>(last)]);
    return result;
  }

 private:
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

  void build() {
    Forest forest(n_);
    std::vector<std::int64_t> node(at(n_));
    for (std::int64_t i = 0; i < n_; ++i) node[at(i)] = i;
    sizes_.assign(at(2 * n_ - 1), 1);
    double least = kFar;
    for (const Merge& merge : merges_)
      if (merge.height > 0) least = std::min(least, merge.height);
    if (least == kFar) least = 1;
    for (std::int64_t i = 0; i < n_ - 1; ++i) {
      const Merge& merge = merges_[at(i)];
      const std::int64_t a = node[at(forest.root(merge.a))], b = node[at(forest.root(merge.b))];
      children_.emplace_back(a, b);
      densities_.push_back(1 / (merge.height > 0 ? merge.height : least / 2));
      sizes_[at(n_ + i)] = sizes_[at(a)] + sizes_[at(b)];
      forest.join(merge.a, merge.b);
      node[at(forest.root(merge.a))] = n_ + i;
    }
  }

  void condense(std::int64_t min_cluster_size) {
    last_.assign(at(n_), 0);
    clusters_.emplace_back();
    // Nodes from the top down, each with the cluster that it is in.
    std::vector<std::pair<std::int64_t, std::int64_t>> open = {{2 * n_ - 2, 0}};
    while (!open.empty()) {
      const auto [node, cluster] = open.back();
      open.pop_back();
      if (node < n_) continue;
      const double density = densities_[at(node - n_)];
      const std::vector<std::int64_t> children = parts_of(node);
      const auto big = [&](std::int64_t child) { return sizes_[at(child)] >= min_cluster_size; };
      const bool parts = std::count_if(children.begin(), children.end(), big) > 1;
      clusters_[at(cluster)].parts |= parts;
      for (std::int64_t child : children) {
        if (!parts && big(child)) {
          open.emplace_back(child, cluster);
          continue;
        }
        leave(cluster, sizes_[at(child)], density);
        if (big(child)) {
          open.emplace_back(child, static_cast<std::int64_t>(clusters_.size()));
          clusters_.push_back({.birth = density, .parent = cluster});
        } else {
          fall(child, cluster);
        }
      }
    }
  }

  /// What a node falls into at its density: more than two nodes where merges have equal heights.
  std::vector<std::int64_t> parts_of(std::int64_t node) const {
    std::vector<std::int64_t> parts, open = {node};
    const double density = densities_[at(node - n_)];
    while (!open.empty()) {
      const std::int64_t here = open.back();
      open.pop_back();
      if (here >= n_ && densities_[at(here - n_)] == density) {
        open.push_back(children_[at(here - n_)].first);
        open.push_back(children_[at(here - n_)].second);
      } else {
        parts.push_back(here);
      }
    }
    return parts;
  }

  void leave(std::int64_t cluster, std::int64_t rows, double density) {
    Condensed& is = clusters_[at(cluster)];
    is.stability += static_cast<double>(rows) * (density - is.birth);
  }

  void fall(std::int64_t node, std::int64_t cluster) {
    std::vector<std::int64_t> open = {node};
    while (!open.empty()) {
      const std::int64_t here = open.back();
      open.pop_back();
      if (here < n_) {
        last_[at(here)] = cluster;
        continue;
      }
      open.push_back(children_[at(here - n_)].first);
      open.push_back(children_[at(here - n_)].second);
    }
  }

  /// From the leaves up: a cluster, or the best of what it parts into. The whole set is none.
  void take() {
    std::vector<double> below(clusters_.size(), 0);
    for (std::size_t i = clusters_.size() - 1; i > 0; --i) {
      Condensed& is = clusters_[i];
      is.taken = !is.parts || is.stability >= below[i];
      below[at(is.parent)] += is.taken ? is.stability : below[i];
    }
  }

  std::vector<Merge> merges_;
  std::int64_t n_;
  std::vector<std::pair<std::int64_t, std::int64_t>> children_;
  std::vector<double> densities_;  // of each merge: 1/height
  std::vector<std::int64_t> sizes_;
  std::vector<Condensed> clusters_;
  std::vector<std::int64_t> last_;  // the last cluster that each row is in
};

}  // namespace

std::vector<std::int32_t> dbscan(const Matrix& X, double eps, std::int64_t min_samples) {
  const std::int64_t n = X.rows();
  const DistancesFrom distances = euclidean_from(X);
  std::vector<bool> core;
  std::vector<double> from_here;
  for (std::int64_t i = 0; i < n; ++i) {
    distances(i, from_here);
    core.push_back(std::count_if(from_here.begin(), from_here.end(),
                                 [&](double distance) { return distance <= eps; }) >= min_samples);
  }
  Forest forest(n);
  std::vector<std::int64_t> clusters(static_cast<std::size_t>(n), -1);
  for (std::int64_t i = 0; i < n; ++i) {
    distances(i, from_here);
    const bool is_core = core[static_cast<std::size_t>(i)];
    double least = kFar;
    for (std::int64_t j = 0; j < n; ++j) {
      const double distance = from_here[static_cast<std::size_t>(j)];
      if (!core[static_cast<std::size_t>(j)] || distance > eps) continue;
      if (is_core) {
        forest.join(i, j);
      } else if (distance < least) {
        least = distance;
        clusters[static_cast<std::size_t>(i)] = j;
      }
    }
    if (is_core) clusters[static_cast<std::size_t>(i)] = i;
  }
  for (std::int64_t& cluster : clusters)
    if (cluster >= 0) cluster = forest.root(cluster);
  return numbered(clusters);
}

double dbscan_eps(const Matrix& X, std::int64_t min_samples, double expected_noise) {
  METRICLAB_CHECK(min_samples > 1 && min_samples <= X.rows(), "a neighbour to be chosen by");
  Vector distances = kth_distances(X, min_samples - 1);
  std::sort(distances.begin(), distances.end());
  const double below = std::ceil((1 - expected_noise) * static_cast<double>(X.rows()));
  return distances[std::clamp<std::int64_t>(static_cast<std::int64_t>(below), 1, X.rows()) - 1];
}

std::vector<std::int32_t> hdbscan(const Matrix& X, std::int64_t min_cluster_size,
                                  std::int64_t min_samples) {
  const std::int64_t n = X.rows();
  METRICLAB_CHECK(min_cluster_size >= 2 && min_samples >= 1 && min_samples <= n,
                  "clusters of two rows at least, and as many rows as are counted");
  const Vector core = min_samples > 1 ? kth_distances(X, min_samples - 1) : Vector::Zero(n);
  const DistancesFrom distances = euclidean_from(X);
  const auto reach = [&](std::int64_t i, std::vector<double>& from_here) {
    distances(i, from_here);
    for (std::int64_t j = 0; j < n; ++j) {
      double& distance = from_here[static_cast<std::size_t>(j)];
      distance = std::max({distance, core[i], core[j]});
    }
  };
  return numbered(Hierarchy(spanning_tree(n, reach), min_cluster_size).clusters());
}

}  // namespace metriclab
