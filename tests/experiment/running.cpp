// SPDX-License-Identifier: BSD-3-Clause
#include "running.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <limits>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab::testing {
namespace fs = std::filesystem;
namespace bp = boost::process;

Experiment::Experiment(const std::string& members, const std::string& datasets) {
  folder_.write(
      "spec.json",
      fmt::format(R"({{"name": "test", "datasets": [{}], "evaluators": ["knn"], {}}})",
                  datasets.empty() ? R"({"plugin": "iris", "split": {"folds": 4}})" : datasets,
                  members));
}

Outcome Experiment::run(const std::string& arguments, const std::string& environment) const {
  return testing::run(fmt::format("--plugin-path '{}' run '{}' --results '{}' {}",
                                  std::getenv("METRICLAB_RUN_FIXTURES"), folder_ / "spec.json",
                                  folder_ / "results", arguments),
                      environment);
}

bp::child Experiment::start(const std::string& gate,
                            const std::vector<std::string>& arguments) const {
  ::setenv("METRICLAB_TEST_GATE", gate.c_str(), 1);
  bp::child child(std::getenv("METRICLAB_COMMAND"), "--plugin-path",
                  std::getenv("METRICLAB_RUN_FIXTURES"), "run", folder_ / "spec.json", "--results",
                  folder_ / "results", bp::args += arguments, bp::std_out > bp::null,
                  bp::std_err > folder_ / "background.txt");
  ::unsetenv("METRICLAB_TEST_GATE");
  return child;
}

std::string Experiment::make_gate() const {
  const std::string gate = folder_ / "gate";
  REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
  return gate;
}

pid_t Experiment::wait_at(const std::string& gate) const {
  pid_t process = 0;
  std::ifstream stream(gate);  // opens when the other end does
  stream >> process;
  // To its end, so that the next who waits doesn't meet the same writer.
  stream.ignore(std::numeric_limits<std::streamsize>::max());
  REQUIRE(process > 0);
  return process;
}

std::map<std::string, Value> Experiment::all() const {
  std::map<std::string, Value> all;
  for (const auto& entry : fs::directory_iterator(results() / "runs")) {
    INFO(entry.path().string());
    CHECK(entry.path().filename().string().front() != '.');  // no half file
    Value result = parse_json(read_file(entry.path()));
    const Value& run = result.at("run");
    std::string name = fmt::format("{}/{}/{}", run.at("method").as_string(),
                                   run.at("split").as_string(), run.at("seed").as_integer());
    all.emplace(std::move(name), std::move(result));
  }
  return all;
}

std::map<std::string, std::string> Experiment::metrics() const {
  std::map<std::string, std::string> texts;
  for (const auto& [name, result] : all()) texts[name] = to_json_text(result.at("metrics"));
  return texts;
}

}  // namespace metriclab::testing
