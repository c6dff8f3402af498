// SPDX-License-Identifier: BSD-3-Clause
// Each miner against its definition, gone through tuple by tuple.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <metriclab/data/vector_math.hpp>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/distance.hpp>
#include <numbers>
#include <set>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

using Tuple = std::vector<std::int64_t>;
using Set = std::set<Tuple>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Mined tuples by their examples: triplets, or positive and negative pairs.
struct Mined {
  Set triplets = {}, positives = {}, negatives = {};
  bool operator==(const Mined&) const = default;
};

Set as_set(const std::vector<at::Tensor>& lists) {
  Set result;
  std::vector<std::vector<std::int64_t>> columns;
  for (const at::Tensor& list : lists) columns.push_back(as_indices(list));
  for (std::size_t t = 0; t < columns[0].size(); ++t) {
    Tuple tuple;
    for (const auto& column : columns) tuple.push_back(column[t]);
    result.insert(tuple);
  }
  CHECK(result.size() == columns[0].size());
  return result;
}

Mined mined_by(const std::string& block, const Batch& batch) {
  Random random(1);
  const Tuples tuples = make_miner(block)->mine(batch, random);
  if (tuples.form == Tuples::Form::triplets)
    return {.triplets = as_set({tuples.anchor, tuples.positive, tuples.negative})};
  REQUIRE(tuples.form == Tuples::Form::pairs);
  return {.positives = as_set({tuples.positive_anchor, tuples.positive}),
          .negatives = as_set({tuples.negative_anchor, tuples.negative})};
}

/// What definitions are written with: distances and labels, by examples.
class Plain {
 public:
  explicit Plain(const Batch& batch, bool normalized = true)
      : labels_(as_indices(batch.labels)), others_(as_indices(batch.other_labels())) {
    own_.assign(labels_.size(), -1);
    if (batch.own.defined())
      own_ = as_indices(batch.own);
    else if (!batch.has_reference())
      for (std::size_t i = 0; i < own_.size(); ++i) own_[i] = static_cast<std::int64_t>(i);
    auto vectors = [&](const at::Tensor& x) { return rows(normalized ? normalized_rows(x) : x); };
    x_ = vectors(batch.embeddings);
    y_ = vectors(batch.others());
  }

  std::int64_t n() const { return static_cast<std::int64_t>(labels_.size()); }
  double d(std::int64_t i, std::int64_t j) const { return distance(x_[at(i)], y_[at(j)]); }
  double between_others(std::int64_t i, std::int64_t j) const {
    return distance(y_[at(i)], y_[at(j)]);
  }
  double to_centre(std::int64_t a, std::int64_t p, std::int64_t n) const {
    std::vector<double> centre = x_[at(a)];
    for (std::size_t k = 0; k < centre.size(); ++k) centre[k] = (centre[k] + y_[at(p)][k]) / 2;
    return distance(centre, y_[at(n)]);
  }
  Tuple positives(std::int64_t i) const { return partners(i, true); }
  Tuple negatives(std::int64_t i) const { return partners(i, false); }

  /// Triplets for which the condition holds.
  template <class F>
  Mined triplets(F holds) const {
    Mined result;
    for (std::int64_t a = 0; a < n(); ++a)
      for (const std::int64_t p : positives(a))
        for (const std::int64_t q : negatives(a))
          if (holds(a, p, q)) result.triplets.insert({a, p, q});
    return result;
  }

 private:
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  static std::vector<std::vector<double>> rows(const at::Tensor& x) {
    const at::Tensor values = x.to(at::kDouble).contiguous();
    std::vector<std::vector<double>> result;
    for (std::int64_t i = 0; i < values.size(0); ++i) {
      const double* row = values.data_ptr<double>() + i * values.size(1);
      result.emplace_back(row, row + values.size(1));
    }
    return result;
  }
  static double distance(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return std::sqrt(sum);
  }
  Tuple partners(std::int64_t i, bool same_class) const {
    Tuple result;
    for (std::size_t j = 0; j < others_.size(); ++j)
      if ((others_[j] == labels_[at(i)]) == same_class &&
          static_cast<std::int64_t>(j) != own_[at(i)])
        result.push_back(static_cast<std::int64_t>(j));
    return result;
  }

  std::vector<std::int64_t> labels_, others_, own_;
  std::vector<std::vector<double>> x_, y_;
};

/// Batches of mixed classes, one with a class alone, without negatives, and with a reference set.
std::vector<Batch> batches() {
  std::vector<Batch> result;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    std::vector<std::int64_t> labels;
    Random random(seed, "labels");
    for (int i = 0; i < 24; ++i) labels.push_back(random.below(5));
    labels.push_back(9);
    result.push_back(random_batch(labels, 6, seed));
  }
  result.push_back(random_batch({4, 4, 4, 4}, 6, 10));
  result.push_back(random_batch({0, 1, 2, 3}, 6, 11));
  Batch referred = random_batch({3, 0, 1, 1, 2, 0}, 6, 12);
  const Batch other = random_batch({2, 1, 0, 3, 0, 1, 2, 2, 7, 0}, 6, 13);
  referred.reference = other.embeddings;
  referred.reference_labels = other.labels;
  result.push_back(referred);
  referred.own = integers({3, 2, -1, 1, 0, 4});
  result.push_back(referred);
  return result;
}

template <class Define>
void check_against(const std::string& block, Define define, bool normalized = true) {
  CAPTURE(block);
  bool any = false;
  for (const Batch& batch : batches()) {
    const Mined expected = define(Plain(batch, normalized));
    const Mined mined = mined_by(block, batch);
    any = any || !expected.triplets.empty() || !expected.positives.empty();
    CHECK(mined.triplets == expected.triplets);
    CHECK(mined.positives == expected.positives);
    CHECK(mined.negatives == expected.negatives);
  }
  CHECK(any);
}

/// The element of least f; −1 of none.
template <class F>
std::int64_t least(const Tuple& of, F f) {
  std::int64_t best = -1;
  for (const std::int64_t i : of)
    if (best < 0 || f(i) < f(best)) best = i;
  return best;
}

template <class F>
Tuple those(const Tuple& of, F holds) {
  Tuple result;
  std::copy_if(of.begin(), of.end(), std::back_inserter(result), holds);
  return result;
}

}  // namespace

TEST_CASE("triplet_margin and semihard are the triplets of their gaps") {
  for (const double margin : {0.3, 0.1}) {
    const std::map<std::string, std::pair<double, double>> gaps = {{"all", {-kInfinity, margin}},
                                                                   {"hard", {-kInfinity, 0}},
                                                                   {"semihard", {0, margin}},
                                                                   {"easy", {margin, kInfinity}}};
    for (const auto& [mode, gap] : gaps) {
      auto define = [&, low = gap.first, high = gap.second](const Plain& is) {
        return is.triplets([&](std::int64_t a, std::int64_t p, std::int64_t n) {
          const double g = is.d(a, n) - is.d(a, p);
          return low < g && g <= high;
        });
      };
      const std::string rest = ", \"margin\": " + std::to_string(margin) + "}";
      check_against(R"({"plugin": "triplet_margin", "mode": ")" + mode + '"' + rest, define);
      if (mode == "semihard") check_against(R"({"plugin": "semihard")" + rest, define);
    }
  }
  check_against(R"({"plugin": "semihard", "nearest_negative": true, "margin": 0.4})",
                [](const Plain& is) {
                  Mined result;
                  for (std::int64_t a = 0; a < is.n(); ++a)
                    for (const std::int64_t p : is.positives(a)) {
                      const Tuple beyond = those(is.negatives(a), [&](std::int64_t n) {
                        const double g = is.d(a, n) - is.d(a, p);
                        return 0 < g && g <= 0.4;
                      });
                      const auto n = least(beyond, [&](std::int64_t j) { return is.d(a, j); });
                      if (n >= 0) result.triplets.insert({a, p, n});
                    }
                  return result;
                });
}

TEST_CASE("batch_hard is the farthest positive with the nearest negative") {
  check_against(
      R"({"plugin": "batch_hard", "normalize_embeddings": false})",
      [](const Plain& is) {
        Mined result;
        for (std::int64_t a = 0; a < is.n(); ++a) {
          const auto p = least(is.positives(a), [&](std::int64_t j) { return -is.d(a, j); }),
                     n = least(is.negatives(a), [&](std::int64_t j) { return is.d(a, j); });
          if (p >= 0 && n >= 0) result.triplets.insert({a, p, n});
        }
        return result;
      },
      false);
}

TEST_CASE("pair_margin is the pairs on the wrong sides of its margins") {
  check_against(R"({"plugin": "pair_margin", "positive_margin": 0.9, "negative_margin": 1.1})",
                [](const Plain& is) {
                  Mined result;
                  for (std::int64_t a = 0; a < is.n(); ++a) {
                    for (const std::int64_t p : is.positives(a))
                      if (is.d(a, p) > 0.9) result.positives.insert({a, p});
                    for (const std::int64_t n : is.negatives(a))
                      if (is.d(a, n) < 1.1) result.negatives.insert({a, n});
                  }
                  return result;
                });
  // Cosine is a similarity, 1 − d²/2 of normalised vectors.
  check_against(R"({"plugin": "pair_margin", "distance": "cosine", "positive_margin": 0.4,
                    "negative_margin": 0.1})",
                [](const Plain& is) {
                  Mined result;
                  auto cosine = [&](std::int64_t i, std::int64_t j) {
                    return 1 - is.d(i, j) * is.d(i, j) / 2;
                  };
                  for (std::int64_t a = 0; a < is.n(); ++a) {
                    for (const std::int64_t p : is.positives(a))
                      if (cosine(a, p) < 0.4) result.positives.insert({a, p});
                    for (const std::int64_t n : is.negatives(a))
                      if (cosine(a, n) > 0.1) result.negatives.insert({a, n});
                  }
                  return result;
                });
}

TEST_CASE("multi_similarity is measured by the hardest of the other sort") {
  check_against(R"({"plugin": "multi_similarity", "distance": "euclidean", "epsilon": 0.15})",
                [](const Plain& is) {
                  Mined result;
                  for (std::int64_t a = 0; a < is.n(); ++a) {
                    const Tuple positives = is.positives(a), negatives = is.negatives(a);
                    if (positives.empty() || negatives.empty()) continue;
                    const double farthest =
                        is.d(a, least(positives, [&](std::int64_t j) { return -is.d(a, j); }));
                    const double nearest =
                        is.d(a, least(negatives, [&](std::int64_t j) { return is.d(a, j); }));
                    for (const std::int64_t p : positives)
                      if (is.d(a, p) + 0.15 > nearest) result.positives.insert({a, p});
                    for (const std::int64_t n : negatives)
                      if (is.d(a, n) - 0.15 < farthest) result.negatives.insert({a, n});
                  }
                  return result;
                });
}

TEST_CASE("batch_easy_hard, every combination, with and without allowed ranges") {
  const std::vector<std::string> strategies = {"easy", "hard", "semihard", "all"};
  for (const std::string& positive : strategies)
    for (const std::string& negative : strategies) {
      const bool alone = positive != "all" && negative != "all";
      if ((positive == "semihard" || negative == "semihard") && (!alone || positive == negative))
        continue;
      for (const bool ranged : {false, true}) {
        const double near_low = ranged ? 0.6 : -1, near_high = ranged ? 1.3 : kInfinity,
                     far_low = ranged ? 0.7 : -1, far_high = ranged ? 1.5 : kInfinity;
        const std::string ranges =
            ranged
                ? R"(, "allowed_positive_range": [0.6, 1.3], "allowed_negative_range": [0.7, 1.5])"
                : "";
        check_against(
            R"({"plugin": "batch_easy_hard", "positive_strategy": ")" + positive +
                R"(", "negative_strategy": ")" + negative + '"' + ranges + "}",
            [&](const Plain& is) {
              Mined result;
              for (std::int64_t a = 0; a < is.n(); ++a) {
                auto d = [&](std::int64_t j) { return is.d(a, j); };
                auto farther = [&](std::int64_t j) { return -is.d(a, j); };
                const Tuple positives = those(
                                is.positives(a),
                                [&](auto j) { return near_low <= d(j) && d(j) <= near_high; }),
                            negatives = those(is.negatives(a), [&](auto j) {
                              return far_low <= d(j) && d(j) <= far_high;
                            });
                std::int64_t p = -1, n = -1;
                if (positive == "easy") p = least(positives, d);
                if (positive == "hard") p = least(positives, farther);
                if (negative == "easy") n = least(negatives, farther);
                if (negative == "hard") n = least(negatives, d);
                if (positive == "semihard" && n >= 0)
                  p = least(those(positives, [&](auto j) { return d(j) < d(n); }), farther);
                if (negative == "semihard" && p >= 0)
                  n = least(those(negatives, [&](auto j) { return d(j) > d(p); }), d);
                if (alone && (p < 0 || n < 0)) continue;
                if (positive == "all")
                  for (const std::int64_t j : positives) result.positives.insert({a, j});
                else if (p >= 0)
                  result.positives.insert({a, p});
                if (negative == "all")
                  for (const std::int64_t j : negatives) result.negatives.insert({a, j});
                else if (n >= 0)
                  result.negatives.insert({a, n});
              }
              return result;
            });
      }
    }
}

TEST_CASE("batch_easy_hard says which strategies and ranges don't go") {
  const Batch batch = random_batch({0, 0, 1}, 2, 1);
  auto error_of = [&](const char* block) -> std::string {
    Random random(1);
    try {
      make_miner(block)->mine(batch, random);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(error_of(R"({"plugin": "batch_easy_hard", "positive_strategy": "all"})") ==
        "/negative_strategy: \"semihard\" is measured by the positive that is chosen, and "
        "positive_strategy is \"all\"; it must be \"easy\" or \"hard\"");
  CHECK(error_of(R"({"plugin": "batch_easy_hard", "allowed_positive_range": [1, 0.5]})") ==
        "/allowed_positive_range: [1, 0.5] is no range; [least, greatest] is");
}

TEST_CASE("easy_positive is the nearest positive with the negatives asked for") {
  for (const std::string negatives : {"semihard", "hard", "all"})
    check_against(R"({"plugin": "easy_positive", "distance": "euclidean", "negatives": ")" +
                      negatives + "\"}",
                  [&](const Plain& is) {
                    Mined result;
                    for (std::int64_t a = 0; a < is.n(); ++a) {
                      auto d = [&](std::int64_t j) { return is.d(a, j); };
                      const std::int64_t p = least(is.positives(a), d);
                      if (p < 0) continue;
                      Tuple chosen = is.negatives(a);
                      if (negatives == "semihard")
                        chosen = those(chosen, [&](std::int64_t j) { return d(j) > d(p); });
                      if (negatives != "all" && !chosen.empty()) chosen = {least(chosen, d)};
                      for (const std::int64_t n : chosen) result.triplets.insert({a, p, n});
                    }
                    return result;
                  });
}

TEST_CASE("angular is the triplets whose angle at the negative is too large") {
  for (const bool normalized : {true, false})
    for (const double angle : {20.0, 35.0})
      check_against(R"({"plugin": "angular", "angle": )" + std::to_string(angle) +
                        ", \"normalize_embeddings\": " + (normalized ? "true}" : "false}"),
                    [&](const Plain& is) {
                      return is.triplets([&](std::int64_t a, std::int64_t p, std::int64_t n) {
                        return std::atan(is.d(a, p) / (2 * is.to_centre(a, p, n))) >
                               angle * std::numbers::pi / 180;
                      });
                    },
                    normalized);
}

TEST_CASE("hdc is the hardest part of all pairs") {
  for (const double part : {0.5, 0.1, 1.0})
    check_against(R"({"plugin": "hdc", "filter_percentage": )" + std::to_string(part) + "}",
                  [&](const Plain& is) {
                    std::vector<std::pair<double, Tuple>> positives, negatives;
                    for (std::int64_t a = 0; a < is.n(); ++a) {
                      for (const std::int64_t p : is.positives(a))
                        positives.push_back({-is.d(a, p), {a, p}});
                      for (const std::int64_t n : is.negatives(a))
                        negatives.push_back({is.d(a, n), {a, n}});
                    }
                    auto hardest = [&](std::vector<std::pair<double, Tuple>>& pairs) {
                      Set result;
                      std::sort(pairs.begin(), pairs.end());
                      const auto count = static_cast<std::size_t>(
                          std::ceil(part * static_cast<double>(pairs.size()) - 1e-9));
                      for (const auto& [d, pair] : pairs)
                        if (d <= pairs[count - 1].first) result.insert(pair);
                      return result;
                    };
                    return Mined{.positives = hardest(positives), .negatives = hardest(negatives)};
                  });
}

TEST_CASE("distance_weighted: one negative for each positive pair, none too far") {
  for (const Batch& batch : batches()) {
    const Plain is(batch);
    Random random(3);
    const Tuples mined =
        make_miner(R"({"plugin": "distance_weighted", "nonzero_loss_cutoff": 1.3})")
            ->mine(batch, random);
    const auto a = as_indices(mined.anchor), p = as_indices(mined.positive),
               n = as_indices(mined.negative);
    std::multiset<Tuple> pairs, expected;
    for (std::size_t t = 0; t < a.size(); ++t) {
      pairs.insert({a[t], p[t]});
      CHECK(is.d(a[t], n[t]) < 1.3);
      const Tuple negatives = is.negatives(a[t]);
      CHECK(std::find(negatives.begin(), negatives.end(), n[t]) != negatives.end());
    }
    for (std::int64_t i = 0; i < is.n(); ++i) {
      const Tuple near =
          those(is.negatives(i), [&](std::int64_t j) { return std::max(is.d(i, j), 0.5) < 1.3; });
      for (const std::int64_t j : is.positives(i))
        if (!near.empty()) expected.insert({i, j});
    }
    CHECK(pairs == expected);
  }
}

TEST_CASE("tuples_per_anchor: so many of each anchor's tuples, uniformly (stochastic, seeded)") {
  const Batch batch = batches()[0];
  for (const std::string miner :
       {R"("plugin": "triplet_margin")", R"("plugin": "multi_similarity")", R"("plugin": "hdc")",
        R"("plugin": "pair_margin", "negative_margin": 1.5)"}) {
    CAPTURE(miner);
    const Mined all = mined_by("{" + miner + "}", batch),
                some = mined_by("{" + miner + R"(, "tuples_per_anchor": 3})", batch);
    auto check = [](const Set& from, const Set& kept) {
      std::map<std::int64_t, std::int64_t> there, here;
      for (const Tuple& tuple : from) ++there[tuple[0]];
      for (const Tuple& tuple : kept) {
        ++here[tuple[0]];
        CHECK(from.contains(tuple));
      }
      for (auto& [anchor, count] : there) CHECK(here[anchor] == std::min<std::int64_t>(count, 3));
    };
    check(all.triplets, some.triplets);
    check(all.positives, some.positives);
    check(all.negatives, some.negatives);
  }
  // Each of an anchor's N triplets is kept with probability 3/N.
  const Set all = mined_by(R"({"plugin": "triplet_margin"})", batch).triplets;
  std::map<std::int64_t, double> there;
  for (const Tuple& tuple : all) ++there[tuple[0]];
  const auto limited = make_miner(R"({"plugin": "triplet_margin", "tuples_per_anchor": 3})");
  std::map<Tuple, double> kept;
  constexpr int kRounds = 3000;
  Random random(5);
  for (int round = 0; round < kRounds; ++round) {
    const Tuples mined = limited->mine(batch, random);
    for (const Tuple& tuple : as_set({mined.anchor, mined.positive, mined.negative})) ++kept[tuple];
  }
  for (const Tuple& tuple : all) {
    const double p = std::min(1.0, 3 / there[tuple[0]]);
    CHECK(std::abs(kept[tuple] - kRounds * p) <= 5 * std::sqrt(kRounds * p * (1 - p)));
  }
}

TEST_CASE("all: with a limit so many random triplets of each anchor (stochastic, seeded)") {
  const Batch batch = random_batch({0, 0, 0, 1, 1, 2}, 3, 1);
  Random random(6);
  const auto miner = make_miner(R"({"plugin": "all", "tuples_per_anchor": 4})");
  std::map<Tuple, double> drawn;
  constexpr int kRounds = 3000;
  for (int round = 0; round < kRounds; ++round) {
    const Tuples mined = miner->mine(batch, random);
    for (const Tuple& tuple : as_set({mined.anchor, mined.positive, mined.negative}))
      ++drawn[tuple];
  }
  const Mined all = Plain(batch).triplets([](auto, auto, auto) { return true; });
  CHECK(drawn.size() == all.triplets.size());
  // Of class 0 an anchor has 2 · 3 triplets, of class 1 it has 1 · 4.
  for (const Tuple& tuple : all.triplets) {
    const double p = tuple[0] < 3 ? 4.0 / 6 : 1;
    CHECK(std::abs(drawn[tuple] - kRounds * p) <= 5 * std::sqrt(kRounds * p * (1 - p)));
  }
}

TEST_CASE("maximum_loss: all pairs of the subset with most loss") {
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < 20; ++i) labels.push_back(i % 4);
  const Batch batch = random_batch(labels, 3, 20);
  const auto miner = make_miner(
      R"({"plugin": "maximum_loss", "loss": "contrastive", "subset_size": 6, "n_trials": 7})");
  Random random(9), again(9);
  const Tuples mined = miner->mine(batch, random);
  const auto loss = make_loss("\"contrastive\"");
  std::vector<std::int64_t> worst;
  double most = -1;
  for (int trial = 0; trial < 7; ++trial) {
    const std::vector<std::int64_t> subset = again.sample(20, 6);
    const double value =
        loss->forward(rows_of(batch, integers(subset)), Tuples::all()).item<double>();
    if (value <= most) continue;
    most = value;
    worst = subset;
  }
  Set positives, negatives;
  for (const std::int64_t i : worst)
    for (const std::int64_t j : worst)
      if (i != j) (i % 4 == j % 4 ? positives : negatives).insert({i, j});
  CHECK(as_set({mined.positive_anchor, mined.positive}) == positives);
  CHECK(as_set({mined.negative_anchor, mined.negative}) == negatives);
}

TEST_CASE("maximum_loss: what its miner finds in the subset, or in a batch no larger") {
  const Batch batch = random_batch({0, 0, 1, 1, 2, 2, 2, 0}, 3, 21);
  Random random(9), again(9);
  const Tuples mined =
      make_miner(R"({"plugin": "maximum_loss", "miner": "batch_hard", "subset_size": 5})")
          ->mine(batch, random);
  REQUIRE(mined.form == Tuples::Form::triplets);
  std::vector<Set> possible;
  for (int trial = 0; trial < 5; ++trial) {
    const std::vector<std::int64_t> subset = again.sample(8, 5);
    Set triplets;
    for (const Tuple& tuple :
         mined_by("\"batch_hard\"", rows_of(batch, integers(subset))).triplets) {
      Tuple places;
      for (const std::int64_t i : tuple) places.push_back(subset[static_cast<std::size_t>(i)]);
      triplets.insert(places);
    }
    possible.push_back(triplets);
  }
  const Set found = as_set({mined.anchor, mined.positive, mined.negative});
  CHECK(std::find(possible.begin(), possible.end(), found) != possible.end());
  CHECK(mined_by(R"({"plugin": "maximum_loss", "miner": "batch_hard"})", batch) ==
        mined_by("\"batch_hard\"", batch));
}

TEST_CASE("maximum_loss takes no loss with tensors of its own") {
  LossSetting setting = law_setting(3, 4);
  std::string error;
  try {
    make_miner(R"({"plugin": "maximum_loss", "loss": "proxy_anchor"})")->prepare(setting);
  } catch (const Error& thrown) {
    error = thrown.what();
  }
  CHECK(error ==
        "/loss: it has tensors of its own, which nothing would train here; take a loss over pairs "
        "or triplets");
}

TEST_CASE("global_hard: the hardest of the training set as it was last seen") {
  // Of a class of 40 nearest of all, so that more neighbours have to be looked at.
  std::vector<std::int64_t> labels(40, 0);
  for (std::int64_t i = 0; i < 25; ++i) labels.push_back(1 + i % 3);
  const auto n = static_cast<std::int64_t>(labels.size());
  LossSetting setting = law_setting(4, 5);
  setting.labels = labels;
  for (const bool normalized : {true, false}) {
    const auto miner =
        make_miner(std::string(R"({"plugin": "global_hard", "refresh": 10, "n_negatives": 2)") +
                   ", \"normalize_embeddings\": " + (normalized ? "true}" : "false}"));
    miner->prepare(setting);
    CHECK(miner->wants_snapshot({.step = 0}));
    CHECK_FALSE(miner->wants_snapshot({.step = 9}));
    CHECK(miner->wants_snapshot({.step = 20}));
    at::Tensor embedded = random_rows(n, 5, 30, at::kFloat);
    embedded.narrow(0, 0, 40).mul_(0.05).select(1, 0).add_(1);
    const std::vector<std::int64_t> examples = {3, 44, 45, 46, 7, 60};
    Batch batch{.embeddings = embedded.index_select(0, integers(examples)).mul(1.01),
                .labels = integers({0, 2, 3, 1, 0, 3}),
                .examples = integers(examples)};
    for (std::size_t i = 0; i < examples.size(); ++i)
      REQUIRE(as_indices(batch.labels)[i] == labels[static_cast<std::size_t>(examples[i])]);
    Random random(1);
    CHECK(miner->mine(batch, random).anchor.numel() == 0);
    miner->see({embedded, integers(labels)});
    const Tuples mined = miner->mine(batch, random);
    Batch against = batch;
    against.reference = embedded;
    against.reference_labels = integers(labels);
    against.own = batch.examples;
    const Plain is(against, normalized);
    const at::Tensor seen = normalized ? normalized_rows(embedded) : embedded;
    // Rows of the miner's reference set by their places in the training set.
    auto row_of = [&](std::int64_t place) {
      for (std::int64_t row = 0; row < n; ++row)
        if (same_bytes(seen[row], mined.reference[place])) return row;
      return std::int64_t{-1};
    };
    Set found, expected;
    const auto a = as_indices(mined.anchor), p = as_indices(mined.positive),
               q = as_indices(mined.negative);
    for (std::size_t t = 0; t < a.size(); ++t) {
      found.insert({a[t], row_of(p[t]), row_of(q[t])});
      CHECK(as_indices(mined.reference_labels)[static_cast<std::size_t>(q[t])] ==
            labels[static_cast<std::size_t>(row_of(q[t]))]);
    }
    for (std::int64_t i = 0; i < 6; ++i) {
      auto d = [&](std::int64_t j) { return is.d(i, j); };
      const std::int64_t farthest = least(is.positives(i), [&](auto j) { return -d(j); });
      Tuple negatives = is.negatives(i);
      std::sort(negatives.begin(), negatives.end(), [&](auto j, auto k) { return d(j) < d(k); });
      for (std::size_t k = 0; k < 2; ++k) expected.insert({i, farthest, negatives[k]});
    }
    CHECK(found == expected);
    // The loss takes the miner's set in the place of the batch's second side.
    CHECK(std::isfinite(make_loss("\"triplet\"")->forward(batch, mined).item<double>()));
  }
}

TEST_CASE("distance_weighted's logarithm") {
  for (const double x : {1e-300, 0.1, 0.5, 0.70710678118654746, 0.70710678118654757, 1 - 1e-16, 1.0,
                         1 + 3e-16, 1.1, 1.4142135623730951, 2.0, 3.7, 1e10, 1e300})
    CHECK(std::abs(log_of_positive(x) - std::log(x)) <= 1e-15 * std::abs(std::log(x)));
  Random random(2);
  for (int i = 0; i < 10000; ++i) {
    const double x = std::exp(random.uniform(-5, 5));
    CHECK(std::abs(log_of_positive(x) - std::log(x)) <= 1e-15 * std::abs(std::log(x)));
  }
}
