// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/results.hpp>
#include <metriclab/report/table.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

// A folder as each schema's metriclab left it, never to be changed. A new schema adds one.
TEST_CASE("results of every schema there has been are read") {
  const char* source = std::getenv("METRICLAB_SOURCE");
  REQUIRE(source != nullptr);
  for (const std::int64_t schema : {1}) {
    CAPTURE(schema);
    const fs::path folder = fs::path(source) / "tests/report" / fmt::format("schema_{}", schema);
    const Results results = read_results({folder});
    CHECK(results.problems.empty());
    CHECK(results.left_out == 0);
    REQUIRE(results.records.size() == 2);
    for (const Record& record : results.records) {
      const Value file = parse_json(read_file(record.file));
      CHECK(file.at("schema").as_integer() == schema);
      CHECK(record.status == file.at("status").as_string());
      CHECK(record.id == file.at("id").as_string());
      std::size_t found = 0;
      for (const RecordedMetric& metric : record.measurements)
        if (const Value* value = file.at("metrics").find(metric.name)) {
          CHECK(metric.value == value->as_number());
          ++found;
        }
      CHECK(found == file.at("metrics").as_object().size());
    }
    CHECK(render(make_table(results, {}), {}).find("lda") != std::string::npos);
  }
}

}  // namespace
