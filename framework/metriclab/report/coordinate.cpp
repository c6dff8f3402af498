// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <metriclab/data/text.hpp>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/coordinate.hpp>
#include <metriclab/report/names.hpp>
#include <unordered_set>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 7> kNames = {"experiment", "dataset", "split", "seed",
                                                    "base",       "method",  "metric"};

struct Sign {
  std::string_view text;
  Condition::Relation relation;
};
// The longer ones first.
constexpr std::array<Sign, 6> kSigns = {{{"!=", Condition::Relation::is_not},
                                         {">=", Condition::Relation::at_least},
                                         {"<=", Condition::Relation::at_most},
                                         {"=", Condition::Relation::is},
                                         {">", Condition::Relation::above},
                                         {"<", Condition::Relation::below}}};

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t first = 0; first <= text.size();) {
    const std::size_t end = std::min(text.find(',', first), text.size());
    std::string_view part = text.substr(first, end - first);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
    first = end + 1;
  }
  return parts;
}

bool equal(const std::string& value, const std::string& pattern) {
  if (matches(value, pattern)) return true;
  const auto a = number_of(value), b = number_of(pattern);
  return a && b && *a == *b;
}

bool within(double value, Condition::Relation relation, double bound) {
  switch (relation) {
    case Condition::Relation::at_least:
      return value >= bound;
    case Condition::Relation::at_most:
      return value <= bound;
    case Condition::Relation::above:
      return value > bound;
    default:
      return value < bound;
  }
}

/// Which of the values fit, by number of value. "" is no value.
std::vector<bool> fitting(const Condition& condition, const std::vector<std::string>& values) {
  std::vector<std::string> known = values;
  std::erase(known, "");
  const auto wrong = [&](const std::string& what) {
    return Error(fmt::format("--where {}: {}", condition.text, what));
  };
  std::vector<bool> fits(values.size());
  const bool equality = condition.relation == Condition::Relation::is ||
                        condition.relation == Condition::Relation::is_not;
  if (!equality) {
    const double bound = *number_of(condition.value);
    bool any_number = false, any = false;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto number = number_of(values[i]);
      any_number |= number.has_value();
      fits[i] = number && within(*number, condition.relation, bound);
      any |= fits[i];
    }
    if (!any_number)
      throw wrong(
          fmt::format("there are no numbers to compare{}", choices(condition.value, known)));
    if (!any) throw wrong("nothing fits" + choices(condition.value, known));
    return fits;
  }
  // A name may have a comma itself.
  const bool whole = std::any_of(known.begin(), known.end(), [&](const std::string& each) {
    return equal(each, condition.value);
  });
  const std::vector<std::string> patterns =
      whole ? std::vector{condition.value} : split_at_commas(condition.value);
  for (const std::string& pattern : patterns) {
    bool any = false;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!values[i].empty() && equal(values[i], pattern)) fits[i] = any = true;
    if (!any)
      throw wrong(fmt::format("there is no {} \"{}\"{}", condition.coordinate.text, pattern,
                              choices(pattern, known)));
  }
  if (condition.relation == Condition::Relation::is_not) fits.flip();
  return fits;
}

}  // namespace

bool Coordinate::is_of_method() const {
  if (kind == Kind::parameter)
    return text.starts_with("/method") || text.starts_with("/run/grid") || text == "/run/base";
  return kind == Kind::base || kind == Kind::method;
}

std::vector<std::string> coordinate_names() { return {kNames.begin(), kNames.end()}; }

Coordinate coordinate_from_string(std::string_view text) {
  if (text.starts_with('/')) {
    pointer_steps(text);  // throws where it is none
    return {Coordinate::Kind::parameter, std::string(text)};
  }
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end())
    throw Error(
        fmt::format("there is no coordinate \"{}\"{}; a parameter is named by its JSON "
                    "pointer, such as /method/loss/margin",
                    text, suggestion(text, coordinate_names())));
  return {static_cast<Coordinate::Kind>(found - kNames.begin()), std::string(text)};
}

std::vector<Coordinate> coordinates_from_string(std::string_view text) {
  std::vector<Coordinate> coordinates;
  for (const std::string& part : split_at_commas(text))
    coordinates.push_back(coordinate_from_string(part));
  return coordinates;
}

CoordinateReader::CoordinateReader(const Results& results, const Coordinate& coordinate)
    : kind_(coordinate.kind) {
  METRICLAB_CHECK(kind_ != Coordinate::Kind::metric, "a record has no metric of its own");
  if (kind_ != Coordinate::Kind::parameter) return;
  const auto found = std::find(results.pointers.begin(), results.pointers.end(), coordinate.text);
  METRICLAB_CHECK(found != results.pointers.end(), "results were read without a pointer asked for");
  pointer_ = static_cast<std::size_t>(found - results.pointers.begin());
}

std::string CoordinateReader::operator()(const Record& record) const {
  switch (kind_) {
    case Coordinate::Kind::experiment:
      return record.experiment;
    case Coordinate::Kind::dataset:
      return record.dataset;
    case Coordinate::Kind::split:
      return record.split;
    case Coordinate::Kind::seed:
      return fmt::format("{}", record.seed);
    case Coordinate::Kind::base:
      return record.base;
    case Coordinate::Kind::method:
      return record.method;
    case Coordinate::Kind::metric:
      break;
    case Coordinate::Kind::parameter:
      return record.parameters[pointer_];
  }
  return "";
}

Condition condition_from_string(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const Sign& sign : kSigns) {
      if (!text.substr(i).starts_with(sign.text)) continue;
      Condition condition;
      condition.text = std::string(text);
      condition.relation = sign.relation;
      condition.value = std::string(text.substr(i + sign.text.size()));
      try {
        condition.coordinate = coordinate_from_string(text.substr(0, i));
      } catch (const Error& error) {
        throw Error(fmt::format("--where {}: {}", text, error.what()));
      }
      if (condition.value.empty())
        throw Error(fmt::format("--where {}: nothing stands behind \"{}\"", text, sign.text));
      const bool equality =
          sign.relation == Condition::Relation::is || sign.relation == Condition::Relation::is_not;
      if (!equality && !number_of(condition.value))
        throw Error(fmt::format("--where {}: \"{}\" is no number; \"{}\" compares numbers", text,
                                condition.value, sign.text));
      return condition;
    }
  throw Error(
      fmt::format("--where {}: is no condition; write dataset=wine,iris or method!=euclidean or "
                  "\"/method/loss/margin>=0.2\"",
                  text));
}

Results filter(const Results& results, const std::vector<Condition>& conditions) {
  std::vector<bool> kept(results.records.size(), true);
  std::string all;
  for (const Condition& condition : conditions) {
    all += fmt::format("{}--where {}", all.empty() ? "" : " and ", condition.text);
    if (condition.coordinate.kind == Coordinate::Kind::metric) continue;
    const CoordinateReader value_of(results, condition.coordinate);
    Names values;
    std::vector<std::size_t> numbers;
    for (const Record& record : results.records) numbers.push_back(values.add(value_of(record)));
    const std::vector<bool> fits = fitting(condition, values.names);
    for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = kept[i] && fits[numbers[i]];
  }
  Results some{.experiments = {},
               .records = {},
               .metrics = {},
               .better = results.better,
               .left_out = results.left_out,
               .problems = results.problems,
               .notes = results.notes,
               .pointers = results.pointers};
  std::unordered_set<std::string_view> experiments, measured;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const Record& record = results.records[i];
    if (!kept[i]) continue;
    experiments.insert(record.experiment);
    for (const RecordedMetric& each : record.measurements) measured.insert(each.name);
    some.records.push_back(record);
  }
  if (some.records.empty() && !conditions.empty()) throw Error(fmt::format("no run fits {}", all));
  for (const std::string& name : results.experiments)
    if (experiments.contains(name)) some.experiments.push_back(name);
  for (const std::string& name : results.metrics)
    if (measured.contains(name)) some.metrics.push_back(name);
  for (const Condition& condition : conditions) {
    if (condition.coordinate.kind != Coordinate::Kind::metric) continue;
    const std::vector<bool> fits = fitting(condition, results.metrics);
    for (std::size_t i = 0; i < fits.size(); ++i)
      if (!fits[i]) std::erase(some.metrics, results.metrics[i]);
    if (some.metrics.empty()) throw Error(fmt::format("no metric fits {}", all));
  }
  return some;
}

ReadOptions reading(const std::vector<Coordinate>& coordinates,
                    const std::vector<Condition>& conditions) {
  Names pointers;
  ReadOptions options;
  for (const Coordinate& each : coordinates) {
    if (each.kind == Coordinate::Kind::parameter) pointers.add(each.text);
    options.by_experiment |= each.kind == Coordinate::Kind::experiment;
  }
  for (const Condition& each : conditions)
    if (each.coordinate.kind == Coordinate::Kind::parameter) pointers.add(each.coordinate.text);
  options.pointers = pointers.names;
  return options;
}

}  // namespace metriclab
