// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

}  // namespace

// Over every plugin there is, now and later: nothing here names one.
TEST_CASE("every plugin describes itself, and what it declares is enforced") {
  Registry registry(Registry::standard_folders());
  for (const PluginFailure& failure : registry.failures())
    FAIL_CHECK(failure.library.string() << ": " << failure.reason);
  int count = 0;
  for (const std::string& kind : registry.kinds()) {
    for (const std::string& name : registry.names(kind)) {
      Checks checks;
      check_declaration(registry, kind, name, stand_in(registry, kind, name), checks);
      for (const Check& check : checks.all()) {
        INFO(kind << " " << name << ": " << check.law);
        CHECK(check.failure == "");
      }
      ++count;
    }
  }
  CHECK(count > 0);
}

TEST_CASE("the build has a plugin for each file of plugins/, and of no other") {
  Registry registry(Registry::standard_folders());
  std::size_t files = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(std::getenv("METRICLAB_SOURCE")) / "plugins")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string kind = entry.path().parent_path().filename(), file = entry.path().stem();
    // By the library's place: its plugin may have a shorter name.
    const std::vector<std::string> names = registry.names(kind);
    const bool there = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return registry.library(kind, name).path.stem() == file;
    });
    if (!there && registry.names("loss").empty()) continue;  // built without the deep part
    INFO(kind << "/" << file << ".cpp; after adding a plugin: meson setup --reconfigure build");
    CHECK(there);
    ++files;
  }
  std::size_t plugins = 0;
  for (const std::string& kind : registry.kinds()) plugins += registry.names(kind).size();
  CHECK(plugins == files);
}
