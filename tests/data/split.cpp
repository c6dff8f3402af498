// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <metriclab/data/split.hpp>
#include <set>

namespace {

using namespace metriclab;

Data labelled(const std::vector<std::int32_t>& labels, std::int32_t classes) {
  Data data;
  data.examples = Examples({1}, std::vector<double>(labels.size()));
  LabelColumn& column = data.columns.emplace_back();
  column.name = "class";
  column.values = labels;
  for (std::int32_t c = 0; c < classes; ++c) column.classes.push_back(std::to_string(c));
  return data;
}

/// At least two examples, of at least `least` classes; some classes may have none.
Data random_data(std::int32_t least = 1) {
  const auto classes = *rc::gen::inRange<std::int32_t>(least, 7);
  auto labels =
      *rc::gen::container<std::vector<std::int32_t>>(rc::gen::inRange<std::int32_t>(0, classes));
  for (std::int32_t c = 0; c < 2; ++c) labels.push_back(std::min(c, least - 1));
  return labelled(labels, classes);
}

std::vector<std::int64_t> class_sizes(const Data& data, const Indices& of) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(data.n_classes()));
  for (std::int64_t i : of)
    ++sizes[static_cast<std::size_t>(data.labels()[static_cast<std::size_t>(i)])];
  return sizes;
}

Indices everything(const Data& data) {
  Indices all;
  for (std::int64_t i = 0; i < data.size(); ++i) all.push_back(i);
  return all;
}

void check_complete(const Data& data, const Split& split) {
  Indices both = split.train;
  both.insert(both.end(), split.test.begin(), split.test.end());
  std::sort(both.begin(), both.end());
  RC_ASSERT(both == everything(data));
}

std::string complaint(const Splitting& splitting, const Data& data, std::size_t index = 0) {
  try {
    make_split(splitting, data, index, Random(1));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("one-class learning keeps only some classes to train on") {
  const Data data = labelled({0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}, 3);
  const Split all = make_split({.folds = 2}, data, 0, Random(1)),
              kept = make_split({.folds = 2, .train_on = {data.columns[0].classes[1]}}, data, 0,
                                Random(1));
  CHECK(kept.test == all.test);
  CHECK(kept.train.size() == 2);
  for (std::int64_t i : kept.train) CHECK(data.labels()[static_cast<std::size_t>(i)] == 1);
  CHECK(complaint({.folds = 2, .train_on = {"nowhere"}}, data) ==
        "/train_on: there is no class \"nowhere\"; there is \"0\", \"1\" and \"2\"");
}

TEST_CASE("folds divide the examples, class by class, and depend on the seed alone") {
  CHECK(rc::check([] {
    const Data data = random_data();
    const auto folds =
        *rc::gen::inRange<std::int64_t>(2, std::min<std::int64_t>(data.size(), 12) + 1);
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const Splitting splitting{.folds = folds, .repeats = 2};
    const Random random(seed, "split");
    Random used = random;
    used.next();
    std::vector<std::int64_t> total;
    std::vector<std::vector<std::int64_t>> of_class;
    Indices tested;
    for (std::size_t f = 0; f < static_cast<std::size_t>(folds); ++f) {
      const Split split = make_split(splitting, data, f, random);
      check_complete(data, split);
      const Split again = make_split(splitting, data, f, used);
      RC_ASSERT(split.train == again.train);
      tested.insert(tested.end(), split.test.begin(), split.test.end());
      total.push_back(static_cast<std::int64_t>(split.test.size()));
      of_class.push_back(class_sizes(data, split.test));
    }
    std::sort(tested.begin(), tested.end());
    RC_ASSERT(tested == everything(data));
    auto spread = [](const auto& sizes) {
      return *std::max_element(sizes.begin(), sizes.end()) -
             *std::min_element(sizes.begin(), sizes.end());
    };
    RC_ASSERT(spread(total) <= 1);
    for (std::size_t c = 0; c < of_class[0].size(); ++c) {
      std::vector<std::int64_t> sizes;
      for (const auto& fold : of_class) sizes.push_back(fold[c]);
      RC_ASSERT(spread(sizes) <= 1);
    }
  }));
}

TEST_CASE("a holdout takes its part of each class and leaves each class something to train on") {
  CHECK(rc::check([] {
    const Data data = random_data();
    const double part = *rc::gen::inRange(1, 100) / 100.0;
    const auto sizes = class_sizes(data, everything(data));
    const Split split =
        make_split({.holdout = part}, data, 0, Random(*rc::gen::arbitrary<std::uint64_t>()));
    check_complete(data, split);
    RC_ASSERT(!split.test.empty());
    const auto tests = class_sizes(data, split.test);
    double wanted = 0;
    bool capped = false;
    for (std::size_t c = 0; c < sizes.size(); ++c) {
      const double share = part * static_cast<double>(sizes[c]);
      wanted += share;
      capped = capped || std::ceil(share) >= static_cast<double>(sizes[c]);
      if (sizes[c] == 0) continue;
      RC_ASSERT(tests[c] < sizes[c]);
      RC_ASSERT(std::abs(static_cast<double>(tests[c]) - share) <= 1);
    }
    if (!capped)
      RC_ASSERT(static_cast<std::int64_t>(split.test.size()) ==
                std::max<std::int64_t>(1, std::llround(wanted)));
  }));
}

TEST_CASE("classes that test are never trained on") {
  CHECK(rc::check([] {
    const Data data = random_data(2);
    std::int64_t present = 0;
    for (std::int64_t size : class_sizes(data, everything(data))) present += size > 0;
    const auto folds = *rc::gen::inRange<std::int64_t>(2, present + 1);
    const double part = *rc::gen::inRange(1, 100) / 100.0;
    const Random random(*rc::gen::arbitrary<std::uint64_t>());
    auto check = [&](const Split& split) {
      check_complete(data, split);
      const auto train = class_sizes(data, split.train), test = class_sizes(data, split.test);
      std::int64_t tested = 0;
      for (std::size_t c = 0; c < train.size(); ++c) {
        RC_ASSERT(train[c] == 0 || test[c] == 0);
        tested += test[c] > 0;
      }
      return tested;
    };
    std::int64_t total = 0;
    for (std::size_t f = 0; f < static_cast<std::size_t>(folds); ++f) {
      const std::int64_t tested = check(make_split({.class_folds = folds}, data, f, random));
      RC_ASSERT(tested == present / folds || tested == present / folds + 1);
      total += tested;
    }
    RC_ASSERT(total == present);
    const auto held = check(make_split({.class_holdout = part}, data, 0, random));
    RC_ASSERT(held == std::clamp<std::int64_t>(std::llround(part * static_cast<double>(present)), 1,
                                               present - 1));
  }));
}

TEST_CASE(
    "episodes are of the test part, with as many ways, shots and queries as asked, without "
    "repeats") {
  CHECK(rc::check([] {
    std::vector<std::int32_t> labels;
    for (std::int32_t i = 0; i < 120; ++i) labels.push_back(i % 12);
    const Data data = labelled(labels, 12);
    const auto ways = *rc::gen::inRange<std::int64_t>(2, 7),
               shots = *rc::gen::inRange<std::int64_t>(1, 5);
    const auto queries = *rc::gen::inRange<std::int64_t>(1, 6);
    const Splitting splitting{.class_holdout = 0.5,
                              .episodes = EpisodeSampling{ways, shots, queries, 5}};
    const Split split =
        make_split(splitting, data, 0, Random(*rc::gen::arbitrary<std::uint64_t>()));
    RC_ASSERT(split.episodes.size() == 5U);
    for (const Episode& episode : split.episodes) {
      RC_ASSERT(static_cast<std::int64_t>(episode.support.size()) == ways * shots);
      RC_ASSERT(static_cast<std::int64_t>(episode.query.size()) == ways * queries);
      std::set<std::int64_t> seen;
      std::map<std::int32_t, std::set<std::int32_t>> classes;
      auto check = [&](const Indices& indices, const std::vector<std::int32_t>& of,
                       std::int64_t each) {
        RC_ASSERT(of.size() == indices.size());
        std::map<std::int32_t, std::int64_t> count;
        for (std::size_t i = 0; i < indices.size(); ++i) {
          RC_ASSERT(seen.insert(indices[i]).second);
          classes[of[i]].insert(labels[static_cast<std::size_t>(
              split.test.at(static_cast<std::size_t>(indices[i])))]);
          ++count[of[i]];
        }
        for (std::int32_t way = 0; way < ways; ++way) RC_ASSERT(count[way] == each);
      };
      check(episode.support, episode.support_labels, shots);
      check(episode.query, episode.query_labels, queries);
      std::set<std::int32_t> all;
      for (const auto& [way, of] : classes) {
        RC_ASSERT(of.size() == 1U);
        RC_ASSERT(all.insert(*of.begin()).second);
      }
    }
  }));
}

TEST_CASE("repeats and seeds give other splits") {
  std::vector<std::int32_t> labels(100);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 2);
  const Data data = labelled(labels, 2);
  const Splitting splitting{.holdout = 0.3, .repeats = 2};
  CHECK(make_split(splitting, data, 0, Random(1)).test !=
        make_split(splitting, data, 1, Random(1)).test);
  CHECK(make_split(splitting, data, 0, Random(1)).test !=
        make_split(splitting, data, 0, Random(2)).test);
  CHECK(make_split(splitting, data, 1, Random(1)).name == "holdout 2");
  // The first holdout is the same, however many follow it.
  CHECK(make_split(splitting, data, 0, Random(1)).test ==
        make_split({.holdout = 0.3}, data, 0, Random(1)).test);
}

TEST_CASE("splits have names") {
  using Names = std::vector<std::string>;
  CHECK(split_names({.folds = 2}, {}) == Names{"fold 1", "fold 2"});
  CHECK(split_names({.folds = 2, .repeats = 2}, {}) ==
        Names{"repeat 1 fold 1", "repeat 1 fold 2", "repeat 2 fold 1", "repeat 2 fold 2"});
  CHECK(split_names({.holdout = 0.5}, {}) == Names{"holdout 1"});
  CHECK(split_names({.class_folds = 2}, {}) == Names{"class fold 1", "class fold 2"});
  CHECK(split_names({.class_holdout = 0.5, .repeats = 2}, {}) ==
        Names{"class holdout 1", "class holdout 2"});
  CHECK(split_names({.predefined = true}, {"official"}) == Names{"official"});
  CHECK_THROWS_WITH_AS(
      split_names({}, {}),
      "a split is exactly one of \"folds\", \"holdout\", \"predefined\", \"class_folds\", "
      "\"class_holdout\"; this one has none of them",
      Error);
  CHECK_THROWS_WITH_AS(
      split_names({.folds = 2, .holdout = 0.5}, {}),
      "a split is exactly one of \"folds\", \"holdout\", \"predefined\", \"class_folds\", "
      "\"class_holdout\"; this one has \"folds\" and \"holdout\"",
      Error);
  CHECK_THROWS_WITH_AS(split_names({.predefined = true}, {}),
                       "this data set predefines no splits; give \"folds\", \"holdout\", "
                       "\"class_folds\" or \"class_holdout\"",
                       Error);
}

TEST_CASE("what can't be split says why") {
  const Data data = labelled({0, 0, 0, 1, 1, 2}, 3);
  CHECK(complaint({.folds = 7}, data) == "7 folds of 6 examples: at most 6 can be made");
  CHECK(complaint({.class_folds = 4}, data) ==
        "a split into 4 class folds needs at least 4 classes; this data set has 3");
  CHECK(complaint({.holdout = 0.5}, labelled({0, 1, 2}, 3)) ==
        "a holdout of 0.5 leaves no example to test: each class has only one");
  CHECK(complaint({.class_holdout = 0.5}, labelled({0, 0}, 1)) ==
        "a class holdout needs at least 2 classes; this data set has 1");
  CHECK(complaint({.class_holdout = 0.4, .episodes = EpisodeSampling{2, 1, 1, 1}},
                  labelled({0, 0, 1, 1}, 2)) ==
        "episodes of 2 ways need as many classes; the test part has 1");
  CHECK(complaint({.class_holdout = 0.4, .episodes = EpisodeSampling{2, 2, 3, 1}},
                  labelled({0, 0, 0, 0}, 1)) != "");
  CHECK(complaint({.folds = 2, .episodes = EpisodeSampling{2, 2, 3, 1}},
                  labelled({0, 0, 0, 0, 1, 1, 1, 1}, 2)) ==
        "episodes of 2 shots and 3 queries need 5 examples a class; class \"0\" has 2 in the test "
        "part");
  Data unlabelled;
  unlabelled.examples = Examples({1}, std::vector<double>(10));
  CHECK(make_split({.folds = 5}, unlabelled, 0, Random(1)).test.size() == 2);
  CHECK(complaint({.class_folds = 2}, unlabelled) ==
        "a split into 2 class folds needs labels, and this data set has none");
}

TEST_CASE("predefined splits come as they are, and are held to be disjoint") {
  Data data = labelled({0, 1, 0, 1}, 2);
  data.splits = {{.name = "official", .train = {3, 0}, .test = {1}, .episodes = {}}};
  const Split split = make_split({.predefined = true}, data, 0, Random(1));
  CHECK(split.name == "official");
  CHECK(split.train == Indices{3, 0});
  data.splits[0].test = {3};
  CHECK(complaint({.predefined = true}, data) ==
        "predefined split \"official\" has example 3 twice; train and test have to be disjoint");
  data.splits[0].test = {4};
  CHECK(complaint({.predefined = true}, data) ==
        "predefined split \"official\" has example 4; the data set has 4");
}

}  // namespace
