// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <fstream>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

const char* const kLda = R"("baselines": false, "methods": {"lda": {"solver": "lda"}})";

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::trunc | std::ios::binary) << text;
}

/// With the value of a key changed, at its first place.
std::string changed(std::string text, const std::string& key, const std::string& value) {
  const std::size_t at = text.find("\"" + key + "\": ") + key.size() + 4;
  return text.replace(at, text.find_first_of(",\n}", at) - at, value);
}

TEST_CASE("a damaged result is named with what is wrong, the rest goes on, and it is made again") {
  const Experiment experiment(kLda);
  REQUIRE(experiment.run().exit_code == 0);
  const auto before = experiment.metrics();
  const fs::path victim = fs::directory_iterator(experiment.results() / "runs")->path();
  const std::string whole = read_file(victim), folder = experiment.results().string();
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {whole.substr(0, whole.size() / 2), ""},
           {"", "1:1: "},
           {"[]", "is not a result of metriclab: not a JSON object"},
           {"{}", "is not a result of metriclab: no integer \"schema\""},
           {R"({"schema": 1, "id": 5})", "is not a result of metriclab: no string \"id\""},
           {changed(whole, "knn.accuracy", "\"high\""),
            "its metric \"knn.accuracy\" is high, not a number; remove the file, and metriclab run "
            "makes it again"}}) {
    CAPTURE(message);
    write(victim, text);
    const Outcome table = testing::run("table '" + folder + "'");
    CHECK(table.exit_code == 1);
    CHECK_MESSAGE(has(table.errors, "warning: " + victim.string() + ": "), table.errors);
    CHECK_MESSAGE(has(table.errors, message), table.errors);
    CHECK(has(table.output, "lda"));
    const Outcome status = testing::run("status '" + folder + "'");
    CHECK(status.exit_code == 1);
    CHECK(has(status.output, "3 ok, 1 unreadable"));
    CHECK(has(experiment.run().errors, "4 runs, 3 were there already, 1 ok"));
    CHECK(experiment.metrics() == before);
  }
}

TEST_CASE("a result of a later metriclab is left alone, and said to be one") {
  const Experiment experiment(kLda);
  REQUIRE(experiment.run().exit_code == 0);
  const fs::path later = fs::directory_iterator(experiment.results() / "runs")->path();
  const std::string text = changed(read_file(later), "schema", "2");
  write(later, text);
  const Outcome outcome = experiment.run();
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.errors, "4 were there already"));
  CHECK(has(outcome.errors, later.string() +
                                ": was written by a later metriclab: schema 2, this one "
                                "reads up to 1"));
  CHECK(read_file(later) == text);
}

TEST_CASE("a damaged plan or spec is named, and written anew by the next run") {
  const Experiment experiment(kLda);
  REQUIRE(experiment.run().exit_code == 0);
  const fs::path plan = experiment.results() / "plan.json",
                 spec = experiment.results() / "spec.json";
  const std::string whole = read_file(plan), folder = "'" + experiment.results().string() + "'";
  for (const std::string& text :
       {whole.substr(0, whole.size() / 2), std::string(), std::string("[]"), std::string("{}")}) {
    CAPTURE(text);
    write(plan, text);
    write(spec, text);
    for (const std::string command : {"table ", "status ", "clean "}) {
      const Outcome outcome = testing::run(command + folder);
      CHECK(outcome.exit_code == 2);
      CHECK_MESSAGE(has(outcome.errors, "error: " + plan.string() + ": "), outcome.errors);
      CHECK_MESSAGE(has(outcome.errors, "; metriclab run writes it anew"), outcome.errors);
    }
    CHECK(has(experiment.run().errors, "4 runs, 4 were there already"));
    CHECK(read_file(plan) == whole);
    CHECK(testing::run("table " + folder).exit_code == 0);
  }
  write(plan, changed(whole, "schema", "2"));
  for (const std::string command : {"table ", "status ", "clean "})
    CHECK(has(testing::run(command + folder).errors,
              "was written by a later metriclab: schema 2, this one reads up to 1"));
}

TEST_CASE("a changed spec: what it leaves behind is said at the start, with what has changed") {
  const Folder data;
  data.write("table.csv", "1,2,a\n3,4,b\n5,7,b\n2,2,a\n0,3,a\n6,5,b\n");
  const Experiment experiment(
      R"("methods": {"lda": {"solver": "lda"}, "pca": {"solver": "pca"}})",
      fmt::format(R"({{"plugin": "csv", "path": "{}", "split": {{"folds": 2}}}})",
                  data / "table.csv"));
  const Outcome first = experiment.run();
  REQUIRE(first.exit_code == 0);
  CHECK_FALSE(has(first.errors, "asked for"));
  CHECK_FALSE(has(experiment.run("--set '/seeds=[1, 2]'").errors, "asked for"));
  const std::string folder = experiment.results().string();
  const Outcome less = experiment.run("--set /methods/lda/solver/components=1");
  // Seed 2 of three methods on two folds, and seed 1 of lda.
  CHECK_MESSAGE(
      has(less.errors, folder + ": 8 results are no longer asked for, since the spec differs "
                                "at /methods/lda/solver, /seeds; tables leave them out."),
      less.errors);
  CHECK(has(less.errors, "\"name\" or --results keeps both comparisons, metriclab clean drops"));
  CHECK_FALSE(has(experiment.run("--set /methods/lda/solver/components=1").errors, "asked for"));

  data.write("table.csv", "1,2,a\n3,4,b\n5,7,b\n2,2,a\n0,3,a\n6,4,b\n");
  const Outcome other = experiment.run("--set /methods/lda/solver/components=1");
  CHECK_MESSAGE(has(other.errors,
                    "6 results are no longer asked for, since the files of table have "
                    "changed; tables"),
                other.errors);

  // As if another source of the solver had made them.
  for (const auto& entry : fs::directory_iterator(experiment.results() / "runs")) {
    const std::string text = read_file(entry.path());
    if (!has(text, "\"solver/pca\"")) continue;
    const Value result = parse_json(text);
    const std::string id = result.at("id").as_string(), earlier(32, 'e');
    std::string plan = read_file(experiment.results() / "plan.json");
    const std::size_t at = plan.find(id);
    if (at == std::string::npos) continue;
    write(experiment.results() / "plan.json", plan.replace(at, earlier.size(), earlier));
    write(experiment.results() / "runs" / (earlier + ".json"),
          changed(text, "solver/pca", "\"0\""));
    break;
  }
  const Outcome source = experiment.run("--set /methods/lda/solver/components=1");
  CHECK_MESSAGE(has(source.errors,
                    "1 result is no longer asked for, since solver/pca has another "
                    "source; tables"),
                source.errors);
}

}  // namespace
