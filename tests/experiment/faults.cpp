// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/plugin.hpp>
#include <thread>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

/// Runs the command on a machine with faults. A sanitizer wants to be preloaded first.
const bool can_preload = detail::kSanitizers == "none";
std::string faulty(const std::string& settings) {
  return fmt::format("LD_PRELOAD='{}' {}", std::getenv("METRICLAB_FAULTS"), settings);
}

/// Files that a writer has not put in place, of whatever folder.
std::vector<std::string> half_files(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (const std::string name = entry.path().filename().string();
        name.front() == '.' && name != ".lock")
      found.push_back(entry.path().string());
  return found;
}

const char* const kLda = R"("baselines": false, "methods": {"lda": {"solver": "lda"}})";

TEST_CASE(
    "a full disk: nothing finished is lost, the file is named, and the same command goes on") {
  if (!can_preload) return;
  for (const auto& [part, begins] : std::map<std::string, std::string>{{"/.spec.json", "spec.json"},
                                                                       {"/.plan.json", "plan.json"},
                                                                       {"/runs/", "runs/"},
                                                                       {"/models/", "models/"}}) {
    CAPTURE(part);
    const Experiment experiment(kLda);
    const std::string models = part == "/models/" ? " --save-models" : "";
    REQUIRE(experiment.run(models).exit_code == 0);
    const auto before = experiment.metrics();
    const std::string more = "--jobs 1 --set '/seeds=[1, 2]'" + models;
    const Outcome full = experiment.run(more, faulty("METRICLAB_TEST_FULL=" + part));
    CHECK(full.exit_code == 2);
    CHECK_MESSAGE(has(full.errors, "error: " + (experiment.results() / begins).string()),
                  full.errors);
    CHECK(has(full.errors, ": can't be written: No space left on device; make room there"));
    CHECK(experiment.metrics() == before);
    CHECK(half_files(experiment.results() / "runs") == std::vector<std::string>{});
    CHECK(has(experiment.run(more).errors, "8 runs, 4 were there already, 4 ok"));
    CHECK(experiment.metrics().size() == 8);
    CHECK(half_files(experiment.results()) == std::vector<std::string>{});
  }
}

TEST_CASE("a full disk when the runner writes of a worker that crashed") {
  if (!can_preload) return;
  const Experiment experiment(
      R"("baselines": false, "methods": {"crash": {"solver": {"plugin": "misbehaving", "how": "segfault"}}})");
  const Outcome full = experiment.run("", faulty("METRICLAB_TEST_FULL=/runs/"));
  CHECK(full.exit_code == 2);
  CHECK(has(full.errors,
            "No space left on device; make room there; what is finished is kept, and "
            "the same command makes the rest"));
  CHECK(experiment.all().empty());
  CHECK(has(experiment.run().errors, "4 runs, 0 ok, 4 failed"));
}

TEST_CASE("a limit on the size of files is told as what it is") {
  // No library is preloaded here: the kernel refuses.
  const Experiment experiment(kLda);
  REQUIRE(experiment.run().exit_code == 0);
  const std::string table = "table '" + experiment.results().string() + "' --format json";
  REQUIRE(testing::run(table).output.size() > 512);
  const fs::path file = experiment.results() / "table.json";
  std::ofstream(file) << "what was there";
  const Outcome outcome =
      testing::run(table + " --output '" + file.string() + "'", "trap '' XFSZ; ulimit -f 1;");
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.errors == "error: " + file.string() +
                              ": can't be written: File too large; files may not "
                              "be that large here (ulimit -f)\n");
  CHECK(read_file(file) == "what was there");
  CHECK(half_files(experiment.results()) == std::vector<std::string>{});
}

TEST_CASE("what is written to a full device is told, and a device stays one") {
  const Experiment experiment(kLda);
  REQUIRE(experiment.run().exit_code == 0);
  const std::string table = "table '" + experiment.results().string() + "' --output ";
  const Outcome full = testing::run(table + "/dev/full");
  CHECK(full.exit_code == 2);
  CHECK(full.errors ==
        "error: /dev/full: can't be written: No space left on device; make room there\n");
  CHECK(fs::is_character_file("/dev/full"));
  CHECK(has(testing::run(table + "/dev/stdout").output, "lda"));
  // A link stays a link.
  const fs::path link = experiment.results() / "link", end = experiment.results() / "end";
  std::ofstream(end) << "old";
  fs::create_symlink("end", link);
  CHECK(testing::run(table + link.string()).exit_code == 0);
  CHECK(fs::is_symlink(link));
  CHECK(has(read_file(end), "lda"));
}

/// Does something as a user that permissions hold for.
Outcome run_as_user(const std::string& arguments) {
  return testing::run(arguments, ::geteuid() == 0 ? "setpriv --reuid=65534 --clear-groups" : "");
}

TEST_CASE("folders without permission are told before anything is run") {
  if (run_as_user("--version").exit_code != 0) {
    MESSAGE("skipped: no other user can run the command from here");
    return;
  }
  const Folder place;
  fs::permissions(place.path, fs::perms::all);
  place.write("spec.json",
              R"({"name": "test", "datasets": [{"plugin": "iris", "split": {"holdout": 0.5}}],
    "evaluators": ["knn"], "baselines": false, "methods": {"lda": {"solver": "lda"}}})");
  const std::string run =
      fmt::format("run '{}' --results '{}'", place / "spec.json", place / "results");
  REQUIRE(run_as_user(run).exit_code == 0);
  const fs::path results = place.path / "results/test", runs = results / "runs";
  const auto tells = [&](const fs::path& folder, fs::perms permissions,
                         const std::string& arguments, const std::string& message) {
    const fs::perms before = fs::status(folder).permissions();
    fs::permissions(folder, permissions);
    const Outcome outcome = run_as_user(arguments);
    fs::permissions(folder, before);
    CHECK(outcome.exit_code == 2);
    CHECK_MESSAGE(has(outcome.errors, "error: " + message), outcome.errors);
  };
  const fs::perms none = fs::perms::none, read = fs::perms::owner_read | fs::perms::owner_exec;
  const std::string rights = "Permission denied; it takes the right to write there";
  tells(results, read, run + " --set /seeds=[2]",
        results.string() + ": can't be written to: " + rights);
  tells(runs, read, run + " --set /seeds=[2]", runs.string() + ": can't be written to: " + rights);
  tells(place.path / "results", read, run + " --set '/name=\"other\"'",
        (place.path / "results/other/runs").string() + ": can't be made: " + rights);
  for (const std::string command : {"table", "status", "compare"}) {
    CAPTURE(command);
    tells(runs, none, fmt::format("{} '{}'", command, results.string()),
          runs.string() + ": can't be read: Permission denied");
    tells(place.path / "results", none, fmt::format("{} '{}'", command, results.string()),
          results.string() + ": can't be read: Permission denied");
  }
}

const char* const kGated = R"("baselines": false, "methods": {
  "first": {"solver": "lda"},
  "gated": {"solver": {"plugin": "misbehaving", "how": "gate"}},
  "last": {"solver": "nca"}})";

TEST_CASE("a folder of results that is removed during the run ends it, with the folder named") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  const pid_t worker = experiment.wait_at(gate);
  fs::remove_all(experiment.results());
  ::kill(worker, SIGKILL);
  runner.wait();
  CHECK(runner.exit_code() == 2);
  const std::string errors =
      read_file(experiment.results().parent_path().parent_path() / "background.txt");
  CHECK_MESSAGE(has(errors, "error: " + (experiment.results() / "runs").string()), errors);
  CHECK(has(errors, "can't be created: No such file or directory; is its folder gone?"));
  CHECK(has(experiment.run().errors, "12 runs, 12 ok"));
}

TEST_CASE(
    "a machine that dies: what was half written is cleared away, empty files are made again") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  const pid_t worker = experiment.wait_at(gate);
  ::kill(runner.id(), SIGKILL);
  ::kill(worker, SIGKILL);
  runner.wait();
  while (::kill(worker, 0) == 0) std::this_thread::yield();
  // As a file system that lost its last seconds may have it.
  const fs::path victim = fs::directory_iterator(experiment.results() / "runs")->path();
  fs::resize_file(victim, 0);
  fs::resize_file(experiment.results() / "plan.json", 0);
  fs::resize_file(experiment.results() / "spec.json", 0);
  fs::create_directories(experiment.results() / "models/.x.new");
  for (const char* name : {".plan.json.aBcDeF", "runs/.x.json.aBcDeF", "models/.x.new/model.json"})
    std::ofstream(experiment.results() / name) << R"({"schema": 1, "id)";
  const Outcome table = testing::run("table '" + experiment.results().string() + "'");
  CHECK(table.exit_code == 2);
  CHECK_MESSAGE(has(table.errors, "plan.json: 1:1: "), table.errors);
  CHECK(has(table.errors, "; metriclab run writes it anew"));

  CHECK(has(experiment.run().errors, "12 runs, 3 were there already, 9 ok"));
  CHECK(half_files(experiment.results()) == std::vector<std::string>{});
  const Experiment undisturbed(kGated);
  REQUIRE(undisturbed.run().exit_code == 0);
  CHECK(experiment.metrics() == undisturbed.metrics());
}

TEST_CASE("a trial that somebody kills is no verdict: the search waits until it is made again") {
  const char* const tuned = R"("baselines": false, "methods": {"gated": {"solver": {
      "plugin": "misbehaving", "how": {"choice": ["gate", "well"]}}}},
      "tune": {"metric": "knn.accuracy", "search": "grid"})";
  const std::string iris = R"({"plugin": "iris", "split": {"holdout": 0.5}})";
  const Experiment experiment(tuned, iris), undisturbed(tuned, iris);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  ::kill(experiment.wait_at(gate), SIGKILL);
  runner.wait();
  CHECK(runner.exit_code() == 1);
  CHECK(has(testing::run("status '" + experiment.results().string() + "'").output,
            "missing: its search has not ended, which finds its values"));
  CHECK(experiment.run().exit_code == 0);
  REQUIRE(undisturbed.run().exit_code == 0);
  CHECK(experiment.metrics() == undisturbed.metrics());
  CHECK(read_file(experiment.results() / "plan.json") ==
        read_file(undisturbed.results() / "plan.json"));
}

TEST_CASE("a worker that is stopped ends by its limit of time") {
  const Experiment experiment(
      R"("baselines": false, "limits": {"time_limit": 2}, "methods": {
        "gated": {"solver": {"plugin": "misbehaving", "how": "gate"}}})",
      R"({"plugin": "iris", "split": {"holdout": 0.5}})");
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  ::kill(experiment.wait_at(gate), SIGSTOP);
  runner.wait();
  CHECK(runner.exit_code() == 1);
  CHECK(experiment.all().begin()->second.at("status").as_string() == "timed_out");
}

TEST_CASE("a wall clock that goes backwards decides nothing") {
  if (!can_preload) return;
  const Experiment experiment(kLda), undisturbed(kLda);
  const std::string back = faulty("METRICLAB_TEST_CLOCK=1");
  const Outcome outcome = experiment.run("--time-limit 1h", back);
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.errors, "4 runs, 4 ok"));
  REQUIRE(undisturbed.run().exit_code == 0);
  CHECK(experiment.metrics() == undisturbed.metrics());
  for (const auto& [name, result] : experiment.all())
    for (const Value::Member& stage : result.at("seconds").as_object())
      CHECK(stage.value.as_number() >= 0);
  CHECK(has(experiment.run("", back).errors, "4 runs, 4 were there already"));
  // Results from the future are as good as any.
  CHECK(has(experiment.run().errors, "4 runs, 4 were there already"));
}

}  // namespace
