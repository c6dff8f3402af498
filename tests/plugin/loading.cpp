// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <metriclab/plugin/eigen_abi.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <metriclab/version.hpp>

#include "fixtures/toy.hpp"

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

/// A fresh folder with copies of the fixtures that a test names.
class Folder {
 public:
  explicit Folder(const std::vector<std::string>& fixtures) {
    std::string name = (fs::temp_directory_path() / "metriclab_loading_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = fs::canonical(name);
    for (const std::string& fixture : fixtures)
      fs::copy_file(fs::path(std::getenv("METRICLAB_FIXTURES")) / (fixture + ".so"),
                    path_ / (fixture + ".so"));
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  fs::path path_;
};

/// Why `name`.so was put aside; "" if it was not.
std::string reason(const Registry& registry, const std::string& name) {
  for (const PluginFailure& failure : registry.failures())
    if (failure.library.stem() == name) return failure.reason;
  return "";
}

/// The message of the Error that describing the plugin throws.
std::string description_error(Registry& registry, const std::string& name) {
  try {
    registry.description("toy", name);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void check_good(Registry& registry) {
  const auto good = registry.make<Toy>(parse_json(R"({"plugin": "good", "weight": 3})"));
  CHECK(good->weight() == 3);
}

bool is_mapped(const std::string& library) {
  return read_file("/proc/self/maps").find(library) != std::string::npos;
}

const std::string kRebuild = "; rebuild the plugin against this installation";

}  // namespace

TEST_CASE(
    "a library that does not fit is refused before it is opened, with what is wrong and what to "
    "do") {
  struct Case {
    std::string fixture, reason;
  };
  const std::string standard_library(detail::kStandardLibrary), sanitizers(detail::kSanitizers);
  const std::string eigen =
      std::string(kEigenAbi).substr(6, kEigenAbi.size() - 7);  // less "eigen=" and "\n"
  const std::string libtorch(kLibTorchVersion);
  for (const Case& expected : {
           Case{"no_stamp",
                "has no metriclab stamp; a plugin ends with METRICLAB_PLUGIN(Class, \"name\")"},
           Case{"incomplete_stamp",
                "its stamp lacks the plugin API, the kind or the name" + kRebuild},
           Case{"wrong_api", fmt::format("built for plugin API 99, this metriclab uses {}{}",
                                         kPluginApi, kRebuild)},
           Case{"wrong_standard_library", "built for libstdc++ 5 cxx11abi 0, this metriclab uses " +
                                              standard_library + kRebuild},
           Case{"wrong_eigen",
                "built for Eigen 3.3.9 alignment 64, this metriclab uses " + eigen + kRebuild},
           Case{"wrong_libtorch",
                "built for LibTorch 0.4.1, this metriclab uses " + libtorch + kRebuild},
           Case{"wrong_sanitizers",
                "built for sanitizers: thread, this metriclab uses " + sanitizers + kRebuild},
       }) {
    CAPTURE(expected.fixture);
    const Folder folder({"good", expected.fixture});
    Registry registry({folder.path()});
    CHECK(reason(registry, expected.fixture) == expected.reason);
    CHECK_FALSE(is_mapped(folder.file(expected.fixture + ".so")));
    CHECK(description_error(registry, expected.fixture) ==
          "there is no toy \"" + expected.fixture + "\": " + folder.file(expected.fixture + ".so") +
              ": " + expected.reason);
    check_good(registry);
  }
}

TEST_CASE("what is no library, or not a whole one, is refused by what it is") {
  const Folder folder({"good"});
  folder.write("text.so", "solver: euclidean\n");
  folder.write("empty.so", "");
  const std::string whole = read_file(folder.path() / "good.so");
  folder.write("half.so", whole.substr(0, whole.size() / 2));
  folder.write("header.so", whole.substr(0, 20));
  std::string narrow = whole, foreign = whole, object = whole;
  narrow[4] = 1;    // e_ident[EI_CLASS] = ELFCLASS32
  object[16] = 1;   // e_type = ET_REL
  foreign[18] = 8;  // e_machine = EM_MIPS
  folder.write("narrow.so", narrow);
  folder.write("object.so", object);
  folder.write("foreign.so", foreign);
  fs::create_symlink(folder.path() / "nowhere", folder.path() / "dangling.so");
  Registry registry({folder.path()});
  CHECK(reason(registry, "text") == "is not a shared library");
  CHECK(reason(registry, "empty") == "is not a shared library");
  CHECK(reason(registry, "header") == "is not a shared library");
  CHECK(reason(registry, "half") ==
        "is not a whole shared library: its section table can't be read");
  CHECK(reason(registry, "narrow") == "is not a 64-bit shared library");
  CHECK(reason(registry, "object") == "is not a 64-bit shared library");
  CHECK(reason(registry, "foreign") == "is built for another kind of processor");
  CHECK(reason(registry, "dangling") == "can't be read");
  CHECK(registry.failures().size() == 8);
  check_good(registry);
}

TEST_CASE("a library that opens badly says why, and only when it is asked for") {
  const Folder folder({"good", "throws", "throws_number", "unresolved", "no_entry", "entry_api"});
  Registry registry({folder.path()});
  CHECK(registry.failures().empty());
  CHECK(description_error(registry, "throws") ==
        folder.file("throws.so") + ": throws while it registers: out of sorts");
  CHECK(description_error(registry, "throws_number") ==
        folder.file("throws_number.so") +
            ": throws while it registers: something that is no std::exception");
  CHECK(description_error(registry, "unresolved") ==
        folder.file("unresolved.so") + ": does not load: undefined symbol: weight_from_nowhere");
  CHECK(description_error(registry, "no_entry") ==
        folder.file("no_entry.so") +
            ": has no entry point metriclab_plugin; a plugin ends with METRICLAB_PLUGIN(Class, "
            "\"name\")");
  CHECK(description_error(registry, "entry_api") ==
        folder.file("entry_api.so") +
            fmt::format(": its entry point has plugin API {}, this metriclab uses {}{}",
                        kPluginApi + 1, kPluginApi, kRebuild));
  Problems problems;
  registry.resolve("toy", "unresolved", "/toys/0", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].pointer == "/toys/0");
  check_good(registry);
}

TEST_CASE("a name already taken names both files; the first found keeps it") {
  const Folder folder({"good", "name_taken"});
  Registry registry({folder.path()});
  CHECK(reason(registry, "name_taken") == "toy \"good\" is already taken by " +
                                              folder.file("good.so") +
                                              "; give the plugin another name");
  check_good(registry);

  // Folders are searched in the order given, each folder's files by name.
  const Folder first({"name_taken"});
  Registry other({first.path(), folder.path()});
  CHECK(other.library("toy", "good").path == first.path() / "name_taken.so");
  CHECK(other.failures().size() == 2);
}

TEST_CASE("a folder that is not there is a failure, not an end") {
  const Folder folder({"good"});
  Registry registry({folder.path() / "nowhere", folder.path()});
  REQUIRE(registry.failures().size() == 1);
  CHECK(registry.failures()[0].library == folder.path() / "nowhere");
  CHECK(registry.failures()[0].reason == "is not a folder of plugins");
  check_good(registry);
}

TEST_CASE(
    "libraries are opened when first needed, and not at all while the description beside them "
    "fits") {
  const Folder folder({"good", "initializer"});
  ::unsetenv("METRICLAB_TEST_OPENED");
  Registry registry({folder.path()});
  CHECK(registry.library("toy", "initializer").initializers == 1);
  CHECK(registry.library("toy", "good").initializers == 0);
  CHECK(registry.names("toy") == std::vector<std::string>{"good", "initializer"});
  CHECK_FALSE(is_mapped(folder.file("good.so")));
  CHECK_FALSE(is_mapped(folder.file("initializer.so")));

  // The description that the library gives, kept beside it.
  Value beside = Value::object();
  beside.set("build_id", registry.library("toy", "good").build_id);
  beside.set("description", to_value([] {
               PluginDescription is;
               is.kind = "toy";
               is.name = "good";
               is.summary = "as written beside the library";
               return is;
             }()));
  folder.write("good.json", to_json_text(beside));
  CHECK(Registry({folder.path()}).description("toy", "good").summary ==
        "as written beside the library");
  CHECK_FALSE(is_mapped(folder.file("good.so")));

  // One of another build is passed over, and so is one that is no description.
  beside.set("build_id", "00");
  folder.write("good.json", to_json_text(beside));
  CHECK(Registry({folder.path()}).description("toy", "good").summary ==
        "a plugin with nothing wrong");
  folder.write("good.json", "{");
  CHECK(Registry({folder.path()}).description("toy", "good").summary ==
        "a plugin with nothing wrong");
  CHECK(is_mapped(folder.file("good.so")));

  CHECK(std::getenv("METRICLAB_TEST_OPENED") == nullptr);
  registry.description("toy", "initializer");
  CHECK(std::getenv("METRICLAB_TEST_OPENED") != nullptr);
}

TEST_CASE("who asks for what is not there is told the nearest") {
  const Folder folder({"good", "initializer"});
  Registry registry({folder.path()});
  CHECK(description_error(registry, "god") == "there is no toy \"god\"; did you mean \"good\"?");
  CHECK(description_error(registry, "xyz") ==
        "there is no toy \"xyz\"; there is \"good\" and \"initializer\"");
  CHECK_THROWS_WITH_AS(
      registry.description("toys", "good"),
      "there is no toys \"good\", nor any other toys; did you mean the kind \"toy\"?", Error);
  auto problem = [&](const char* block) {
    Problems problems;
    registry.resolve("toy", parse_json(block), "/toys/0", problems);
    REQUIRE(problems.size() == 1);
    return problems[0].pointer + ": " + problems[0].message;
  };
  CHECK(problem("3") ==
        "/toys/0: an integer is no toy; give its name, or an object with \"plugin\" and its "
        "parameters");
  CHECK(problem("{}") ==
        "/toys/0: this toy has no \"plugin\" that names it; there is \"good\" and \"initializer\"");
  CHECK(problem(R"({"plugin": "god"})") ==
        "/toys/0/plugin: there is no toy \"god\"; did you mean \"good\"?");
  CHECK(problem(R"({"plugin": "good", "wieght": 1})") ==
        "/toys/0/wieght: toy \"good\" has no parameter \"wieght\"; did you mean \"weight\"?");
}

TEST_CASE("the source's hash tells plugins apart and comes from the file alone") {
  const Folder folder({"good", "initializer"});
  Registry registry({folder.path()});
  const Value hashes = registry.source_hashes("toy", registry.resolve("toy", "good"));
  REQUIRE(hashes.as_object().size() == 1);
  CHECK(hashes.as_object()[0].key == "toy/good");
  CHECK(hashes.as_object()[0].value.as_string() == registry.library("toy", "good").source_hash);
  CHECK(registry.library("toy", "good").source_hash !=
        registry.library("toy", "initializer").source_hash);
}
