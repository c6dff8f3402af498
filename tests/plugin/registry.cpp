// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

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
    const std::string kind = entry.path().parent_path().filename(), name = entry.path().stem();
    if (!registry.has(kind, name) && registry.names("loss").empty())
      continue;  // built without the deep part
    INFO(kind << "/" << name << ".cpp; after adding a plugin: meson setup --reconfigure build");
    CHECK(registry.has(kind, name));
    ++files;
  }
  std::size_t plugins = 0;
  for (const std::string& kind : registry.kinds()) plugins += registry.names(kind).size();
  CHECK(plugins == files);
}
