// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/pair_distances.hpp>
#include <metriclab/neighbors/measure.hpp>

namespace metriclab {
namespace {

/// Pairs of test examples by their classes.
class ByClass {
 public:
  ByClass(const Evaluation& input, std::int64_t max_pairs)
      : labels_(input.test.labels()),
        n_(input.test.embeddings.rows()),
        max_pairs_(max_pairs),
        measure_(input.test.embeddings, input.test.embeddings, input.distance),
        members_(members_by_class(labels_)),
        random_(input.random.child("pairs")) {
    for (const auto& entry : members_) classes_.push_back(&entry.second);
  }

  VerificationPairs measured() {
    std::int64_t same = 0;
    for (const Indices* of : classes_)
      same += static_cast<std::int64_t>(of->size() * (of->size() - 1) / 2);
    const std::int64_t other = n_ * (n_ - 1) / 2 - same;
    pairs_.similar.of = static_cast<double>(same);
    pairs_.dissimilar.of = static_cast<double>(other);
    const std::int64_t half = max_pairs_ / 2;
    const bool all = same + other <= max_pairs_;
    if (all || other <= max_pairs_ - half) all_other();
    if (all || same <= half) all_same();
    // Nothing but what is drawn moves the stream on, and in this order.
    if (pairs_.similar.values.empty() && same > 0) draw_same(half);
    if (pairs_.dissimilar.values.empty() && other > 0) draw_other(max_pairs_ - half);
    return std::move(pairs_);
  }

 private:
  double distance(std::int64_t i, std::int64_t j) const { return measure_.named(measure_(i, j)); }

  void all_same() {
    for (const Indices* of : classes_)
      for (std::size_t i = 0; i < of->size(); ++i)
        for (std::size_t j = i + 1; j < of->size(); ++j)
          pairs_.similar.values.push_back(distance((*of)[i], (*of)[j]));
  }

  void all_other() {
    for (std::int64_t i = 0; i < n_; ++i)
      for (std::int64_t j = i + 1; j < n_; ++j)
        if (labels_[static_cast<std::size_t>(i)] != labels_[static_cast<std::size_t>(j)])
          pairs_.dissimilar.values.push_back(distance(i, j));
  }

  /// A class by how many pairs begin in it, then a pair.
  void draw_same(std::int64_t count) {
    std::vector<std::int64_t> until;
    for (const Indices* of : classes_) {
      const auto size = static_cast<std::int64_t>(of->size());
      until.push_back((until.empty() ? 0 : until.back()) + size * (size - 1));
    }
    for (std::int64_t drawn = 0; drawn < count; ++drawn) {
      const Indices& of = *classes_[draw_class(until)];
      const auto size = static_cast<std::int64_t>(of.size());
      const std::int64_t i = random_.below(size), other = random_.below(size - 1);
      const std::int64_t j = other + (other >= i ? 1 : 0);
      pairs_.similar.values.push_back(
          distance(of[static_cast<std::size_t>(i)], of[static_cast<std::size_t>(j)]));
    }
  }

  void draw_other(std::int64_t count) {
    Indices by_class;
    std::vector<std::int64_t> until, begins;
    for (const Indices* of : classes_) {
      const auto size = static_cast<std::int64_t>(of->size());
      begins.push_back(static_cast<std::int64_t>(by_class.size()));
      by_class.insert(by_class.end(), of->begin(), of->end());
      until.push_back((until.empty() ? 0 : until.back()) + size * (n_ - size));
    }
    for (std::int64_t drawn = 0; drawn < count; ++drawn) {
      const std::size_t c = draw_class(until);
      const auto size = static_cast<std::int64_t>(classes_[c]->size());
      const std::int64_t i = random_.below(size), other = random_.below(n_ - size);
      const std::int64_t j = other + (other >= begins[c] ? size : 0);
      pairs_.dissimilar.values.push_back(distance((*classes_[c])[static_cast<std::size_t>(i)],
                                                  by_class[static_cast<std::size_t>(j)]));
    }
  }

  std::size_t draw_class(const std::vector<std::int64_t>& until) {
    const std::int64_t drawn = random_.below(until.back());
    return static_cast<std::size_t>(std::upper_bound(until.begin(), until.end(), drawn) -
                                    until.begin());
  }

  const std::vector<std::int32_t>& labels_;
  std::int64_t n_, max_pairs_;
  Measure<float> measure_;
  std::map<std::int32_t, Indices> members_;
  std::vector<const Indices*> classes_;
  Random random_;
  VerificationPairs pairs_;
};

}  // namespace

VerificationPairs pairs_by_class(const Evaluation& input, std::int64_t max_pairs) {
  if (input.test.embeddings.rows() == 0) return {};
  return ByClass(input, max_pairs).measured();
}

VerificationPairs given_pairs(const Evaluation& input) {
  VerificationPairs pairs;
  const Measure<float> measure(input.test.embeddings, input.test.embeddings, input.distance);
  const std::int64_t n = input.test.embeddings.rows();
  for (const LabelledPair& pair : input.test.constraints.pairs) {
    METRICLAB_CHECK(std::min(pair.first, pair.second) >= 0 && std::max(pair.first, pair.second) < n,
                    "a pair beyond the test part");
    PairDistances& kind = pair.similar ? pairs.similar : pairs.dissimilar;
    kind.values.push_back(measure.named(measure(pair.first, pair.second)));
  }
  for (PairDistances* kind : {&pairs.similar, &pairs.dissimilar})
    kind->of = static_cast<double>(kind->values.size());
  return pairs;
}

}  // namespace metriclab
