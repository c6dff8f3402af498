// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cstdlib>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <metriclab/version.hpp>

#include "command.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

TEST_CASE("new writes source, build and README under the plugin's name, and says what comes next") {
  const Folder folder;
  const Outcome is =
      run("new solver tight_fit --folder '" + folder.path.string() + "'", "PKG_CONFIG_PATH=");
  REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
  CHECK(is.errors.empty());
  const std::string place = folder / "tight_fit";
  CHECK(has(is.output, "    meson setup " + place + "/build " + place + " && meson compile -C " +
                           place + "/build\n"));
  CHECK(has(is.output, "    meson test -C " + place + "/build\n"));
  CHECK(has(is.output, "--plugin-path " + place + "/build run "));
  const std::string source = read_file(place + "/tight_fit.cpp");
  CHECK(has(source, "class TightFit final : public Solver {"));
  CHECK(has(source, "METRICLAB_PLUGIN(TightFit, \"tight_fit\");"));
  for (const char* file : {"/tight_fit.cpp", "/meson.build", "/README.md"}) {
    const std::string text = read_file(place + file);
    CAPTURE(file);
    CHECK_FALSE(has(text, "my_solver"));
    CHECK_FALSE(has(text, "MySolver"));
    CHECK_FALSE(has(text, "@"));
  }
  CHECK(has(read_file(place + "/README.md"), "{\"tight_fit\": {\"solver\": \"tight_fit\"}}"));

  const Outcome again = run("new solver tight_fit --folder '" + folder.path.string() + "'");
  CHECK(again.exit_code == 2);
  CHECK(again.errors == "error: " + place + " is there already; give another name, or --folder\n");
}

TEST_CASE("a class that would hide one of metriclab's own gets a longer name") {
  const Folder folder;
  const Outcome is = run("new evaluator measurement --folder '" + folder.path.string() + "'");
  REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
  const std::string source = read_file(folder / "measurement/measurement.cpp");
  CHECK(has(source, "class MeasurementMyEvaluator final"));
  CHECK(has(source, "Measurement evaluate"));
}

TEST_CASE("a PKG_CONFIG_PATH of the user's, which Meson prefers, is met by an option") {
  const Folder folder;
  const Outcome is =
      run("new solver a --folder '" + folder.path.string() + "'", "PKG_CONFIG_PATH=/nowhere");
  CHECK(has(is.output, "    meson setup -Dpkg_config_path=/"));
}

TEST_CASE("new refuses what can't be a plugin, with what would be right") {
  const Folder folder;
  const auto error = [&](const std::string& request) {
    const Outcome is = run("new " + request + " --folder '" + folder.path.string() + "'");
    CHECK(is.exit_code == 2);
    CHECK(is.output.empty());
    CHECK(std::filesystem::is_empty(folder.path));
    return is.errors;
  };
  CHECK(error("solvr x") ==
        "error: there is no kind of plugin \"solvr\"; did you mean \"solver\"?\n");
  CHECK(error("solver 3d") ==
        "error: \"3d\" can't name a plugin; a name has small letters, digits and _, and begins "
        "with a letter, such as \"my_loss\"\n");
  for (const char* name : {"../x", "a-b", "Mine", "''", "a/b", "_x", "'a b'"}) {
    CAPTURE(name);
    CHECK(has(error(std::string("solver ") + name), "can't name a plugin"));
  }
  CHECK(error("solver test") ==
        "error: \"test\" is a command of the build; give the plugin another name\n");
  Registry registry(Registry::standard_folders());
  CHECK(error("solver lda") == "error: solver \"lda\" is already taken by " +
                                   registry.library("solver", "lda").path.string() +
                                   "; give the plugin another name\n");
  const Outcome nowhere = run("new solver x --folder /proc/none");
  CHECK(nowhere.exit_code == 2);
  CHECK(has(nowhere.errors, "/proc/none/x can't be made: "));
  if (kLibTorchVersion == "none")
    CHECK(error("loss x") ==
          "error: a loss needs LibTorch, and this metriclab was built without it "
          "(-Ddeep=disabled)\n");
}

TEST_CASE("test: laws kept, one a line on request, as JSON; 2 for what there is not") {
  const Outcome kept = run("test solver lda");
  CHECK(kept.exit_code == 0);
  CHECK(has(kept.output, "solver lda: "));
  CHECK(has(kept.output, " laws kept, 0 broken\n"));
  const Outcome all = run("test solver lda --all");
  CHECK(has(all.output, "kept         its name is that of its file\n"));
  const Outcome json = run("test solver lda --json");
  const Value laws = parse_json(json.output);
  REQUIRE(laws.as_list().size() > 5);
  for (const Value& law : laws.as_list()) CHECK(law.at("status").as_string() == "kept");

  const Outcome file = run("test dataset csv");
  CHECK(file.exit_code == 0);
  CHECK(has(file.output, "not checked  the laws of the kind \"dataset\": needs \"path\"\n"));

  const Outcome none = run("test solver ldaa");
  CHECK(none.exit_code == 2);
  CHECK(none.errors == "error: there is no solver \"ldaa\"; did you mean \"lda\"?\n");
  CHECK(run("test solver lda --parameters '{\"x\": 1}'").exit_code == 2);
}

TEST_CASE("test: a broken law is named, and the exit code is 1") {
  // The fixture's file has another name than its plugin, since it was copied.
  const Folder folder;
  std::filesystem::copy_file(std::filesystem::path(std::getenv("METRICLAB_FIXTURES")) / "good.so",
                             folder / "renamed.so");
  const Outcome is = run("--plugin-path '" + folder.path.string() + "' test toy good");
  CHECK(is.exit_code == 1);
  CHECK(has(is.output, "broken       its name is that of its file: renamed.so holds good\n"));
  CHECK(has(is.output, "toy good: "));
}

}  // namespace
