// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/classical/online_draws.hpp>
#include <metriclab/classical/supervision.hpp>

namespace metriclab {
namespace {

/// Rows firsts[k] − seconds[k].
Matrix differences(const SolverProblem& problem, const Indices& firsts, const Indices& seconds) {
  return problem.rows(firsts) - problem.rows(seconds);
}

}  // namespace

LabelDraws::LabelDraws(const SolverProblem& problem, std::string_view solver,
                       std::string_view learns_from, Random random)
    : y_(problem.y), random_(std::move(random)) {
  if (y_.empty())
    throw Error(fmt::format("{} learns from {} or class labels, and these data have neither",
                            solver, learns_from));
  require_classes(problem, solver);
  members_.resize(static_cast<std::size_t>(problem.n_classes()));
  for (std::size_t i = 0; i < y_.size(); ++i) {
    Indices& own = members_[static_cast<std::size_t>(y_[i])];
    place_.push_back(static_cast<std::int64_t>(own.size()));
    own.push_back(static_cast<std::int64_t>(i));
  }
  for (std::size_t i = 0; i < y_.size(); ++i)
    if (members_[static_cast<std::size_t>(y_[i])].size() > 1)
      accompanied_.push_back(static_cast<std::int64_t>(i));
  if (accompanied_.empty())
    throw Error(fmt::format(
        "{} needs a class with two examples; each of these is of a class of its own", solver));
}

std::int64_t LabelDraws::partner(std::int64_t anchor) {
  const auto i = static_cast<std::size_t>(anchor);
  const Indices& own = members_[static_cast<std::size_t>(y_[i])];
  std::size_t near = below(own.size() - 1);
  if (near >= static_cast<std::size_t>(place_[i])) ++near;
  return own[near];
}

std::int64_t LabelDraws::stranger(std::int64_t anchor) {
  const std::int32_t label = y_[static_cast<std::size_t>(anchor)];
  std::size_t far = 0;
  do far = below(y_.size());
  while (y_[far] == label);
  return static_cast<std::int64_t>(far);
}

OnlinePairs::OnlinePairs(const SolverProblem& problem, std::string_view solver)
    : problem_(problem), random_(problem.random.child("pairs")) {
  if (problem.pairs.empty())
    labels_.emplace(problem, solver, "pairs", random_);
  else
    given_ = require_pairs(problem, std::nullopt, solver);
}

OnlinePairs::Block OnlinePairs::draw(std::int64_t count) {
  Indices firsts, seconds;
  Block block;
  for (std::int64_t k = 0; k < count; ++k) {
    LabelledPair pair;
    if (!labels_) {
      pair =
          given_[static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(given_.size())))];
    } else {
      const std::int64_t anchor = labels_->anchor();
      pair = {anchor, similar_is_next_ ? labels_->partner(anchor) : labels_->stranger(anchor),
              similar_is_next_};
      similar_is_next_ = !similar_is_next_;
    }
    firsts.push_back(pair.first);
    seconds.push_back(pair.second);
    block.similar.push_back(pair.similar);
  }
  block.differences = differences(problem_, firsts, seconds);
  return block;
}

Matrix random_differences(const SolverProblem& problem, std::int64_t count, Random random) {
  Indices firsts, seconds;
  for (std::int64_t k = 0; k < count; ++k) {
    firsts.push_back(random.below(problem.n()));
    const std::int64_t other = random.below(problem.n() - 1);
    seconds.push_back(other < firsts.back() ? other : other + 1);
  }
  return differences(problem, firsts, seconds);
}

}  // namespace metriclab
