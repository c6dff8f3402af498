// SPDX-License-Identifier: BSD-3-Clause
#include <limits>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/result_file.hpp>
#include <metriclab/report/run_details.hpp>

namespace metriclab {
namespace {

std::vector<double> numbers_of(const JsonSlice::Members& curve, std::string_view key) {
  const JsonSlice* list = find(curve, key);
  if (list == nullptr || !list->is_list()) throw JsonSlice::Malformed();
  std::vector<double> numbers;
  for (const JsonSlice& item : list->items())
    numbers.push_back(item.is_number() ? item.number() : std::numeric_limits<double>::quiet_NaN());
  return numbers;
}

RecordedCurve curve_of(const JsonSlice& slice) {
  if (!slice.is_object()) throw JsonSlice::Malformed();
  const JsonSlice::Members members = slice.members();
  RecordedCurve curve{text_of(members, "name"), text_of(members, "unit"), numbers_of(members, "at"),
                      numbers_of(members, "values")};
  if (curve.at.size() != curve.values.size()) throw JsonSlice::Malformed();
  return curve;
}

void add_values(const JsonSlice::Members& run, const char* key, RunDetails& details) {
  const JsonSlice* values = find(run, key);
  if (values == nullptr || !values->is_object()) return;
  for (const auto& [pointer, value] : values->members())
    details.values.emplace_back(pointer, value.plain());
}

}  // namespace

RunDetails read_run_details(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  RunDetails details;
  try {
    const JsonSlice::Members top = members_of_schema(text, "a result");
    if (const JsonSlice* curves = find(top, "curves"); curves != nullptr && curves->is_list())
      for (const JsonSlice& curve : curves->items()) details.curves.push_back(curve_of(curve));
    if (const JsonSlice* run = find(top, "run"); run != nullptr && run->is_object()) {
      const JsonSlice::Members members = run->members();
      add_values(members, "grid", details);
      add_values(members, "chosen", details);
    }
  } catch (const JsonSlice::Malformed&) {
    throw Error(file.string() +
                ": a curve in it can't be read; a curve has name, unit, and as many numbers of "
                "\"at\" as of \"values\"");
  } catch (const Error& error) {
    throw Error(file.string() + ": " + error.what());
  }
  return details;
}

}  // namespace metriclab
