// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <metriclab/plugin/file.hpp>
#include <sstream>

#include "command.hpp"

namespace {

using namespace metriclab;
using metriclab::testing::Folder;
using metriclab::testing::Outcome;
using metriclab::testing::run;

std::string results_of(const std::string& name) {
  const char* source = std::getenv("METRICLAB_SOURCE");
  REQUIRE(source != nullptr);
  return std::string(source) + "/results/" + name;
}

TEST_CASE("plot: a file for each figure, named on stdout") {
  const Folder folder;
  const Outcome all = run("plot " + results_of("quickstart") + " --output " + (folder / "out"));
  CHECK(all.exit_code == 0);
  CHECK(all.errors.empty());
  std::istringstream lines(all.output);
  std::size_t named = 0, there = 0;
  for (std::string file; std::getline(lines, file); ++named)
    CHECK(read_file(file).starts_with("<svg xmlns="));
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder / "out"))
    ++there;
  CHECK(named == there);
  for (const char* name : {"learning_curves-wine-loss", "pareto-all-knn.accuracy",
                           "dots-digits-knn.accuracy", "critical_difference-knn.accuracy"})
    CHECK_MESSAGE(all.output.find(name + std::string(".svg\n")) != std::string::npos, name);

  const Outcome some =
      run("plot " + results_of("quickstart") +
          " --figure dots,pareto --metric retrieval.map_at_r --metric knn.accuracy "
          "--where dataset=wine --width 300 --height 250 --output " +
          (folder / "some"));
  CHECK(some.exit_code == 0);
  const std::string out = folder / "some/";
  CHECK(some.output == fmt::format("{0}pareto-wine-retrieval.map_at_r.svg\n"
                                   "{0}pareto-wine-knn.accuracy.svg\n"
                                   "{0}dots-wine-retrieval.map_at_r.svg\n"
                                   "{0}dots-wine-knn.accuracy.svg\n",
                                   out));
  CHECK(read_file(out + "dots-wine-knn.accuracy.svg").find("width=\"300\"") != std::string::npos);
}

TEST_CASE("plot: PDF of one page") {
  const Folder folder;
  const std::string request = "plot " + results_of("quickstart") +
                              " --figure critical_difference --format pdf --output " +
                              (folder / "out");
  const Outcome without = run(request, "PATH=/nowhere");
  CHECK(without.exit_code == 2);
  CHECK(without.errors.find("the package librsvg2-bin has it") != std::string::npos);
  if (std::system("command -v rsvg-convert >/dev/null") != 0) {
    MESSAGE("skipped: rsvg-convert is not on the PATH");
    return;
  }
  const Outcome outcome = run(request);
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE(outcome.errors.empty(), outcome.errors);
  const std::string pdf = read_file(folder / "out/critical_difference-knn.accuracy.pdf");
  CHECK(pdf.starts_with("%PDF-"));
  // The tree of pages says how many there are; later writers compress it.
  const bool plain = pdf.find("/Type /Pages") != std::string::npos;
  CHECK((!plain || pdf.find("/Count 1\n") != std::string::npos));
  CHECK(std::distance(std::filesystem::directory_iterator(folder / "out"), {}) == 1);
}

TEST_CASE("plot: what can't be had is said") {
  const Folder folder;
  const std::string results = "plot " + results_of("quickstart");
  for (const auto& [arguments, message] :
       {std::pair(" --output OUT --figure rok",
                  "there is no figure \"rok\"; did you mean \"roc\"?"),
        std::pair(" --output OUT --figure roc",
                  "there is no \"roc\" of these results; there is \"learning_curves\", "),
        std::pair(" --output OUT --format png", "there is no format \"png\""),
        std::pair(" --output OUT --metric knn.acuracy", "did you mean \"knn.accuracy\"?"),
        std::pair(" --output OUT --where method=lmn", "there is no method \"lmn\""),
        std::pair(" --output OUT --trials", "has no trials"),
        std::pair("", "plot takes --output DIR for figures, --tensorboard DIR for event files")}) {
    std::string request = results + arguments;
    if (const std::size_t at = request.find("OUT"); at != std::string::npos)
      request.replace(at, 3, folder / "out");
    const Outcome outcome = run(request);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.empty());
    CHECK_MESSAGE(outcome.errors.find(message) != std::string::npos, outcome.errors);
  }
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
}

}  // namespace
