// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/neighbors/search.hpp>
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

namespace {

template <class Tuple>
void check_tuples(const std::vector<Tuple>& tuples, std::int64_t n, std::string_view name) {
  for (std::size_t k = 0; k < tuples.size(); ++k)
    for (std::int64_t i : tuples[k])
      if (i < 0 || i >= n)
        throw Error(fmt::format("{} {} names example {}; there are 0 to {}", name, k, i, n - 1));
}

std::vector<Indices> classes_in_place_of(std::string_view tuples, const SolverProblem& problem,
                                         std::string_view solver) {
  if (problem.y.empty())
    throw Error(fmt::format("{} learns from {} or class labels, and these data have neither",
                            solver, tuples));
  return require_classes(problem, solver);
}

void require_a_class_of_two(const std::vector<Indices>& members, std::int64_t n,
                            std::string_view solver) {
  if (static_cast<std::int64_t>(members.size()) == n)
    throw Error(fmt::format(
        "{} needs a class with two examples; each of these is of a class of its own", solver));
}

std::int64_t default_count(const std::vector<Indices>& members) {
  const auto n_classes = static_cast<std::int64_t>(members.size());
  return 20 * n_classes * n_classes;
}

}  // namespace

std::vector<LabelledPair> require_pairs(const SolverProblem& problem,
                                        const std::optional<std::int64_t>& n_constraints,
                                        std::string_view solver) {
  for (std::size_t k = 0; k < problem.pairs.size(); ++k)
    for (std::int64_t i : {problem.pairs[k].first, problem.pairs[k].second})
      if (i < 0 || i >= problem.n())
        throw Error(
            fmt::format("pair {} names example {}; there are 0 to {}", k, i, problem.n() - 1));
  if (!problem.pairs.empty()) return problem.pairs;
  const std::vector<Indices> members = classes_in_place_of("pairs", problem, solver);
  return draw_pairs(members, n_constraints.value_or(default_count(members)),
                    problem.random.child("pairs"));
}

std::vector<std::array<std::int64_t, 3>> require_triplets(const SolverProblem& problem,
                                                          std::int64_t k_genuine,
                                                          std::int64_t k_impostor,
                                                          std::string_view solver) {
  check_tuples(problem.triplets, problem.n(), "triplet");
  if (!problem.triplets.empty()) return problem.triplets;
  const std::vector<Indices> members = classes_in_place_of("triplets", problem, solver);
  require_a_class_of_two(members, problem.n(), solver);
  std::vector<std::array<std::int64_t, 3>> triplets;
  for (const Indices& own : members) {
    const auto size = static_cast<std::int64_t>(own.size());
    const std::int64_t genuine = std::min(k_genuine, size - 1);
    const std::int64_t impostors = std::min(k_impostor, problem.n() - size);
    if (genuine == 0) continue;
    Indices others;
    others.reserve(static_cast<std::size_t>(problem.n() - size));
    for (std::int64_t i = 0; i < problem.n(); ++i)
      if (problem.y[static_cast<std::size_t>(i)] != problem.y[static_cast<std::size_t>(own[0])])
        others.push_back(i);
    const Matrix points = problem.rows(own);
    const Neighbors<double> near = nearest_neighbors(points, genuine);
    const Neighbors<double> far = nearest_neighbors(points, problem.rows(others), impostors);
    for (std::int64_t i = 0; i < size; ++i)
      for (std::int64_t j = 0; j < genuine; ++j)
        for (std::int64_t l = 0; l < impostors; ++l)
          triplets.push_back({own[static_cast<std::size_t>(i)],
                              own[static_cast<std::size_t>(near.indices(i, j))],
                              others[static_cast<std::size_t>(far.indices(i, l))]});
  }
  return triplets;
}

std::vector<std::array<std::int64_t, 4>> require_quadruplets(
    const SolverProblem& problem, const std::optional<std::int64_t>& count,
    std::string_view solver) {
  check_tuples(problem.quadruplets, problem.n(), "quadruplet");
  if (!problem.quadruplets.empty()) return problem.quadruplets;
  const std::vector<Indices> members = classes_in_place_of("quadruplets", problem, solver);
  require_a_class_of_two(members, problem.n(), solver);
  const std::vector<LabelledPair> pairs =
      draw_pairs(members, count.value_or(default_count(members)), problem.random.child("pairs"));
  const auto dissimilar = std::partition_point(
      pairs.begin(), pairs.end(), [](const LabelledPair& pair) { return pair.similar; });
  std::vector<std::array<std::int64_t, 4>> quadruplets;
  for (auto near = pairs.begin(), far = dissimilar; near != dissimilar && far != pairs.end();
       ++near, ++far)
    quadruplets.push_back({near->first, near->second, far->first, far->second});
  return quadruplets;
}

std::vector<Indices> require_chunks(const SolverProblem& problem, std::int64_t n_chunks,
                                    std::int64_t chunk_size, std::string_view solver) {
  METRICLAB_CHECK(n_chunks > 0 && chunk_size > 1, "chunks of nothing");
  std::vector<Indices> chunks;
  if (!problem.chunks.empty()) {
    METRICLAB_CHECK(static_cast<std::int64_t>(problem.chunks.size()) == problem.n(),
                    "a chunk for each example");
    std::map<std::int64_t, Indices> by_number;
    for (std::size_t i = 0; i < problem.chunks.size(); ++i)
      if (problem.chunks[i] >= 0)
        by_number[problem.chunks[i]].push_back(static_cast<std::int64_t>(i));
    for (auto& [number, examples] : by_number)
      if (examples.size() > 1) chunks.push_back(std::move(examples));
  } else {
    // Every class is cut into chunks at random, and of all these some are taken.
    Random random = problem.random.child("chunks");
    for (Indices& examples : classes_in_place_of("chunks", problem, solver)) {
      random.shuffle(examples);
      for (auto begin = examples.begin(); examples.end() - begin >= chunk_size; begin += chunk_size)
        chunks.emplace_back(begin, begin + chunk_size);
    }
    random.shuffle(chunks);
    if (static_cast<std::int64_t>(chunks.size()) > n_chunks)
      chunks.resize(static_cast<std::size_t>(n_chunks));
  }
  if (chunks.empty())
    throw Error(fmt::format(
        "{} needs chunks of two examples or more; {}", solver,
        problem.chunks.empty() ? fmt::format("no class has {}", chunk_size) : "none has two"));
  return chunks;
}

void require_features(const SolverProblem& problem, std::string_view solver, std::int64_t least) {
  if (problem.n() < least)
    throw Error(fmt::format("{} needs at least {} examples, got {}", solver, least, problem.n()));
  if (problem.d() == 0) throw Error(fmt::format("{} needs at least one feature, got none", solver));
  constexpr std::int64_t kBlock = 4096;
  auto check = [&](const auto& rows, std::int64_t begin) {
    if (rows.allFinite()) return;
    for (std::int64_t i = 0; i < rows.rows(); ++i)
      for (std::int64_t j = 0; j < rows.cols(); ++j)
        if (!std::isfinite(rows(i, j)))
          throw Error(fmt::format("feature {} of example {} is {}; {} needs finite features", j,
                                  begin + i, rows(i, j), solver));
  };
  if (problem.examples == nullptr) return check(problem.X, 0);
  for (std::int64_t begin = 0; begin < problem.n(); begin += kBlock)
    check(problem.rows(begin, std::min(kBlock, problem.n() - begin)), begin);
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
