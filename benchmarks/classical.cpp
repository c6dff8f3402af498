// SPDX-License-Identifier: BSD-3-Clause
// Times the solvers on one thread beside reference runs of metric-learn and pyDML, in units that
// carry over from machine to machine: one product is the time of a 2048 × 2048 × 2048 matrix
// product in double precision.
//
//     benchmarks/classical [FOLDER [SOLVER]]     FOLDER: with peers.csv and data/; by default
//     $METRICLAB_REFERENCE/classical

#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/nca_objective.hpp>
#include <metriclab/classical/solver.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/registry.hpp>

namespace {

using namespace metriclab;

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double product_seconds() {
  const Matrix A = Matrix::Random(2048, 2048), B = Matrix::Random(2048, 2048);
  Matrix C(2048, 2048);
  double best = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < 5; ++repeat) {
    const double start = cpu_seconds();
    C.noalias() = A * B;
    best = std::min(best, cpu_seconds() - start);
  }
  return best;
}

SolverProblem read_problem(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  Lines lines(text, file.string());
  std::vector<double> values;
  SolverProblem problem{.X = {}, .random = Random(1)};
  for (std::string_view line; lines.next(line);) {
    const std::vector<std::string> fields = fields_of(line, ',');
    for (std::size_t j = 0; j + 1 < fields.size(); ++j)
      values.push_back(number_of(fields[j]).value());
    problem.y.push_back(static_cast<std::int32_t>(number_of(fields.back()).value()));
  }
  const auto n = static_cast<std::int64_t>(problem.y.size());
  problem.X = Eigen::Map<Matrix>(values.data(), n, static_cast<std::int64_t>(values.size()) / n);
  return problem;
}

struct Peer {
  std::string dataset, library, algorithm;
  double products = 0, lmnn_loss = 0, nca_p = 0;
};

std::vector<Peer> read_peers(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  Lines lines(text, file.string());
  std::string_view line;
  std::vector<std::string> header;
  if (lines.next(line)) header = fields_of(line, ',');
  std::vector<Peer> peers;
  while (lines.next(line)) {
    const std::vector<std::string> fields = fields_of(line, ',');
    auto field = [&](std::string_view name) -> const std::string& {
      return fields.at(
          static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin()));
    };
    auto number = [&](std::string_view name) {
      return number_of(field(name)).value_or(std::nan(""));
    };
    if (field("status") != "ok" || field("threads") != "1") continue;
    peers.push_back({field("dataset"), field("library"), field("algorithm"), number("products"),
                     number("lmnn_loss"), number("nca_p")});
  }
  return peers;
}

/// The part of 4000 pairs, half of one class and half of two, that lie on the right side of the
/// distance that splits them best.
double pairs_kept(const SolverProblem& problem, const Matrix& Z) {
  Random random(7, "benchmark pairs");
  std::vector<std::pair<double, bool>> pairs;
  for (int wanted : {0, 1})
    for (int count = 0; count < 2000;) {
      const std::int64_t i = random.below(problem.n()), j = random.below(problem.n());
      const bool same =
          problem.y[static_cast<std::size_t>(i)] == problem.y[static_cast<std::size_t>(j)];
      if (i == j || same != (wanted == 0)) continue;
      pairs.emplace_back((Z.row(i) - Z.row(j)).squaredNorm(), same);
      ++count;
    }
  std::sort(pairs.begin(), pairs.end());
  int right = 2000, best = right;
  for (const auto& [distance, same] : pairs) best = std::max(best, right += same ? 1 : -1);
  return best / 4000.0;
}

struct Quality {
  double lmnn_loss, nca_p, pairs;
};

Quality quality(const SolverProblem& problem, const Matrix& L) {
  Matrix gradient;
  LmnnObjective lmnn(problem.X, problem.y, target_neighbors(problem.X, problem.y, 3), 0.5);
  return {lmnn(L, gradient), NcaObjective(problem.X, problem.y)(L, gradient),
          pairs_kept(problem, problem.X * L.transpose())};
}

void measure(const std::filesystem::path& folder, const std::string& only) {
  const double product = product_seconds();
  fmt::print("one product: {:.3f} s ({:.1f} GFLOP/s)\n\n", product,
             2 * std::pow(2048, 3) / product * 1e-9);
  const std::vector<Peer> peers = read_peers(folder / "peers.csv");
  // The rows of peers.csv that a solver is held against.
  struct Row {
    std::string solver;
    std::vector<std::string> peers;
  };
  const std::vector<Row> rows = {
      {"euclidean", {}},         {"mahalanobis", {"Covariance"}},      {"pca", {"PCA"}},
      {"lda", {"LDA"}},          {"lmnn", {"LMNN", "LMNN_id_lr1e-3"}}, {"itml", {"ITML"}},
      {"nca", {"NCA", "NCA_id"}}};
  fmt::print("{:<14}{:<13}{:<28}{:>10}{:>10}{:>8}{:>12}{:>10}{:>8}  {}\n", "data set", "solver", "",
             "seconds", "products", "ratio", "lmnn_loss", "nca_p", "pairs", "stopped");
  Registry registry(Registry::standard_folders());
  for (const std::string name : {"wine", "breast_cancer", "syn500", "digits", "syn2000"}) {
    const SolverProblem problem = read_problem(folder / "data" / (name + ".csv"));
    for (const Row& row : rows) {
      if (!only.empty() && row.solver != only) continue;
      const auto solver = registry.make<Solver>(Value(row.solver));
      Solution solution;
      double seconds = 0;
      int repeats = 0;
      // Short ones several times, the mean of which counts.
      const double start = cpu_seconds();
      do {
        solution = solver->solve(problem);
        seconds = (cpu_seconds() - start) / ++repeats;
      } while (seconds * repeats < 0.2);
      const Quality ours = quality(problem, solution.L);
      fmt::print(
          "{:<14}{:<13}{:<28}{:>10.4g}{:>10.4g}{:>8}{:>12.6g}{:>10.6f}{:>8.4f}  {} after {}\n",
          name, row.solver, "metriclab", seconds, seconds / product, "", ours.lmnn_loss, ours.nca_p,
          ours.pairs, solution.stopped, solution.iterations);
      for (const Peer& peer : peers)
        if (peer.dataset == name &&
            std::find(row.peers.begin(), row.peers.end(), peer.algorithm) != row.peers.end())
          fmt::print("{:<14}{:<13}{:<28}{:>10.4g}{:>10.4g}{:>8.1f}{:>12.6g}{:>10.6f}\n", "", "",
                     peer.library + " " + peer.algorithm, peer.products * product, peer.products,
                     peer.products * product / seconds, peer.lmnn_loss, peer.nca_p);
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  openblas_set_num_threads(1);
  const char* reference = std::getenv("METRICLAB_REFERENCE");
  std::filesystem::path folder;
  if (argc > 1)
    folder = argv[1];
  else if (reference != nullptr)
    folder = std::filesystem::path(reference) / "classical";
  try {
    if (folder.empty())
      throw Error("give the folder with peers.csv and data/, or set METRICLAB_REFERENCE");
    measure(folder, argc > 2 ? argv[2] : "");
  } catch (const Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 2;
  }
  return 0;
}
