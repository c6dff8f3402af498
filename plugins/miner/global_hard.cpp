// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/limited_miner.hpp>
#include <metriclab/neighbors/search.hpp>
#include <unordered_map>

namespace {

using namespace metriclab;

/// Hard triplets from the whole training set: each anchor of the batch with its farthest positive
/// and its `n_negatives` nearest negatives among all training examples, as the network embedded
/// them at the last refresh.
///
/// Compared by Euclidean distance, of embeddings brought to length 1 with `normalize_embeddings`.
/// The anchor's own example is never its positive. Of several as far (as near), the first in the
/// training set. An anchor without positives or negatives there has no triplet; before the first
/// refresh none has. Gives triplets, whose positives and negatives are in a reference set of their
/// own (Tuples::reference), which no gradient reaches. Cost of a step: O(B n d) time, and O(k B n)
/// where an anchor has k nearer examples of its own class; O(n d) memory for the n training
/// examples. A refresh embeds them all.
class GlobalHard final : public LimitedMiner {
 public:
  static void describe(Description<GlobalHard>& is) {
    is.summary("each anchor with its hardest positive and negatives of the whole training set");
    is.source(
        "Harwood, Kumar, Carneiro, Reid, Drummond. Smart mining for deep metric learning. ICCV "
        "2017 (negatives searched in the embedded training set)");
    is.source(
        "Hermans, Beyer, Leibe. In defense of the triplet loss for person re-identification. arXiv "
        "2017 (the hardest positive and negative)");
    is.cost("O(B n d) time a step for n training examples, O(n d) memory");
    is.parameter("refresh", &GlobalHard::refresh,
                 "steps between embeddings of the whole training set")
        .at_least(1);
    is.parameter("n_negatives", &GlobalHard::n_negatives, "how many negatives an anchor has")
        .at_least(1);
    is.parameter("normalize_embeddings", &GlobalHard::normalize_embeddings,
                 "embeddings are brought to length 1 before they are compared");
    describe_limit(is);
  }

  void prepare(const LossSetting& setting) override {
    const auto n = static_cast<std::int64_t>(setting.labels.size());
    embeddings_ = buffer("embeddings", at::zeros({n, setting.embedding_size}, at::kFloat));
    seen_ = buffer("seen", at::zeros({1}, at::kLong));
    labels_ = setting.labels;
    members_.clear();
    for (std::size_t i = 0; i < labels_.size(); ++i)
      members_[labels_[i]].push_back(static_cast<std::int64_t>(i));
  }
  bool wants_snapshot(const Progress& progress) const override {
    return progress.step % refresh == 0;
  }
  void see(const Snapshot& snapshot) override {
    embeddings_.copy_(normalize_embeddings ? normalized_rows(snapshot.embeddings)
                                           : snapshot.embeddings);
    seen_.fill_(1);
  }

  Tuples mine(const Batch& batch, Random& random) override {
    check_batch(batch);
    TupleList found(tuples_per_anchor, random);
    if (!seen_.defined() || seen_.item<std::int64_t>() == 0 || batch.labels.size(0) == 0)
      return found.triplets();
    at::Tensor anchors = batch.embeddings.to(at::kCPU, at::kFloat);
    anchors = (normalize_embeddings ? normalized_rows(anchors) : anchors).contiguous();
    const std::vector<std::int64_t> labels = as_indices(batch.labels);
    const std::vector<std::int64_t> examples = batch.examples.defined()
                                                   ? as_indices(batch.examples)
                                                   : std::vector<std::int64_t>(labels.size(), -1);
    const auto negatives = nearest_negatives(anchors, labels);
    std::vector<std::int64_t> used;  // rows of the snapshot
    auto place = [&](std::int64_t row) {
      used.push_back(row);
      return static_cast<std::int64_t>(used.size()) - 1;
    };
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::int64_t p =
          farthest_positive(anchors, static_cast<std::int64_t>(i), labels[i], examples[i]);
      if (p < 0 || negatives[i].empty()) continue;
      const std::int64_t positive = place(p);
      for (const std::int64_t q : negatives[i])
        found.add_triplet(static_cast<std::int64_t>(i), positive, place(q));
    }
    Tuples result = found.triplets();
    const at::Tensor rows = index_tensor(used);
    result.reference =
        embeddings_.to(at::kCPU).index_select(0, rows).to(batch.embeddings.options());
    std::vector<std::int64_t> reference_labels;
    for (const std::int64_t row : used)
      reference_labels.push_back(labels_[static_cast<std::size_t>(row)]);
    result.reference_labels = index_tensor(reference_labels);
    return result;
  }

 private:
  Eigen::Map<const MatrixF> snapshot() const {
    return {embeddings_.data_ptr<float>(), embeddings_.size(0), embeddings_.size(1)};
  }

  /// The training set's row that is farthest among those of the class, −1: there is none but the
  /// anchor itself.
  std::int64_t farthest_positive(const at::Tensor& anchors, std::int64_t anchor, std::int64_t label,
                                 std::int64_t own) const {
    const std::int64_t d = anchors.size(1);
    const Eigen::Map<const Eigen::RowVectorXf> x(anchors.data_ptr<float>() + anchor * d, d);
    const auto members = members_.find(label);
    std::int64_t farthest = -1;
    float greatest = -std::numeric_limits<float>::infinity();
    if (members == members_.end()) return farthest;
    for (const std::int64_t row : members->second) {
      const float distance = row == own ? greatest : (snapshot().row(row) - x).squaredNorm();
      if (distance <= greatest) continue;
      greatest = distance;
      farthest = row;
    }
    return farthest;
  }

  /// Of each anchor its nearest of other classes, by rising distance. So many neighbours are looked
  /// at as it takes: twice as many for those anchors whose neighbours were of their own class.
  std::vector<std::vector<std::int64_t>> nearest_negatives(
      const at::Tensor& anchors, const std::vector<std::int64_t>& labels) const {
    const std::int64_t n = embeddings_.size(0), d = anchors.size(1);
    std::vector<std::vector<std::int64_t>> result(labels.size());
    std::vector<std::int64_t> open(labels.size());
    std::iota(open.begin(), open.end(), 0);
    constexpr std::int64_t kFirst = 16;  // beside the negatives; most classes have fewer so near
    for (std::int64_t k = std::min(n, n_negatives + kFirst); !open.empty();
         k = std::min(n, 2 * k)) {
      MatrixF queries(static_cast<Eigen::Index>(open.size()), d);
      for (std::size_t row = 0; row < open.size(); ++row)
        queries.row(static_cast<Eigen::Index>(row)) =
            Eigen::Map<const Eigen::RowVectorXf>(anchors.data_ptr<float>() + open[row] * d, d);
      const auto near = nearest_neighbors(queries, snapshot(), k).indices;
      std::vector<std::int64_t> still_open;
      for (std::size_t row = 0; row < open.size(); ++row) {
        auto& negatives = result[static_cast<std::size_t>(open[row])];
        negatives.clear();
        for (std::int64_t j = 0; j < k; ++j) {
          const std::int64_t one = near(static_cast<Eigen::Index>(row), j);
          if (labels_[static_cast<std::size_t>(one)] != labels[static_cast<std::size_t>(open[row])])
            negatives.push_back(one);
          if (static_cast<std::int64_t>(negatives.size()) == n_negatives) break;
        }
        if (static_cast<std::int64_t>(negatives.size()) < n_negatives && k < n)
          still_open.push_back(open[row]);
      }
      open = std::move(still_open);
    }
    return result;
  }

  at::Tensor embeddings_,
      seen_;  // of the training examples at the last refresh; whether there was one
  std::vector<std::int64_t> labels_;
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> members_;  // of each class

  std::int64_t refresh = 100;
  std::int64_t n_negatives = 1;
  bool normalize_embeddings = true;
};

METRICLAB_PLUGIN(GlobalHard, "global_hard");

}  // namespace
