// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <metriclab/classical/projections.hpp>
#include <metriclab/classical/solver.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace metriclab {

/// A solver that goes on until it converges, or is told to stop.
class IterativeSolver : public Solver {
 public:
  ~IterativeSolver() override;

 protected:
  IterativeSolver(std::int64_t most_iterations, double least_change)
      : max_iterations(most_iterations), tolerance(least_change) {}

  /// Declares `max_iterations`, `tolerance` and `time_limit`; `converged` says when it is.
  template <class T>
  static void describe_limits(Description<T>& is, std::string converged) {
    is.parameter("max_iterations", &IterativeSolver::max_iterations, "iterations at most")
        .at_least(1);
    is.parameter("tolerance", &IterativeSolver::tolerance, std::move(converged)).at_least(0);
    describe_time_limit(is);
  }
  template <class T>
  static void describe_time_limit(Description<T>& is) {
    is.parameter("time_limit", &IterativeSolver::time_limit,
                 "seconds after which the iteration at hand is the last; null is no limit")
        .above(0);
  }

  std::int64_t max_iterations;
  double tolerance;
  std::optional<double> time_limit;
};

/// The course of an iterative solver: counts, keeps the objectives, reports progress and says when
/// to stop.
///
///     Iterations iterations(problem, "itml", max_iterations, time_limit);
///     iterations.begin(objective);                 // at the start
///     while (iterations.go_on()) {
///       …
///       iterations.end_one(objective);
///       if (change <= tolerance) iterations.converged();
///     }
///     return iterations.solution(L);
class Iterations {
 public:
  Iterations(const SolverProblem& problem, std::string solver, std::int64_t most,
             const std::optional<double>& time_limit);

  /// The objective at the start, iteration 0.
  void begin(double objective) { solution_.objectives.push_back(objective); }
  /// Whether there is to be another iteration; the clock starts when this object is made.
  bool go_on();
  /// Counts an iteration, which ended at this objective, and reports it.
  void end_one(double objective);
  /// No more iterations: it has converged.
  void converged();
  bool out_of_time() const;
  std::int64_t count() const { return solution_.iterations; }

  /// L with the last objective, the count and the reason.
  Solution solution(Matrix L) &&;

 private:
  const SolverProblem& problem_;
  std::string solver_;
  std::int64_t most_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::optional<double> time_limit_;
  Solution solution_;
};

/// An iterative solver for L itself, by L-BFGS (lbfgs.hpp) from a start that the user chooses.
class TransformationSolver : public IterativeSolver {
 public:
  ~TransformationSolver() override;

 protected:
  using IterativeSolver::IterativeSolver;

  /// Declares `components`, `init`, `init_from` and the limits, and `kernel`.
  template <class T>
  static void describe_transformation(Description<T>& is) {
    describe_start(is);
    describe_limits(is,
                    "stops when 5 iterations together better the objective by no more than "
                    "this part of it");
    describe_kernel(is);
  }
  /// Declares `components`, `init` and `init_from` alone.
  template <class T>
  static void describe_start(Description<T>& is) {
    is.parameter("components", &TransformationSolver::components,
                 "rows of L; null is as many as features")
        .at_least(1);
    is.parameter("init", &TransformationSolver::init, "where L begins")
        .one_of(initial_transformation_names());
    is.parameter(
        "init_from", &TransformationSolver::init_from,
        "begins at a saved model's L in place of init: its folder, or a .npy file (r × d)");
  }

  /// Where L begins: initial_transformation (projections.hpp), or what `init_from` names.
  Matrix start(const SolverProblem& problem, std::string_view solver) const;

  /// The L that makes f least, or greatest: f(L, gradient) gives the value and sets the gradient.
  using Objective = std::function<double(const Matrix& L, Matrix& gradient)>;
  Solution minimize(const SolverProblem& problem, const std::string& solver, const Objective& f,
                    Matrix start) const;
  Solution maximize(const SolverProblem& problem, const std::string& solver, const Objective& f,
                    Matrix start) const;

  std::optional<std::int64_t> components;
  std::string init = "auto";
  std::optional<std::string> init_from;

 private:
  Solution optimize(const SolverProblem& problem, const std::string& solver, const Objective& f,
                    Matrix start, double sign) const;
};

}  // namespace metriclab
