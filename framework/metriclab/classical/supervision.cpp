// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/classical/supervision.hpp>
#include <set>

namespace metriclab {

std::vector<Indices> class_members(const std::vector<std::int32_t>& y) {
  std::vector<Indices> members;
  for (std::size_t i = 0; i < y.size(); ++i) {
    METRICLAB_CHECK(y[i] >= 0, "a negative label");
    const auto label = static_cast<std::size_t>(y[i]);
    if (label >= members.size()) members.resize(label + 1);
    members[label].push_back(static_cast<std::int64_t>(i));
  }
  std::erase_if(members, [](const Indices& examples) { return examples.empty(); });
  return members;
}

namespace {

/// `count` of the `total` pairs of a kind: `draw` makes one at random, `every` visits them all.
template <class Draw, class Every>
void draw_pairs_of_a_kind(std::int64_t count, std::int64_t total, bool similar, Draw draw,
                          Every every, Random& random, std::vector<LabelledPair>& pairs) {
  if (2 * count > total) {
    std::vector<LabelledPair> all;
    all.reserve(static_cast<std::size_t>(total));
    every([&](std::int64_t i, std::int64_t j) { all.push_back({i, j, similar}); });
    random.shuffle(all);
    all.resize(static_cast<std::size_t>(std::min(count, total)));
    pairs.insert(pairs.end(), all.begin(), all.end());
    return;
  }
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  while (static_cast<std::int64_t>(seen.size()) < count) {
    const auto [i, j] = draw();
    if (seen.emplace(std::min(i, j), std::max(i, j)).second) pairs.push_back({i, j, similar});
  }
}

}  // namespace

std::vector<LabelledPair> draw_pairs(const std::vector<Indices>& members, std::int64_t count,
                                     Random random) {
  // Positions count the examples class after class, so that partners of either kind are ranges of
  // them.
  Indices example;
  std::vector<std::int64_t> begin, end;  // of each position's class
  std::int64_t similar = 0;
  Indices accompanied;  // the positions with a partner in their class
  for (const Indices& one : members) {
    const auto first = static_cast<std::int64_t>(example.size());
    const auto size = static_cast<std::int64_t>(one.size());
    similar += size * (size - 1) / 2;
    for (std::int64_t i : one) {
      if (size > 1) accompanied.push_back(static_cast<std::int64_t>(example.size()));
      example.push_back(i);
      begin.push_back(first);
      end.push_back(first + size);
    }
  }
  const auto n = static_cast<std::int64_t>(example.size());
  const std::int64_t dissimilar = n * (n - 1) / 2 - similar;
  auto at = [](const auto& list, std::int64_t i) { return list[static_cast<std::size_t>(i)]; };
  std::vector<LabelledPair> pairs;
  draw_pairs_of_a_kind(
      count, similar, true,
      [&] {
        const std::int64_t i =
            at(accompanied, random.below(static_cast<std::int64_t>(accompanied.size())));
        std::int64_t j = at(begin, i) + random.below(at(end, i) - at(begin, i) - 1);
        if (j >= i) ++j;
        return std::pair(at(example, i), at(example, j));
      },
      [&](auto visit) {
        for (std::int64_t i = 0; i < n; ++i)
          for (std::int64_t j = i + 1; j < at(end, i); ++j) visit(at(example, i), at(example, j));
      },
      random, pairs);
  draw_pairs_of_a_kind(
      count, dissimilar, false,
      [&] {
        const std::int64_t i = random.below(n);
        std::int64_t j = random.below(n - (at(end, i) - at(begin, i)));
        if (j >= at(begin, i)) j += at(end, i) - at(begin, i);
        return std::pair(at(example, i), at(example, j));
      },
      [&](auto visit) {
        for (std::int64_t i = 0; i < n; ++i)
          for (std::int64_t j = at(end, i); j < n; ++j) visit(at(example, i), at(example, j));
      },
      random, pairs);
  return pairs;
}

std::vector<LabelledPair> require_pairs(const SolverProblem& problem,
                                        const std::optional<std::int64_t>& n_constraints,
                                        std::string_view solver) {
  for (std::size_t k = 0; k < problem.pairs.size(); ++k)
    for (std::int64_t i : {problem.pairs[k].first, problem.pairs[k].second})
      if (i < 0 || i >= problem.n())
        throw Error(
            fmt::format("pair {} names example {}; there are 0 to {}", k, i, problem.n() - 1));
  if (!problem.pairs.empty()) return problem.pairs;
  if (problem.y.empty())
    throw Error(
        fmt::format("{} learns from pairs or class labels, and these data have neither", solver));
  const std::vector<Indices> members = require_classes(problem, solver);
  const auto n_classes = static_cast<std::int64_t>(members.size());
  return draw_pairs(members, n_constraints.value_or(20 * n_classes * n_classes),
                    problem.random.child("pairs"));
}

void require_features(const SolverProblem& problem, std::string_view solver, std::int64_t least) {
  if (problem.n() < least)
    throw Error(fmt::format("{} needs at least {} examples, got {}", solver, least, problem.n()));
  if (problem.d() == 0) throw Error(fmt::format("{} needs at least one feature, got none", solver));
  if (problem.X.allFinite()) return;
  for (std::int64_t i = 0; i < problem.n(); ++i)
    for (std::int64_t j = 0; j < problem.d(); ++j)
      if (!std::isfinite(problem.X(i, j)))
        throw Error(fmt::format("feature {} of example {} is {}; {} needs finite features", j, i,
                                problem.X(i, j), solver));
}

std::vector<Indices> require_classes(const SolverProblem& problem, std::string_view solver) {
  if (problem.y.empty())
    throw Error(fmt::format("{} learns from class labels, and these data have none", solver));
  if (static_cast<std::int64_t>(problem.y.size()) != problem.n())
    throw Error(fmt::format("{} labels for {} examples; each example needs one", problem.y.size(),
                            problem.n()));
  std::vector<Indices> members = class_members(problem.y);
  if (members.size() < 2)
    throw Error(fmt::format("{} needs examples of at least two classes; all {} are of class {}",
                            solver, problem.n(), problem.y[0]));
  return members;
}

std::int64_t require_components(const std::optional<std::int64_t>& components, std::int64_t most,
                                std::string_view because) {
  if (!components) return most;
  if (*components > most)
    throw Error(
        fmt::format("{} is above the greatest value {} here, {}", *components, most, because))
        .in("components");
  return *components;
}

}  // namespace metriclab
