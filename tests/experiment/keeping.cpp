// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>
#include <sstream>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::trunc | std::ios::binary) << text;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

/// Every file with its content, the lock aside.
std::map<std::string, std::string> files(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != ".lock")
      all[fs::relative(entry.path(), folder)] = read_file(entry.path());
  return all;
}

std::string merge(std::initializer_list<fs::path> folders, const fs::path& into) {
  std::string text = "merge";
  for (const fs::path& folder : folders) text += " '" + folder.string() + "'";
  return text + " --into '" + into.string() + "'";
}

// Exhibits are the tests' own.
const char* const kTwo =
    R"("exhibit": 0, "methods": {"lda": {"solver": "lda"}, "pca": {"solver": "pca"}})";

TEST_CASE("merge: the results of two machines in one folder are those of one") {
  const Experiment one(kTwo), other(kTwo), whole(kTwo);
  REQUIRE(one.run("--save-models").exit_code == 0);
  REQUIRE(other.run().exit_code == 0);
  REQUIRE(whole.run().exit_code == 0);
  // Each has half of them, and a model of each of its own.
  std::size_t n = 0;
  for (const auto& [name, result] : whole.all()) {
    const std::string id = result.at("id").as_string();
    const Experiment& lacks = n++ % 2 == 0 ? one : other;
    fs::remove(lacks.results() / "runs" / (id + ".json"));
    fs::remove_all(lacks.results() / "models" / id);
  }
  REQUIRE(n == 12);
  for (const auto& [name, result] : one.all()) {  // what another part of metriclab may add
    fs::create_directories(one.results() / "exhibits");
    write(one.results() / "exhibits" / (result.at("id").as_string() + ".json"), "{}");
  }
  const auto files_before = files(one.results());
  const Folder place;
  const fs::path into = place.path / "results" / "test";
  const Outcome first = testing::run(merge({one.results(), other.results()}, into));
  CHECK(first.exit_code == 0);
  CHECK(first.errors == "");
  CHECK(first.output ==
        fmt::format("{}: 6 results taken; 12 models or other files\n{}: 6 results taken\n"
                    "{}: 12 of 12 runs have a result\n",
                    one.results().string(), other.results().string(), into.string()));
  CHECK(files(one.results()) == files_before);
  const auto merged = files(into);
  CHECK(merged.at("plan.json") == read_file(whole.results() / "plan.json"));
  CHECK(merged.at("spec.json") == read_file(whole.results() / "spec.json"));
  for (const auto& [name, content] : files_before)
    if (name.starts_with("runs") || name.starts_with("models") || name.starts_with("exhibits"))
      CHECK_MESSAGE(merged.at(name) == content, name);
  for (const auto& [name, result] : whole.all()) {
    const Value taken = parse_json(merged.at("runs/" + result.at("id").as_string() + ".json"));
    CHECK(taken.at("metrics") == result.at("metrics"));
  }
  CHECK(testing::run("status '" + into.string() + "'").exit_code == 0);

  // Again: nothing is new.
  const Outcome again = testing::run(merge({one.results(), other.results()}, into));
  CHECK(again.exit_code == 0);
  CHECK(has(again.output, "0 results taken, 6 there already\n"));
  CHECK(files(into) == merged);
}

TEST_CASE("merge: other metrics of one run are an alarm, and nothing is overwritten") {
  const Experiment one(kTwo), other(kTwo);
  REQUIRE(one.run().exit_code == 0);
  REQUIRE(other.run().exit_code == 0);
  const fs::path victim = fs::directory_iterator(other.results() / "runs")->path();
  const Value result = parse_json(read_file(victim));
  const std::string accuracy = to_json_text(result.at("metrics").at("knn.accuracy"), -1);
  std::string text = read_file(victim);
  text = replaced(text, fmt::format("\"knn.accuracy\": {}", accuracy), "\"knn.accuracy\": 0.125");
  text = replaced(text, "\"threads\": 1", "\"threads\": 4");
  write(victim, text);
  const auto before = files(one.results());
  const Outcome outcome = testing::run(merge({other.results()}, one.results()));
  CHECK(outcome.exit_code == 1);
  CHECK(has(outcome.output, "0 results taken, 11 there already, 1 in conflict"));
  CHECK_MESSAGE(
      has(outcome.errors,
          fmt::format(
              "error: other metrics of one run: \"knn.accuracy\" is {} in {} and 0.125 in {}; "
              "what made them differs in threads; remove the one that is wrong, and merge "
              "again\n",
              accuracy, (one.results() / "runs" / victim.filename()).string(), victim.string())),
      outcome.errors);
  CHECK(files(one.results()) == before);
  // Told as well where both are taken into a third.
  const Folder place;
  CHECK(testing::run(merge({one.results(), other.results()}, place / "third")).exit_code == 1);
}

TEST_CASE("merge: ok before skipped before failed before nothing that can be read") {
  const Experiment one(kTwo), other(kTwo);
  REQUIRE(one.run().exit_code == 0);
  REQUIRE(other.run().exit_code == 0);
  const auto fail = [](const Experiment& experiment, const std::string& file,
                       const std::string& status) {
    Value result = parse_json(read_file(experiment.results() / "runs" / file));
    result.set("status", status);
    result.set("reason", "by hand");
    result.set("metrics", Value::object());
    write(experiment.results() / "runs" / file, to_json_text(result));
  };
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(one.results() / "runs"))
    names.push_back(entry.path().filename());
  fail(one, names[0], "crashed");                 // taken from the other
  fail(one, names[1], "skipped");                 // likewise
  write(one.results() / "runs" / names[2], "{");  // likewise
  fail(other, names[3], "failed");                // not taken
  fail(one, names[4], "failed");                  // not taken: the same, in whatever way
  fail(other, names[4], "timed_out");
  write(other.results() / "runs" / names[5], "{");  // can't be
  const Outcome outcome = testing::run(merge({other.results()}, one.results()));
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(has(outcome.output,
                    "3 results taken, 7 there already, 1 not taken, for there is a "
                    "better one, 1 unreadable"),
                outcome.output);
  CHECK(has(outcome.errors, "warning: " + (other.results() / "runs" / names[5]).string() + ": "));
  for (const std::size_t i : {0, 1, 2, 3, 5})
    CHECK(has(read_file(one.results() / "runs" / names[i]), "\"status\": \"ok\""));
  CHECK(has(read_file(one.results() / "runs" / names[4]), "\"status\": \"failed\""));
}

TEST_CASE(
    "merge: another spec under the same name is said, with the runs that are not of the plan") {
  const Experiment one(kTwo), other(kTwo);
  REQUIRE(one.run().exit_code == 0);
  REQUIRE(other.run("--set /methods/lda/solver/components=1").exit_code == 0);
  const Outcome outcome = testing::run(merge({other.results()}, one.results()));
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.output, "4 results taken, 8 there already"));
  CHECK_MESSAGE(
      has(outcome.errors,
          fmt::format("{}: 4 of its results are not of the plan of {}, and tables leave them "
                      "out: ",
                      other.results().string(), one.results().string())),
      outcome.errors);
  CHECK(has(outcome.errors, "iris, fold 2, lda, seed 1; "));
  CHECK(has(outcome.errors, "; and 1 more (the spec differs at /methods/lda/solver)"));

  const Experiment named(R"("methods": {"lda": {"solver": "lda"}})");
  REQUIRE(named.run("--set '/name=\"named\"'").exit_code == 0);
  const fs::path results = named.results().parent_path() / "named";
  const auto before = files(one.results());
  const Outcome refused = testing::run(merge({results}, one.results()));
  CHECK(refused.exit_code == 2);
  CHECK(has(refused.errors,
            "is of the experiment \"named\", and " + one.results().string() + " of \"test\""));
  CHECK(files(one.results()) == before);
  CHECK(has(testing::run(merge({one.results()}, one.results())).errors, "into itself"));
  CHECK(has(testing::run(merge({one.results().parent_path()}, one.results())).errors,
            "did you mean " + one.results().string()));
}

TEST_CASE("merge: searches that two machines have half made go together") {
  const char* const tuned = R"("baselines": false, "methods": {"lmnn": {"solver": {"plugin": "lmnn",
      "n_neighbors": {"int": [1, 5]}}}}, "tune": {"metric": "knn.accuracy", "trials": 3})";
  const Experiment whole(tuned), begun(tuned);
  REQUIRE(whole.run().exit_code == 0);
  REQUIRE(begun.run("--time-limit 0.001s").exit_code == 1);
  CHECK(has(testing::run("status '" + begun.results().string() + "'").output,
            "missing: its search has not ended, which finds its values"));
  const Outcome outcome = testing::run(merge({whole.results()}, begun.results()));
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE(outcome.errors == "", outcome.errors);
  const Outcome status = testing::run("status '" + begun.results().string() + "'");
  CHECK_MESSAGE(has(status.output, ": 4 runs, 4 ok\n"), status.output);
  CHECK(has(begun.run().errors, "were there already"));
}

TEST_CASE("clean: drops what the plan does not ask for, and nothing before it is told to") {
  const Experiment experiment(kTwo);
  REQUIRE(experiment.run("--save-models").exit_code == 0);
  const auto asked_first = experiment.all();
  REQUIRE(experiment.run("--save-models --set /methods/lda/solver/components=1").exit_code == 0);
  std::set<std::string> dropped;
  for (const auto& [name, result] : asked_first)
    if (name.starts_with("lda")) dropped.insert(result.at("id").as_string());
  REQUIRE(dropped.size() == 4);
  const fs::path folder = experiment.results();
  for (const char* part : {"exhibits", "mine"}) fs::create_directories(folder / part);
  write(folder / "exhibits" / (*dropped.begin() + ".json"), "{}");
  write(folder / "logs" / (*dropped.begin() + ".txt"), "a warning");
  // Unknown to metriclab, all of them.
  for (const char* name : {"table.tex", "runs/notes.txt", "models/best", "mine/0123.json"})
    write(folder / name, "mine");
  const auto before = files(folder);
  const std::string clean = "clean '" + folder.string() + "'";
  const Outcome shown = testing::run(clean);
  CHECK(shown.exit_code == 0);
  CHECK_MESSAGE(has(shown.output,
                    "12 results are asked for; not asked for: 1 in exhibits, 1 in logs, "
                    "4 in models, 4 in runs, "),
                shown.output);
  CHECK(has(shown.output, "  4 results of lda\n"));
  CHECK(has(shown.output, "nothing was removed; --yes removes it"));
  CHECK(files(folder) == before);
  const std::string table = testing::run("table '" + folder.string() + "' --format csv").output;
  CHECK(testing::run(clean + " --yes").exit_code == 0);
  auto expected = before;
  for (const std::string& id : dropped)
    std::erase_if(expected, [&](const auto& file) { return has(file.first, id); });
  CHECK(files(folder) == expected);
  CHECK(testing::run("table '" + folder.string() + "' --format csv").output == table);
  CHECK(has(testing::run(clean + " --yes").output, "not asked for: nothing"));

  fs::remove(folder / "plan.json");
  const Outcome unplanned = testing::run(clean + " --yes");
  CHECK(unplanned.exit_code == 2);
  CHECK(has(unplanned.errors, "has no plan.json, so that it is not known what is asked for"));
  CHECK(testing::run("clean /nowhere").errors == "error: /nowhere: there is no such folder\n");
}

const char* const kGated = R"("baselines": false, "methods": {
  "first": {"solver": "lda"},
  "gated": {"solver": {"plugin": "misbehaving", "how": "gate"}}})";

TEST_CASE("clean and merge refuse where a runner is at work; status tells what it is at") {
  const Experiment experiment(kGated), other(kGated);
  REQUIRE(other.run().exit_code == 0);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  const pid_t worker = experiment.wait_at(gate);
  const std::string folder = "'" + experiment.results().string() + "'";
  const Outcome clean = testing::run("clean --yes " + folder);
  CHECK(clean.exit_code == 2);
  CHECK(has(clean.errors, fmt::format("a runner is at work there (process {} on", runner.id())));
  CHECK(testing::run(merge({other.results()}, experiment.results())).exit_code == 2);
  const Folder place;
  CHECK(has(testing::run(merge({experiment.results()}, place / "into")).errors,
            "a runner is at work there"));

  const Value status = parse_json(testing::run("status --json " + folder).output);
  REQUIRE(status.as_list().size() == 1);
  const Value& is = status.as_list().front();
  CHECK(is.at("experiment").as_string() == "test");
  CHECK(has(is.at("runner").as_string(), fmt::format("process {} on", runner.id())));
  CHECK(is.at("counts").at("ok").as_integer() == 4);
  CHECK(is.at("counts").at("running").as_integer() == 1);
  CHECK(is.at("counts").at("missing").as_integer() == 3);
  for (const Value& run : is.at("runs").as_list()) {
    if (run.at("status").as_string() != "running") continue;
    CHECK(run.at("method").as_string() == "gated");
    CHECK(run.at("process").as_integer() == worker);
    CHECK(run.at("done").as_number() <= 1);
  }
  ::kill(runner.id(), SIGKILL);
  runner.wait();
  while (::kill(worker, 0) == 0) continue;
  const Value after = parse_json(testing::run("status --json " + folder).output);
  CHECK(after.as_list().front().at("runner").is_null());
  CHECK(after.as_list().front().at("counts").at("missing").as_integer() == 4);
}

/// The lines of JSON that a run prints, by their "event".
std::multimap<std::string, Value> events(const std::string& output) {
  std::multimap<std::string, Value> all;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    Value event = parse_json(line);
    const std::string name = event.at("event").as_string();
    all.emplace(name, std::move(event));
  }
  return all;
}

TEST_CASE("run --progress json: a line on stdout for each change, and nothing else there") {
  const Experiment experiment(
      R"("baselines": false, "methods": {"lda": {"solver": "lda"},
        "throw": {"solver": {"plugin": "misbehaving", "how": "throw"}}})");
  const Outcome outcome = experiment.run("--progress json");
  CHECK(outcome.exit_code == 1);
  CHECK_FALSE(has(outcome.errors, "thrown on purpose"));  // it is told on stdout
  const auto all = events(outcome.output);
  CHECK(all.count("begun") == 8);
  CHECK(all.count("ended") == 8);
  CHECK(all.count("progress") >= 8);
  std::set<std::string> begun, ended;
  for (const auto& [name, event] : all) {
    if (name == "begun") begun.insert(event.at("id").as_string());
    if (name != "ended") continue;
    ended.insert(event.at("id").as_string());
    const bool ok = event.at("method").as_string() == "lda";
    CHECK(event.at("status").as_string() == (ok ? "ok" : "failed"));
    CHECK(event.at("reason") == (ok ? Value() : Value("thrown on purpose")));
    CHECK(event.at("seconds").as_number() > 0);
    CHECK(event.at("dataset").as_string() == "iris");
  }
  CHECK(begun.size() == 8);
  CHECK(ended == begun);
  CHECK(all.find("planned")->second.at("runs").as_integer() == 8);
  REQUIRE(all.count("outcome") == 1);
  const Value& last = all.find("outcome")->second;
  CHECK(last.at("ok").as_integer() == 4);
  CHECK(last.at("failed").as_integer() == 4);
  CHECK(last.at("to_go").as_integer() == 0);
  CHECK(last.at("exit_code").as_integer() == 1);
  CHECK(has(outcome.output.substr(outcome.output.rfind("{\"event\"")), "{\"event\":\"outcome\""));

  const Outcome again = experiment.run("--progress json");
  const auto rest = events(again.output);
  CHECK(rest.count("begun") == 0);
  CHECK(rest.find("outcome")->second.at("kept").as_integer() == 8);
  CHECK(has(experiment.run("--progress none").output, "lda"));  // the table
  const Outcome wrong = experiment.run("--progress bar");
  CHECK(wrong.exit_code == 2);
  CHECK(has(wrong.errors, "there is no progress \"bar\""));
}

}  // namespace
