// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cstdlib>
#include <metriclab/plugin/json.hpp>
#include <metriclab/version.hpp>

#include "command.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

void copy_fixture(const Folder& folder, const std::string& name) {
  fs::copy_file(fs::path(std::getenv("METRICLAB_FIXTURES")) / (name + ".so"),
                folder / (name + ".so"));
}

TEST_CASE("doctor: versions, folders with their plugins, and whether all of them load") {
  const Outcome is = run("doctor --json");
  REQUIRE_MESSAGE(is.exit_code == 0, is.output);
  const Value found = parse_json(is.output);
  CHECK(found.at("versions").at("metriclab").as_string() == kVersion);
  CHECK(found.at("versions").at("libtorch").as_string() == kLibTorchVersion);
  CHECK(found.at("deep").at("works").as_boolean() == (kLibTorchVersion != "none"));
  CHECK(found.at("refused").as_list().empty());
  CHECK(found.at("machine").at("usable_cores").as_integer() >= 1);
  CHECK(found.at("machine").at("memory_mib").as_integer() > 0);
  CHECK(found.at("results").at("free_mib").as_integer() >= 0);
  std::int64_t plugins = 0;
  for (const Value& folder : found.at("plugins").as_list())
    plugins += folder.at("plugins").as_integer();
  const Value listed = parse_json(run("list --json").output);
  CHECK(plugins == static_cast<std::int64_t>(listed.as_list().size()));
}

TEST_CASE("doctor: each library that can't be used, with the reason, and exit code 1") {
  const Folder folder;
  for (const char* name : {"good", "wrong_api", "unresolved", "throws"}) copy_fixture(folder, name);
  folder.write("text.so", "no library");
  const std::string path = "--plugin-path '" + folder.path.string() + "' ";
  const Outcome is = run(path + "doctor");
  CHECK(is.exit_code == 1);
  const auto says = [&](const std::string& text) {
    CAPTURE(is.output);
    CAPTURE(text);
    CHECK(is.output.find(text) != std::string::npos);
  };
  says("refused      " + (folder / "wrong_api.so") + ": built for plugin API 99");
  says("refused      " + (folder / "text.so") + ": ");
  says("refused      " + (folder / "unresolved.so") + ": does not load: ");
  says("refused      " + (folder / "throws.so") + ": throws while it registers: ");
  CHECK(is.output.find("good.so") == std::string::npos);
  const Value found = parse_json(run(path + "doctor --json").output);
  CHECK(found.at("refused").as_list().size() == 4);
  CHECK(found.at("plugins").as_list()[0].at("folder").as_string() == folder.path.string());
  CHECK(found.at("plugins").as_list()[0].at("plugins").as_integer() == 3);
}

TEST_CASE("doctor: the variables and folders that runs depend on") {
  const Folder folder;
  const Value found =
      parse_json(run("doctor --json", "cd '" + folder.path.string() +
                                          "' && METRICLAB_DATA=/no/such/folder OMP_NUM_THREADS=3")
                     .output);
  CHECK(found.at("threads").at("OMP_NUM_THREADS").as_string() == "3");
  CHECK(found.at("data").at("METRICLAB_DATA").as_string() == "/no/such/folder");
  CHECK_FALSE(found.at("data").at("is_folder").as_boolean());
  CHECK(found.at("results").at("folder").as_string() == folder / "results");
  CHECK(found.at("results").at("writable").as_boolean());
}

}  // namespace
