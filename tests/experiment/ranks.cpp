// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <metriclab/experiment/ranks.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <thread>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace bp = boost::process;
namespace fs = std::filesystem;

RankMachine on(const std::string& host, int first, int last) {
  RankMachine is{.host = host, .cores = {}, .memory = 1000};
  for (int core = first; core <= last; ++core) is.cores.insert(core);
  return is;
}

TEST_CASE("the ranks of a machine share its cores, however they are bound") {
  using Jobs = std::vector<int>;
  // One on each machine.
  CHECK(shared_out({on("a", 0, 7), on("b", 0, 3)}, 1) == Jobs{8, 4});
  CHECK(shared_out({on("a", 0, 7), on("b", 0, 3)}, 3) == Jobs{2, 1});
  // All on one, unbound; bound to a core each; to one of two sockets each.
  CHECK(shared_out({on("a", 0, 7), on("a", 0, 7), on("a", 0, 7)}, 1) == Jobs{2, 2, 2});
  CHECK(shared_out({on("a", 0, 0), on("a", 1, 1)}, 1) == Jobs{1, 1});
  CHECK(shared_out({on("a", 0, 3), on("a", 4, 7), on("a", 0, 3), on("a", 4, 7)}, 1) ==
        Jobs{2, 2, 2, 2});
  // More ranks than cores.
  CHECK(shared_out({on("a", 0, 1), on("a", 0, 1), on("a", 0, 1)}, 1) == Jobs{1, 1, 1});
  const RankMachine is = this_machine();
  CHECK(shared_out({is}, 1).front() == static_cast<int>(is.cores.size()));
  CHECK(to_json_text(to_value(rank_machine_from_value(to_value(is)))) ==
        to_json_text(to_value(is)));
}

TEST_CASE("a job and its end keep all they have on their way") {
  Job job{.request = "{}",
          .threads = 3,
          .result = "/a/b.json",
          .checkpoints = "/c",
          .model = "/m",
          .exhibit = "/e.json",
          .log = "/l.txt",
          .plugin_folders = {"/p q", "/r"}};
  CHECK(to_json_text(to_value(job_from_value(to_value(job)))) == to_json_text(to_value(job)));
  job.time_limit = 0.5;
  job.memory_limit = 700;
  CHECK(to_json_text(to_value(job_from_value(to_value(job)))) == to_json_text(to_value(job)));
  const JobEnd end{.stopped = Stopped::memory, .signalled = true, .code = 9, .memory_limit = 5};
  CHECK(to_json_text(to_value(job_end_from_value(to_value(end)))) == to_json_text(to_value(end)));
}

// Without ssh, for which there is no need on one machine, it would begin nothing.
const std::vector<std::string> kOfMpirun = {"--allow-run-as-root",
                                            "--oversubscribe",
                                            "--bind-to",
                                            "none",
                                            "--mca",
                                            "plm_rsh_agent",
                                            "true"};

/// Whether MPI is built, and mpirun there and able to start something; else says "skipped".
bool has_mpi() {
  static const bool there = [] {
    const char* mpirun = std::getenv("METRICLAB_MPIRUN");
    if (mpirun == nullptr || *mpirun == '\0') return false;
    std::error_code failed;
    return bp::system(bp::search_path("mpirun"), kOfMpirun, "-n", "1", "true", failed,
                      bp::std_out > bp::null, bp::std_err > bp::null) == 0;
  }();
  if (!there) MESSAGE("skipped: built without MPI, or there is no mpirun that works");
  return there;
}

bp::child mpirun(const Experiment& experiment, std::vector<std::string> of_mpirun,
                 const std::vector<std::string>& of_run) {
  std::vector<std::string> all = kOfMpirun;
  all.insert(all.end(), {"-n", "3"});
  all.insert(all.end(), of_mpirun.begin(), of_mpirun.end());
  all.insert(all.end(), {std::getenv("METRICLAB_COMMAND"), "--plugin-path",
                         std::getenv("METRICLAB_RUN_FIXTURES"), "run", experiment.spec(),
                         "--results", experiment.folder() + "/results"});
  all.insert(all.end(), of_run.begin(), of_run.end());
  return bp::child(bp::search_path("mpirun"), all,
                   bp::std_in<bp::null, bp::std_out> experiment.folder() + "/stdout",
                   bp::std_err > experiment.folder() + "/stderr");
}

/// The first processes to reach the gate, all of them at once.
std::vector<pid_t> at_gate(const std::string& gate, std::size_t count) {
  std::vector<pid_t> processes;
  while (processes.size() < count) {
    std::ifstream stream(gate);
    for (pid_t process = 0; stream >> process;) processes.push_back(process);
  }
  return processes;
}

pid_t parent_of(pid_t process) {
  std::ifstream stream(fmt::format("/proc/{}/status", process));
  for (std::string word; stream >> word;)
    if (word == "PPid:") stream >> process;
  return process;
}

bool is_leader(pid_t rank) {
  return has(read_file(fmt::format("/proc/{}/environ", rank)),
             std::string("\0OMPI_COMM_WORLD_RANK=0", 23));
}

const char* const kSearching = R"("methods": {"lda": {"solver": "lda"},
    "lmnn": {"solver": {"plugin": "lmnn", "n_neighbors": {"int": [1, 5]}}}},
  "tune": {"metric": "knn.accuracy", "search": "tpe", "trials": 4})";

TEST_CASE("three ranks make what one process makes, searches too") {
  if (!has_mpi()) return;
  const Experiment whole(kSearching), ranks(kSearching);
  const Outcome plain = whole.run();
  auto child = mpirun(ranks, {}, {"--jobs", "1"});
  child.wait();
  CHECK_MESSAGE(child.exit_code() == 0, read_file(ranks.folder() + "/stderr"));
  CHECK(read_file(ranks.folder() + "/stdout") == plain.output);
  CHECK(ranks.metrics() == whole.metrics());
  CHECK(read_file(ranks.results() / "plan.json") == read_file(whole.results() / "plan.json"));
}

TEST_CASE("a mistake in the spec ends all ranks, and is told once") {
  if (!has_mpi()) return;
  const Experiment experiment(R"("methods": {"lda": {"solver": "ldda"}})");
  auto child = mpirun(experiment, {}, {});
  child.wait();
  CHECK(child.exit_code() == 2);
  const std::string errors = read_file(experiment.folder() + "/stderr");
  const std::size_t at = errors.find("there is no solver \"ldda\"");
  CHECK_MESSAGE(at != std::string::npos, errors);
  CHECK(errors.find("there is no solver \"ldda\"", at + 1) == std::string::npos);
}

TEST_CASE("limits hold, and crashes are told, on whichever rank") {
  if (!has_mpi()) return;
  const Experiment experiment(R"("baselines": false, "limits": {"time_limit": 3}, "methods": {
      "segfault": {"solver": {"plugin": "misbehaving", "how": "segfault"}},
      "loop": {"solver": {"plugin": "misbehaving", "how": "loop"}},
      "throw": {"solver": {"plugin": "misbehaving", "how": "throw"}}})",
                              R"({"plugin": "iris", "split": {"holdout": 0.4}})");
  auto child = mpirun(experiment, {}, {"--jobs", "1"});
  child.wait();
  CHECK(child.exit_code() == 1);
  const auto all = experiment.all();
  const auto ended = [&](const char* method, const char* status, const char* reason) {
    const Value& result = all.at(fmt::format("{}/holdout 1/1", method));
    CHECK(result.at("status").as_string() == status);
    CHECK_MESSAGE(has(result.at("reason").as_string(), reason), result.at("reason").as_string());
  };
  ended("segfault", "crashed", "signal 11 (Segmentation fault) during fit");
  ended("loop", "timed_out", "stopped during fit after 3 s, its time limit");
  ended("throw", "failed", "thrown on purpose");
}

// With one worker a rank, each of the three ranks has one of the three that wait.
const char* const kGated = R"("baselines": false, "seeds": [1, 2, 3], "methods": {
  "gated": {"solver": {"plugin": "misbehaving", "how": "gate"}},
  "lda": {"solver": "lda"}, "nca": {"solver": "nca"}})";
const std::string kHoldout = R"({"plugin": "iris", "split": {"holdout": 0.4}})";

bool is_gone(pid_t process) {
  std::ifstream stream(fmt::format("/proc/{}/stat", process));
  std::string line;
  if (!std::getline(stream, line)) return true;
  // pid (name) state …; the name may hold anything.
  return line.substr(line.rfind(')') + 2, 1) == "Z";
}

/// Starts the gated runs and kills a rank that has one, its worker with it.
void kill_a_rank(const Experiment& experiment, const std::vector<std::string>& of_mpirun,
                 bp::child& launcher) {
  const std::string gate = experiment.make_gate();
  ::setenv("METRICLAB_TEST_GATE", gate.c_str(), 1);
  launcher = mpirun(experiment, of_mpirun, {"--jobs", "1", "--rank-timeout", "5s"});
  ::unsetenv("METRICLAB_TEST_GATE");
  pid_t victim = 0, its_worker = 0;
  for (const pid_t worker : at_gate(gate, 3))
    if (const pid_t rank = parent_of(worker); !is_leader(rank)) {
      victim = rank;
      its_worker = worker;
    }
  REQUIRE(victim > 0);
  ::kill(victim, SIGKILL);
  // A signal takes a while on a busy machine; through the open gate the worker would finish.
  while (!is_gone(its_worker)) std::this_thread::yield();
  fs::remove(gate);
  launcher.wait();
}

TEST_CASE("the runs of a rank that is killed are made by the others") {
  if (!has_mpi()) return;
  const Experiment undisturbed(kGated, kHoldout), experiment(kGated, kHoldout);
  const Outcome plain = undisturbed.run();
  bp::child launcher;
  kill_a_rank(experiment, {"--enable-recovery"}, launcher);
  const std::string errors = read_file(experiment.folder() + "/stderr");
  CHECK_MESSAGE(launcher.exit_code() == 0, errors);
  CHECK_MESSAGE(has(errors, "lost: rank "), errors);
  CHECK_MESSAGE(has(errors, "9 runs, 9 ok"), errors);
  CHECK(read_file(experiment.folder() + "/stdout") == plain.output);
  CHECK(experiment.metrics() == undisturbed.metrics());
  CHECK(fs::is_empty(experiment.results() / "checkpoints"));
}

TEST_CASE("where the launcher ends all ranks, the same command goes on") {
  if (!has_mpi()) return;
  const Experiment undisturbed(kGated, kHoldout), experiment(kGated, kHoldout);
  REQUIRE(undisturbed.run().exit_code == 0);
  bp::child launcher;
  kill_a_rank(experiment, {}, launcher);
  CHECK(launcher.exit_code() != 0);
  auto again = mpirun(experiment, {}, {"--jobs", "1"});
  again.wait();
  CHECK_MESSAGE(again.exit_code() == 0, read_file(experiment.folder() + "/stderr"));
  CHECK(experiment.metrics() == undisturbed.metrics());
}

TEST_CASE("without the module for MPI it says what to install") {
  if (std::getenv("METRICLAB_MPIRUN") != nullptr) return;  // it is built
  const Experiment experiment(R"("methods": {"lda": {"solver": "lda"}})");
  const Outcome outcome = experiment.run("", "OMPI_COMM_WORLD_SIZE=2");
  CHECK(outcome.exit_code == 2);
  CHECK_MESSAGE(has(outcome.errors, "started by an MPI launcher"), outcome.errors);
  CHECK(has(outcome.errors, "libboost-mpi-dev"));
  CHECK(experiment.run("", "OMPI_COMM_WORLD_SIZE=1").exit_code == 0);
}

}  // namespace
