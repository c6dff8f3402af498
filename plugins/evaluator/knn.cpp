// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <metriclab/evaluation/by_class.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/classification.hpp>
#include <metriclab/evaluation/voting.hpp>

namespace {

using namespace metriclab;

/// k-nearest-neighbour classification of the test part by the training part; where that is empty,
/// of each test example by all others: accuracy, balanced_accuracy, macro_f1 (their definitions:
/// evaluation/classification.hpp).
///
/// The label is the one with the most votes among the n_neighbors nearest (ties in distance: the
/// smaller index), the smallest such label:
///
///     argmax over c of  Σ over neighbours j of class c of w(j)
///
/// `weights`: "uniform", w = 1; "distance", w(j) = 1 / d(x, x_j), d the embeddings' distance by its
/// name, so that under squared_euclidean the square counts. Where neighbours are at distance 0 only
/// these vote, one vote each. Under dot and bilinear, whose distances may be negative, "distance"
/// has no value.
///
/// With `n_neighbors` null it is the k of `choose_from` with the greatest leave-one-out accuracy on
/// the training part, the smaller k on a tie, and is given as the metric `n_neighbors`, which ranks
/// nothing. A k that leaves no example out, one not below the number of training examples, is
/// passed over; the test part takes no part in the choice, so without a training part there is no
/// value.
///
/// An empty test part, or one that shares no class with the training part: NaN. Throws Error where
/// there are fewer than n_neighbors examples to vote, where none of choose_from is small enough,
/// and where choose_from is given but n_neighbors is not null. Cost: one search; to choose k,
/// another within the training part.
class Knn final : public Evaluator {
 public:
  static void describe(Description<Knn>& is) {
    is.summary("k-nearest-neighbour classification: accuracy, balanced accuracy, macro F1");
    is.source(
        "Cover, Hart. Nearest neighbor pattern classification. IEEE Transactions on Information "
        "Theory 1967");
    is.source(
        "Dudani. The distance-weighted k-nearest-neighbor rule. IEEE Transactions on Systems, Man, "
        "and Cybernetics 1976");
    is.cost("O(n_test · n_train · d) time as a matrix product, O(n_test · n_neighbors) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("n_neighbors", &Knn::n_neighbors,
                 "how many neighbours vote; null: chosen on the training part")
        .at_least(1);
    is.parameter("choose_from", &Knn::choose_from, "what a null n_neighbors is chosen from")
        .at_least(1);
    describe_weights(is, &Knn::weights);
  }

  bool compares(Distance) const override { return true; }
  Measurement evaluate(const Evaluation& input) const override {
    if (n_neighbors && choose_from != Knn().choose_from)
      throw Error(fmt::format(
          "knn: choose_from is what a null n_neighbors is chosen from, and n_neighbors is {}; set "
          "it to null, or leave choose_from out",
          *n_neighbors));
    require_finite(input);
    if (input.test.embeddings.rows() == 0) return without_values("the test part is empty");
    if (n_neighbors) require_voters(input, *n_neighbors, "knn");
    const Embedded& voters = voters_of(input);
    if (const auto reason = unclassifiable(input.test, voters)) return without_values(*reason);
    if (const auto reason = unweighable(weights, input.distance)) return without_values(*reason);
    if (!n_neighbors && input.train.embeddings.rows() == 0)
      return without_values("n_neighbors is chosen on the training part, which is empty");

    const std::int64_t k = n_neighbors ? *n_neighbors : chosen(input);
    const auto predicted = predictions(nearest_voters(input, k), voters.labels(), {k}).front();
    std::vector<Metric> metrics = classification_metrics(input.test.labels(), predicted);
    if (!n_neighbors)
      metrics.push_back({.name = "n_neighbors",
                         .value = static_cast<double>(k),
                         .better = Better::neither,
                         .reason = {}});
    return metrics;
  }

 private:
  std::vector<Metric> without_values(const std::string& reason) const {
    std::vector<Metric> metrics = unclassified(reason);
    if (!n_neighbors) metrics.push_back(undefined("n_neighbors", reason, Better::neither));
    return metrics;
  }

  /// For each k (rising) the label that the k nearest vote for, of each example.
  std::vector<std::vector<std::int32_t>> predictions(const Neighbors<float>& found,
                                                     const std::vector<std::int32_t>& labels,
                                                     const std::vector<std::int64_t>& ks) const {
    std::vector<std::vector<std::int32_t>> predicted(ks.size());
    for (std::int64_t i = 0; i < found.indices.rows(); ++i) {
      const std::vector<double> counts = vote_weights(found, i, weights);
      std::map<std::int32_t, double> votes;
      std::int64_t rank = 0;
      for (std::size_t at = 0; at < ks.size(); ++at) {
        for (; rank < ks[at]; ++rank)
          votes[labels[static_cast<std::size_t>(found.indices(i, rank))]] +=
              counts[static_cast<std::size_t>(rank)];
        std::int32_t label = votes.begin()->first;
        for (const auto& [other, sum] : votes)
          if (sum > votes[label]) label = other;
        predicted[at].push_back(label);
      }
    }
    return predicted;
  }

  std::int64_t chosen(const Evaluation& input) const {
    const std::int64_t n = input.train.embeddings.rows();
    std::vector<std::int64_t> ks;
    for (std::int64_t k : choose_from)
      if (k < n) ks.push_back(k);
    if (ks.empty())
      throw Error(fmt::format(
          "knn: choose_from has no k below {}, the number of training examples, which leaving one "
          "out needs; add a smaller one",
          n));
    std::sort(ks.begin(), ks.end());
    const Neighbors<float> found =
        input.distance == Distance::by_class
            ? nearest_by_class(input.train, input.train, ks.back())
            : nearest_neighbors(input.train.embeddings, ks.back(), input.distance, input.threads);
    const auto predicted = predictions(found, input.train.labels(), ks);
    std::int64_t best = 0, most = -1;
    for (std::size_t at = 0; at < ks.size(); ++at) {
      std::int64_t right = 0;
      for (std::size_t i = 0; i < predicted[at].size(); ++i)
        right += predicted[at][i] == input.train.labels()[i];
      if (right <= most) continue;
      most = right;
      best = ks[at];
    }
    return best;
  }

  std::optional<std::int64_t> n_neighbors = 3;
  std::vector<std::int64_t> choose_from = {1, 3, 5, 7, 9, 11, 15, 21, 31};
  std::string weights = "uniform";
};

METRICLAB_PLUGIN(Knn, "knn");

}  // namespace
