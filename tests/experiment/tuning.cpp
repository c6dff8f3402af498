// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>
#include <vector>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

Value plan_of(const Experiment& experiment) {
  return parse_json(read_file(experiment.results() / "plan.json"));
}
Value result_of(const Experiment& experiment, const Value& run) {
  return parse_json(
      read_file(experiment.results() / "runs" / (run.at("id").as_string() + ".json")));
}
std::size_t n_results(const Experiment& experiment) {
  std::size_t n = 0;
  for (const auto& entry : fs::directory_iterator(experiment.results() / "runs"))
    n += entry.is_regular_file() ? 1 : 0;
  return n;
}

const char* const kWine = R"({"plugin": "wine", "normalize": "standard", "split": {"folds": 2}})";
const char* const kSearched = R"("baselines": false, "seeds": [4, 5], "methods": {
    "itml": {"solver": {"plugin": "itml", "gamma": {"log_uniform": [1e-3, 1e3]},
                        "max_iterations": {"int": [1, 40]}}},
    "lda": {"solver": {"plugin": "lda", "components": {"choice": [1, 2]}}},
    "euclidean": {"solver": "euclidean"}}, )";

/// Of each searched method and split: what its trials scored, by number, and the values.
struct Trials {
  std::map<std::int64_t, double> scores;  // the mean over the validation splits
  std::map<std::int64_t, Value> values;
  std::int64_t runs = 0;
};
std::map<std::string, Trials> trials_of(const Experiment& experiment, double n_validation,
                                        const std::string& metric = "knn.accuracy") {
  std::map<std::string, Trials> all;
  const Value plan = plan_of(experiment);
  for (const Value& trial : plan.at("trials").as_list()) {
    const Value result = result_of(experiment, trial);
    CAPTURE(to_json_text(trial));
    REQUIRE(result.at("status").as_string() == "ok");
    Trials& of = all[trial.at("method").as_string() + "/" + trial.at("split").as_string()];
    const std::int64_t number = trial.at("trial").at("number").as_integer();
    of.scores[number] += result.at("metrics").at(metric).as_number() / n_validation;
    of.values[number] = trial.at("chosen");
    ++of.runs;
    CHECK(trial.at("seed").as_integer() == 4);
  }
  return all;
}

TEST_CASE("the best of the trials on the training part is fitted and tested with each seed") {
  for (const std::string search : {"random", "tpe"}) {
    CAPTURE(search);
    const Experiment experiment(
        kSearched + fmt::format(R"("tune": {{"metric": "knn.accuracy", "trials": 7, "search": "{}",
                                    "validation": {{"folds": 2}}}})",
                                search),
        kWine);
    const Outcome outcome = experiment.run();
    REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.errors);
    const auto trials = trials_of(experiment, 2);
    CHECK(trials.size() == 4);  // two methods, two splits
    std::set<std::string> tested;
    const Value plan = plan_of(experiment);
    for (const Value& run : plan.at("runs").as_list()) {
      const Value result = result_of(experiment, run);
      REQUIRE(result.at("status").as_string() == "ok");
      const Value& facts = result.at("dataset");
      CHECK(facts.at("n_train").as_integer() + facts.at("n_test").as_integer() == 178);
      const std::string method = run.at("method").as_string();
      tested.insert(fmt::format("{} {} {}", method, run.at("split").as_string(),
                                run.at("seed").as_integer()));
      if (method == "euclidean") continue;
      const Trials& of = trials.at(method + "/" + run.at("split").as_string());
      CHECK(of.scores.size() == 7);
      CHECK(of.runs == 14);
      // The first of the best, as max_element gives it.
      const auto best = std::max_element(
          of.scores.begin(), of.scores.end(),
          [](const auto& a, const auto& b) { return a.second < b.second - 1e-12; });
      CHECK(run.at("chosen") == of.values.at(best->first));
      for (const Value::Member& value : run.at("chosen").as_object())
        CHECK(result.at("method").at("block").at(value.key.substr(value.key.rfind('/') + 1)) ==
              value.value);
    }
    CHECK(tested.size() == 12);  // three methods, two splits, two seeds
    // Trials see the training part alone: two validation folds of it are its half each.
    for (const Value& trial : plan.at("trials").as_list()) {
      const Value facts = result_of(experiment, trial).at("dataset");
      CHECK(facts.at("n_train").as_integer() + facts.at("n_test").as_integer() == 89);
    }
    CHECK(has(outcome.output, "itml"));

    // All is there: the same command has nothing to do, and says the same.
    const std::size_t n = n_results(experiment);
    const Outcome again = experiment.run();
    CHECK(again.exit_code == 0);
    CHECK(again.output == outcome.output);
    CHECK(has(again.errors, "were there already"));
    CHECK_FALSE(has(again.output, "not of the present spec"));
    CHECK(n_results(experiment) == n);
    // Every trial can be tabulated.
    const Outcome table = run(
        fmt::format("table '{}' --trials --format csv --rows method,/run/trial/number --columns "
                    "split",
                    experiment.results().string()));
    CHECK_MESSAGE(table.exit_code == 0, table.errors);
    // A line for each, and the head; trials of the same values are one.
    std::set<std::string> ids;
    for (const Value& trial : plan.at("trials").as_list()) ids.insert(trial.at("id").as_string());
    const auto lines = std::count(table.output.begin(), table.output.end(), '\n');
    CHECK(2 * (lines - 1) == static_cast<std::ptrdiff_t>(ids.size()));  // two validation splits
    // A trial that got lost is made again, and nothing else.
    const Value lost = plan.at("trials").as_list()[3];
    fs::remove(experiment.results() / "runs" / (lost.at("id").as_string() + ".json"));
    const Outcome mended = experiment.run();
    CHECK(mended.output == outcome.output);
    CHECK(n_results(experiment) == n);
  }
}

TEST_CASE("a grid has every point, and gets no more trials than others") {
  const std::string methods = R"("baselines": false, "seeds": [4], "methods": {"lda": {"solver":
      {"plugin": "lda", "components": {"choice": [1, 2]}}}}, )";
  const Experiment experiment(
      methods + R"("tune": {"metric": "knn.accuracy", "trials": 4, "search": "grid"})", kWine);
  REQUIRE(experiment.run().exit_code == 0);
  for (const auto& [name, of] : trials_of(experiment, 1)) {
    std::set<std::int64_t> components;
    for (const auto& [number, values] : of.values)
      components.insert(values.at("/solver/components").as_integer());
    CHECK(components == std::set<std::int64_t>{1, 2});
  }
  const Experiment too_many(
      methods + R"("tune": {"metric": "knn.accuracy", "trials": 1, "search": "grid"})", kWine);
  CHECK(has(too_many.run().errors,
            "/tune/trials: the grid of method \"lda\" has 2 points, and 1 trials are allowed"));
}

TEST_CASE("successive halving gives more to the better ones") {
  const Experiment experiment(
      R"("baselines": false, "seeds": [4], "methods": {"nca": {"solver": {"plugin": "nca",
           "max_iterations": 9, "init": {"choice": ["identity", "pca", "lda", "random"]},
           "tolerance": {"log_uniform": [1e-9, 1e-1]}}},
           "lda": {"solver": {"plugin": "lda", "components": {"choice": [1, 2]}}}},
         "tune": {"metric": "knn.accuracy", "trials": 9, "halving": {"least": 1, "factor": 3}})",
      R"({"plugin": "iris", "split": {"holdout": 0.4}})");
  const Outcome outcome = experiment.run();
  REQUIRE_MESSAGE(outcome.exit_code == 0, outcome.errors);
  std::map<std::int64_t, std::map<std::int64_t, double>> rounds;  // resource → number → score
  std::int64_t plain = 0;
  const Value plan = plan_of(experiment);
  for (const Value& trial : plan.at("trials").as_list()) {
    const Value& is = trial.at("trial");
    if (is.at("resource").is_null()) {  // lda has no iterations
      CHECK(trial.at("method").as_string() == "lda");
      ++plain;
      continue;
    }
    rounds[is.at("resource").as_integer()][is.at("number").as_integer()] =
        result_of(experiment, trial).at("metrics").at("knn.accuracy").as_number();
  }
  CHECK(plain == 9);
  REQUIRE(rounds.size() == 3);
  CHECK(rounds.at(1).size() == 9);
  CHECK(rounds.at(3).size() == 3);
  CHECK(rounds.at(9).size() == 1);
  for (const auto& [fewer, more] : {std::pair{1, 3}, std::pair{3, 9}}) {
    double least_kept = 1, most_dropped = 0;
    for (const auto& [number, score] : rounds.at(fewer))
      if (rounds.at(more).contains(number))
        least_kept = std::min(least_kept, score);
      else
        most_dropped = std::max(most_dropped, score);
    CHECK(least_kept >= most_dropped);
  }
}

TEST_CASE("trials that fail cost their method alone, and its place in the table says why") {
  const Experiment experiment(
      R"("baselines": false, "seeds": [4], "methods": {
           "bad": {"solver": {"plugin": "misbehaving", "how": {"choice": ["throw"]}}},
           "lda": {"solver": {"plugin": "lda", "components": {"choice": [1, 2]}}}},
         "tune": {"metric": "knn.accuracy", "trials": 2})",
      R"({"plugin": "iris", "split": {"holdout": 0.4}})");
  const Outcome outcome = experiment.run();
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(has(outcome.output, "none of 2 trials has a knn.accuracy; the first: failed, "),
                outcome.output);
  const Value plan = plan_of(experiment);
  for (const Value& run : plan.at("runs").as_list())
    CHECK(result_of(experiment, run).at("status").as_string() ==
          (run.at("method").as_string() == "lda" ? "ok" : "failed"));
  const Outcome again = experiment.run("--retry-failed");
  CHECK(again.exit_code == 1);
  CHECK(again.output == outcome.output);
}

TEST_CASE("what a search can't go by is told") {
  const auto errors = [](const std::string& tune, const std::string& methods = "") {
    const Experiment experiment(
        (methods.empty()
             ? R"("methods": {"lda": {"solver": {"plugin": "lda", "components": {"choice": [1, 2]}}}})"
             : methods) +
        (tune.empty() ? "" : ", \"tune\": " + tune));
    const Outcome outcome = experiment.run();
    CHECK(outcome.exit_code == 2);
    return outcome.errors;
  };
  CHECK(has(errors(""), "/methods/lda: a search space needs \"tune\""));
  CHECK(has(errors(R"({"metric": "knn.accurac", "trials": 1})"),
            "/tune/metric: there is no \"knn.accurac\"; results have knn.accuracy"));
  CHECK(has(errors(R"({"metric": "kn.accuracy"})"), "did you mean \"knn\"?"));
  CHECK(has(errors(R"({"metric": "knn.accuracy"})", R"("methods": {"lda": {"solver": "lda"}})"),
            "/tune: no method has a search space"));
  CHECK(has(errors(R"({"metric": "knn.accuracy", "validation": {"predefined": true}})"),
            "/tune/validation/predefined: a training part has no splits of its own"));
  CHECK(has(
      errors(R"({"metric": "knn.accuracy"})",
             R"("methods": {"lda": {"solver": {"plugin": "lda", "components": {"int": [0, 2]}}}})"),
      "/methods/lda/solver/components"));
  CHECK(has(errors(R"({"metric": "knn.accuracy", "search": "tpe", "halving": {}})"),
            "/tune/halving: goes with"));
}

}  // namespace
