// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <metriclab/deep/sampler.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <set>

namespace {

using namespace metriclab;
using Batches = std::vector<SampledBatch>;

std::unique_ptr<Sampler> sampler(const std::string& block,
                                 const std::vector<std::int64_t>& labels) {
  Registry registry(Registry::standard_folders());
  auto made = registry.make<Sampler>(parse_json(block));
  made->prepare({.labels = labels});
  return made;
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

std::string error_of(const std::string& block, const std::vector<std::int64_t>& labels) {
  try {
    sampler(block, labels);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
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

TEST_CASE("samplers say what there is and what is needed") {
  CHECK(error_of(R"({"plugin": "balanced", "classes": 4})", labels_of({5, 0, 5, 5})) ==
        "/classes: 4 classes in a batch, and the training part has 3; give at most as many");
  CHECK(error_of(R"({"plugin": "balanced", "classes": 1, "per_class": 1})", labels_of({5})) ==
        "/per_class: a batch of 1 class with 1 example; it needs at least 2 examples");
  CHECK(error_of(R"({"plugin": "uniform"})", {0}) ==
        "1 training example; a batch needs at least 2");
  CHECK(error_of(R"({"plugin": "uniform"})", {}) ==
        "0 training examples; a batch needs at least 2");
}

TEST_CASE("uniform and balanced: with views each example stands in its batch so often") {
  const auto labels = labels_of({9, 4, 30});
  for (const std::string block : {R"({"plugin": "uniform", "batch_size": 5)",
                                  R"({"plugin": "balanced", "classes": 2, "per_class": 5)"}) {
    CAPTURE(block);
    const Batches once = sampler(block + "}", labels)->epoch(Random(1)),
                  thrice = sampler(block + R"(, "views": 3})", labels)->epoch(Random(1));
    REQUIRE(once.size() == thrice.size());
    for (std::size_t b = 0; b < once.size(); ++b) {
      REQUIRE(thrice[b].examples.size() == 3 * once[b].examples.size());
      for (std::size_t i = 0; i < thrice[b].examples.size(); ++i)
        CHECK(thrice[b].examples[i] == once[b].examples[i / 3]);
    }
  }
  // Two views of one example are enough for a batch.
  CHECK(error_of(R"({"plugin": "balanced", "classes": 1, "per_class": 1, "views": 2})", {0, 0}) ==
        "");
}
