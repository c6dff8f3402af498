// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/experiment/document.hpp>
#include <metriclab/experiment/parzen.hpp>
#include <metriclab/experiment/search_space.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>

#include "../cli/command.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

SearchSpace space_of(const std::string& json) {
  Problems problems;
  SearchSpace space = find_search_space(parse_json(json), "/methods/m", problems);
  REQUIRE(problems.empty());
  return space;
}

std::string problem_of(const std::string& json) {
  Problems problems;
  find_search_space(parse_json(json), "/methods/m", problems);
  REQUIRE(problems.size() == 1);
  return problems[0].pointer + ": " + problems[0].message;
}

constexpr double kAlmostOne = 1 - 1e-12;

TEST_CASE("the values of a dimension are distributed as it says") {
  const SearchSpace space = space_of(R"({"solver": {"plugin": "x", "a": {"uniform": [2, 6]},
      "list": [0, {"log_uniform": [0.01, 100]}], "n": {"int": [3, 6]}, "m": {"log_int": [1, 1000]},
      "loss": {"choice": ["triplet", {"plugin": "margin"}, null]}, "plain": {"beta": 3}}})");
  std::vector<std::string> pointers;
  for (const SearchDimension& is : space.dimensions) pointers.push_back(is.pointer());
  CHECK(pointers == std::vector<std::string>{"/solver/a", "/solver/list/1", "/solver/n",
                                             "/solver/m", "/solver/loss"});
  const auto& d = space.dimensions;
  CHECK(d[0].at(0).as_number() == 2);
  CHECK(d[0].at(0.25).as_number() == 3);
  CHECK(d[1].at(0.5).as_number() == doctest::Approx(1));  // the geometric mean
  CHECK(d[1].at(0).as_number() == doctest::Approx(0.01));
  CHECK(d[1].at(kAlmostOne).as_number() <= 100);
  std::map<std::int64_t, int> counts;
  for (int i = 0; i < 4000; ++i) ++counts[d[2].at(i / 4000.0).as_integer()];
  CHECK(counts == std::map<std::int64_t, int>{{3, 1000}, {4, 1000}, {5, 1000}, {6, 1000}});
  CHECK(d[3].at(0).as_integer() == 1);
  CHECK(d[3].at(kAlmostOne).as_integer() == 1000);
  // Half of the logarithms from 0.5 to 1000.5 are below their geometric mean.
  CHECK(d[3].at(0.5).as_integer() == std::llround(std::sqrt(0.5 * 1000.5)));
  CHECK(d[4].at(0.2) == Value("triplet"));
  CHECK(d[4].at(0.5).at("plugin") == Value("margin"));
  CHECK(d[4].at(kAlmostOne).is_null());
  CHECK(d[4].size() == 3);
  CHECK(d[4].is_unordered());
  CHECK_FALSE(d[2].is_unordered());
  CHECK_FALSE(d[1].size());

  const std::vector<double> u = {0, 0.5, 0.9, 0, 0};
  const Value method = space.at(u);
  CHECK(method.at("solver").at("n") == Value(6));
  CHECK(method.at("solver").at("list").as_list()[0] == Value(0));
  CHECK(method.at("solver").at("plain") == parse_json(R"({"beta": 3})"));
  CHECK(space.values(u).at("/solver/n") == Value(6));
}

TEST_CASE("a space that is none is told with its place") {
  CHECK(problem_of(R"({"solver": {"a": {"uniform": [3, 1]}}})") ==
        "/methods/m/solver/a/uniform: needs a least value that is below the greatest");
  CHECK(problem_of(R"({"a": {"uniform": 3}})") ==
        "/methods/m/a/uniform: needs the least and the greatest value, [0.1, 0.9]");
  CHECK(problem_of(R"({"a": {"int": [1, 2.5]}})") ==
        "/methods/m/a/int: needs the least and the greatest value, [1, 9]");
  CHECK(problem_of(R"({"a": {"log_uniform": [0, 1]}})") ==
        "/methods/m/a/log_uniform: needs values above 0");
  CHECK(problem_of(R"({"a": {"log_int": [0, 1]}})") ==
        "/methods/m/a/log_int: needs values from 1 on");
  CHECK(problem_of(R"({"a": {"choice": []}})") ==
        "/methods/m/a/choice: needs a list of at least one value");
}

/// The least loss that `n` proposals find, each of which knows those before it.
template <class Loss>
double least(const SearchSpace& space, int n, std::uint64_t seed, Loss loss) {
  std::vector<Tried> tried;
  double least = INFINITY;
  for (int i = 0; i < n; ++i) {
    Tried next{.u = propose(space, tried, Random(seed).child(static_cast<std::uint64_t>(i))),
               .loss = {}};
    for (const double u : next.u) REQUIRE((u >= 0 && u < 1));
    next.loss = loss(next.u);
    least = std::min(least, next.loss.value_or(INFINITY));
    tried.push_back(std::move(next));
  }
  return least;
}

TEST_CASE("a Parzen estimator finds a valley sooner than chance") {
  const SearchSpace space = space_of(
      R"({"a": {"uniform": [0, 1]}, "b": {"uniform": [0, 1]}, "c": {"choice": [0, 1, 2, 3]}})");
  const auto valley = [](const std::vector<double>& u) {
    const bool right = u[2] >= 0.25 && u[2] < 0.5;
    return (u[0] - 0.3) * (u[0] - 0.3) + (u[1] - 0.8) * (u[1] - 0.8) + (right ? 0 : 0.5);
  };
  // Medians: now and then all of the first points have the wrong choice.
  std::vector<double> informed, chance;
  for (std::uint64_t seed = 0; seed < 21; ++seed) {
    informed.push_back(least(space, 60, seed, valley));
    Random random(seed, "chance");
    double by_chance = INFINITY;
    for (int i = 0; i < 60; ++i)
      by_chance =
          std::min(by_chance, valley({random.uniform(), random.uniform(), random.uniform()}));
    chance.push_back(by_chance);
  }
  std::sort(informed.begin(), informed.end());
  std::sort(chance.begin(), chance.end());
  CHECK(informed[10] < chance[10] / 4);
  // What failed is no place to go to.
  const auto half = [](const std::vector<double>& u) {
    return u[0] < 0.5 ? std::optional<double>() : std::optional<double>(u[0]);
  };
  std::vector<Tried> tried;
  for (int i = 0; i < 30; ++i) {
    const double u = (i + 0.5) / 30;
    tried.push_back({{u, u, u}, half({u})});
  }
  int right = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    right += propose(space, tried, Random(seed))[0] >= 0.45 ? 1 : 0;
  CHECK(right > 40);
  CHECK(propose(space, tried, Random(3)) == propose(space, tried, Random(3)));
}

Value document_of(const Folder& folder, const char* file, Problems& problems) {
  Value document = read_extended(folder.path / file, problems);
  expand_definitions(document, problems);
  return document;
}

TEST_CASE("a spec goes over the one that it extends, and blocks take the place of their names") {
  const Folder folder;
  folder.write("base.json", R"({"name": "base", "seeds": [1, 2], "define": {"net":
      {"plugin": "mlp", "hidden": [64], "embedding": {"use": "size"}}, "size": 8},
      "methods": {"a": {"architecture": {"use": "net"}, "loss": "triplet"}, "b": {"solver": "lmnn"}}})");
  folder.write("middle.json", R"({"extends": "base.json", "seeds": [3]})");
  folder.write("top.json", R"({"extends": "middle.json", "name": "top", "define": {"size": 16},
      "methods": {"a": {"loss": null, "architecture": {"hidden": [2]}}, "b": null,
                  "c": {"solver": {"use": "net", "plugin": "lda"}}}})");
  Problems problems;
  const Value top = document_of(folder, "top.json", problems);
  CHECK(problems.empty());
  CHECK(top == parse_json(R"({"name": "top", "seeds": [3], "methods": {
      "a": {"architecture": {"plugin": "mlp", "hidden": [2], "embedding": 16}, "loss": null},
      "c": {"solver": {"plugin": "lda", "hidden": [64], "embedding": 16}}}})"));
}

TEST_CASE("what can't be extended or used is told") {
  const Folder folder;
  folder.write("one.json", R"({"extends": "two.json"})");
  folder.write("two.json", R"({"extends": "one.json"})");
  folder.write("none.json", R"({"extends": "nowhere.json"})");
  folder.write("broken.json", "{\n  \"name\" 3}");
  folder.write("on_broken.json", R"({"extends": "broken.json"})");
  const auto error = [&](const char* file) -> std::string {
    Problems problems;
    try {
      document_of(folder, file, problems);
    } catch (const Error& thrown) {
      return thrown.what();
    }
    return problems.empty() ? "" : problems[0].pointer + ": " + problems[0].message;
  };
  CHECK(error("one.json").find("extends itself") != std::string::npos);
  CHECK(error("none.json").find("nowhere.json") != std::string::npos);
  CHECK(error("on_broken.json").starts_with(folder / "broken.json" + ":2:"));
  folder.write("number.json", R"({"extends": 3})");
  CHECK(error("number.json") == "/extends: an integer is no file's name");
  folder.write("use.json", R"({"define": {"net": 3}, "a": [{"use": "nett"}]})");
  CHECK(error("use.json") == "/a/0/use: \"define\" has no \"nett\"; did you mean \"net\"?");
  folder.write("cycle.json",
               R"({"define": {"a": {"use": "b"}, "b": {"use": "a"}}, "x": {"use": "a"}})");
  CHECK(error("cycle.json").find("uses itself") != std::string::npos);
  folder.write("over.json", R"({"define": {"a": 3}, "x": {"use": "a", "b": 1}})");
  CHECK(error("over.json") == "/x: members go over what is no object");
  folder.write("define.json", R"({"define": [1]})");
  CHECK(error("define.json") == "/define: a list is not an object that maps names to blocks");
}

}  // namespace
