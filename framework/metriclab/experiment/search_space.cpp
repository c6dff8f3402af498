// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/experiment/search_space.hpp>

namespace metriclab {
namespace {

void find(const Value& value, std::vector<std::string>& steps, const std::string& pointer,
          std::vector<SearchDimension>& found, Problems& problems) {
  if (SearchDimension::is_written_as(value)) {
    try {
      found.emplace_back(steps, value);
    } catch (const Error& error) {
      problems.push_back({pointer + error.pointer(), error.message()});
    }
    return;
  }
  const auto below = [&](const std::string& step, const Value& member) {
    steps.push_back(step);
    find(member, steps, pointer + pointer_step(step), found, problems);
    steps.pop_back();
  };
  if (value.is_object())
    for (const Value::Member& member : value.as_object()) below(member.key, member.value);
  if (value.is_list())
    for (std::size_t i = 0; i < value.as_list().size(); ++i)
      below(std::to_string(i), value.as_list()[i]);
}

}  // namespace

const std::vector<std::string>& SearchDimension::kinds() {
  static const std::vector<std::string> kinds = {"uniform", "log_uniform", "int", "log_int",
                                                 "choice"};
  return kinds;
}

bool SearchDimension::is_written_as(const Value& value) {
  return value.is_object() && value.as_object().size() == 1 &&
         std::ranges::find(kinds(), value.as_object().front().key) != kinds().end();
}

SearchDimension::SearchDimension(std::vector<std::string> steps, const Value& value)
    : steps_(std::move(steps)), kind_(value.as_object().front().key) {
  const Value& given = value.as_object().front().value;
  const auto wrong = [&](const std::string& message) { return Error(message).in(kind_); };
  if (kind_ == "choice") {
    if (!given.is_list() || given.as_list().empty())
      throw wrong("needs a list of at least one value");
    choices_ = given.as_list();
    return;
  }
  const bool whole = kind_ == "int" || kind_ == "log_int";
  if (!given.is_list() || given.as_list().size() != 2 ||
      !std::ranges::all_of(given.as_list(), [&](const Value& end) {
        return whole ? end.is_integer() : end.is_number();
      }))
    throw wrong(whole ? "needs the least and the greatest value, [1, 9]"
                      : "needs the least and the greatest value, [0.1, 0.9]");
  least_ = given.as_list()[0].as_number();
  most_ = given.as_list()[1].as_number();
  if (!(least_ < most_) || !std::isfinite(most_ - least_))
    throw wrong("needs a least value that is below the greatest");
  if (kind_ == "log_uniform" && !(least_ > 0)) throw wrong("needs values above 0");
  if (kind_ == "log_int" && !(least_ >= 1)) throw wrong("needs values from 1 on");
}

std::string SearchDimension::pointer() const {
  std::string pointer;
  for (const std::string& step : steps_) pointer += pointer_step(step);
  return pointer;
}

std::optional<std::int64_t> SearchDimension::size() const {
  if (kind_ == "choice") return static_cast<std::int64_t>(choices_.size());
  if (kind_ == "int") return static_cast<std::int64_t>(most_ - least_) + 1;
  return std::nullopt;
}

Value SearchDimension::at(double u) const {
  METRICLAB_CHECK(u >= 0 && u < 1, "a place outside of a search space");
  if (const auto n = size()) {
    const auto i = std::min(static_cast<std::int64_t>(u * static_cast<double>(*n)), *n - 1);
    if (kind_ == "choice") return choices_[static_cast<std::size_t>(i)];
    return static_cast<std::int64_t>(least_) + i;
  }
  if (kind_ == "uniform") return std::min(least_ + (most_ - least_) * u, most_);
  if (kind_ == "log_uniform")
    return std::clamp(least_ * std::pow(most_ / least_, u), least_, most_);
  // An integer stands for what is rounded to it.
  const double low = least_ - 0.5, high = most_ + 0.5;
  return static_cast<std::int64_t>(
      std::clamp(std::round(low * std::pow(high / low, u)), least_, most_));
}

Value SearchSpace::at(const std::vector<double>& u) const {
  Value method = document;
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    set_at(method, dimensions[i].steps(), dimensions[i].at(u[i]));
  return method;
}

Value SearchSpace::values(const std::vector<double>& u) const {
  Value values = Value::object();
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    values.set(dimensions[i].pointer(), dimensions[i].at(u[i]));
  return values;
}

SearchSpace find_search_space(const Value& method, const std::string& pointer, Problems& problems) {
  SearchSpace space{.document = method, .dimensions = {}};
  std::vector<std::string> steps;
  find(method, steps, pointer, space.dimensions, problems);
  return space;
}

}  // namespace metriclab
