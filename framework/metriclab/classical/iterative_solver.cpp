// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/lbfgs.hpp>

namespace metriclab {

IterativeSolver::~IterativeSolver() = default;
TransformationSolver::~TransformationSolver() = default;

Iterations::Iterations(const SolverProblem& problem, std::string solver, std::int64_t most,
                       const std::optional<double>& time_limit)
    : problem_(problem), solver_(std::move(solver)), most_(most), time_limit_(time_limit) {
  solution_.stopped = "";
}

bool Iterations::out_of_time() const {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  return time_limit_ && passed.count() >= *time_limit_;
}

bool Iterations::go_on() {
  if (!solution_.stopped.empty()) return false;
  if (solution_.iterations >= most_)
    solution_.stopped = "iterations";
  else if (solution_.iterations > 0 && out_of_time())
    solution_.stopped = "time";
  return solution_.stopped.empty();
}

void Iterations::end_one(double objective) {
  ++solution_.iterations;
  solution_.objectives.push_back(objective);
  if (!problem_.progress) return;
  double done = static_cast<double>(solution_.iterations) / static_cast<double>(most_);
  if (time_limit_) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    done = std::max(done, passed.count() / *time_limit_);
  }
  problem_.progress(std::min(done, 1.0), fmt::format("{}: iteration {}, objective {:.6g}", solver_,
                                                     solution_.iterations, objective));
}

void Iterations::converged() { solution_.stopped = "converged"; }

Solution Iterations::solution(Matrix L) && {
  if (solution_.stopped.empty()) solution_.stopped = "iterations";
  solution_.L = std::move(L);
  if (!solution_.objectives.empty()) solution_.objective = solution_.objectives.back();
  return std::move(solution_);
}

Matrix TransformationSolver::start(const SolverProblem& problem, std::string_view solver) const {
  return init_from ? saved_transformation(*init_from, problem.d(), components)
                   : initial_transformation(init, problem, components, solver);
}

Solution TransformationSolver::minimize(const SolverProblem& problem, const std::string& solver,
                                        const Objective& f, Matrix start) const {
  return optimize(problem, solver, f, std::move(start), 1);
}

Solution TransformationSolver::maximize(const SolverProblem& problem, const std::string& solver,
                                        const Objective& f, Matrix start) const {
  auto negative = [&](const Matrix& L, Matrix& gradient) {
    const double value = f(L, gradient);
    gradient = -gradient;
    return -value;
  };
  return optimize(problem, solver, negative, std::move(start), -1);
}

Solution TransformationSolver::optimize(const SolverProblem& problem, const std::string& solver,
                                        const Objective& f, Matrix start, double sign) const {
  Iterations iterations(problem, solver, max_iterations, time_limit);
  const LbfgsOptions options{
      .max_iterations = max_iterations, .tolerance = tolerance, .go_on = [&](double value) {
        iterations.end_one(sign * value);
        return !iterations.out_of_time();
      }};
  Minimum minimum = minimize_lbfgs(f, std::move(start), options);
  for (double& value : minimum.values) value *= sign;
  return {.L = std::move(minimum.x),
          .objective = sign * minimum.value,
          .iterations = minimum.iterations,
          .stopped = std::move(minimum.stopped),
          .objectives = std::move(minimum.values)};
}

}  // namespace metriclab
