// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <metriclab/plugin/description.hpp>
#include <metriclab/plugin/json.hpp>

namespace {

using namespace metriclab;

struct Inner {
  double rate = 0.1;
  std::string mode = "mean";
  static void describe(Description<Inner>& is) {
    is.parameter("rate", &Inner::rate, "how fast").above(0).below(1);
    is.parameter("mode", &Inner::mode, "which way").one_of({"mean", "sum"});
  }
};

struct Thing : Component {
  static void describe(Description<Thing>& is) {
    is.summary("a thing");
    is.parameter("margin", &Thing::margin, "how far").at_least(0);
    is.parameter("n_neighbors", &Thing::n_neighbors, "how many").at_least(1);
    is.parameter("inner", &Thing::inner, "a group");
    is.parameter("hidden", &Thing::hidden, "sizes").at_least(1);
    is.parameter("components", &Thing::components, "dimensions kept").at_least(1);
  }
  double margin = 0.2;
  std::int64_t n_neighbors = 3;
  Inner inner;
  std::vector<std::int64_t> hidden = {128};
  std::optional<std::int64_t> components;
};

struct NoFactory : Factory {
  std::unique_ptr<Component> create(std::string_view, const Value&) override { return nullptr; }
};

Value resolve(const PluginDescription& is, const std::string& json, Problems& problems) {
  return resolve_parameters(is.parameters, parse_json(json), "thing", "", problems, nullptr);
}

TEST_CASE("a declaration gives defaults, ranges and the resolved block") {
  PluginDescription description;
  Description<Thing> is(description);
  Thing::describe(is);
  CHECK(description_from_value(parse_json(to_json_text(to_value(description)))) == description);

  Problems problems;
  const Value resolved =
      resolve(description, R"({"margin": 1, "inner": {"mode": "sum"}, "$note": 3})", problems);
  CHECK(problems.empty());
  CHECK(
      to_json_text(resolved, -1) ==
      R"({"margin":1.0,"n_neighbors":3,"inner":{"rate":0.1,"mode":"sum"},"hidden":[128],"components":null})");
  Problems again;
  CHECK(resolve_parameters(description.parameters, resolved, "thing", "", again, nullptr) ==
        resolved);
  CHECK(again.empty());

  Thing thing;
  NoFactory factory;
  is.assign(thing, resolved, factory);
  CHECK(thing.margin == 1.0);
  CHECK(thing.inner.mode == "sum");
  CHECK_FALSE(thing.components);
}

TEST_CASE("every problem is told, in the order of the file") {
  PluginDescription description;
  Description<Thing> is(description);
  Thing::describe(is);
  Problems problems;
  resolve(
      description,
      R"({"margn": 0.1, "margin": -0.5, "n_neighbors": 3.5, "inner": {"rate": 1, "mode": "median"},
              "hidden": [64, 0], "components": true})",
      problems);
  REQUIRE(problems.size() == 7);
  CHECK(problems[0].pointer == "/margn");
  CHECK(problems[0].message == "thing has no parameter \"margn\"; did you mean \"margin\"?");
  CHECK(problems[1].message == "-0.5 is below the least value 0 (margin: how far)");
  CHECK(problems[2].message == "3.5 is not an integer (n_neighbors: how many)");
  CHECK(problems[3].pointer == "/inner/rate");
  CHECK(problems[3].message == "1 is not below 1 (rate: how fast)");
  CHECK(problems[4].message == "\"median\" is none of \"mean\", \"sum\" (mode: which way)");
  CHECK(problems[5].pointer == "/hidden/1");
  CHECK(problems[6].message == "true is not an integer (components: dimensions kept)");
}

TEST_CASE("strict JSON: a key twice, and where a syntax error is") {
  Problems problems;
  parse_json(R"({"a": {"b": 1, "b": 2}})", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].pointer == "/a");
  CHECK(problems[0].message == "key \"b\" appears twice");
  CHECK_THROWS_WITH_AS(parse_json("{\n  \"margin\": 0.2\n  \"epochs\": 3}"),
                       "3:3: expected ',' or '}' after { \"margin\": 0.2", Error);
}

struct Other : Component {
  static constexpr std::string_view kind = "other";
  static constexpr std::string_view abi = "";
};

struct Choosing : Component {
  static void describe(Description<Choosing>& is) {
    is.parameter("mode", &Choosing::mode, "which way").one_of({"a", "b", "c"});
    is.parameter("rate", &Choosing::rate, "how fast").unused_when("mode", Value::List{"b", "c"});
    is.parameter("needed", &Choosing::needed, "what is needed").required();
  }
  std::string mode = "a";
  double rate = 1;
  Plugin<Other> needed;
};

TEST_CASE(
    "a parameter may be without effect for several values, and a required plugin is not null") {
  PluginDescription description;
  Description<Choosing> is(description);
  Choosing::describe(is);
  CHECK(description_from_value(parse_json(to_json_text(to_value(description)))) == description);
  const auto problems_of = [&](const std::string& json) {
    Problems problems;
    resolve_parameters(
        description.parameters, parse_json(json), "thing", "", problems,
        [](const std::string&, const Value& given, const std::string&) { return given; });
    return problems;
  };
  CHECK(problems_of(R"({"needed": "x", "rate": 2})").empty());
  for (const std::string mode : {"b", "c"}) {
    const Problems problems = problems_of(R"({"needed": "x", "rate": 2, "mode": ")" + mode + "\"}");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].pointer == "/rate");
    CHECK(problems[0].message ==
          "\"rate\" has no effect while \"mode\" is \"" + mode + "\"; leave it out");
  }
  CHECK(problems_of(R"({"needed": "x", "rate": 1, "mode": "b"})").empty());  // the default
  CHECK_FALSE(description.parameters[2].nullable);
}

}  // namespace
