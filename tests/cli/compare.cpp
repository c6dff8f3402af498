// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/value.hpp>

#include "command.hpp"

namespace {

using namespace metriclab;
using metriclab::testing::Folder;
using metriclab::testing::Outcome;
using metriclab::testing::run;

/// Six data sets on which a is better than b, and b than c with a comma in its name.
void write_results(const Folder& folder) {
  for (int dataset = 1; dataset <= 6; ++dataset)
    for (const auto& [method, value] :
         {std::pair("a", 0.9), std::pair("b", 0.8), std::pair("c x=1,y=2", 0.7)})
      folder.write(fmt::format("r/runs/{}{}.json", method[0], dataset),
                   fmt::format(R"({{
  "schema": 1, "id": "{0}{1}", "experiment": "r", "status": "ok",
  "run": {{"dataset": "d{1}", "split": "holdout 1", "method": "{2}", "seed": 1}},
  "metrics": {{"knn.accuracy": {3}, "knn.k": 3}},
  "higher_is_better": {{"knn.accuracy": true, "knn.k": null}}
}})",
                               method[0], dataset, method, value - 0.01 * dataset));
}

TEST_CASE("compare: sentences, JSON and a diagram") {
  const Folder folder;
  write_results(folder);
  const std::string results = folder / "r";
  const Outcome text = run("compare " + results + " --methods a,b");
  CHECK(text.exit_code == 0);
  CHECK(text.errors.empty());
  CHECK(text.output.find("a is better than b (on 6 of 6 data sets, p = 0.0312).") !=
        std::string::npos);

  const Outcome json = run("compare " + results + " --control a --format json --rope 0.2 --cd " +
                           (folder / "cd.svg"));
  CHECK(json.exit_code == 0);
  const Value value = parse_json(json.output);
  CHECK(value.at("pairs").as_list().size() == 2);
  CHECK(value.at("correction").as_string() == "holm");
  CHECK(value.at("pairs").as_list().front().at("bayesian").at("equivalent").as_number() == 1);
  CHECK(read_file(folder / "cd.svg").starts_with("<svg "));

  const Outcome named = run("compare " + results + " --methods 'c x=1,y=2' --methods b " +
                            "--format markdown --output " + (folder / "out.md"));
  CHECK(named.exit_code == 0);
  CHECK(named.output.empty());
  CHECK(read_file(folder / "out.md").starts_with("## r\n"));
}

TEST_CASE("compare: exit codes") {
  const Folder folder;
  write_results(folder);
  const std::string results = "compare " + (folder / "r");
  for (const auto& [arguments, message] :
       {std::pair(" --metric knn.acuracy", "did you mean \"knn.accuracy\"?"),
        std::pair(" --metric knn.k", "knn.k describes and has no better or worse"),
        std::pair(" --correction hulm", "did you mean \"holm\"?"),
        std::pair(" --test t", "there is no test \"t\"; there is \"wilcoxon\" and \"ranks\""),
        std::pair(" --format csv", "there is no format \"csv\""),
        std::pair(" --control d", "there is no method \"d\" in these results"),
        std::pair(" --alpha 0", "alpha: 0 is not between 0 and 1")}) {
    const Outcome outcome = run(results + arguments);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.empty());
    CHECK_MESSAGE(outcome.errors.find(message) != std::string::npos, outcome.errors);
  }
  CHECK(run("compare " + (folder / "nothing")).exit_code == 2);
  folder.write("r/runs/broken.json", "{");
  const Outcome broken = run(results);
  CHECK(broken.exit_code == 1);
  CHECK(broken.errors.find("broken.json") != std::string::npos);
  CHECK(broken.output.find("What the evidence allows to say") != std::string::npos);
}

}  // namespace
