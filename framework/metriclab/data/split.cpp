// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <metriclab/data/split.hpp>

namespace metriclab {
namespace {

enum class Way { folds, holdout, predefined, class_folds, class_holdout };

Way way_of(const Splitting& splitting) {
  std::vector<std::pair<std::string, Way>> given;
  if (splitting.folds) given.emplace_back("\"folds\"", Way::folds);
  if (splitting.holdout) given.emplace_back("\"holdout\"", Way::holdout);
  if (splitting.predefined) given.emplace_back("\"predefined\"", Way::predefined);
  if (splitting.class_folds) given.emplace_back("\"class_folds\"", Way::class_folds);
  if (splitting.class_holdout) given.emplace_back("\"class_holdout\"", Way::class_holdout);
  if (given.size() != 1) {
    std::vector<std::string> names;
    for (const auto& [name, way] : given) names.push_back(name);
    throw Error(fmt::format(
        "a split is exactly one of \"folds\", \"holdout\", \"predefined\", \"class_folds\", "
        "\"class_holdout\"; this one has {}",
        names.empty() ? "none of them" : fmt::format("{}", fmt::join(names, " and "))));
  }
  return given.front().second;
}

/// The examples of each class that has any, by the class's number; without labels all examples are
/// one class.
std::vector<Indices> members_of(const Data& data) {
  std::vector<Indices> members(
      static_cast<std::size_t>(std::max<std::int64_t>(data.n_classes(), 1)));
  for (std::int64_t i = 0; i < data.size(); ++i)
    members[data.columns.empty()
                ? 0
                : static_cast<std::size_t>(data.labels()[static_cast<std::size_t>(i)])]
        .push_back(i);
  std::erase_if(members, [](const Indices& of) { return of.empty(); });
  return members;
}

void keep_classes(const std::vector<std::string>& classes, const Data& data, Indices& examples) {
  if (data.columns.empty())
    throw Error("needs class labels, and this data set has none").in("train_on");
  const std::vector<std::string>& names = data.columns.front().classes;
  std::vector<bool> wanted(names.size());
  for (const std::string& name : classes) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw Error(fmt::format("there is no class \"{}\"{}", name, suggestion(name, names)))
          .in("train_on");
    wanted[static_cast<std::size_t>(found - names.begin())] = true;
  }
  std::erase_if(examples, [&](std::int64_t i) {
    return !wanted[static_cast<std::size_t>(data.labels()[static_cast<std::size_t>(i)])];
  });
  if (examples.empty()) throw Error("no example of these classes trains").in("train_on");
}

void part(Split& split, const std::vector<bool>& tests) {
  for (std::size_t i = 0; i < tests.size(); ++i)
    (tests[i] ? split.test : split.train).push_back(static_cast<std::int64_t>(i));
}

/// Classes are laid end to end, each shuffled, and examples dealt out in turn: fold sizes differ by
/// at most one, and so do those of any class.
std::vector<bool> fold_tests(const Data& data, std::int64_t folds, std::int64_t fold,
                             Random random) {
  if (folds > data.size())
    throw Error(fmt::format("{} folds of {} examples: at most {} can be made", folds, data.size(),
                            data.size()));
  std::vector<bool> tests(static_cast<std::size_t>(data.size()));
  std::int64_t dealt = 0;
  for (Indices& members : members_of(data)) {
    random.shuffle(members);
    for (std::int64_t i : members) tests[static_cast<std::size_t>(i)] = dealt++ % folds == fold;
  }
  return tests;
}

/// Each class gives its share rounded down; what is then missing of the whole comes from the
/// classes with the largest remainders, ties in random order. No class gives its last example.
std::vector<bool> holdout_tests(const Data& data, double holdout, Random random) {
  std::vector<Indices> members = members_of(data);
  std::vector<std::int64_t> count(members.size());
  std::vector<double> remainder(members.size());
  std::int64_t total = 0;
  for (std::size_t c = 0; c < members.size(); ++c) {
    random.shuffle(members[c]);
    const auto size = static_cast<std::int64_t>(members[c].size());
    const double share = holdout * static_cast<double>(size);
    count[c] = std::min(static_cast<std::int64_t>(std::floor(share)), size - 1);
    remainder[c] = share - std::floor(share);
    total += count[c];
  }
  const std::int64_t wanted =
      std::max<std::int64_t>(1, std::llround(holdout * static_cast<double>(data.size())));
  Indices order = random.permutation(static_cast<std::int64_t>(members.size()));
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return remainder[static_cast<std::size_t>(a)] > remainder[static_cast<std::size_t>(b)];
  });
  for (std::int64_t at : order) {
    const auto c = static_cast<std::size_t>(at);
    if (total >= wanted) break;
    if (count[c] + 1 >= static_cast<std::int64_t>(members[c].size())) continue;
    ++count[c];
    ++total;
  }
  if (total == 0)
    throw Error(
        fmt::format("a holdout of {} leaves no example to test: each class has only one", holdout));
  std::vector<bool> tests(static_cast<std::size_t>(data.size()));
  for (std::size_t c = 0; c < members.size(); ++c)
    for (std::int64_t i = 0; i < count[c]; ++i)
      tests[static_cast<std::size_t>(members[c][static_cast<std::size_t>(i)])] = true;
  return tests;
}

/// `chosen(position, classes)` says whether the class at that place of a random order tests.
template <class F>
std::vector<bool> class_tests(const Data& data, const std::string& what, std::int64_t least,
                              Random random, F chosen) {
  if (data.columns.empty())
    throw Error(fmt::format("{} needs labels, and this data set has none", what));
  std::vector<Indices> members = members_of(data);
  const auto classes = static_cast<std::int64_t>(members.size());
  if (classes < least)
    throw Error(
        fmt::format("{} needs at least {} classes; this data set has {}", what, least, classes));
  random.shuffle(members);
  std::vector<bool> tests(static_cast<std::size_t>(data.size()));
  for (std::int64_t c = 0; c < classes; ++c)
    for (std::int64_t i : members[static_cast<std::size_t>(c)])
      tests[static_cast<std::size_t>(i)] = chosen(c, classes);
  return tests;
}

Split predefined_split(const Data& data, std::size_t index) {
  if (index >= data.splits.size())
    throw Error(fmt::format("the data set predefines {} splits; there is no number {}",
                            data.splits.size(), index + 1));
  const Split& split = data.splits[index];
  std::vector<bool> seen(static_cast<std::size_t>(data.size()));
  for (const Indices* indices : {&split.train, &split.test})
    for (std::int64_t i : *indices) {
      if (i < 0 || i >= data.size())
        throw Error(fmt::format("predefined split \"{}\" has example {}; the data set has {}",
                                split.name, i, data.size()));
      if (seen[static_cast<std::size_t>(i)])
        throw Error(fmt::format(
            "predefined split \"{}\" has example {} twice; train and test have to be disjoint",
            split.name, i));
      seen[static_cast<std::size_t>(i)] = true;
    }
  return split;
}

std::vector<Episode> episodes_of(const EpisodeSampling& sampling, const Data& data,
                                 const Indices& test, Random random) {
  if (data.columns.empty()) throw Error("episodes need labels, and this data set has none");
  std::vector<Indices> members(static_cast<std::size_t>(data.n_classes()));
  for (std::size_t at = 0; at < test.size(); ++at) {
    const auto label = data.labels()[static_cast<std::size_t>(test[at])];
    members[static_cast<std::size_t>(label)].push_back(static_cast<std::int64_t>(at));
  }
  const std::int64_t each = sampling.shots + sampling.queries;
  std::vector<const Indices*> classes;
  for (std::size_t c = 0; c < members.size(); ++c) {
    if (members[c].empty()) continue;
    if (static_cast<std::int64_t>(members[c].size()) < each)
      throw Error(
          fmt::format("episodes of {} shots and {} queries need {} examples a class; class \"{}\" "
                      "has {} in the test part",
                      sampling.shots, sampling.queries, each, data.columns.front().classes[c],
                      members[c].size()));
    classes.push_back(&members[c]);
  }
  const auto there = static_cast<std::int64_t>(classes.size());
  if (sampling.ways > there)
    throw Error(fmt::format("episodes of {} ways need as many classes; the test part has {}",
                            sampling.ways, there));
  std::vector<Episode> episodes(static_cast<std::size_t>(sampling.count));
  for (Episode& episode : episodes) {
    const Indices ways = random.sample(there, sampling.ways);
    for (std::int64_t way = 0; way < sampling.ways; ++way) {
      const Indices& of = *classes[static_cast<std::size_t>(ways[static_cast<std::size_t>(way)])];
      const Indices drawn = random.sample(static_cast<std::int64_t>(of.size()), each);
      for (std::int64_t i = 0; i < each; ++i) {
        const bool support = i < sampling.shots;
        (support ? episode.support : episode.query)
            .push_back(of[static_cast<std::size_t>(drawn[static_cast<std::size_t>(i)])]);
        (support ? episode.support_labels : episode.query_labels)
            .push_back(static_cast<std::int32_t>(way));
      }
    }
  }
  return episodes;
}

}  // namespace

void EpisodeSampling::describe(Description<EpisodeSampling>& is) {
  is.parameter("ways", &EpisodeSampling::ways, "classes an episode").at_least(2);
  is.parameter("shots", &EpisodeSampling::shots,
               "examples of each class that are given with their label")
      .at_least(1);
  is.parameter("queries", &EpisodeSampling::queries,
               "examples of each class that are to be classified")
      .at_least(1);
  is.parameter("count", &EpisodeSampling::count, "number of episodes").at_least(1);
}

void Splitting::describe(Description<Splitting>& is) {
  is.parameter("folds", &Splitting::folds, "stratified cross-validation with this many folds")
      .at_least(2);
  is.parameter("holdout", &Splitting::holdout, "this part of the examples tests; stratified")
      .above(0)
      .below(1);
  is.parameter("predefined", &Splitting::predefined, "the splits that the data set comes with");
  is.parameter("class_folds", &Splitting::class_folds,
               "cross-validation over classes: those that test are never trained on")
      .at_least(2);
  is.parameter("class_holdout", &Splitting::class_holdout,
               "this part of the classes tests; they are never trained on")
      .above(0)
      .below(1);
  is.parameter(
      "train_on", &Splitting::train_on,
      "classes by name: the training part keeps these alone, as one-class learning has it; "
      "none: all");
  is.parameter("repeats", &Splitting::repeats, "how often folds or holdouts are drawn anew")
      .at_least(1)
      .unused_when("predefined", true);
  is.parameter("episodes", &Splitting::episodes,
               "few-shot episodes drawn from the test part; null for those the data set gives");
}

std::vector<std::string> split_names(const Splitting& splitting,
                                     const std::vector<std::string>& predefined) {
  const Way way = way_of(splitting);
  if (way == Way::predefined) {
    if (predefined.empty())
      throw Error(
          "this data set predefines no splits; give \"folds\", \"holdout\", \"class_folds\" or "
          "\"class_holdout\"");
    if (splitting.repeats != 1)
      throw Error("\"repeats\" has no effect on predefined splits; leave it out");
    return predefined;
  }
  std::vector<std::string> names;
  for (std::int64_t repeat = 1; repeat <= splitting.repeats; ++repeat) {
    if (way == Way::holdout || way == Way::class_holdout) {
      names.push_back(fmt::format("{}holdout {}", way == Way::holdout ? "" : "class ", repeat));
      continue;
    }
    const std::string before = splitting.repeats == 1 ? "" : fmt::format("repeat {} ", repeat);
    const std::int64_t folds = way == Way::folds ? *splitting.folds : *splitting.class_folds;
    for (std::int64_t fold = 1; fold <= folds; ++fold)
      names.push_back(fmt::format("{}{}fold {}", before, way == Way::folds ? "" : "class ", fold));
  }
  return names;
}

Split make_split(const Splitting& splitting, const Data& data, std::size_t index,
                 const Random& random) {
  std::vector<std::string> predefined;
  for (const Split& split : data.splits) predefined.push_back(split.name);
  const std::vector<std::string> names = split_names(splitting, predefined);
  METRICLAB_CHECK(index < names.size(), "a split's number out of range");
  const Way way = way_of(splitting);
  const bool in_folds = way == Way::folds || way == Way::class_folds;
  const std::int64_t folds =
      in_folds ? (way == Way::folds ? *splitting.folds : *splitting.class_folds) : 1;
  const auto number = static_cast<std::int64_t>(index);
  const std::int64_t repeat = number / folds, fold = number % folds;
  // One stream a repeat: its folds are parts of one division.
  const Random stream = random.child("split").child(static_cast<std::uint64_t>(repeat));

  Split split;
  split.name = names[index];
  switch (way) {
    case Way::folds:
      part(split, fold_tests(data, folds, fold, stream));
      break;
    case Way::holdout:
      part(split, holdout_tests(data, *splitting.holdout, stream));
      break;
    case Way::class_folds:
      part(split,
           class_tests(data, fmt::format("a split into {} class folds", folds), folds, stream,
                       [&](std::int64_t c, std::int64_t) { return c % folds == fold; }));
      break;
    case Way::class_holdout:
      part(split, class_tests(data, "a class holdout", 2, stream,
                              [&](std::int64_t c, std::int64_t classes) {
                                const auto wanted = std::llround(*splitting.class_holdout *
                                                                 static_cast<double>(classes));
                                return c < std::clamp<std::int64_t>(wanted, 1, classes - 1);
                              }));
      break;
    case Way::predefined:
      split = predefined_split(data, index);
      break;
  }
  if (!splitting.train_on.empty()) keep_classes(splitting.train_on, data, split.train);
  if (splitting.episodes)
    split.episodes = episodes_of(*splitting.episodes, data, split.test,
                                 random.child("episodes").child(static_cast<std::uint64_t>(index)));
  return split;
}

}  // namespace metriclab
