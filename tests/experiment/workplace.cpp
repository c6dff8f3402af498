// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <metriclab/experiment/workplace.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/file.hpp>
#include <string>
#include <vector>

#include "../cli/command.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

/// What a worker that is this script does with a request of so many bytes.
struct Told {
  JobEnd end;
  std::vector<std::string> lines;
};

Told made(const Folder& folder, const std::string& script, std::size_t bytes = 10,
          std::optional<double> time_limit = {}) {
  folder.write("worker", "#!/bin/sh\n" + script + "\n");
  fs::permissions(folder.path / "worker", fs::perms::owner_all);
  LocalWorkplace here(folder / "worker");
  const Job job{.request = std::string(bytes, 'x'),
                .time_limit = time_limit,
                .result = folder / "result.json",
                .checkpoints = folder / "checkpoints",
                .model = {},
                .exhibit = {},
                .log = folder / "logs/log.txt",
                .plugin_folders = {}};
  const std::atomic<bool> stop = false;
  Told told;
  prepare_for_workers(1);
  told.end = here.make(
      job, [&](std::string_view line) { told.lines.emplace_back(line); }, stop);
  return told;
}

TEST_CASE("a worker's lines, exit code, signal and log are told") {
  const Folder folder;
  const Told well = made(folder, "read -r line; echo \"got ${#line}\"; printf 'a\\n\\nb'; exit 3");
  CHECK(well.lines == std::vector<std::string>{"got 10", "a", ""});  // the last has no end
  CHECK(well.end.code == 3);
  CHECK_FALSE(well.end.signalled);
  CHECK(well.end.stopped == Stopped::no);
  const Told killed = made(folder, "kill -SEGV $$");
  CHECK(killed.end.signalled);
  CHECK(killed.end.code == SIGSEGV);
  made(folder, "echo 'a long line of an earlier try' >&2");
  made(folder, "echo short >&2");
  CHECK(read_file(folder / "logs/log.txt") == "short\n");
}

TEST_CASE("a worker that ends before it has read its request costs nothing but itself") {
  const Folder folder;
  // More than a pipe holds, so that writing meets the closed end.
  CHECK(made(folder, "exit 0", 1 << 20).end.code == 0);
  CHECK(made(folder, "kill -KILL $$", 1 << 20).end.signalled);
}

TEST_CASE("a limit of time holds for one that has closed its end as well") {
  const Folder folder;
  for (const char* script : {"exec sleep 600", "exec sleep 600 >&-"}) {
    CAPTURE(script);
    const Told told = made(folder, script, 10, 0.2);
    CHECK(told.end.stopped == Stopped::time);
    CHECK(told.end.signalled);
  }
}

TEST_CASE("a command that can't be started is named") {
  LocalWorkplace here("/nowhere/metriclab");
  const Folder folder;
  const std::atomic<bool> stop = false;
  Job job;
  job.log = folder / "log.txt";
  CHECK_THROWS_WITH_AS(
      here.make(
          job, [](std::string_view) {}, stop),
      "/nowhere/metriclab: can't be started as a worker: No such file or directory", Error);
}

}  // namespace
