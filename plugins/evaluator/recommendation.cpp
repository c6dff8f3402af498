// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/interactions.hpp>
#include <metriclab/neighbors/measure.hpp>
#include <metriclab/neighbors/search.hpp>

namespace {

using namespace metriclab;

/// Recommendation: users and items are embedded in one space, and to each user of the test part all
/// items are ranked by rising distance, ties by index, but those that the user took to in the
/// training part. None are sampled (Krichene, Rendle).
///
/// Relevant to a user are the items that a similar pair of the test part puts together with it, and
/// that are ranked at all (who is a user, and what is known from training:
/// evaluation/interactions.hpp). Of a user with R relevant items, at the ranks ρ₁ < … < ρ_R, of
/// which h(K) are ≤ K:
///
///     recall_at_K     h(K) / R
///     precision_at_K  h(K) / K, however few items there are
///     hit_rate_at_K   1 if h(K) > 0, else 0
///     ndcg_at_K       Σ_{ρᵢ ≤ K} 1/log₂(ρᵢ + 1) over the same sum of the ranks 1 … min(K, R)
///     map_at_K        Σ_{ρᵢ ≤ K} i/ρᵢ over min(K, R)
///     mrr             1/ρ₁
///
/// each a mean over the users with R ≥ 1. That tell what is recommended to these, and neither value
/// of which is the better one:
///
///     coverage_at_K    the part of the items that are among the first K of some user
///     popularity_at_K  the mean over users of the mean over their first K of how many took to the
///                      item in the training part
///     users_left_out   how many users have no relevant item
///
/// No user with a relevant item: NaN; a training part in which items are not recognised:
/// popularity_at_K is.
class Recommendation final : public Evaluator {
 public:
  static void describe(Description<Recommendation>& is) {
    is.summary("items ranked for users: recall, precision, nDCG, hit rate, MAP at K, and MRR");
    is.source("Krichene, Rendle. On sampled metrics for item recommendation. KDD 2020");
    is.source(
        "Järvelin, Kekäläinen. Cumulated gain-based evaluation of IR techniques. ACM Transactions "
        "on Information Systems 2002 (nDCG)");
    is.source(
        "Deshpande, Karypis. Item-based top-N recommendation algorithms. ACM Transactions on "
        "Information Systems 2004 (hit rate)");
    is.source(
        "Ge, Delgado-Battenfeld, Jannach. Beyond accuracy: evaluating recommender systems by "
        "coverage and serendipity. RecSys 2010 (coverage)");
    is.source(
        "Abdollahpouri, Burke, Mobasher. Managing popularity bias in recommender systems with "
        "personalized re-ranking. FLAIRS 2019 (average recommendation popularity)");
    is.cost(
        "O(users · items · d) time, as a matrix product but for users with no hit; O(items · d) "
        "memory and the first K and known items of some hundred users");
    is.property("invariant_to_rotation");
    is.parameter("users", &Recommendation::users, "which examples are users, as column=class");
    is.parameter("items", &Recommendation::items,
                 "which are items, as column=class; null: all others");
    is.parameter("identity", &Recommendation::identity,
                 "the label column by which users and items of the training part are recognised");
    is.parameter("at", &Recommendation::at, "the K of each metric at K").at_least(1);
  }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (input.test.embeddings.rows() == 0) return without_values("the test part is empty");
    const Interactions found = interactions_of(input, users, items, identity);
    Indices measured;  // places among the users
    for (std::size_t u = 0; u < found.users.size(); ++u)
      if (!found.relevant[u].empty()) measured.push_back(static_cast<std::int64_t>(u));
    if (measured.empty()) return without_values("no user has an item that is relevant and ranked");
    Sums sums(at.size(), found.items.size());
    rank(input, found, measured, sums);
    return metrics_of(found, sums, static_cast<double>(measured.size()));
  }

 private:
  static constexpr std::int64_t kUsers = 256;
  static constexpr const char* kAtK[] = {"recall", "precision", "hit_rate", "ndcg", "map"};

  struct Sums {
    std::vector<std::array<double, std::size(kAtK)>> at;  // of each K
    std::vector<double> popularity;                       // of each K
    std::vector<std::int64_t> best_rank;  // of each item, the best it has among any user's first
    double reciprocal_rank = 0;
    Sums(std::size_t n_at, std::size_t n_items)
        : at(n_at),
          popularity(n_at),
          best_rank(n_items, std::numeric_limits<std::int64_t>::max()) {}
  };

  std::int64_t greatest_k() const { return at.empty() ? 0 : *std::ranges::max_element(at); }

  /// Users of about as many known items together, as the search has to reach past these.
  void rank(const Evaluation& input, const Interactions& found, Indices measured,
            Sums& sums) const {
    std::ranges::stable_sort(measured, {}, [&](std::int64_t u) {
      return found.known[static_cast<std::size_t>(u)].size();
    });
    const MatrixF of_items = input.test.embeddings(found.items, Eigen::all);
    const auto n = static_cast<std::int64_t>(found.items.size());
    for (std::size_t begin = 0; begin < measured.size(); begin += kUsers) {
      const std::size_t end = std::min(measured.size(), begin + kUsers);
      Indices examples;
      for (std::size_t at_user = begin; at_user < end; ++at_user)
        examples.push_back(found.users[static_cast<std::size_t>(measured[at_user])]);
      const MatrixF of_users = input.test.embeddings(examples, Eigen::all);
      const auto most_known = static_cast<std::int64_t>(
          found.known[static_cast<std::size_t>(measured[end - 1])].size());
      const auto nearest =
          nearest_neighbors(of_users, of_items, std::min(n, greatest_k() + most_known),
                            input.distance, input.threads);
      const Measure<float> measure(of_users, of_items, input.distance);
      for (std::size_t row = 0; row < end - begin; ++row) {
        const auto u = static_cast<std::size_t>(measured[begin + row]);
        Indices ranked;
        for (std::int64_t item : nearest.indices.row(static_cast<std::int64_t>(row)))
          if (!std::ranges::binary_search(found.known[u], item)) ranked.push_back(item);
        add_user(found, u, ranked, sums);
        sums.reciprocal_rank +=
            1 / static_cast<double>(first_rank(found, u, ranked, [&](std::int64_t item) {
              return measure(static_cast<std::int64_t>(row), item);
            }));
      }
    }
  }

  /// `ranked`: the user's first items, as many as the greatest K or all there are, or more.
  void add_user(const Interactions& found, std::size_t u, const Indices& ranked, Sums& sums) const {
    const Indices& relevant = found.relevant[u];
    for (std::size_t m = 0; m < at.size(); ++m) {
      const auto k = static_cast<std::size_t>(at[m]);
      double hits = 0, gain = 0, ideal = 0, precisions = 0, popularity = 0;
      const std::size_t length = std::min(k, ranked.size());
      for (std::size_t place = 0; place < length; ++place) {
        const auto item = static_cast<std::size_t>(ranked[place]);
        const auto rank = static_cast<std::int64_t>(place) + 1;
        sums.best_rank[item] = std::min(sums.best_rank[item], rank);
        if (found.popularity) popularity += static_cast<double>((*found.popularity)[item]);
        if (!std::ranges::binary_search(relevant, ranked[place])) continue;
        ++hits;
        gain += discount(place);
        precisions += hits / static_cast<double>(rank);
      }
      const std::size_t most = std::min(k, relevant.size());
      for (std::size_t place = 0; place < most; ++place) ideal += discount(place);
      const double values[] = {hits / static_cast<double>(relevant.size()),
                               hits / static_cast<double>(k), hits > 0 ? 1.0 : 0.0, gain / ideal,
                               precisions / static_cast<double>(most)};
      for (std::size_t v = 0; v < std::size(values); ++v) sums.at[m][v] += values[v];
      sums.popularity[m] += popularity / static_cast<double>(length);
    }
  }

  static double discount(std::size_t place) {
    return 1 / std::log2(static_cast<double>(place) + 2);
  }

  /// Of the first relevant item; where it is beyond `ranked` the nearer ones are counted.
  template <class Distance>
  static std::int64_t first_rank(const Interactions& found, std::size_t u, const Indices& ranked,
                                 Distance distance) {
    for (std::size_t place = 0; place < ranked.size(); ++place)
      if (std::ranges::binary_search(found.relevant[u], ranked[place]))
        return static_cast<std::int64_t>(place) + 1;
    std::pair<double, std::int64_t> nearest(std::numeric_limits<double>::infinity(), 0);
    for (std::int64_t item : found.relevant[u])
      nearest = std::min(nearest, std::pair(distance(item), item));
    std::int64_t rank = 1;
    for (std::int64_t item = 0; item < static_cast<std::int64_t>(found.items.size()); ++item)
      if (std::pair(distance(item), item) < nearest &&
          !std::ranges::binary_search(found.known[u], item))
        ++rank;
    return rank;
  }

  std::vector<Metric> metrics_of(const Interactions& found, const Sums& sums, double n) const {
    std::vector<Metric> metrics;
    for (std::size_t m = 0; m < at.size(); ++m)
      for (std::size_t v = 0; v < std::size(kAtK); ++v)
        metrics.push_back(
            {.name = name_at(kAtK[v], at[m]), .value = sums.at[m][v] / n, .reason = {}});
    metrics.push_back({.name = "mrr", .value = sums.reciprocal_rank / n, .reason = {}});
    for (std::size_t m = 0; m < at.size(); ++m) {
      const auto covered =
          std::ranges::count_if(sums.best_rank, [&](std::int64_t rank) { return rank <= at[m]; });
      metrics.push_back(
          {.name = name_at("coverage", at[m]),
           .value = static_cast<double>(covered) / static_cast<double>(found.items.size()),
           .better = Better::neither,
           .reason = {}});
      metrics.push_back(found.popularity ? Metric{.name = name_at("popularity", at[m]),
                                                  .value = sums.popularity[m] / n,
                                                  .better = Better::neither,
                                                  .reason = {}}
                                         : undefined(name_at("popularity", at[m]),
                                                     "the training part has no items that could be "
                                                     "recognised",
                                                     Better::neither));
    }
    metrics.push_back({.name = "users_left_out",
                       .value = static_cast<double>(found.users.size()) - n,
                       .better = Better::neither,
                       .reason = {}});
    return metrics;
  }

  std::vector<Metric> without_values(const std::string& reason) const {
    std::vector<Metric> metrics;
    for (std::int64_t k : at)
      for (const char* name : kAtK) metrics.push_back(undefined(name_at(name, k), reason));
    metrics.push_back(undefined("mrr", reason));
    for (std::int64_t k : at)
      for (const char* name : {"coverage", "popularity"})
        metrics.push_back(undefined(name_at(name, k), reason, Better::neither));
    metrics.push_back(undefined("users_left_out", reason, Better::neither));
    return metrics;
  }

  static std::string name_at(const char* name, std::int64_t k) {
    return fmt::format("{}_at_{}", name, k);
  }

  std::string users = "kind=user";
  std::optional<std::string> items;
  std::string identity = "identity";
  std::vector<std::int64_t> at = {10, 20};
};

METRICLAB_PLUGIN(Recommendation, "recommendation");

}  // namespace
