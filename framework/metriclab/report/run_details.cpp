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

std::vector<std::pair<std::string, std::string>> values_of(const JsonSlice::Members& run,
                                                           const char* key) {
  std::vector<std::pair<std::string, std::string>> values;
  if (const JsonSlice* object = find(run, key); object != nullptr && object->is_object())
    for (const auto& [pointer, value] : object->members())
      values.emplace_back(pointer, value.plain());
  return values;
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
      details.grid = values_of(members, "grid");
      details.chosen = values_of(members, "chosen");
      // Number, part and, where a search gives some trials more than others, how much.
      for (const auto& [key, value] : values_of(members, "trial")) {
        if (value == "null") continue;
        details.trial += (details.trial.empty() ? " trial " : " ") + value;
        if (key == "resource") details.resource = value;
      }
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
