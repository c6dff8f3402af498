// SPDX-License-Identifier: BSD-3-Clause
// Times the solvers on one thread beside reference runs of metric-learn and pyDML, in units that
// carry over from machine to machine: one product is the time of a 2048 × 2048 × 2048 matrix
// product in double precision. Where the reference run had pairs, quadruplets or chunks, the solver
// is given the same.
//
//     benchmarks/classical [FOLDER [SOLVER]]     FOLDER: with peers.csv, data/ and constraints/; by
//     default $METRICLAB_REFERENCE/classical

#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <map>
#include <metriclab/classical/lmnn_objective.hpp>
#include <metriclab/classical/nca_objective.hpp>
#include <metriclab/classical/solver.hpp>
#include <metriclab/data/constraint_file.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/memory.hpp>
#include <metriclab/plugin/registry.hpp>

namespace {

using namespace metriclab;

struct Quality {
  double knn3 = std::nan(""), fresh = std::nan(""), nca_p = std::nan(""), lmnn_loss = std::nan("");
};

/// A solver with the rows of peers.csv that it is held against.
struct Contest {
  const char* solver;  // as in a spec
  std::vector<std::string> peers;
  char tuples = ' ';  // what it is given beside labels: 'p'airs, 'q'uadruplets, 'c'hunks
  // Where the solver reports what peers.csv has of each row too: the column, and 1 where more is
  // better or -1.
  double Quality::*objective = nullptr;
  double sign = 1;
};

const std::vector<Contest>& contests() {
  static const std::vector<Contest> all = {
      {R"("euclidean")", {}},
      {R"("mahalanobis")", {"Covariance"}},
      {R"("pca")", {"PCA"}},
      {R"("lda")", {"LDA"}},
      {R"("lfda")", {"LFDA"}},
      {R"({"plugin": "lfda", "affinity": "neighbors"})", {"LLDA"}},
      {R"("anmm")", {"ANMM"}},
      {R"("dmlmj")", {"DMLMJ"}},
      {R"("rca")", {"RCA"}, 'c'},
      {R"("gmml")", {"GMML"}},
      {R"("lmnn")", {"LMNN", "LMNN_id_lr1e-3", "LMNN_eta1e-4"}, ' ', &Quality::lmnn_loss, -1},
      {R"("nca")", {"NCA", "NCA_id", "NCA_BGD", "NCA_eta1e-2"}, ' ', &Quality::nca_p},
      {R"("mlkr")", {"MLKR"}},
      {R"("ncmml")", {"NCMML"}},
      {R"("ncmc")", {"NCMC"}},
      {R"("itml")", {"ITML"}, 'p'},
      {R"("lsml")", {"LSML"}, 'q'},
      {R"("mmc")", {"MMC"}, 'p'},
      {R"({"plugin": "mmc", "diagonal": true})", {"MMC_diag"}, 'p'},
      {R"("lsi")", {"LSI"}},
      {R"({"plugin": "sdml", "balance_param": 1e-4, "prior": "covariance"})", {"SDML_b1e-4"}, 'p'},
      {R"("scml")", {"SCML"}},
      {R"("mcml")", {"MCML"}},
      {R"("dml_eig")", {"DML_eig"}},
      {R"("ldml")", {"LDML"}},
      {R"({"plugin": "lmnn", "kernel": "rbf"})", {"KLMNN"}},
      {R"({"plugin": "anmm", "kernel": "rbf"})", {"KANMM"}},
      {R"({"plugin": "lda", "kernel": "rbf"})", {"KDA"}},
      {R"({"plugin": "dmlmj", "kernel": "rbf"})", {"KDMLMJ"}},
      {R"({"plugin": "lfda", "affinity": "neighbors", "kernel": "rbf"})", {"KLLDA"}}};
  return all;
}

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

std::vector<std::vector<double>> read_rows(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  Lines lines(text, file.string());
  std::vector<std::vector<double>> rows;
  for (std::string_view line; lines.next(line);) {
    rows.emplace_back();
    for (const std::string& field : fields_of(line, ','))
      rows.back().push_back(number_of(field).value());
  }
  return rows;
}

SolverProblem read_problem(const std::filesystem::path& file) {
  SolverProblem problem{.X = {}, .random = Random(1)};
  std::vector<double> values;
  for (const std::vector<double>& row : read_rows(file)) {
    values.insert(values.end(), row.begin(), row.end() - 1);
    problem.y.push_back(static_cast<std::int32_t>(row.back()));
  }
  const auto n = static_cast<std::int64_t>(problem.y.size());
  problem.X = Eigen::Map<Matrix>(values.data(), n, static_cast<std::int64_t>(values.size()) / n);
  return problem;
}

void give_tuples(SolverProblem& problem, char kind, const std::filesystem::path& folder,
                 const std::string& name) {
  const std::int64_t n = problem.n();
  auto file = [&](const char* end) { return folder / "constraints" / (name + end); };
  if (kind == 'p') problem.pairs = read_pairs(file("_pairs.csv"), n);
  if (kind == 'q') problem.quadruplets = read_quadruplets(file("_quads.csv"), n);
  if (kind == 'c') problem.chunks = read_chunks(file("_chunks.csv"), n);
}

struct Peer {
  std::string dataset, library, algorithm;
  double seconds = 0, products = 0;
  Quality quality;
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
    peers.push_back({field("dataset"),
                     field("library"),
                     field("algorithm"),
                     number("cpu_seconds"),
                     number("products"),
                     {number("knn3_leave_one_out"), number("knn3_fresh_test"), number("nca_p"),
                      number("lmnn_loss")}});
  }
  return peers;
}

Matrix embedded(const Solution& solution, const Matrix& X) {
  if (!solution.model) return X * solution.L.transpose();
  return solution.model
      ->embed(Examples({X.cols()}, std::vector<double>(X.data(), X.data() + X.size())))
      .cast<double>();
}

/// Accuracy of the three nearest of `points`; ties go to the smallest label.
double knn3(const Neighbors<double>& near, const std::vector<std::int32_t>& votes,
            const std::vector<std::int32_t>& truth) {
  double right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    std::map<std::int32_t, int> count;
    for (Eigen::Index rank = 0; rank < 3; ++rank)
      ++count[votes[static_cast<std::size_t>(near.indices(static_cast<Eigen::Index>(i), rank))]];
    auto best = count.begin();
    for (auto at = count.begin(); at != count.end(); ++at)
      if (at->second > best->second) best = at;
    right += best->first == truth[i] ? 1 : 0;
  }
  return right / static_cast<double>(truth.size());
}

Quality quality(const SolverProblem& problem, const SolverProblem& fresh,
                const Solution& solution) {
  const Matrix Z = embedded(solution, problem.X);
  const Matrix I = Matrix::Identity(Z.cols(), Z.cols());
  Matrix gradient;
  // Targets are those of the input space, whatever the embedding.
  LmnnObjective lmnn(Z, problem.y, target_neighbors(problem.X, problem.y, 3), 0.5);
  Quality is;
  is.knn3 = knn3(nearest_neighbors(Z, 3), problem.y, problem.y);
  if (fresh.n() > 0)
    is.fresh = knn3(nearest_neighbors(embedded(solution, fresh.X), Z, 3), problem.y, fresh.y);
  is.nca_p = NcaObjective(Z, problem.y)(I, gradient);
  is.lmnn_loss = lmnn(I, gradient);
  return is;
}

void print(const std::string& dataset, const std::string& name, double seconds, double products,
           const std::string& ratio, const Quality& is, const std::string& remark) {
  auto number = [](double value, int digits) {
    return std::isnan(value) ? std::string("-") : fmt::format("{:.{}f}", value, digits);
  };
  fmt::print("{:<14}{:<50}{:>10.4g}{:>10.4g}{:>8}{:>8}{:>8}{:>10}{:>12.6g}  {}\n", dataset, name,
             seconds, products, ratio, number(is.knn3, 4), number(is.fresh, 3), number(is.nca_p, 6),
             is.lmnn_loss, remark);
  std::fflush(stdout);
}

struct Timed {
  Solution solution;
  double seconds = 0;
};

/// Short ones several times, the mean of which counts.
Timed solve(Registry& registry, const Value& block, const SolverProblem& problem) {
  Timed timed;
  const auto solver = registry.make<Solver>(block);
  int repeats = 0;
  const double start = cpu_seconds();
  do {
    timed.solution = solver->solve(problem);
    timed.seconds = (cpu_seconds() - start) / ++repeats;
  } while (timed.seconds * repeats < 0.2);
  return timed;
}

/// The seconds until the solver is where the peer ended, by the objective of both; those to its own
/// end where that is not known or not sooner.
double seconds_to_objective(Registry& registry, const Contest& contest,
                            const SolverProblem& problem, const Timed& whole, const Peer& peer) {
  const std::vector<double>& values = whole.solution.objectives;
  if (contest.objective == nullptr || values.empty()) return whole.seconds;
  constexpr double kWritten = 5e-7;  // peers.csv has six digits
  const double written = peer.quality.*contest.objective;
  const double due = contest.sign * written - kWritten * std::abs(written);
  auto there = [&](double value) { return contest.sign * value >= due; };
  const auto first = std::find_if(values.begin(), values.end(), there);
  // `values` may begin with the start's.
  for (std::int64_t iterations = std::max<std::int64_t>(first - values.begin(), 1);
       iterations < whole.solution.iterations && first != values.end(); ++iterations) {
    Value block = Value::object();
    block.set("plugin", parse_json(contest.solver));
    block.set("max_iterations", iterations);
    const Timed timed = solve(registry, block, problem);
    if (there(timed.solution.objective)) return timed.seconds;
  }
  return whole.seconds;
}

/// Ratios to the rows of peers.csv: how they came out in all.
class Summary {
 public:
  void add(const std::string& dataset, const std::string& solver, const Peer& peer, double ratio,
           double reached) {
    (peer.seconds > 0.1 ? long_ : short_)
        .push_back(
            {fmt::format("{}: {} against {} {}", dataset, solver, peer.library, peer.algorithm),
             ratio, reached});
  }
  void print() const {
    if (long_.empty() && short_.empty()) return;
    fmt::print("\n");
    report("rows that took the peer over 0.1 s", long_, 10);
    report("shorter rows", short_, 1);
  }

 private:
  struct Row {
    std::string name;
    double ratio, reached;  // to the solver's own end; to the peer's objective where that is known
  };
  static void report(const std::string& what, const std::vector<Row>& rows, double due) {
    if (rows.empty()) return;
    for (double Row::*ratio : {&Row::ratio, &Row::reached}) {
      double logs = 0;
      std::int64_t below = 0;
      for (const Row& row : rows) {
        logs += std::log(row.*ratio);
        below += row.*ratio < due ? 1 : 0;
      }
      fmt::print("{}, to {}: {}, times faster in the geometric mean {:.1f}; below {}: {}\n", what,
                 ratio == &Row::ratio ? "their own end" : "the peer's objective where it is known",
                 rows.size(), std::exp(logs / static_cast<double>(rows.size())), due, below);
    }
    for (const Row& row : rows)
      if (row.ratio < due)
        fmt::print(
            "    {:.2f}  {}{}\n", row.ratio, row.name,
            row.reached == row.ratio ? "" : fmt::format(", to its objective {:.2f}", row.reached));
  }
  std::vector<Row> long_, short_;
};

void measure(const std::filesystem::path& folder, const std::string& only) {
  const double product = product_seconds();
  fmt::print("one product: {:.3f} s ({:.1f} GFLOP/s)\n\n", product,
             2 * std::pow(2048, 3) / product * 1e-9);
  const std::vector<Peer> peers = read_peers(folder / "peers.csv");
  fmt::print("{:<14}{:<50}{:>10}{:>10}{:>8}{:>8}{:>8}{:>10}{:>12}  {}\n", "data set", "", "seconds",
             "products", "ratio", "knn3", "fresh", "nca_p", "lmnn_loss", "stopped");
  Registry registry(Registry::standard_folders());
  Summary summary;
  for (const std::string name : {"wine", "breast_cancer", "syn500", "digits", "syn2000"}) {
    const SolverProblem plain = read_problem(folder / "data" / (name + ".csv"));
    SolverProblem fresh{.X = {}, .random = Random(1)};
    if (const auto file = folder / "data" / (name + "_test.csv"); std::filesystem::exists(file))
      fresh = read_problem(file);
    for (const Contest& contest : contests()) {
      const Value block = parse_json(contest.solver);
      const std::string solver_name =
          block.is_string() ? block.as_string() : block.at("plugin").as_string();
      if (!only.empty() && solver_name != only) continue;
      const bool kernel = !block.is_string() && block.find("kernel") != nullptr;
      if (kernel && plain.n() > 600) continue;  // as in the reference runs
      SolverProblem problem = plain;
      give_tuples(problem, contest.tuples, folder, name);
      Timed timed;
      try {
        timed = solve(registry, block, problem);
      } catch (const Error& error) {
        fmt::print("{:<14}{:<50}{}\n", name, contest.solver, error.what());
        continue;
      }
      const auto& [solution, seconds] = timed;
      print(name, contest.solver, seconds, seconds / product, "", quality(plain, fresh, solution),
            fmt::format("{} after {}, objective {:.8g}", solution.stopped, solution.iterations,
                        solution.objective));
      for (const Peer& peer : peers)
        if (peer.dataset == name && std::find(contest.peers.begin(), contest.peers.end(),
                                              peer.algorithm) != contest.peers.end()) {
          const double ratio = peer.products * product / seconds;
          const double reached = seconds_to_objective(registry, contest, problem, timed, peer);
          summary.add(name, contest.solver, peer, ratio, peer.products * product / reached);
          print("", "    " + peer.library + " " + peer.algorithm, peer.products * product,
                peer.products, fmt::format("{:.1f}", ratio), peer.quality,
                reached == seconds
                    ? ""
                    : fmt::format("its objective is reached in {:.4g} s, {:.1f} times", reached,
                                  peer.products * product / reached));
        }
    }
  }
  summary.print();
}

}  // namespace

int main(int argc, char** argv) {
  metriclab::keep_freed_memory();
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
