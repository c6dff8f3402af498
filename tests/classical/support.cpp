// SPDX-License-Identifier: BSD-3-Clause
#include "support.hpp"

#include <doctest/doctest.h>

#include <Eigen/QR>
#include <charconv>
#include <cstdlib>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab::testing {
namespace {

std::optional<std::filesystem::path> folder(const char* variable, const char* below) {
  if (const char* root = std::getenv(variable); root != nullptr)
    if (auto path = std::filesystem::path(root) / below; std::filesystem::is_directory(path))
      return path;
  MESSAGE("skipped: ", below, " is not below $", variable);
  return std::nullopt;
}

}  // namespace

std::optional<std::filesystem::path> classical_reference() {
  return folder("METRICLAB_REFERENCE", "classical");
}

std::optional<std::filesystem::path> keel_sets() { return folder("METRICLAB_DATA", "keel"); }

Matrix read_table(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  std::vector<double> values;
  std::int64_t rows = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    double value = 0;
    const auto [rest, problem] = std::from_chars(at, end, value);
    REQUIRE_MESSAGE(problem == std::errc(), file.string());
    values.push_back(value);
    at = rest;
    while (at < end && *at == '\r') ++at;
    if (at == end || *at == '\n') ++rows;
    while (at < end && (*at == ',' || *at == '\n')) ++at;
  }
  REQUIRE(rows > 0);
  const auto columns = static_cast<std::int64_t>(values.size()) / rows;
  REQUIRE(columns * rows == static_cast<std::int64_t>(values.size()));
  return Eigen::Map<Matrix>(values.data(), rows, columns);
}

SolverProblem reference_problem(const std::filesystem::path& reference, const std::string& name) {
  const Matrix table = read_table(reference / "data" / (name + ".csv"));
  SolverProblem problem{.X = table.leftCols(table.cols() - 1), .random = Random(1)};
  for (Eigen::Index i = 0; i < table.rows(); ++i)
    problem.y.push_back(static_cast<std::int32_t>(table(i, table.cols() - 1)));
  return problem;
}

std::unique_ptr<Solver> make_solver(const std::string& json) {
  static Registry registry(Registry::standard_folders());
  return registry.make<Solver>(parse_json(json));
}

double relative_difference(const Matrix& A, const Matrix& B) {
  REQUIRE(A.rows() == B.rows());
  REQUIRE(A.cols() == B.cols());
  return (A - B).norm() / B.norm();
}

Matrix random_matrix(std::int64_t rows, std::int64_t columns, double scale, std::uint64_t seed) {
  Random random(seed);
  return Matrix::NullaryExpr(rows, columns, [&] { return scale * random.normal(); });
}

SolverProblem gaussian_classes(std::int64_t n, std::int64_t d, std::int64_t n_classes,
                               double spread, std::uint64_t seed) {
  Random random(seed);
  auto normal = [&] { return random.normal(); };
  const Matrix means = spread * Matrix::NullaryExpr(n_classes, d, normal);
  SolverProblem problem{.X = Matrix::NullaryExpr(n, d, normal), .random = Random(seed)};
  for (std::int64_t i = 0; i < n; ++i) {
    problem.y.push_back(static_cast<std::int32_t>(i % n_classes));
    problem.X.row(i) += means.row(i % n_classes);
  }
  return problem;
}

Matrix random_rotation(std::int64_t d, std::uint64_t seed) {
  Random random(seed);
  const Matrix gaussian = Matrix::NullaryExpr(d, d, [&] { return random.normal(); });
  return Eigen::HouseholderQR<Matrix>(gaussian).householderQ();
}

}  // namespace metriclab::testing
