// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/value.hpp>
#include <string>
#include <vector>

namespace report_test {

/// What tests/reference/statistics.py wrote of SciPy 1.10.1.
inline const metriclab::Value::List& scipy(const std::string& part) {
  static const metriclab::Value values = [] {
    const char* source = std::getenv("METRICLAB_SOURCE");
    REQUIRE(source != nullptr);
    return metriclab::parse_json(
        metriclab::read_file(std::filesystem::path(source) / "tests/reference/statistics.json"));
  }();
  return values.at(part).as_list();
}

inline double number(const metriclab::Value& of, const std::string& key) {
  return of.at(key).as_number();
}

inline std::vector<double> numbers(const metriclab::Value& list) {
  std::vector<double> result;
  for (const metriclab::Value& value : list.as_list()) result.push_back(value.as_number());
  return result;
}

}  // namespace report_test
