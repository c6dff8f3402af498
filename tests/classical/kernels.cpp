// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <filesystem>
#include <metriclab/classical/kernel.hpp>
#include <metriclab/classical/linear_algebra.hpp>
#include <metriclab/plugin/json.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

std::unique_ptr<Kernel> make_kernel(const std::string& json) {
  static Registry registry(Registry::standard_folders());
  return registry.make<Kernel>(parse_json(json));
}

Examples examples_of(const Matrix& X) {
  return Examples({X.cols()}, std::vector<double>(X.data(), X.data() + X.size()));
}

Matrix embedded(const Solution& solution, const Matrix& X) {
  REQUIRE(solution.model);
  return solution.model->embed(examples_of(X)).cast<double>();
}

TEST_CASE("kernels by their formulas") {
  const Matrix A{{1, 2}, {0, -1}}, B{{3, 1}, {0, -1}, {2, 2}};
  auto check = [&](const std::string& json, auto k) {
    CAPTURE(json);
    const auto kernel = make_kernel(json);
    const Matrix K = kernel->between(A, B);
    for (Eigen::Index i = 0; i < 2; ++i)
      for (Eigen::Index j = 0; j < 3; ++j)
        CHECK(K(i, j) ==
              doctest::Approx(k(Vector(A.row(i).transpose()), Vector(B.row(j).transpose()))));
    for (Eigen::Index i = 0; i < 3; ++i)
      CHECK(kernel->diagonal(B)[i] ==
            doctest::Approx(k(Vector(B.row(i).transpose()), Vector(B.row(i).transpose()))));
  };
  check("\"linear\"", [](const Vector& x, const Vector& y) { return x.dot(y); });
  check(R"({"plugin": "polynomial", "degree": 2, "gamma": 0.5, "offset": 3})",
        [](const Vector& x, const Vector& y) { return std::pow(0.5 * x.dot(y) + 3, 2); });
  // γ is 1/d where it is not given.
  check("\"rbf\"",
        [](const Vector& x, const Vector& y) { return std::exp(-0.5 * (x - y).squaredNorm()); });
  check(R"({"plugin": "laplacian", "gamma": 0.3})",
        [](const Vector& x, const Vector& y) { return std::exp(-0.3 * (x - y).lpNorm<1>()); });
}

TEST_CASE("all landmarks reproduce the kernel, some of them project on their span") {
  const Matrix X = gaussian_classes(50, 4, 3, 1).X;
  for (const std::string name : {"linear", "polynomial", "rbf", "laplacian"}) {
    CAPTURE(name);
    const auto kernel = make_kernel("\"" + name + "\"");
    const Matrix K = kernel->between(X, X);
    const KernelFeatures exact(*kernel, X);
    CHECK(relative_difference(exact.of_examples() * exact.of_examples().transpose(), K) < 1e-7);
    // The rank of a linear kernel is that of the data, of a polynomial of degree 3 in 4 variables
    // (4 + 3 choose 3).
    if (name == "linear") CHECK(exact.landmarks().rows() == 4);
    if (name == "polynomial") CHECK(exact.landmarks().rows() == 35);

    kernel->landmarks = 10;
    const KernelFeatures some(*kernel, X);
    const std::int64_t m = std::min<std::int64_t>(10, exact.landmarks().rows());
    REQUIRE(some.landmarks().rows() == m);
    // Nyström: K_XB · K_BB⁻¹ · K_BX.
    const Matrix to_landmarks = kernel->between(X, some.landmarks());
    const Matrix nystroem =
        to_landmarks *
        kernel->between(some.landmarks(), some.landmarks()).ldlt().solve(to_landmarks.transpose());
    CHECK(relative_difference(some.of_examples() * some.of_examples().transpose(), nystroem) <
          1e-7);
    // What new examples get is what these got.
    CHECK(relative_difference(to_landmarks * some.T().transpose(), some.of_examples()) < 1e-7);
  }
}

TEST_CASE(
    "with a linear kernel a solver that rotates with its input learns what it would without") {
  const SolverProblem problem = gaussian_classes(70, 5, 3, 1.5);
  const Matrix fresh = gaussian_classes(20, 5, 3, 1.5, 7).X;
  for (const std::string solver : {"lmnn", "nca", "itml"}) {
    CAPTURE(solver);
    const std::string rest = solver == "itml" ? "" : R"(, "max_iterations": 20)";
    const Solution plain = solve(R"({"plugin": ")" + solver + "\"" + rest + "}", problem);
    const Solution kernel =
        solve(R"({"plugin": ")" + solver + R"(", "kernel": "linear")" + rest + "}", problem);
    const Matrix Z = fresh * plain.L.transpose(), E = embedded(kernel, fresh);
    CHECK(relative_difference(squared_distances(E, E), squared_distances(Z, Z)) < 1e-3);
    CHECK(kernel.objective == doctest::Approx(plain.objective).epsilon(1e-3));
  }
}

TEST_CASE("a kernel tells apart what no linear metric does, and its model is saved and restored") {
  // Two rings around the same centre: the mean radius differs, the directions don't.
  Random random(3);
  auto ring = [&](std::int64_t n) {
    SolverProblem problem{.X = Matrix(n, 2), .random = Random(1)};
    for (std::int64_t i = 0; i < n; ++i) {
      const double angle = 2 * M_PI * random.uniform();
      const double radius = (i % 2 == 0 ? 1 : 2) + 0.1 * random.normal();
      problem.X(i, 0) = radius * std::cos(angle);
      problem.X(i, 1) = radius * std::sin(angle);
      problem.y.push_back(static_cast<std::int32_t>(i % 2));
    }
    return problem;
  };
  const SolverProblem train = ring(200), test = ring(100);
  const std::string json =
      R"({"plugin": "nca", "components": 1, "init": "lda",
          "kernel": {"plugin": "polynomial", "degree": 2, "landmarks": 6}})";
  const Solution solution = solve(json, train);
  CHECK(solution.objective > 0.99);
  const Matrix a = embedded(solution, train.X), b = embedded(solution, test.X);
  int right = 0;
  for (Eigen::Index i = 0; i < b.rows(); ++i) {
    Eigen::Index nearest = 0;
    (a.rowwise() - b.row(i)).rowwise().squaredNorm().minCoeff(&nearest);
    right += train.y[static_cast<std::size_t>(nearest)] == test.y[static_cast<std::size_t>(i)];
  }
  CHECK(right == 100);

  std::string folder = (std::filesystem::temp_directory_path() / "metriclab-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  solution.model->save(folder);
  const auto restored = make_solver(json)->restore(folder);
  std::filesystem::remove_all(folder);
  CHECK(restored->embed(examples_of(test.X)).cast<double>() == b);
}

TEST_CASE("more features than examples, by a linear kernel") {
  const SolverProblem problem = gaussian_classes(40, 2000, 2, 0.3);
  const Solution solution =
      solve(R"({"plugin": "lmnn", "kernel": "linear", "components": 5, "init": "pca"})", problem);
  const Matrix E = embedded(solution, problem.X);
  CHECK(E.cols() == 5);
  CHECK(E.allFinite());
}

TEST_CASE("kernels that can't be used are refused") {
  SolverProblem problem = gaussian_classes(20, 3, 2, 1);
  problem.X.setZero();
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "lmnn", "kernel": "linear"})", problem),
                       "/kernel: is 0 on all examples: nothing can be told apart", Error);
  problem.X.setConstant(1e200);
  CHECK_THROWS_WITH_AS(solve(R"({"plugin": "lmnn", "kernel": "linear"})", problem),
                       "/kernel: of some example with itself is not finite; scale the features",
                       Error);
}

TEST_CASE("a time limit ends a solver after the iteration at hand") {
  const SolverProblem problem = gaussian_classes(300, 20, 5, 0.5);
  for (const std::string name : {"lmnn", "nca", "itml"}) {
    CAPTURE(name);
    const Solution solution =
        solve(R"({"plugin": ")" + name + R"(", "time_limit": 1e-9, "tolerance": 0})", problem);
    CHECK(solution.stopped == "time");
    CHECK(solution.iterations == 1);
    CHECK(solution.L.allFinite());
  }
}

TEST_CASE("a saved transformation is where an iterative solver may begin") {
  const SolverProblem problem = gaussian_classes(60, 4, 3, 1.5);
  std::string folder = (std::filesystem::temp_directory_path() / "metriclab-XXXXXX").string();
  REQUIRE(::mkdtemp(folder.data()) != nullptr);
  const Solution first = solve(R"({"plugin": "lmnn", "max_iterations": 30})", problem);
  LinearModel(first.L).save(folder);
  const Solution next =
      solve(fmt::format(R"({{"plugin": "lmnn", "init_from": "{}", "max_iterations": 5}})", folder),
            problem);
  CHECK(next.objectives.front() == doctest::Approx(first.objective).epsilon(1e-12));
  CHECK(next.objective <= first.objective);
  SolverProblem other = gaussian_classes(60, 5, 3, 1.5);
  CHECK_THROWS_WITH_AS(
      solve(fmt::format(R"({{"plugin": "lmnn", "init_from": "{}"}})", folder), other),
      fmt::format("/init_from: {}/L.npy: is a transformation of 4 features; here are 5", folder)
          .c_str(),
      Error);
  std::filesystem::remove_all(folder);
}

}  // namespace
