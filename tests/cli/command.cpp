// SPDX-License-Identifier: BSD-3-Clause
#include "command.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <metriclab/plugin/file.hpp>

namespace metriclab::testing {
namespace fs = std::filesystem;

Folder::Folder() {
  std::string name = (fs::temp_directory_path() / "metriclab_cli_XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  path = fs::canonical(name);
}

Folder::~Folder() { fs::remove_all(path); }

void Folder::write(const std::string& name, const std::string& text) const {
  fs::create_directories((path / name).parent_path());
  std::ofstream(path / name, std::ios::binary) << text;
}

Outcome run(const std::string& arguments, const std::string& environment) {
  const Folder folder;
  const std::string errors = folder / "stderr";
  REQUIRE(std::getenv("METRICLAB_COMMAND") != nullptr);
  const std::string command = environment + " '" + std::getenv("METRICLAB_COMMAND") + "' " +
                              arguments + " 2>'" + errors + "'";
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe))
    outcome.output.append(buffer, n);
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  outcome.errors = read_file(errors);
  return outcome;
}

}  // namespace metriclab::testing
