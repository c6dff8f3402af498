// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <metriclab/classical/laws.hpp>
#include <metriclab/classical/linear_algebra.hpp>
#include <set>

namespace metriclab {
namespace {

/// Classes of Gaussians that differ in the first two features, by as much as they spread.
SolverProblem problem_of(std::int64_t n, std::int64_t d, std::int32_t n_classes,
                         std::uint64_t seed) {
  Random random(seed, "problem");
  SolverProblem problem{.X = Matrix(n, d), .random = Random(seed, "solver")};
  for (std::int64_t i = 0; i < n; ++i) {
    const auto label = static_cast<std::int32_t>(i % n_classes);
    problem.y.push_back(label);
    for (std::int64_t j = 0; j < d; ++j)
      problem.X(i, j) = random.normal() * (1 + 0.3 * static_cast<double>(j % 4)) +
                        (j < 2 ? 2.0 * ((label >> j) % 2) + 0.5 * label : 0);
  }
  return problem;
}

std::string bad(const Solution& solution, std::int64_t d) {
  const Matrix& L = solution.L;
  if (L.size() == 0 && solution.model == nullptr) return "there is neither L nor a model";
  if (!solution.model && (L.cols() != d || L.rows() < 1 || L.rows() > d))
    return fmt::format("L is ({} × {}) for {} features", L.rows(), L.cols(), d);
  if (!L.allFinite()) return "L is not finite";
  const std::set<std::string> known = {"converged", "iterations", "time", "closed form"};
  if (!known.contains(solution.stopped))
    return "\"" + solution.stopped +
           "\" is no reason to stop; there is \"converged\", \"iterations\", \"time\" and "
           "\"closed form\"";
  if (solution.iterations < 0) return "its iterations are below 0";
  if (!std::isfinite(solution.objective) && solution.stopped != "closed form")
    return fmt::format("its objective is {}", solution.objective);
  for (double value : solution.objectives)
    if (!std::isfinite(value)) return fmt::format("an iteration's objective is {}", value);
  return "";
}

/// The metric that was learned: M, or the squared distances between some probes, embedded.
Matrix metric_of(const Solution& solution, const Matrix& probes) {
  if (!solution.model) return solution.L.transpose() * solution.L;
  std::vector<double> values(probes.data(), probes.data() + probes.size());
  const MatrixF E = solution.model->embed(Examples({probes.cols()}, std::move(values)));
  return squared_distances(E.cast<double>(), E.cast<double>());
}

std::string other_metric(const Matrix& M, const Matrix& expected, double tolerance) {
  if (M.rows() != expected.rows()) return "the metric is of another size";
  const double difference = (M - expected).cwiseAbs().maxCoeff(),
               size = std::max(expected.cwiseAbs().maxCoeff(), 1e-300);
  if (difference <= tolerance * size) return "";
  return fmt::format("the metric changes by {:.3g} of its size", difference / size);
}

bool same_bytes(const Solution& a, const Solution& b) {
  return a.L.rows() == b.L.rows() && a.L.cols() == b.L.cols() && a.L == b.L &&
         a.iterations == b.iterations && a.stopped == b.stopped && a.objectives == b.objectives;
}

class Laws {
 public:
  Laws(const std::function<std::unique_ptr<Solver>()>& make,
       const std::vector<std::string>& properties)
      : make_(make), properties_(properties) {}

  Solution solved(const SolverProblem& problem) const { return make_()->solve(suited(problem)); }
  std::string bad_on(const SolverProblem& problem) const {
    return bad(solved(problem), problem.d());
  }

  void check(Checks& checks) const {
    const bool sound = checks.law(
        "L is finite, (r × d) with r ≤ d, and the objective is said", [&]() -> std::string {
          for (const SolverProblem& problem :
               {problem_of(60, 5, 3, 1), problem_of(40, 2, 2, 2), problem_of(90, 9, 4, 3)})
            if (std::string failure = bad_on(problem); !failure.empty()) return failure;
          return "";
        });
    if (!sound) return checks.rest_not_checked();
    checks.law("the same stream gives the same bytes", [&]() -> std::string {
      const SolverProblem problem = problem_of(60, 5, 3, 4);
      return same_bytes(solved(problem), solved(problem)) ? "" : "it does not";
    });
    invariances(checks);
    odd(checks);
    checks.law("a value that is not finite is refused with an Error", [&]() -> std::string {
      for (double value :
           {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        SolverProblem problem = problem_of(30, 4, 2, 5);
        problem.X(7, 2) = value;
        try {
          solved(problem);
          return fmt::format("{} is taken", value);
        } catch (const Error&) {
        }
      }
      return "";
    });
    checks.law("its model embeds, and alike when saved and restored", [&] { return bad_model(); });
  }

 private:
  bool has(const std::string& property) const {
    return std::find(properties_.begin(), properties_.end(), property) != properties_.end();
  }
  /// With features that the solver takes.
  SolverProblem suited(SolverProblem problem) const {
    if (has("non_negative_features")) problem.X = problem.X.cwiseAbs().eval();
    return problem;
  }

  void invariances(Checks& checks) const {
    // An iterative solver stops a little elsewhere when sums are rounded otherwise.
    constexpr double kTolerance = 1e-5;
    const SolverProblem problem = problem_of(60, 5, 3, 6);
    const std::string order = "the order of examples doesn't matter",
                      names = "the names of classes don't matter";
    auto learned = [&](const SolverProblem& of) {
      return metric_of(solved(of), suited(problem).X);
    };
    const Matrix M = learned(problem);
    SolverProblem again = problem;
    again.random = Random(7, "another stream");
    if (!other_metric(learned(again), M, 1e-12).empty()) {
      checks.not_checked(order, "it draws at random");
      checks.not_checked(names, "it draws at random");
      return;
    }
    checks.law(order, [&] {
      const Indices permutation = Random(8, "order").permutation(problem.n());
      SolverProblem shuffled = problem;
      shuffled.X = problem.X(permutation, Eigen::all);
      for (std::size_t i = 0; i < permutation.size(); ++i)
        shuffled.y[i] = problem.y[static_cast<std::size_t>(permutation[i])];
      return other_metric(learned(shuffled), M, kTolerance);
    });
    if (has("labels_are_ordered"))
      return checks.not_checked(names, "it learns from the order of the classes");
    checks.law(names, [&] {
      SolverProblem renamed = problem;
      for (std::int32_t& label : renamed.y) label = (label + 1) % 3;
      return other_metric(learned(renamed), M, kTolerance);
    });
  }

  /// Input out of the ordinary: a result, or an Error.
  void odd(Checks& checks) const {
    auto odd_one = [&](const std::string& what, const SolverProblem& problem) {
      checks.law_or_error(what + ": finite, or an Error", [&] { return bad_on(problem); });
    };
    odd_one("one class only", problem_of(30, 4, 1, 11));
    odd_one("each example a class of its own", problem_of(12, 4, 12, 12));
    odd_one("one example", problem_of(1, 4, 1, 13));
    odd_one("two examples", problem_of(2, 4, 2, 14));
    odd_one("one feature", problem_of(30, 1, 2, 15));
    odd_one("more features than examples", problem_of(12, 20, 3, 16));
    SolverProblem problem = problem_of(30, 4, 3, 17);
    problem.X.rowwise() = problem.X.row(0).eval();
    odd_one("all examples equal", problem);
    problem = problem_of(30, 4, 3, 18);
    for (std::int64_t i = 0; i < 30; i += 2) problem.X.row(i + 1) = problem.X.row(i);
    odd_one("each example twice, in two classes", problem);
    problem = problem_of(30, 4, 3, 19);
    problem.X.col(1).setConstant(7);
    odd_one("a constant feature", problem);
    problem = problem_of(30, 4, 3, 20);
    problem.X.col(3) = problem.X.col(0) * 2;
    odd_one("a feature that is twice another", problem);
    problem = problem_of(31, 4, 3, 21);
    problem.y[30] = 3;
    odd_one("a class of one example", problem);
    for (double factor : {1e8, 1e-8}) {
      problem = problem_of(30, 4, 3, 22);
      problem.X *= factor;
      odd_one(fmt::format("features of size {}", factor), problem);
    }
    problem = problem_of(30, 4, 3, 23);
    problem.X.array() += 1e6;
    odd_one("features far from 0", problem);
    problem.y.clear();
    odd_one("no labels", problem);
    odd_one("no examples", SolverProblem{.X = Matrix(0, 4), .random = Random(1)});
  }

  std::string bad_model() const {
    const SolverProblem problem = suited(problem_of(60, 5, 3, 24));
    std::vector<double> values(problem.X.data(), problem.X.data() + problem.X.size());
    Data data;
    data.examples = Examples({5}, std::move(values));
    data.columns = {{.name = "class", .values = problem.y, .classes = {"a", "b", "c"}}};
    const auto solver = make_();
    const Fit fit = solver->fit({.data = data,
                                 .random = Random(25),
                                 .initialization = Random(26),
                                 .checkpoints = {},
                                 .progress = {}});
    const MatrixF before = fit.model->embed(data.examples);
    if (before.rows() != 60 || !before.allFinite()) return "its embeddings are not finite";
    std::string folder =
        (std::filesystem::temp_directory_path() / "metriclab-laws-XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return "no temporary folder for the model";
    fit.model->save(folder);
    const MatrixF after = make_()->restore(folder)->embed(data.examples);
    std::filesystem::remove_all(folder);
    return before == after ? "" : "the restored model embeds otherwise";
  }

  const std::function<std::unique_ptr<Solver>()>& make_;
  const std::vector<std::string>& properties_;
};

}  // namespace

void check_kernel(const Kernel& kernel, Checks& checks) {
  const Matrix X = problem_of(40, 5, 3, 1).X, few = X.topRows(7);
  const Matrix K = kernel.between(X, X);
  const double size = K.cwiseAbs().maxCoeff();
  const bool sound =
      checks.law("its values are finite, one for each two rows", [&]() -> std::string {
        if (K.rows() != 40 || K.cols() != 40)
          return fmt::format("40 rows and 40 give ({} × {})", K.rows(), K.cols());
        if (!K.allFinite()) return "some are not";
        return size > 0 ? "" : "all are 0";
      });
  if (!sound) return checks.rest_not_checked();
  auto equal = [&](const Matrix& A, const Matrix& B) -> std::string {
    if (A.rows() != B.rows() || A.cols() != B.cols()) return "it is of another size";
    const double difference = (A - B).cwiseAbs().maxCoeff();
    return difference <= 1e-12 * size ? "" : fmt::format("they differ by {:.3g}", difference);
  };
  checks.law("k(x, y) = k(y, x)", [&] { return equal(K, K.transpose()); });
  checks.law("`diagonal` is k(x, x)", [&] { return equal(kernel.diagonal(X), K.diagonal()); });
  checks.law("the other rows don't matter",
             [&] { return equal(kernel.between(few, X), K.topRows(7)); });
  checks.law("no eigenvalue is below 0", [&]() -> std::string {
    const double least = symmetric_eigen((K + K.transpose()) / 2).values.minCoeff();
    return least >= -1e-10 * 40 * size ? "" : fmt::format("one is {:.3g}", least);
  });
}

void check_solver(const std::function<std::unique_ptr<Solver>()>& make,
                  const std::vector<std::string>& properties, Checks& checks) {
  Laws(make, properties).check(checks);
}

}  // namespace metriclab
