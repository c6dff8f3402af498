// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/version.hpp>
#include <thread>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

std::string status_of(const Value& result) { return result.at("status").as_string(); }

TEST_CASE("a spec is run, its table printed, and what is done is not done again") {
  const Experiment experiment(R"("methods": {"lda": {"solver": "lda"}}, "seeds": [1, 2])");
  const Outcome first = experiment.run("--jobs 2");
  CHECK(first.exit_code == 0);
  CHECK(has(first.output, "knn.accuracy"));
  CHECK(has(first.output, "euclidean"));  // the baseline
  CHECK(has(first.errors, "16 runs, 16 ok"));
  REQUIRE(experiment.all().size() == 16);
  for (const auto& [name, result] : experiment.all()) {
    CAPTURE(name);
    CHECK(status_of(result) == "ok");
    for (const char* key : {"schema", "id", "experiment", "run", "dataset", "method", "sources",
                            "metrics", "seconds", "peak_memory_mib", "environment"})
      CHECK(result.find(key) != nullptr);
    CHECK(result.at("dataset").at("n_train").as_integer() +
              result.at("dataset").at("n_test").as_integer() ==
          150);
  }
  CHECK(fs::exists(experiment.results() / "spec.json"));
  CHECK(fs::exists(experiment.results() / "plan.json"));
  CHECK(fs::is_empty(experiment.results() / "logs"));

  const Outcome second = experiment.run();
  CHECK(second.exit_code == 0);
  CHECK(second.output == first.output);
  CHECK(has(second.errors, "16 runs, 16 were there already"));

  // Another number of jobs gives the same bytes.
  const Experiment other(R"("methods": {"lda": {"solver": "lda"}}, "seeds": [1, 2])");
  CHECK(other.run("--jobs 1").exit_code == 0);
  CHECK(other.metrics() == experiment.metrics());
}

TEST_CASE("the first run of each data set and method keeps examples to look at") {
  const std::string two = R"("methods": {"lda": {"solver": "lda"}}, "seeds": [4, 2])";
  const Experiment experiment(two);
  REQUIRE(experiment.run().exit_code == 0);
  const fs::path exhibits = experiment.results() / "exhibits";
  std::size_t kept = 0;
  for (const auto& [name, result] : experiment.all()) {
    CAPTURE(name);
    const fs::path file = exhibits / (result.at("id").as_string() + ".json");
    const Value& run = result.at("run");
    const bool first = run.at("split_index").as_integer() == 0 && run.at("seed").as_integer() == 4;
    CHECK(fs::exists(file) == first);
    if (!first) continue;
    ++kept;
    const Value exhibit = parse_json(read_file(file));
    CHECK(exhibit.at("id") == result.at("id"));
    CHECK(exhibit.at("run") == run);
    CHECK(exhibit.at("coordinates").as_list().size() == 38);  // all of a quarter of 150
  }
  CHECK(kept == 2);

  // Where the spec says how many, results without theirs are made again; metrics are the same.
  const auto metrics = experiment.metrics();
  fs::remove_all(exhibits);
  CHECK(has(experiment.run().errors, "16 were there already"));
  CHECK_FALSE(fs::exists(exhibits));
  CHECK(has(experiment.run("--set /exhibit=10").errors, "14 were there already, 2 ok"));
  CHECK(experiment.metrics() == metrics);
  const Value first = parse_json(read_file(fs::directory_iterator(exhibits)->path()));
  CHECK(first.at("coordinates").as_list().size() == 10);

  const Experiment none(R"("methods": {"lda": {"solver": "lda"}}, "exhibit": 0)");
  CHECK(none.run().exit_code == 0);
  CHECK_FALSE(fs::exists(none.results() / "exhibits"));
}

TEST_CASE("a changed spec runs what is new, and the table leaves the rest out") {
  const Experiment experiment(R"("methods": {"lda": {"solver": "lda"}})");
  REQUIRE(experiment.run().exit_code == 0);
  const Outcome changed = experiment.run("--set /methods/lda/solver/components=1");
  CHECK(changed.exit_code == 0);
  CHECK(has(changed.errors, "8 runs, 4 were there already, 4 ok"));
  CHECK(has(changed.output, "left out: 4 results"));
}

TEST_CASE("a damaged result file is made again") {
  const Experiment experiment(R"("methods": {"lda": {"solver": "lda"}})");
  REQUIRE(experiment.run().exit_code == 0);
  const auto before = experiment.metrics();
  const fs::path victim = fs::directory_iterator(experiment.results() / "runs")->path();
  std::ofstream(victim, std::ios::trunc) << R"({"schema": 1, "id": )";
  CHECK(has(experiment.run().errors, "8 runs, 7 were there already, 1 ok"));
  CHECK(experiment.metrics() == before);
}

TEST_CASE("what a run left that was killed after its result was there is cleared away") {
  const Experiment experiment(R"("methods": {"lda": {"solver": "lda"}})");
  REQUIRE(experiment.run().exit_code == 0);
  std::vector<std::string> ids;
  for (const auto& [name, result] : experiment.all()) ids.push_back(result.at("id").as_string());
  const fs::path checkpoints = experiment.results() / "checkpoints";
  const fs::path logs = experiment.results() / "logs";
  fs::create_directories(checkpoints / ids[0]);
  fs::create_directories(checkpoints / "of another spec");
  std::ofstream(logs / (ids[1] + ".txt")).flush();
  std::ofstream(logs / (ids[2] + ".txt")) << "a plugin's words\n";
  CHECK(has(experiment.run().errors, "8 were there already"));
  CHECK_FALSE(fs::exists(checkpoints / ids[0]));
  CHECK(fs::exists(checkpoints / "of another spec"));
  CHECK_FALSE(fs::exists(logs / (ids[1] + ".txt")));
  CHECK(fs::exists(logs / (ids[2] + ".txt")));
}

TEST_CASE("a run that misbehaves costs itself and nothing else") {
  const Experiment experiment(
      R"("baselines": false, "limits": {"time_limit": 8, "memory_limit": 400},
    "methods": {
      "well": {"solver": "misbehaving"},
      "segfault": {"solver": {"plugin": "misbehaving", "how": "segfault"}},
      "throw": {"solver": {"plugin": "misbehaving", "how": "throw"}},
      "throw_number": {"solver": {"plugin": "misbehaving", "how": "throw_number"}},
      "exit": {"solver": {"plugin": "misbehaving", "how": "exit"}},
      "loop": {"solver": {"plugin": "misbehaving", "how": "loop"}},
      "allocate": {"solver": {"plugin": "misbehaving", "how": "allocate"}}})",
      R"({"plugin": "iris", "split": {"holdout": 0.3}})");
  const Outcome outcome = experiment.run("--jobs 2");
  CHECK(outcome.exit_code == 1);
  const auto all = experiment.all();
  REQUIRE(all.size() == 7);
  auto ended = [&](const std::string& method, const std::string& status,
                   const std::string& reason) {
    CAPTURE(method);
    const Value& result = all.at(method + "/holdout 1/1");
    CHECK(status_of(result) == status);
    const std::string said = result.at("reason").is_string() ? result.at("reason").as_string() : "";
    CHECK_MESSAGE(has(said, reason), said);
    CHECK(has(outcome.output, method));  // the table has its row
    if (status != "ok") CHECK(has(outcome.errors, status + ": iris, holdout 1, " + method));
  };
  ended("well", "ok", "");
  ended("segfault", "crashed", "signal 11 (Segmentation fault) during fit");
  ended("throw", "failed", "thrown on purpose");
  ended("throw_number", "failed", "no std::exception was thrown during fit");
  ended("exit", "crashed", "exit code 3 and without a result during fit");
  ended("loop", "timed_out", "after 8 s, its time limit");
  ended("allocate", "out_of_memory", "memory");

  const Outcome again = experiment.run();
  CHECK(again.exit_code == 1);
  CHECK(has(again.errors, "7 runs, 7 were there already"));
  const Outcome retried = experiment.run(
      "--retry-failed --set /methods/loop/solver/how=well --set /methods/allocate/solver/how=well");
  CHECK(has(retried.errors, "4 failed"));  // those that still are as they were

  const Outcome status = testing::run("status '" + experiment.results().string() + "'");
  CHECK(status.exit_code == 1);
  CHECK(has(status.output, "thrown on purpose"));
}

TEST_CASE("bad data is told with its file and line") {
  const Folder data;
  data.write("ragged.csv", "1,2,a\n3,4,b\n5,b\n");
  data.write("nan.csv", "1,2,a\n3,nan,b\n5,6,b\n7,8,a\n");
  data.write("one.csv", "1,2,a\n3,4,a\n5,6,a\n7,8,a\n");
  data.write("few.csv", "1,2,a\n3,4,a\n5,6,b\n7,8,b\n");
  for (const auto& [file, reason] :
       std::map<std::string, std::string>{{"ragged.csv", "ragged.csv:3"},
                                          {"nan.csv", "nan.csv:2"},
                                          {"one.csv", "one.csv"},
                                          {"few.csv", "n_neighbors"}}) {
    CAPTURE(file);
    const Experiment experiment(
        R"("methods": {"euclidean": {"solver": "euclidean"}})",
        fmt::format(R"({{"plugin": "csv", "path": "{}", "split": {{"folds": 2}}}})", data / file));
    const Outcome outcome = experiment.run();
    CHECK(outcome.exit_code == 1);
    CHECK_MESSAGE(has(outcome.errors, reason), outcome.errors);
    for (const auto& [name, result] : experiment.all()) CHECK(status_of(result) == "failed");
  }
}

TEST_CASE("real targets: a metric for regression is learned and measured, labels being none") {
  const Folder data;
  // y depends on one of three features alone.
  std::string table = "a,b,c,y\n";
  for (int i = 0; i < 120; ++i)
    table += fmt::format("{},{},{},{}\n", (i * 37) % 120, (i * 53) % 120, (i * 71) % 120,
                         (i * 53) % 120);
  data.write("table.csv", table);
  const Experiment experiment(
      R"("baselines": false, "methods": {"mlkr": {"solver": "mlkr"},
        "euclidean": {"solver": "euclidean"}})",
      fmt::format(R"({{"plugin": "csv", "path": "{}", "label": null, "target": "y",
                      "normalize": "standard", "split": {{"folds": 3}}}})",
                  data / "table.csv"));
  const Outcome outcome =
      experiment.run(R"(--set '/evaluators=["knn_regression", "nearest_class_mean"]')");
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE(has(outcome.errors, "6 runs, 6 ok"), outcome.errors);
  CHECK(has(outcome.output, "knn_regression.r2 (higher is better)"));
  std::map<std::string, double> r2;
  for (const auto& [name, result] : experiment.all()) {
    CAPTURE(name);
    CHECK(result.at("reasons").at("nearest_class_mean.accuracy").as_string() ==
          "it needs labels, and this data set has none");
    CHECK_FALSE(result.at("higher_is_better").at("knn_regression.rmse").as_boolean());
    r2[name] = result.at("metrics").at("knn_regression.r2").as_number();
  }
  for (const char* fold : {"/fold 1/1", "/fold 2/1", "/fold 3/1"}) {
    CHECK(r2.at(std::string("mlkr") + fold) > 0.95);
    CHECK(r2.at(std::string("mlkr") + fold) > r2.at(std::string("euclidean") + fold));
  }
}

TEST_CASE("ids are for those that take ids, and have no scale") {
  if (kLibTorchVersion == "none") return;
  const Folder data;
  std::string ratings;
  for (int user = 0; user < 8; ++user)
    for (int item = 0; item < 6; ++item)
      if ((user + item) % 4 != 0) ratings += fmt::format("u{},i{},5,{}\n", user, item, item);
  data.write("ratings.csv", ratings);
  const std::string dataset = fmt::format(
      R"({{"plugin": "ratings", "path": "{}", "min_interactions": 2, "split": {{"predefined": true}})",
      data / "ratings.csv");
  const std::string methods = R"("methods": {"lda": {"solver": "lda"}, "lookup": {
      "architecture": {"plugin": "lookup", "size": 20, "embedding": 4}}})";
  const Experiment experiment(methods, dataset + "}");
  const Outcome outcome = experiment.run(R"(--set '/evaluators=["recommendation"]')");
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.errors);
  for (const auto& [name, result] : experiment.all()) {
    CAPTURE(name);
    if (name.starts_with("lookup")) {
      CHECK(status_of(result) == "ok");
    } else {
      CHECK(status_of(result) == "skipped");
      CHECK(result.at("reason").as_string() ==
            "the examples are ids, which this method would take for quantities");
    }
  }
  const Experiment scaled(methods, dataset + R"(, "normalize": "standard"})");
  CHECK(scaled.run(R"(--set '/evaluators=["recommendation"]')").exit_code == 1);
  for (const auto& [name, result] : scaled.all())
    CHECK(result.at("reason").as_string() ==
          "/dataset/normalize: the examples are ids, which have no scale; \"none\" is to be taken");
}

const char* const kGated = R"("baselines": false, "methods": {
  "first": {"solver": "lda"},
  "gated": {"solver": {"plugin": "misbehaving", "how": "gate"}},
  "last": {"solver": "nca"}})";

TEST_CASE("kill -9 of the runner in mid-run loses nothing that was finished") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  const pid_t worker = experiment.wait_at(gate);
  ::kill(runner.id(), SIGKILL);
  runner.wait();
  const auto kept = experiment.metrics();
  CHECK(kept.size() == 4);  // all of "first"
  // The worker went with its runner; it holds the folder's lock no longer, nor ever did.
  while (::kill(worker, 0) == 0) std::this_thread::yield();
  const Outcome outcome = experiment.run();
  CHECK(outcome.exit_code == 0);
  CHECK(has(outcome.errors, "12 runs, 4 were there already, 8 ok"));

  const Experiment undisturbed(kGated);
  REQUIRE(undisturbed.run().exit_code == 0);
  CHECK(experiment.metrics() == undisturbed.metrics());
}

TEST_CASE("a worker that somebody kills is tried again by the same command") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  ::kill(experiment.wait_at(gate), SIGKILL);
  // The other three folds wait at the gate as well.
  for (int fold = 2; fold <= 4; ++fold) ::kill(experiment.wait_at(gate), SIGKILL);
  runner.wait();
  CHECK(runner.exit_code() == 1);
  for (const auto& [name, result] : experiment.all())
    CHECK(status_of(result) == (name.starts_with("gated") ? "crashed" : "ok"));
  CHECK(has(experiment.run().errors, "12 runs, 8 were there already, 4 ok"));

  const Experiment undisturbed(kGated);
  REQUIRE(undisturbed.run().exit_code == 0);
  CHECK(experiment.metrics() == undisturbed.metrics());
}

TEST_CASE("Ctrl-C stops the work, and the same command goes on") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  experiment.wait_at(gate);
  ::kill(runner.id(), SIGINT);
  runner.wait();
  CHECK(runner.exit_code() == 130);
  CHECK(experiment.all().size() == 4);
  CHECK(has(experiment.run().errors, "12 runs, 4 were there already, 8 ok"));
}

TEST_CASE("when the time is up, what is done is tabulated, and the same command goes on") {
  const std::string methods = R"("baselines": false, "methods": {"lda": {"solver": "lda"},
      "long": {"solver": {"plugin": "misbehaving", "how": "loop"}}})";
  const Experiment experiment(methods, R"({"plugin": "iris", "split": {"holdout": 0.4}})");
  const Outcome outcome = experiment.run("--jobs 1 --time-limit 3s");
  CHECK(outcome.exit_code == 1);
  CHECK_MESSAGE(has(outcome.errors, "the time is up with 1 runs to go"), outcome.errors);
  CHECK(has(outcome.output, "lda"));
  CHECK(experiment.all().size() == 1);
  CHECK(experiment.run("--time-limit 3x").exit_code == 2);
}

TEST_CASE("a second runner on the same folder says that another is at work") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  experiment.wait_at(gate);
  const Outcome second = experiment.run();
  CHECK(second.exit_code == 2);
  CHECK(has(second.errors,
            fmt::format("another runner is at work there (process {} on", runner.id())));
  const Outcome status = testing::run("status '" + experiment.results().string() + "'");
  CHECK(has(status.output, "a runner is at work there"));
  CHECK(has(status.output, "4 ok, 1 running, 7 missing"));
  CHECK(has(status.output, "running: iris, fold 1, gated, seed 1: "));
  CHECK(has(status.output, "missing: not begun yet"));
  ::kill(runner.id(), SIGKILL);
  runner.wait();
  CHECK(experiment.all().size() == 4);
}

TEST_CASE("a deep training that was killed goes on from its checkpoint, to the same bytes") {
  if (kLibTorchVersion == "none") return;
  // 30 % of wine's 178 test: 125 train, in batches of 30 ⇒ 5 an epoch; call 23 is in epoch 5.
  const std::string members = R"("baselines": false, "methods": {"gated": {
      "architecture": {"plugin": "mlp", "hidden": [8], "embedding": 4}, "loss": "contrastive",
      "sampler": {"plugin": "balanced", "classes": 3, "per_class": 10},
      "miner": {"plugin": "gate", "call": 23}, "training": {"epochs": 8, "checkpoint": 1}}})";
  const std::string wine =
      R"({"plugin": "wine", "normalize": "standard", "split": {"holdout": 0.3}})";
  const Experiment undisturbed(members, wine);
  REQUIRE(undisturbed.run().exit_code == 0);

  const Experiment experiment(members, wine);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  experiment.wait_at(gate);
  ::kill(runner.id(), SIGKILL);
  runner.wait();
  CHECK_FALSE(fs::is_empty(experiment.results() / "checkpoints"));
  // With the gate still shut, the run would stop there again if it began anew: it goes on from
  // epoch 4 and makes fewer than 23 calls.
  const Outcome outcome = experiment.run("", "METRICLAB_TEST_GATE='" + gate + "'");
  CHECK(outcome.exit_code == 0);
  CHECK(experiment.metrics() == undisturbed.metrics());
  CHECK(fs::is_empty(experiment.results() / "checkpoints"));
}

TEST_CASE("models are kept where that is asked for, also of runs that are done") {
  const Experiment experiment(R"("baselines": false, "methods": {"lda": {"solver": "lda"}})");
  REQUIRE(experiment.run().exit_code == 0);
  CHECK_FALSE(fs::exists(experiment.results() / "models"));
  CHECK(has(experiment.run("--save-models").errors, "4 runs, 4 ok"));
  CHECK(has(experiment.run("--save-models").errors, "4 were there already"));
  for (const auto& [name, result] : experiment.all())
    CHECK(fs::exists(experiment.results() / "models" / result.at("id").as_string() / "model.json"));
}

}  // namespace
