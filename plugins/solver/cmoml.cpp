// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/classical/differential_evolution.hpp>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/ordinal_chains.hpp>
#include <metriclab/classical/projections.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Chain maximizing ordinal metric learning: the distance by which the labels in an example's
/// neighbourhood go away from its own in order.
///
///     maximise over L (r × d):  Σ_i #{t_1 < … < t_c:  y_i ≤ y(i, t_1) ≤ … ≤ y(i, t_c),
///                                     or the same with ≥}
///
/// y(i, t): the label of the t-th nearest of x_i by ‖L(x − x_i)‖, t = 1 … neighborhood_size, x_i
/// itself the first; c = chain_size. A chain of examples of x_i's class alone counts once. Classes
/// are ordered by their numbers; only the order of the labels counts, and to reverse it changes
/// nothing. Ties go by index (ordinal_chains.hpp). Fewer examples than neighborhood_size: all of
/// them are a neighbourhood. One class, and fewer examples than chain_size: an error.
///
/// The objective is a count, without a gradient: differential evolution
/// (differential_evolution.hpp) of a population of L, of which one is where `init` says and the
/// others have independent normal entries of the same mean square. The count doesn't depend on the
/// length of L, nor does the search. The objective reported is that of the best L so far, at the
/// start and after each generation; it never falls. What is found depends on the random stream and,
/// since a trial takes over single entries, on the axes of the input. Stopped "converged" when the
/// deviation of the members' counts is at most tolerance of their mean, or when all chains that
/// there can be are there.
///
/// With a kernel the search is among the same maps of the feature space as that of the paper's
/// kernel form, KCMOML, in other coordinates: those of the landmarks, in place of the coefficients
/// A of A·k(x). These are r·m numbers for m landmarks, m = n unless said: give `components`, for
/// which KCMOML takes the number of input features, and the kernel's `landmarks`. KCMOML's defaults
/// are chain_size 5 and neighborhood_size 20.
///
/// What a chain is, and that x_i counts, are as in the authors' program (pyDML). Differs from it:
/// all trials of a generation are made of the one before; the population is symmetric about 0 and
/// holds the start, where theirs has entries uniform in 0 … 1; all generations are run, since
/// scipy's tolerance of 0.01, in force there, is met after a few where any L has most of the
/// chains.
class Cmoml final : public IterativeSolver {
 public:
  Cmoml() : IterativeSolver(150, 0) {}

  static void describe(Description<Cmoml>& is) {
    is.summary("neighbourhoods in which labels go away from an example's own in order");
    is.source(
        "Suárez, García, Herrera. Ordinal regression with explainable distance metric learning "
        "based on ordered sequences. Machine Learning 2021");
    is.cost(
        "O(p (n r (n + d) + n k c log C)) time a generation for a population p, neighbourhoods k "
        "and "
        "chains c; O(n (d + r) + p r d) memory");
    is.property("labels_are_ordered");
    is.parameter("chain_size", &Cmoml::chain_size, "examples in a chain").at_least(2);
    is.parameter("neighborhood_size", &Cmoml::neighborhood_size,
                 "nearest examples in which chains are counted, itself included")
        .at_least(2);
    is.parameter("components", &Cmoml::components, "rows of L; null is as many as features")
        .at_least(1);
    is.parameter("init", &Cmoml::init, "one L of the first population")
        .one_of(initial_transformation_names());
    is.parameter("population", &Cmoml::population, "how many L there are at a time").at_least(4);
    is.parameter("recombination", &Cmoml::recombination,
                 "the part of its entries that a trial takes from its mutant")
        .at_least(0)
        .at_most(1);
    describe_limits(is,
                    "stops when the deviation of the population's counts is at most this part of "
                    "their mean");
    describe_kernel(is);
  }

  Solution learn(const SolverProblem& problem) override {
    constexpr double kBound = 100;  // entries, in deviations of the first ones, as the authors'
    if (chain_size > neighborhood_size)
      throw Error(fmt::format("{} examples in order are not in a neighbourhood of {}; give at most "
                              "that many",
                              chain_size, neighborhood_size))
          .in("chain_size");
    require_features(problem, "cmoml", chain_size);
    require_classes(problem, "cmoml");
    const Matrix X = problem.X.rowwise() - mean(problem.X).transpose();
    const Matrix start = initial_transformation(init, problem, components, "cmoml");
    const std::int64_t r = start.rows(), d = start.cols();
    const double deviation = start.norm() / std::sqrt(static_cast<double>(r * d));
    Matrix members(population, r * d);
    Random random = problem.random.child("population");
    members.row(0) = Eigen::Map<const Vector>(start.data(), start.size()).transpose();
    for (std::int64_t i = 1; i < population; ++i)
      for (std::int64_t j = 0; j < r * d; ++j) members(i, j) = deviation * random.normal();

    ChainObjective chains(problem.y, chain_size, neighborhood_size);
    auto transformation = [&](const Vector& entries) {
      return Matrix(Eigen::Map<const Matrix>(entries.data(), r, d));
    };
    Iterations iterations(problem, "cmoml", max_iterations, time_limit);
    DifferentialEvolution evolution(
        std::move(members),
        [&](const Vector& entries) { return chains(X * transformation(entries).transpose()); },
        {.recombination = recombination, .bound = kBound * deviation},
        problem.random.child("evolution"));
    iterations.begin(evolution.best_value());
    if (evolution.best_value() >= chains.most()) iterations.converged();
    while (iterations.go_on()) {
      evolution.next_generation();
      iterations.end_one(evolution.best_value());
      if (evolution.spread() <= tolerance || evolution.best_value() >= chains.most())
        iterations.converged();
    }
    return std::move(iterations).solution(transformation(evolution.best()));
  }

 private:
  std::int64_t chain_size = 3;
  std::int64_t neighborhood_size = 50;
  std::optional<std::int64_t> components;
  std::string init = "auto";
  std::int64_t population = 100;
  double recombination = 0.7;
};

METRICLAB_PLUGIN(Cmoml, "cmoml");

}  // namespace
