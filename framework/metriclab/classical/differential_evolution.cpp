// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/classical/differential_evolution.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {

DifferentialEvolution::DifferentialEvolution(Matrix population, Function f,
                                             const DifferentialEvolutionOptions& options,
                                             Random random)
    : population_(std::move(population)),
      values_(population_.rows()),
      f_(std::move(f)),
      options_(options),
      random_(random) {
  METRICLAB_CHECK(population_.rows() >= 4, "a population too small for differential evolution");
  for (Eigen::Index i = 0; i < population_.rows(); ++i)
    values_[i] = f_(population_.row(i).transpose());
  values_.maxCoeff(&best_);
}

void DifferentialEvolution::next_generation() {
  const std::int64_t members = population_.rows(), p = population_.cols();
  const double F = random_.uniform(options_.least_mutation, options_.most_mutation);
  Matrix trials = population_;
  for (std::int64_t i = 0; i < members; ++i) {
    // Two others, different ones.
    std::int64_t a = random_.below(members - 1), b = random_.below(members - 2);
    if (b >= a) ++b;
    if (a >= i) ++a;
    if (b >= i) ++b;
    const std::int64_t always = random_.below(p);
    for (std::int64_t j = 0; j < p; ++j) {
      if (random_.uniform() >= options_.recombination && j != always) continue;
      double mutant = population_(best_, j) + F * (population_(a, j) - population_(b, j));
      if (std::abs(mutant) > options_.bound)
        mutant = random_.uniform(-options_.bound, options_.bound);
      trials(i, j) = mutant;
    }
  }
  for (std::int64_t i = 0; i < members; ++i) {
    const double value = f_(trials.row(i).transpose());
    if (value < values_[i]) continue;
    values_[i] = value;
    population_.row(i) = trials.row(i);
  }
  values_.maxCoeff(&best_);
}

double DifferentialEvolution::spread() const {
  const double mean = values_.mean();
  const double deviation = std::sqrt((values_.array() - mean).square().mean());
  return deviation == 0 ? 0 : deviation / std::abs(mean);
}

}  // namespace metriclab
