// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/solver.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace metriclab {

/// Examples of one class and of others, drawn from labels for solvers that learn online. Every draw
/// takes O(1).
class LabelDraws {
 public:
  /// Throws Error that names the solver where there are no labels (`learns_from` says what it
  /// learns from besides them), fewer than two classes, or no class with two examples.
  LabelDraws(const SolverProblem& problem, std::string_view solver, std::string_view learns_from,
             Random random);

  /// An example that is not alone in its class, each with equal chances.
  std::int64_t anchor() { return accompanied_[below(accompanied_.size())]; }
  /// Another example of its class, which has one; and an example of another class.
  std::int64_t partner(std::int64_t anchor);
  std::int64_t stranger(std::int64_t anchor);

 private:
  std::size_t below(std::size_t n) {
    return static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(n)));
  }

  const std::vector<std::int32_t>& y_;
  Random random_;
  std::vector<Indices> members_;  // of each label
  Indices place_;                 // of each example in its class
  Indices accompanied_;
};

/// Pairs for solvers that learn from one at a time: the given ones, each with equal chances, or of
/// the labels one similar and one dissimilar in turn. Reads the examples it draws by
/// SolverProblem::rows() alone. From the problem's stream "pairs".
class OnlinePairs {
 public:
  /// Throws Error as require_pairs and LabelDraws do.
  OnlinePairs(const SolverProblem& problem, std::string_view solver);

  struct Block {
    Matrix differences;         // (count × d), x_i − x_j
    std::vector<bool> similar;  // (count)
  };
  /// The next `count` pairs.
  Block draw(std::int64_t count);

 private:
  const SolverProblem& problem_;
  Random random_;
  std::vector<LabelledPair> given_;
  std::optional<LabelDraws> labels_;  // where none are given
  bool similar_is_next_ = true;
};

/// Differences of `count` pairs of examples, drawn at random with repeats, as rows; n ≥ 2.
Matrix random_differences(const SolverProblem& problem, std::int64_t count, Random random);

}  // namespace metriclab
