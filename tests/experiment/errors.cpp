// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <metriclab/plugin/file.hpp>
#include <metriclab/version.hpp>
#include <vector>

#include "../cli/command.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

TEST_CASE("each wrong spec is told as it should be, and nothing is run") {
  const fs::path folder = fs::path(std::getenv("METRICLAB_SOURCE")) / "tests/experiment/errors";
  std::vector<fs::path> specs;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".json") specs.push_back(entry.path());
  std::sort(specs.begin(), specs.end());
  REQUIRE(specs.size() >= 10);
  for (const fs::path& spec : specs) {
    const std::string name = spec.stem().string();
    CAPTURE(name);
    if (name == "deep" && kLibTorchVersion == "none") continue;
    // From the spec's own folder, so that messages have its bare name.
    const Outcome outcome = run("check " + name + ".json",
                                fmt::format("cd '{}'; env -u METRICLAB_DATA", folder.string()));
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.empty());
    CHECK(outcome.errors == read_file(folder / (name + ".txt")));
  }
}

TEST_CASE("a spec with errors leaves no folder of results") {
  const Folder folder;
  const fs::path errors = fs::path(std::getenv("METRICLAB_SOURCE")) / "tests/experiment/errors";
  const Outcome outcome =
      run(fmt::format("run '{}' --results '{}'", (errors / "twice.json").string(), folder / "r"));
  CHECK(outcome.exit_code == 2);
  CHECK_FALSE(fs::exists(folder.path / "r"));
}

TEST_CASE("a spec that isn't there, and a setting that can't be applied") {
  const Folder folder;
  CHECK(run("check '" + (folder / "none.json") + "'").errors ==
        fmt::format("error: {}: No such file or directory\n1 error; nothing was run\n",
                    folder / "none.json"));
  folder.write("s.json", R"({"name": "s", "datasets": [{"plugin": "wine", "split": {"folds": 2}}],
    "methods": {"euclidean": {"solver": "euclidean"}}, "evaluators": ["knn"]})");
  auto with = [&](const std::string& setting) {
    return run(fmt::format("check '{}' --set '{}'", folder / "s.json", setting));
  };
  CHECK(with("/seeds").errors.find("give a JSON pointer and a value") != std::string::npos);
  CHECK(with("/methods/euclid/solver=pca").errors.find("did you mean \"euclidean\"") !=
        std::string::npos);
  CHECK(with("/datasets/1/normalize=unit").errors.find("there is no data set 1; there are 1") !=
        std::string::npos);
  CHECK(with("/seeds=[1, 2, 3]").output.find("s: 6 runs: 1 data sets, 1 methods, 3 seeds") !=
        std::string::npos);
}

}  // namespace
