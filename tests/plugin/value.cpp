// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/value.hpp>
#include <nlohmann/json.hpp>

namespace {

using metriclab::Bug;
using metriclab::Value;

rc::Gen<std::string> text() {
  return rc::gen::container<std::string>(
      rc::gen::element('a', 'Z', ' ', '"', '\\', '/', '~', '\n', '\t', '\x01'));
}

/// Any value that JSON has: finite numbers, keys that differ.
rc::Gen<Value> any_value(int depth) {
  auto scalar = rc::gen::oneOf(
      rc::gen::just(Value()),
      rc::gen::map(rc::gen::arbitrary<bool>(), [](bool b) { return Value(b); }),
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t i) { return Value(i); }),
      rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                   [](std::uint64_t bits) {
                     const auto number = std::bit_cast<double>(bits);
                     return Value(std::isfinite(number) ? number : 0.5);
                   }),
      rc::gen::map(text(), [](std::string s) { return Value(std::move(s)); }));
  if (depth == 0) return scalar;
  auto list =
      rc::gen::map(rc::gen::resize(4, rc::gen::container<std::vector<Value>>(any_value(depth - 1))),
                   [](Value::List elements) { return Value(std::move(elements)); });
  auto object = rc::gen::map(
      rc::gen::resize(4, rc::gen::container<std::vector<std::pair<std::string, Value>>>(
                             rc::gen::pair(text(), any_value(depth - 1)))),
      [](const std::vector<std::pair<std::string, Value>>& members) {
        Value made = Value::object();
        for (const auto& [key, value] : members) made.set(key, value);
        return made;
      });
  return rc::gen::oneOf(scalar, list, object);
}

}  // namespace

TEST_CASE("a value goes to JSON and back unchanged, to the last bit and in its order") {
  CHECK(rc::check([] {
    const Value value = *any_value(3);
    for (int indent : {-1, 2}) {
      const std::string written = metriclab::to_json_text(value, indent);
      const Value read = metriclab::parse_json(written);
      RC_ASSERT(read == value);
      RC_ASSERT(metriclab::to_json_text(read, indent) ==
                written);  // integers stay integers, keys keep their order
    }
    RC_ASSERT(metriclab::from_json(metriclab::to_json(value)) == value);
  }));
}

TEST_CASE("equality: one number written in two ways is the same, everything else is as it looks") {
  CHECK(Value(1) == Value(1.0));
  CHECK_FALSE(Value(1) == Value(1.5));
  CHECK_FALSE(Value(1) == Value(true));
  CHECK_FALSE(Value(0) == Value());
  CHECK_FALSE(Value("1") == Value(1));
  CHECK(metriclab::parse_json("[1, {\"a\": 2}]") == metriclab::parse_json("[1.0, {\"a\": 2.0}]"));
  CHECK_FALSE(metriclab::parse_json(R"({"a": 1, "b": 2})") ==
              metriclab::parse_json(R"({"b": 2, "a": 1})"));
}

TEST_CASE("members are found, set in place and added at the end") {
  Value value;
  value.set("b", 1);
  value.set("a", 2);
  value.set("b", 3);
  CHECK(metriclab::to_json_text(value, -1) == R"({"b":3,"a":2})");
  CHECK(value.find("c") == nullptr);
  CHECK(Value(3).find("c") == nullptr);
  CHECK_THROWS_AS(value.at("c"), Bug);
  CHECK_THROWS_AS(Value("text").set("a", 1), Bug);
}

TEST_CASE("each accessor takes its own type alone") {
  CHECK(Value(3).as_number() == 3.0);
  CHECK_THROWS_AS(Value(3.0).as_integer(), Bug);
  CHECK_THROWS_AS(Value(true).as_integer(), Bug);
  CHECK_THROWS_AS(Value("3").as_number(), Bug);
  CHECK_THROWS_AS(Value().as_object(), Bug);
  CHECK_THROWS_AS(Value(std::uint64_t{1} << 63), Bug);
  CHECK(Value().type_name() == "null");
  CHECK(Value(std::numeric_limits<double>::infinity()).type_name() == "a number");
}
