// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <metriclab/classical/solver.hpp>
#include <metriclab/plugin/registry.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab::testing {

/// The folder of reference values for the solvers, or nullopt (having said "skipped").
std::optional<std::filesystem::path> classical_reference();
/// Likewise the folder of the KEEL sets.
std::optional<std::filesystem::path> keel_sets();

/// Numbers separated by commas, one row a line.
Matrix read_table(const std::filesystem::path& file);
/// One of the reference inputs: features, then the label.
SolverProblem reference_problem(const std::filesystem::path& reference, const std::string& name);

/// The solver of a spec's block, such as "pca" or {"plugin": "pca", "components": 2}.
std::unique_ptr<Solver> make_solver(const std::string& json);
inline Solution solve(const std::string& json, const SolverProblem& problem) {
  return make_solver(json)->solve(problem);
}
inline Matrix metric(const Solution& solution) { return solution.L.transpose() * solution.L; }

/// ‖A − B‖_F / ‖B‖_F.
double relative_difference(const Matrix& A, const Matrix& B);

/// Normal entries of mean 0 and deviation `scale`.
Matrix random_matrix(std::int64_t rows, std::int64_t columns, double scale, std::uint64_t seed);

/// Gaussian classes of unit deviation around means drawn with deviation `spread`, in turn: labels
/// 0, 1, …, 0, 1, ….
SolverProblem gaussian_classes(std::int64_t n, std::int64_t d, std::int64_t n_classes,
                               double spread, std::uint64_t seed = 1);

/// A random orthogonal (d × d) matrix.
Matrix random_rotation(std::int64_t d, std::uint64_t seed);

}  // namespace metriclab::testing
