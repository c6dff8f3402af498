// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>
#include <thread>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

/// Plain runs, and a search whose later trials depend on the results of earlier ones.
const char* const kSearching = R"("methods": {"lda": {"solver": "lda"},
    "lmnn": {"solver": {"plugin": "lmnn", "n_neighbors": {"int": [1, 5]}}}},
  "tune": {"metric": "knn.accuracy", "search": "tpe", "trials": 4}, "seeds": [1, 2])";

const char* const kGated = R"("baselines": false, "methods": {
  "first": {"solver": "lda"},
  "gated": {"solver": {"plugin": "misbehaving", "how": "gate"}},
  "last": {"solver": "nca"}})";

std::set<std::string> files_in(const fs::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename().string());
  return names;
}

/// The metrics by file, trials included.
std::map<std::string, std::string> metrics_by_file(const Experiment& experiment) {
  std::map<std::string, std::string> texts;
  for (const std::string& name : files_in(experiment.results() / "runs"))
    texts[name] =
        to_json_text(parse_json(read_file(experiment.results() / "runs" / name)).at("metrics"));
  return texts;
}

void check_same(const Experiment& one, const Experiment& other) {
  CHECK(metrics_by_file(one) == metrics_by_file(other));
  for (const char* file : {"plan.json", "spec.json"})
    CHECK(read_file(one.results() / file) == read_file(other.results() / file));
  CHECK(files_in(one.results()) == files_in(other.results()));
}

TEST_CASE("shards in any order, or all at once, leave what one runner of all leaves") {
  const Experiment whole(kSearching);
  const Outcome plain = whole.run("--jobs 2");
  REQUIRE(plain.exit_code == 0);

  const Experiment one_by_one(kSearching);
  for (const char* shard : {"2/3", "3/3"}) {
    const Outcome outcome = one_by_one.run(std::string("--shard ") + shard);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.output.empty());
    CHECK_MESSAGE(has(outcome.errors, fmt::format("shard {}: ", shard)), outcome.errors);
    CHECK(has(outcome.errors, "of the whole "));
    CHECK(has(outcome.errors, "searches go on"));
  }
  const Outcome last = one_by_one.run("--shard 1/3");
  CHECK(last.exit_code == 0);
  CHECK(last.output == plain.output);
  check_same(one_by_one, whole);
  // Started again, a shard has nothing to do and shows the whole.
  const Outcome again = one_by_one.run("--shard 2/3");
  CHECK(again.output == plain.output);
  CHECK_MESSAGE(has(again.errors, "were there already"), again.errors);

  const Experiment at_once(kSearching);
  std::vector<Outcome> outcomes(3);
  std::vector<std::thread> runners;
  for (int i = 0; i < 3; ++i)
    runners.emplace_back([&, i] {
      outcomes[static_cast<std::size_t>(i)] =
          at_once.run(fmt::format("--shard {}/3 --jobs 1", i + 1));
    });
  for (std::thread& runner : runners) runner.join();
  bool printed = false;
  for (const Outcome& outcome : outcomes) {
    CHECK_MESSAGE(outcome.exit_code == 0, outcome.errors);
    printed = printed || outcome.output == plain.output;
  }
  CHECK(printed);
  check_same(at_once, whole);
  CHECK(has(at_once.run().errors, "were there already"));
}

TEST_CASE("a shard keeps out its like and the whole, not other shards, and goes on when killed") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate, {"--jobs", "1", "--shard", "1/2"});
  const pid_t worker = experiment.wait_at(gate);
  const std::string who = fmt::format("shard 1/2, process {} on", runner.id());
  for (const char* arguments : {"--shard 1/2", ""}) {
    CAPTURE(arguments);
    const Outcome refused = experiment.run(arguments);
    CHECK(refused.exit_code == 2);
    CHECK_MESSAGE(has(refused.errors, "another runner is at work there (" + who), refused.errors);
  }
  CHECK(has(testing::run("status '" + experiment.results().string() + "'").output,
            "a runner is at work there (" + who));

  // What a killed writer would leave of a run of shard 1, one of shard 2, and one of no present
  // spec.
  const Value plan = parse_json(read_file(experiment.results() / "plan.json"));
  const auto leftover = [&](std::size_t run, const char* part) {
    const fs::path folder = experiment.results() / part;
    fs::create_directories(folder);
    return folder / ("." + plan.at("runs").as_list()[run].at("id").as_string() + ".json.XyZ");
  };
  // The runs are dealt out in turns; run 4 is the one at the gate.
  const fs::path of_one = leftover(4, "runs"), of_two = leftover(5, "runs");
  const fs::path of_two_models = leftover(7, "models");
  const fs::path of_none = experiment.results() / "runs" / ".0123.json.XyZ";
  for (const fs::path& file : {of_one, of_two, of_two_models, of_none}) std::ofstream(file) << "{";
  const Outcome second = experiment.run("--shard 2/2");
  CHECK(second.exit_code == 0);
  CHECK_MESSAGE(has(second.errors, "shard 2/2: 6 runs, 6 ok"), second.errors);
  CHECK_MESSAGE(has(second.errors, "of the whole 8 of 12 runs are there"), second.errors);
  CHECK(fs::exists(of_one));
  CHECK_FALSE(fs::exists(of_two));
  CHECK_FALSE(fs::exists(of_two_models));
  CHECK(fs::exists(of_none));

  ::kill(runner.id(), SIGKILL);
  runner.wait();
  while (::kill(worker, 0) == 0) std::this_thread::yield();
  const Outcome first = experiment.run("--shard 1/2");
  CHECK(first.exit_code == 0);
  CHECK_MESSAGE(has(first.errors, "shard 1/2: 6 runs, 2 were there already, 4 ok"), first.errors);
  CHECK(has(first.output, "knn.accuracy"));
  CHECK_FALSE(fs::exists(of_one));

  const Experiment undisturbed(kGated);
  REQUIRE(undisturbed.run().exit_code == 0);
  CHECK(has(experiment.run().errors, "12 were there already"));  // and clears the rest
  fs::remove(experiment.results() / "models");
  check_same(experiment, undisturbed);
}

TEST_CASE("a runner of all keeps shards out") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate);
  experiment.wait_at(gate);
  const Outcome shard = experiment.run("--shard 2/2");
  CHECK(shard.exit_code == 2);
  CHECK_MESSAGE(has(shard.errors, fmt::format("at work there (process {} on", runner.id())),
                shard.errors);
  ::kill(runner.id(), SIGKILL);
  runner.wait();
}

TEST_CASE("a shard of another spec says so, and goes no further while others are at work") {
  const Experiment experiment(kGated);
  const std::string gate = experiment.make_gate();
  auto runner = experiment.start(gate, {"--jobs", "1", "--shard", "1/2"});
  experiment.wait_at(gate);
  const std::string other = "--shard 2/2 --set /methods/last/solver/max_iterations=3";
  const Outcome refused = experiment.run(other);
  CHECK(refused.exit_code == 2);
  CHECK_MESSAGE(has(refused.errors,
                    "4 of 12 runs are others, first iris, fold 1, last, seed 1 than those of"),
                refused.errors);
  CHECK(has(refused.errors, "it was written for another spec"));
  CHECK(has(refused.errors, "at work there: shard 1/2, process"));
  ::kill(runner.id(), SIGKILL);
  runner.wait();
  const Outcome alone = experiment.run(other);
  CHECK(alone.exit_code == 0);
  CHECK_MESSAGE(has(alone.errors, "note: "), alone.errors);
  CHECK(has(alone.errors, "shard 2/2: 6 runs, 6 ok"));
}

TEST_CASE("a run that is part of two searches is made by one shard while the other waits") {
  // The same method under two names: the same values are tried, so that both searches are the same
  // runs, at the same time.
  const char* const kTwice = R"("baselines": false, "methods": {
      "a": {"solver": {"plugin": "lmnn", "n_neighbors": {"int": [1, 5]}}},
      "b": {"solver": {"plugin": "lmnn", "n_neighbors": {"int": [1, 5]}}}},
    "tune": {"metric": "knn.accuracy", "trials": 3})";
  const std::string holdout = R"({"plugin": "iris", "split": {"holdout": 0.3}})";
  const Experiment whole(kTwice, holdout);
  REQUIRE(whole.run().exit_code == 0);
  const Experiment experiment(kTwice, holdout);
  std::vector<Outcome> outcomes(2);
  std::thread other([&] { outcomes[1] = experiment.run("--shard 2/2 --jobs 2"); });
  outcomes[0] = experiment.run("--shard 1/2 --jobs 2");
  other.join();
  for (const Outcome& outcome : outcomes) CHECK_MESSAGE(outcome.exit_code == 0, outcome.errors);
  check_same(experiment, whole);
}

TEST_CASE("a slip in --shard is told") {
  const Experiment experiment(kGated);
  for (const char* shard : {"3/2", "0/2", "two"}) {
    const Outcome outcome = experiment.run(fmt::format("--shard {}", shard));
    CHECK(outcome.exit_code == 2);
    CHECK_MESSAGE(has(outcome.errors, fmt::format("--shard: \"{}\" is no shard", shard)),
                  outcome.errors);
  }
  CHECK(experiment.run("--shard 1/2 --slurm 2").exit_code == 2);
}

}  // namespace
