// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <metriclab/plugin/json.hpp>
#include <metriclab/report/json_slice.hpp>
#include <metriclab/report/names.hpp>
#include <nlohmann/json.hpp>

namespace {

using namespace metriclab;

/// Any JSON value, with keys and strings that have every character that matters to a scanner.
Json any_json(int depth) {
  const auto text = [] {
    std::string result;
    for (int i : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10)))
      result += std::string("\"\\{}[],: aé\n").substr(static_cast<std::size_t>(i), 1);
    for (char& c : result)
      if (static_cast<unsigned char>(c) >= 0x80) c = '/';
    return result;
  };
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *rc::gen::arbitrary<std::int32_t>() / 1024.0;
    case 4:
      return text();
    case 5: {
      Json list = Json::array();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) list.push_back(any_json(depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) object[text()] = any_json(depth - 1);
      return object;
    }
  }
}

/// Whether the slice says what the value is, read by a full parser.
void check_same(const JsonSlice& slice, const Json& value) {
  RC_ASSERT(slice.is_object() == value.is_object());
  RC_ASSERT(slice.is_list() == value.is_array());
  RC_ASSERT(slice.is_string() == value.is_string());
  RC_ASSERT(slice.is_number() == value.is_number());
  RC_ASSERT(slice.is_boolean() == value.is_boolean());
  RC_ASSERT(slice.is_null() == value.is_null());
  if (value.is_string()) RC_ASSERT(slice.string() == value.get<std::string>());
  if (value.is_boolean()) RC_ASSERT(slice.boolean() == value.get<bool>());
  if (value.is_number_integer()) RC_ASSERT(slice.integer() == value.get<std::int64_t>());
  if (value.is_number()) RC_ASSERT(slice.number() == value.get<double>());
  if (value.is_array()) {
    const auto items = slice.items();
    RC_ASSERT(items.size() == value.size());
    for (std::size_t i = 0; i < items.size(); ++i) check_same(items[i], value[i]);
  }
  if (!value.is_object()) return;
  const auto members = slice.members();
  RC_ASSERT(members.size() == value.size());
  std::size_t i = 0;
  for (const auto& [key, member] : value.items()) {
    RC_ASSERT(members[i].first == key);
    check_same(members[i].second, member);
    RC_ASSERT(slice.find(key).has_value());
    ++i;
  }
}

TEST_CASE("slices say what a full parser says, however the text is laid out") {
  CHECK(rc::check([] {
    const Json value = any_json(3);
    for (int indent : {-1, 0, 2}) {
      const std::string text = " " + value.dump(indent) + "\n";
      const JsonSlice slice = JsonSlice::of(text);
      check_same(slice, value);
      if (value.is_structured()) RC_ASSERT(slice.plain() == value.dump());
    }
  }));
}

TEST_CASE("text that is no JSON is malformed") {
  for (const char* text : {"", " ", "{", "[1, 2", "\"abc", "\"abc\\\"", "{} {}", "1 2", "}", ","})
    CHECK_THROWS_AS(JsonSlice::of(text), JsonSlice::Malformed);
  for (const char* text : {"{1: 2}", "{\"a\" 2}", "{\"a\": 2 \"b\": 3}", "{\"a\":}", "{\"a\": 1,}"})
    CHECK_THROWS_AS(JsonSlice::of(text).members(), JsonSlice::Malformed);
  for (const char* text : {"[1 2]", "[1,]", "[,]"})
    CHECK_THROWS_AS(JsonSlice::of(text).items(), JsonSlice::Malformed);
  for (const char* text : {"-inf", "-", "1.2.3", "1e", "0x10"})
    CHECK_THROWS_AS(JsonSlice::of(text).number(), JsonSlice::Malformed);
}

TEST_CASE("a value on one line, and what a pointer's step leads to") {
  const auto plain = [](const char* text) { return JsonSlice::of(text).plain(); };
  CHECK(plain("10.0") == "10");
  CHECK(plain("1e-08") == "1e-08");
  CHECK(plain("12345678901234567") == "12345678901234567");
  CHECK(plain("\"\"") == "\"\"");
  CHECK(plain("\"a \\\"b\\u00e9\"") == "a \"bé");
  CHECK(plain("null") == "null");
  CHECK(plain("{ \"a b\" : [ 1 , \"\\\" x\" ] }") == "{\"a b\":[1,\"\\\" x\"]}");
  const JsonSlice list = JsonSlice::of("[5, {\"a\": 6}]");
  CHECK(list.find("0")->number() == 5);
  CHECK(list.find("1")->find("a")->number() == 6);
  for (const char* step : {"2", "-1", "x", ""}) CHECK_FALSE(list.find(step));
  CHECK_FALSE(JsonSlice::of("3").find("0"));
}

TEST_CASE("wildcards, and the order of names") {
  for (const char* pattern : {"lmnn", "*", "l*", "*n", "l*n", "*mn*", "**", "lm*nn", "*l*m*n*n*"})
    CHECK(matches("lmnn", pattern));
  for (const char* pattern : {"", "lmn", "mnn", "*m", "x*", "l*x*n", "lmnn*n"})
    CHECK_FALSE(matches("lmnn", pattern));
  CHECK(matches("", "*"));
  CHECK(matches("ab ab abc", "*abc"));
  const std::vector<std::string> in_order = {"0.05", "0.1", "1",      "2",       "10",
                                             "a",    "b",   "fold 2", "fold 10", "fold 10a"};
  for (std::size_t i = 0; i < in_order.size(); ++i)
    for (std::size_t j = 0; j < in_order.size(); ++j) {
      CAPTURE(in_order[i]);
      CAPTURE(in_order[j]);
      CHECK(natural_less(in_order[i], in_order[j]) == (i < j));
    }
}

}  // namespace
