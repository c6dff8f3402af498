// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <limits>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/plugin/random.hpp>

namespace metriclab {

struct DifferentialEvolutionOptions {
  // F is drawn anew for each generation, uniformly between these ("dither").
  double least_mutation = 0.5, most_mutation = 1;
  double recombination = 0.7;  // the part of its coordinates that a trial takes from its mutant
  // A coordinate beyond ±bound is drawn anew, uniformly within.
  double bound = std::numeric_limits<double>::infinity();
};

/// Maximises a function of vectors of p numbers, which need not be continuous.
///
///     mutant for x_i = x_best + F·(x_a − x_b),  a, b, i all different
///
/// The trial for x_i takes each coordinate of the mutant with probability `recombination`, one of
/// them in any case, and the others of x_i; it takes the place of x_i in the next generation where
/// its value is not less. All trials of a generation are made of the one before.
///
/// Storn, Price. Differential evolution: a simple and efficient heuristic for global optimization
/// over continuous spaces. Journal of Global Optimization 1997; this is its best/1/bin, with the
/// defaults of scipy. Random numbers are drawn before any trial's value is asked for. A generation
/// takes O(members·p) time besides `members` values of the function; O(members·p) memory.
class DifferentialEvolution {
 public:
  using Function = std::function<double(const Vector& x)>;

  /// `population` (members × p), of 4 members or more (a Bug otherwise). Evaluates them all.
  DifferentialEvolution(Matrix population, Function f, const DifferentialEvolutionOptions& options,
                        Random random);

  void next_generation();

  const Matrix& population() const { return population_; }
  /// The member of the greatest value, the first of them on a tie; that value never falls.
  Vector best() const { return population_.row(best_).transpose(); }
  double best_value() const { return values_[best_]; }
  /// The deviation of the members' values as a part of the magnitude of their mean.
  double spread() const;

 private:
  Matrix population_;
  Vector values_;
  Function f_;
  DifferentialEvolutionOptions options_;
  Random random_;
  Eigen::Index best_ = 0;
};

}  // namespace metriclab
