// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <limits>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

std::string error_of(const std::string& text) {
  try {
    Problems problems;
    parse_json(text, problems);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a slip is shown by line and column, with what was expected") {
  CHECK(error_of("{\n  \"margin\": 0.2\n  \"epochs\": 3\n}") ==
        "3:3: expected ',' or '}' after { \"margin\": 0.2");
  CHECK(error_of("[1 2]") == "1:4: expected ',' or ']' after [1");
  CHECK(error_of("{\"a\": 1,}") == "1:9: expected a key in quotes after {\"a\": 1,");
  CHECK(error_of("{a: 1}") == "1:2: expected a key in quotes after {");
  CHECK(error_of("{\"a\" 1}") == "1:6: expected ':' after {\"a\"");
  CHECK(error_of("[1, 2,]") == "1:7: expected a value after [1, 2,");
  CHECK(error_of("{\"a\": }") == "1:7: expected a value after {\"a\":");
  CHECK(error_of("{\"a\": 1}}") == "1:9: expected nothing more after {\"a\": 1}");
  CHECK(error_of("{} {}") == "1:4: expected nothing more after {}");
}

TEST_CASE("a text that ends early says so") {
  CHECK(error_of("") == "1:1: the text ends early; expected a value");
  CHECK(error_of("{\"a\": 1") == "1:8: the text ends early; expected ',' or '}'");
  CHECK(error_of("[1,\n2") == "2:2: the text ends early; expected ',' or ']'");
  CHECK(error_of("{\"a\":") == "1:6: the text ends early; expected a value");
}

TEST_CASE("slips inside a token say what is wrong with it") {
  CHECK(error_of("{\"a\": \"b}") == "1:7: a string lacks its closing quote");
  CHECK(error_of("{\n\"a: 1\n}") == "2:1: a string lacks its closing quote");
  CHECK(error_of("{\"a\": tru}") ==
        "1:7: \"tru\" is no word of JSON; there is true, false and null");
  CHECK(error_of("{\"a\": True}") ==
        "1:7: \"True\" is no word of JSON; there is true, false and null");
  CHECK(error_of("{\"a\": NaN}") ==
        "1:7: \"NaN\" is no word of JSON; there is true, false and null");
  CHECK(error_of("{'a': 1}") == "1:2: expected a key in quotes after {");
  CHECK(error_of("{\"a\": 'b'}") == "1:7: expected a value after {\"a\":");
  CHECK(error_of("{\"a\": 1.}") == "1:7: a number lacks a digit: 1.");
  CHECK(error_of("{\"a\": -}") == "1:7: a number lacks a digit: -");
  CHECK(error_of("{\"a\": 1e}") == "1:7: a number lacks a digit: 1e");
  CHECK(error_of("[1e999]") == "1:2: 1e999 is beyond the range of numbers, ±1.8e308");
  CHECK(error_of("[1,\n -1e400]") == "2:2: -1e400 is beyond the range of numbers, ±1.8e308");
  CHECK(error_of("{\"a\": \"\\q\"}") ==
        "1:7: a string has an unknown escape; there is \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
  CHECK(error_of("{\"a\": \"\xff\"}") == "1:7: a string is not UTF-8");
  CHECK(error_of("// why\n{}") == "1:1: JSON has no comments; a key that begins with $ is ignored");
}

TEST_CASE("nesting has an end") {
  CHECK(error_of(std::string(256, '[') + std::string(256, ']')).empty());
  CHECK(error_of(std::string(300, '[') + std::string(300, ']')) ==
        "lists and objects are nested deeper than 256");
  CHECK(error_of(std::string(1'000'000, '[')) == "lists and objects are nested deeper than 256");
}

TEST_CASE("a key twice is a problem of the object that holds it") {
  Problems problems;
  parse_json(R"([{"a": 1}, {"b/c": {"d": 1, "e": 2, "d": 3}}])", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].pointer == "/1/b~1c");
  CHECK(problems[0].message == "key \"d\" appears twice");
  CHECK_THROWS_WITH_AS(parse_json(R"({"x": {"a": 1, "a": 1}})"), "/x: key \"a\" appears twice",
                       Error);
}

TEST_CASE(
    "numbers: integers stay integers while 64 bits hold them, others are read to the last bit") {
  CHECK(parse_json("9223372036854775807").as_integer() == INT64_MAX);
  CHECK(parse_json("-9223372036854775808").as_integer() == INT64_MIN);
  CHECK_FALSE(parse_json("9223372036854775808").is_integer());
  CHECK(parse_json("9223372036854775808").as_number() == 0x1p63);
  CHECK_FALSE(parse_json("1.0").is_integer());
  CHECK(parse_json("0.1").as_number() == 0.1);
  CHECK(to_json_text(0.1) == "0.1");
  CHECK(to_json_text(1e22) == "1e+22");
  CHECK(to_json_text(std::numeric_limits<double>::quiet_NaN()) == "null");
}

TEST_CASE("a file appears whole or not at all, readable by others") {
  std::string name = (fs::temp_directory_path() / "metriclab_json_XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  const fs::path folder = name;
  write_file_whole(folder / "a.json", "first");
  write_file_whole(folder / "a.json", "second");
  CHECK(read_file(folder / "a.json") == "second");
  CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 1);
  CHECK((fs::status(folder / "a.json").permissions() & fs::perms::owner_read) != fs::perms::none);
  CHECK_THROWS_WITH_AS(write_file_whole(folder / "no" / "a.json", ""),
                       ((folder / "no" / "a.json").string() +
                        ": can't be created: No such file or directory; is its folder gone?")
                           .c_str(),
                       Error);
  CHECK_THROWS_WITH_AS(read_file(folder / "b.json"),
                       ((folder / "b.json").string() + ": No such file or directory").c_str(),
                       Error);
  fs::remove_all(folder);
}

TEST_CASE("a content hash is XXH3-128") {
  // xxhash's own value of the empty input (xxhsum -H2 of an empty file).
  CHECK(content_hash("") == "99aa06d3014798d86001c324468d497f");
  CHECK(content_hash("a") != content_hash("b"));
}
