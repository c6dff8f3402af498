// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <metriclab/data/normalize.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/file.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

Matrix minmax(const Normalizer& normalizer, const Examples& examples) {
  return normalizer.apply(examples).as_double();
}

/// The mean accuracy over the ten folds of 3-NN on the transformed features, which are scaled to
/// [0, 1] on the training part; votes are uniform, ties go to the smallest label.
double keel_accuracy(const std::string& set, const std::string& solver) {
  Registry registry(Registry::standard_folders());
  Value block = Value::object();
  block.set("plugin", "keel");
  block.set("path", "keel/" + set);
  const Data data = registry.make<Dataset>(block)->load(Places::beside("."));
  REQUIRE(data.splits.size() == 10);
  double sum = 0;
  for (const Split& split : data.splits) {
    const Data train = data.subset(split.train), test = data.subset(split.test);
    const Normalizer normalizer = Normalizer::fit(Normalization::minmax, train.examples);
    SolverProblem problem{
        .X = minmax(normalizer, train.examples), .y = train.labels(), .random = Random(28)};
    const Matrix L = solve(solver, problem).L;
    const Matrix queries = minmax(normalizer, test.examples) * L.transpose();
    const auto near = nearest_neighbors(queries, Matrix(problem.X * L.transpose()), 3);
    double right = 0;
    for (Eigen::Index i = 0; i < queries.rows(); ++i) {
      std::map<std::int32_t, int> votes;
      for (Eigen::Index j = 0; j < 3; ++j)
        ++votes[problem.y[static_cast<std::size_t>(near.indices(i, j))]];
      auto best = votes.begin();
      for (auto at = votes.begin(); at != votes.end(); ++at)
        if (at->second > best->second) best = at;
      right += best->first == test.labels()[static_cast<std::size_t>(i)];
    }
    sum += right / static_cast<double>(queries.rows());
  }
  return sum / 10;
}

/// The mean of the reference's ten folds, or NaN where it has no such rows.
double reference_accuracy(const std::filesystem::path& reference, const std::string& set,
                          const std::string& library, const std::string& algorithm) {
  const std::string text = read_file(reference / "reference_keel.csv");
  Lines lines(text, "reference_keel.csv");
  double sum = 0;
  int folds = 0;
  for (std::string_view line; lines.next(line);) {
    const std::vector<std::string> fields = fields_of(line, ',');
    if (fields[0] != set || fields[1] != library || fields[2] != algorithm || fields[3] != "header")
      continue;
    sum += *number_of(fields[7]);
    ++folds;
  }
  return folds == 10 ? sum / 10 : std::nan("");
}

TEST_CASE("accuracies on KEEL folds agree with the reference") {
  const auto reference = classical_reference();
  if (!reference || !keel_sets()) return;
  struct Row {
    std::string solver, library, algorithm;
  };
  // Those without random parts. Half an example of a fold is left for ties of distance.
  for (const Row& row :
       {Row{"\"euclidean\"", "-", "Euclidean"},
        Row{"\"mahalanobis\"", "metric-learn", "Covariance()"}, Row{"\"lda\"", "pyDML", "LDA()"},
        Row{"\"lmnn\"", "metric-learn", "LMNN(n_neighbors=3)"}})
    for (const std::string set : {"iris", "wine"}) {
      CAPTURE(row.solver);
      CAPTURE(set);
      const double expected = reference_accuracy(*reference, set, row.library, row.algorithm);
      CHECK(std::abs(keel_accuracy(set, row.solver) - expected) < 0.0101);
    }
}

// By hand: `test_classical --no-skip -tc="every KEEL set"`; takes minutes.
TEST_CASE("every KEEL set" * doctest::skip()) {
  const auto reference = classical_reference();
  if (!reference || !keel_sets()) return;
  struct Row {
    std::string solver, library, algorithm;
  };
  const std::vector<Row> rows = {
      {"\"euclidean\"", "-", "Euclidean"},
      {"\"pca\"", "-", "Euclidean"},
      {"\"mahalanobis\"", "metric-learn", "Covariance()"},
      {"\"lda\"", "pyDML", "LDA()"},
      {"\"lmnn\"", "metric-learn", "LMNN(n_neighbors=3)"},
      {"\"nca\"", "metric-learn", "NCA()"},
      {"\"itml\"", "metric-learn", "ITML_Supervised(random_state=28)"},
      {R"({"plugin": "itml", "percentiles_of": "squared_distances"})", "pyDML", "ITML()"}};
  for (const std::string set : {"appendicitis", "balance", "bupa", "cleveland", "glass",
                                "hepatitis", "ionosphere", "iris", "sonar", "wine"})
    for (const Row& row : rows) {
      const double ours = keel_accuracy(set, row.solver);
      const double theirs = reference_accuracy(*reference, set, row.library, row.algorithm);
      fmt::print("{:<13} {:<62} {:.4f}  {} {} {:.4f}  {:+.4f}\n", set, row.solver, ours,
                 row.library, row.algorithm, theirs, ours - theirs);
      std::fflush(stdout);
    }
}

}  // namespace
