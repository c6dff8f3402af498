// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <metriclab/deep/sampler.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <set>

namespace {

using namespace metriclab;
using Batches = std::vector<SampledBatch>;

std::unique_ptr<Sampler> sampler(const std::string& block, const SamplingSetting& setting) {
  Registry registry(Registry::standard_folders());
  auto made = registry.make<Sampler>(parse_json(block));
  made->prepare(setting);
  return made;
}
std::unique_ptr<Sampler> sampler(const std::string& block,
                                 const std::vector<std::int64_t>& labels) {
  return sampler(block, SamplingSetting{.labels = labels});
}

/// How often each number is there.
std::map<std::int64_t, std::int64_t> counts(const std::vector<std::int64_t>& numbers) {
  std::map<std::int64_t, std::int64_t> result;
  for (std::int64_t number : numbers) ++result[number];
  return result;
}

std::int64_t spread(const std::map<std::int64_t, std::int64_t>& counts) {
  const auto [least, most] =
      std::minmax_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->second - least->second;
}

std::vector<std::int64_t> all_of(const Batches& batches) {
  std::vector<std::int64_t> result;
  for (const auto& batch : batches)
    result.insert(result.end(), batch.examples.begin(), batch.examples.end());
  return result;
}

/// `sizes[c]` examples of class c, mixed.
std::vector<std::int64_t> labels_of(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> labels;
  for (std::size_t c = 0; c < sizes.size(); ++c)
    labels.insert(labels.end(), static_cast<std::size_t>(sizes[c]), static_cast<std::int64_t>(c));
  Random(5, "labels").shuffle(labels);
  return labels;
}

std::string error_of(const std::string& block, const SamplingSetting& setting) {
  try {
    sampler(block, setting);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string error_of(const std::string& block, const std::vector<std::int64_t>& labels) {
  return error_of(block, SamplingSetting{.labels = labels});
}

/// Whether a count of `draws` independent draws of probability p is within 4.5 standard deviations.
bool is_likely(std::int64_t count, double draws, double p) {
  return std::abs(static_cast<double>(count) - draws * p) <= 4.5 * std::sqrt(draws * p * (1 - p));
}

/// Examples by class.
std::map<std::int64_t, std::vector<std::int64_t>> by_class(
    const SampledBatch& batch, const std::vector<std::int64_t>& labels) {
  std::map<std::int64_t, std::vector<std::int64_t>> result;
  for (const std::int64_t i : batch.examples)
    result[labels[static_cast<std::size_t>(i)]].push_back(i);
  return result;
}

}  // namespace

TEST_CASE("uniform: each example once an epoch; one that remains joins the batch before it") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(2, 200);
    const auto size = *rc::gen::inRange<std::int64_t>(2, 40);
    const auto uniform =
        sampler("{\"plugin\": \"uniform\", \"batch_size\": " + std::to_string(size) + "}",
                std::vector<std::int64_t>(static_cast<std::size_t>(n)));
    const Batches batches = uniform->epoch(Random(1));
    const auto seen = counts(all_of(batches));
    RC_ASSERT(static_cast<std::int64_t>(all_of(batches).size()) == n);
    RC_ASSERT(static_cast<std::int64_t>(seen.size()) == n);
    RC_ASSERT(seen.begin()->first == 0);
    RC_ASSERT(seen.rbegin()->first == n - 1);
    for (std::size_t b = 0; b + 1 < batches.size(); ++b)
      RC_ASSERT(static_cast<std::int64_t>(batches[b].examples.size()) == size);
    const std::int64_t rest = n % size;
    RC_ASSERT(static_cast<std::int64_t>(batches.back().examples.size()) == (rest == 0 || n < size
                                                                                ? std::min(n, size)
                                                                            : rest == 1 ? size + 1
                                                                                        : rest));
  }));
}

TEST_CASE("an epoch depends on its stream and on nothing else") {
  const auto labels = labels_of({9, 4, 0, 30});
  for (const char* block : {R"({"plugin": "uniform", "batch_size": 5})",
                            R"({"plugin": "balanced", "classes": 2, "per_class": 5})"}) {
    CAPTURE(block);
    const auto one = sampler(block, labels), other = sampler(block, labels);
    const Batches first = one->epoch(Random(1));
    CHECK(one->epoch(Random(2)) != first);
    CHECK(one->epoch(Random(1)) == first);
    CHECK(other->epoch(Random(1)) == first);
  }
}

TEST_CASE("balanced: P different classes with K different examples each, all equally often") {
  CHECK(rc::check([] {
    const auto sizes = *rc::gen::container<std::vector<std::int64_t>>(
        *rc::gen::inRange<std::size_t>(1, 12), rc::gen::inRange<std::int64_t>(0, 15));
    const auto there =
        static_cast<std::int64_t>(sizes.size()) - std::count(sizes.begin(), sizes.end(), 0);
    RC_PRE(there > 0);
    const auto p = *rc::gen::inRange<std::int64_t>(1, there + 1);
    const auto k = *rc::gen::inRange<std::int64_t>(2, 9);
    const auto n_batches = *rc::gen::inRange<std::int64_t>(1, 30);
    const auto labels = labels_of(sizes);
    const auto balanced = sampler("{\"plugin\": \"balanced\", \"classes\": " + std::to_string(p) +
                                      ", \"per_class\": " + std::to_string(k) +
                                      ", \"batches\": " + std::to_string(n_batches) + "}",
                                  labels);
    const Batches batches = balanced->epoch(Random(3));
    RC_ASSERT(static_cast<std::int64_t>(batches.size()) == n_batches);
    std::map<std::int64_t, std::int64_t> batches_of_class;
    std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> shown;
    for (std::size_t c = 0; c < sizes.size(); ++c)
      if (sizes[c] > 0) batches_of_class[static_cast<std::int64_t>(c)] = 0;
    for (std::size_t i = 0; i < labels.size(); ++i)
      shown[labels[i]][static_cast<std::int64_t>(i)] = 0;
    for (const auto& batch : batches) {
      RC_ASSERT(static_cast<std::int64_t>(batch.examples.size()) == p * k);
      std::map<std::int64_t, std::vector<std::int64_t>> by_class;
      for (std::int64_t i : batch.examples) {
        by_class[labels[static_cast<std::size_t>(i)]].push_back(i);
        ++shown[labels[static_cast<std::size_t>(i)]][i];
      }
      RC_ASSERT(static_cast<std::int64_t>(by_class.size()) == p);
      for (const auto& [label, members] : by_class) {
        ++batches_of_class[label];
        const std::int64_t size = sizes[static_cast<std::size_t>(label)];
        RC_ASSERT(static_cast<std::int64_t>(members.size()) == k);
        RC_ASSERT(static_cast<std::int64_t>(counts(members).size()) == std::min(k, size));
        if (size < k && k % size == 0) RC_ASSERT(spread(counts(members)) == 0);
        RC_ASSERT(spread(counts(members)) <= 1);
      }
    }
    RC_ASSERT(spread(batches_of_class) <= 1);
    for (const auto& [label, examples] : shown)
      if (sizes[static_cast<std::size_t>(label)] >= k) RC_ASSERT(spread(examples) <= 1);
  }));
}

TEST_CASE("balanced: an epoch shows about as many examples as there are, unless told otherwise") {
  auto n_batches = [](std::int64_t n, const std::string& more) {
    return sampler(R"({"plugin": "balanced", "classes": 2, "per_class": 5)" + more + "}",
                   labels_of({n / 2, n - n / 2}))
        ->epoch(Random(1))
        .size();
  };
  CHECK(n_batches(100, "") == 10);
  CHECK(n_batches(104, "") == 10);
  CHECK(n_batches(105, "") == 11);
  CHECK(n_batches(3, "") == 1);
  CHECK(n_batches(100, ", \"batches\": 7") == 7);
}

TEST_CASE("balanced: examples are drawn without favour (stochastic, seeded)") {
  // One class of 40, 10 a batch, 1 batch an epoch: each example is in a quarter of the epochs; over
  // 4000 of them its count has the deviation sqrt(4000 · 3/16) = 27.4.
  const auto balanced = sampler(
      R"({"plugin": "balanced", "classes": 1, "per_class": 10, "batches": 1})", labels_of({40}));
  std::map<std::int64_t, std::int64_t> seen;
  for (std::uint64_t epoch = 0; epoch < 4000; ++epoch) {
    const Batches batches = balanced->epoch(Random(1).child(epoch));
    for (std::int64_t i : batches[0].examples) ++seen[i];
  }
  REQUIRE(seen.size() == 40);
  for (const auto& [i, count] : seen)
    CHECK(std::abs(static_cast<double>(count) - 1000) < 4.5 * 27.4);
}

TEST_CASE("views: each example of a batch stands in it so often, one beside the other") {
  const auto labels = labels_of({9, 12, 7});
  for (const std::string block : {R"("plugin": "uniform", "batch_size": 5)",
                                  R"("plugin": "balanced", "classes": 2, "per_class": 3)"}) {
    CAPTURE(block);
    const Batches once = sampler("{" + block + "}", labels)->epoch(Random(1)),
                  thrice = sampler("{" + block + R"(, "views": 3})", labels)->epoch(Random(1));
    REQUIRE(once.size() == thrice.size());
    for (std::size_t b = 0; b < once.size(); ++b) {
      REQUIRE(thrice[b].examples.size() == 3 * once[b].examples.size());
      for (std::size_t k = 0; k < thrice[b].examples.size(); ++k)
        CHECK(thrice[b].examples[k] == once[b].examples[k / 3]);
    }
  }
}

TEST_CASE("class_weighted: classes are drawn as their weights say (stochastic, seeded)") {
  const auto labels = labels_of({10, 40, 150});
  auto shares = [&](const std::string& more) {
    const auto made = sampler(
        R"({"plugin": "class_weighted", "batch_size": 50, "batches": 200)" + more + "}", labels);
    std::vector<double> count(3, 0);
    for (const std::int64_t i : all_of(made->epoch(Random(1))))
      ++count[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])];
    for (double& one : count) one /= 10000;
    return count;
  };
  // Of 10 000 draws a share of 1/3 has the deviation 0.0047.
  for (const double share : shares("")) CHECK(std::abs(share - 1.0 / 3) < 4.5 * 0.0047);
  // Weights 2 and 1 of an example: 20 against 40, and none of the third class.
  const auto given = shares(R"(, "weights": [2, 1, 0])");
  CHECK(std::abs(given[0] - 1.0 / 3) < 4.5 * 0.0047);
  CHECK(given[2] == 0);
}

TEST_CASE("episodic: so many different ways with so many different examples") {
  const auto labels = labels_of({3, 8, 9, 2, 30, 8});
  const auto made = sampler(
      R"({"plugin": "episodic", "ways": 3, "shots": 2, "queries": 6, "episodes": 50})", labels);
  std::set<std::int64_t> ways;
  for (const auto& batch : made->epoch(Random(1))) {
    REQUIRE(batch.examples.size() == 24);
    CHECK(counts(batch.examples).size() == 24);
    std::set<std::int64_t> here;
    for (std::size_t k = 0; k < 24; ++k) {
      const std::int64_t label = labels[static_cast<std::size_t>(batch.examples[k])];
      // Eight of a way, one way after the other.
      CHECK(label == labels[static_cast<std::size_t>(batch.examples[k / 8 * 8])]);
      here.insert(label);
    }
    CHECK(here.size() == 3);
    ways.insert(here.begin(), here.end());
  }
  // The classes of 8 or more: all of them come up, and no other.
  CHECK(ways == std::set<std::int64_t>{1, 2, 4, 5});
  CHECK(error_of(R"({"plugin": "episodic", "ways": 5, "shots": 2, "queries": 6})", labels) ==
        "/ways: 5 ways, and the training part has 4 classes with 2 shots and 6 queries; give fewer "
        "of one or the other");
}

TEST_CASE("hierarchical: classes of few super-classes, examples of few classes") {
  const auto labels = labels_of({6, 6, 6, 6, 6, 6, 6, 6, 6, 2, 6, 6});
  std::vector<std::int64_t> places(labels.size()), thirds;
  for (const std::int64_t label : labels) thirds.push_back(label / 3);
  Registry registry(Registry::standard_folders());
  const auto made = registry.make<Sampler>(parse_json(
      R"({"plugin": "hierarchical", "super_classes": 2, "classes": 3, "per_class": 4, "column": "third", "batches": 60})"));
  made->prepare(
      {.labels = labels, .columns = {places, thirds}, .column_names = {"place", "third"}});
  std::set<std::int64_t> seen;
  for (const auto& batch : made->epoch(Random(1))) {
    CHECK(counts(batch.examples).size() == 24);
    std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> tree;
    for (const std::int64_t i : batch.examples) {
      const std::int64_t label = labels[static_cast<std::size_t>(i)];
      ++tree[label / 3][label];
    }
    CHECK(tree.size() == 2);
    for (const auto& [third, classes] : tree) {
      CHECK(classes.size() == 3);
      for (const auto& [label, count] : classes) CHECK(count == 4);
      seen.insert(third);
    }
  }
  // The last has a class of two examples, too few.
  CHECK(seen == std::set<std::int64_t>{0, 1, 2});
  const auto astray =
      registry.make<Sampler>(parse_json(R"({"plugin": "hierarchical", "column": "thirt"})"));
  CHECK_THROWS_WITH_AS(
      astray->prepare({.labels = labels, .columns = {thirds}, .column_names = {"third"}}),
      "/column: there is no label column \"thirt\"; did you mean \"third\"?", Error);
}

TEST_CASE("samplers say what there is and what is needed") {
  CHECK(error_of(R"({"plugin": "balanced", "classes": 4})", labels_of({5, 0, 5, 5})) ==
        "/classes: 4 classes in a batch, and the training part has 3; give at most as many");
  CHECK(error_of(R"({"plugin": "balanced", "classes": 1, "per_class": 1})", labels_of({5})) ==
        "/per_class: a batch of 1 class with 1 example; it needs at least 2 examples");
  CHECK(error_of(R"({"plugin": "uniform"})", {0}) ==
        "1 training example; a batch needs at least 2");
  CHECK(error_of(R"({"plugin": "uniform"})", std::vector<std::int64_t>{}) ==
        "0 training examples; a batch needs at least 2");
}

TEST_CASE("fixed_tuples: every tuple of the data once an epoch, by places in its batch") {
  const auto labels = labels_of({10, 10, 10});
  SamplingSetting setting{.labels = labels};
  std::multiset<std::vector<std::int64_t>> pairs, triplets;
  for (std::int64_t i = 0; i + 2 < 30; ++i) {
    (labels[static_cast<std::size_t>(i)] == labels[static_cast<std::size_t>(i) + 1]
         ? setting.positive_pairs
         : setting.negative_pairs)
        .push_back({i, i + 1});
    pairs.insert({i, i + 1});
    setting.triplets.push_back({i, i + 1, i + 2});
    triplets.insert({i, i + 1, i + 2});
  }
  const auto fixed = sampler(R"({"plugin": "fixed_tuples", "batch_size": 5})", setting);
  const Batches batches = fixed->epoch(Random(4));
  CHECK(batches.size() == 12);  // ⌈28 / 5⌉ of each sort
  CHECK(fixed->epoch(Random(5)) != batches);
  std::multiset<std::vector<std::int64_t>> found_pairs, found_triplets;
  for (const auto& batch : batches) {
    auto at = [&](std::int64_t place) {
      return batch.examples.at(static_cast<std::size_t>(place));
    };
    CHECK(counts(batch.examples).size() == batch.examples.size());
    CHECK(batch.triplets.empty() != (batch.positive_pairs.empty() && batch.negative_pairs.empty()));
    CHECK(batch.positive_pairs.size() + batch.negative_pairs.size() + batch.triplets.size() <= 5);
    for (const auto& [a, b] : batch.positive_pairs) {
      found_pairs.insert({at(a), at(b)});
      CHECK(labels[static_cast<std::size_t>(at(a))] == labels[static_cast<std::size_t>(at(b))]);
    }
    for (const auto& [a, b] : batch.negative_pairs) {
      found_pairs.insert({at(a), at(b)});
      CHECK(labels[static_cast<std::size_t>(at(a))] != labels[static_cast<std::size_t>(at(b))]);
    }
    for (const auto& [a, p, n] : batch.triplets) found_triplets.insert({at(a), at(p), at(n)});
  }
  CHECK(found_pairs == pairs);
  CHECK(found_triplets == triplets);
  CHECK(error_of(R"({"plugin": "fixed_tuples"})", labels) ==
        "/from: the data set states no pairs and no triplets; take \"triplets\" or \"pairs\", "
        "drawn from its labels");
}

TEST_CASE("fixed_tuples: drawn once from the labels (stochastic, seeded)") {
  const auto labels = labels_of({4, 2, 1});
  auto tuples_of = [&](const std::string& more, std::uint64_t epoch) {
    std::multiset<std::vector<std::int64_t>> result;
    for (const auto& batch :
         sampler(R"({"plugin": "fixed_tuples", "count": 6000)" + more + "}", labels)
             ->epoch(Random(epoch))) {
      auto at = [&](std::int64_t place) {
        return batch.examples.at(static_cast<std::size_t>(place));
      };
      for (const auto& [a, p, n] : batch.triplets) result.insert({at(a), at(p), at(n)});
      for (const auto& [a, p] : batch.positive_pairs) result.insert({at(a), at(p), -1});
      for (const auto& [a, n] : batch.negative_pairs) result.insert({at(a), -1, at(n)});
    }
    return result;
  };
  const auto triplets = tuples_of(R"(, "from": "triplets")", 1);
  CHECK(triplets.size() == 6000);
  CHECK(triplets == tuples_of(R"(, "from": "triplets")", 2));
  CHECK(triplets != tuples_of(R"(, "from": "triplets", "seed": 1)", 1));
  const auto pairs = tuples_of(R"(, "from": "pairs")", 1);
  const std::int64_t n = 7;
  auto label = [&](std::int64_t i) { return labels[static_cast<std::size_t>(i)]; };
  auto size = [&](std::int64_t i) {
    return static_cast<double>(std::count(labels.begin(), labels.end(), label(i)));
  };
  for (std::int64_t a = 0; a < n; ++a)
    for (std::int64_t p = 0; p < n; ++p) {
      const bool positive = a != p && label(a) == label(p), negative = label(a) != label(p);
      // Six examples have a positive.
      const double p_anchor = size(a) > 1 ? 1.0 / 6 : 0,
                   p_positive = positive ? 1 / (size(a) - 1) : 0,
                   p_negative = negative ? 1 / (7 - size(a)) : 0;
      CHECK(is_likely(static_cast<std::int64_t>(pairs.count({a, p, -1})), 3000,
                      p_anchor * p_positive));
      CHECK(is_likely(static_cast<std::int64_t>(pairs.count({a, -1, p})), 3000,
                      p_anchor * p_negative));
      for (std::int64_t q = 0; q < n; ++q)
        CHECK(is_likely(static_cast<std::int64_t>(triplets.count({a, p, q})), 6000,
                        label(a) != label(q) ? p_anchor * p_positive / (7 - size(a)) : 0));
    }
  CHECK(error_of(R"({"plugin": "fixed_tuples", "from": "pairs"})", labels_of({4})) ==
        "/from: 1 class and 4 examples with another of their class; tuples need 2 classes, and 2 "
        "examples of one");
}

TEST_CASE("distance_aware: each batch is a greedy k-center of the embeddings") {
  // One example of each class on a line, at 0, 1, 2, 4, 8, …: after the first, the farthest end is
  // chosen, and so on.
  std::vector<std::int64_t> labels;
  std::vector<float> line;
  for (std::int64_t c = 0; c < 8; ++c) {
    labels.push_back(c);
    line.push_back(c == 0 ? 0.0F : static_cast<float>(1 << (c - 1)));
  }
  const auto aware = sampler(
      R"({"plugin": "distance_aware", "classes": 4, "per_class": 1, "batches": 50,
          "normalize_embeddings": false})",
      labels);
  CHECK(aware->needs_embeddings());
  std::set<std::int64_t> firsts;
  for (const auto& batch : aware->epoch(Random(5), {line.data(), 8, 1})) {
    REQUIRE(batch.examples.size() == 4);
    auto x = [&](std::int64_t i) { return line[static_cast<std::size_t>(i)]; };
    firsts.insert(batch.examples[0]);
    for (std::size_t next = 1; next < 4; ++next) {
      auto gap = [&](std::int64_t i) {
        float least = 1e9F;
        for (std::size_t k = 0; k < next; ++k)
          least = std::min(least, std::abs(x(i) - x(batch.examples[k])));
        return least;
      };
      for (std::int64_t i = 0; i < 8; ++i) CHECK(gap(i) <= gap(batch.examples[next]));
    }
  }
  CHECK(firsts.size() == 8);
}

TEST_CASE("distance_aware: different classes, with different examples as far as there are") {
  const auto labels = labels_of({9, 1, 4, 2, 30, 0, 6});
  std::vector<float> embeddings;
  Random random(6);
  for (std::size_t i = 0; i < 2 * labels.size(); ++i)
    embeddings.push_back(static_cast<float>(random.normal()));
  const auto n = static_cast<std::int64_t>(labels.size());
  const auto aware = sampler(
      R"({"plugin": "distance_aware", "classes": 3, "per_class": 4, "candidates": 4,
          "batches": 200})",
      labels);
  const Batches batches = aware->epoch(Random(7), {embeddings.data(), n, 2});
  for (const auto& batch : batches) {
    CHECK(batch.examples.size() == 12);
    const auto found = by_class(batch, labels);
    CHECK(found.size() == 3);
    for (const auto& [label, examples] : found) {
      CHECK(examples.size() == 4);
      const auto size = std::count(labels.begin(), labels.end(), label);
      CHECK(counts(examples).size() == static_cast<std::size_t>(std::min<std::ptrdiff_t>(4, size)));
    }
  }
  CHECK(counts(all_of(batches)).size() == labels.size());
  CHECK(error_of(R"({"plugin": "distance_aware", "candidates": 4})",
                 labels_of({3, 3, 3, 3, 3, 3, 3, 3})) ==
        "/candidates: 8 classes are to be chosen among 4; give at least as many");
}

TEST_CASE("tuples_to_weights: examples as often as they are in the tuples (stochastic, seeded)") {
  // On a line 0, 1, 3 | 10, 11.5: batch hard finds, of each anchor, (0: 2, 3), (1: 2, 3), (2: 0,
  // 3), (3: 4, 2), (4: 3, 2); so they are in 2, 1, 5, 5, 2 places.
  const std::vector<std::int64_t> labels = {0, 0, 0, 1, 1};
  const std::vector<float> line = {0, 1, 3, 10, 11.5F};
  const auto weighted = sampler(
      R"({"plugin": "tuples_to_weights", "batch_size": 20, "batches": 300,
          "miner": {"plugin": "batch_hard", "normalize_embeddings": false}})",
      labels);
  CHECK(weighted->needs_embeddings());
  auto seen = counts(all_of(weighted->epoch(Random(8), {line.data(), 5, 1})));
  const std::vector<double> places = {2, 1, 5, 5, 2};
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(is_likely(seen[static_cast<std::int64_t>(i)], 6000, places[i] / 15));
  // Nothing is found in one class: all alike.
  const auto alike = sampler(
      R"({"plugin": "tuples_to_weights", "batch_size": 20, "batches": 300, "miner": "batch_hard"})",
      {0, 0, 0, 0, 0});
  seen = counts(all_of(alike->epoch(Random(9), {line.data(), 5, 1})));
  for (std::int64_t i = 0; i < 5; ++i) CHECK(is_likely(seen[i], 6000, 0.2));
  // What is outside of the subset is not drawn.
  const auto part =
      sampler(R"({"plugin": "tuples_to_weights", "subset_size": 3, "miner": "all"})", labels);
  CHECK(counts(all_of(part->epoch(Random(10), {line.data(), 5, 1}))).size() == 3);
}
