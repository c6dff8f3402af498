// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/experiment/grid.hpp>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {

void check_target(const Value& document, const std::vector<std::string>& steps) {
  if (steps.size() < 2) return;
  if (steps[0] == "methods") {
    const Value* methods = document.find("methods");
    if (methods == nullptr || !methods->is_object() || methods->find(steps[1])) return;
    std::vector<std::string> names;
    for (const Value::Member& member : methods->as_object()) names.push_back(member.key);
    throw Error(fmt::format("there is no method \"{}\"{}", steps[1], suggestion(steps[1], names)));
  }
  if (steps[0] == "datasets") {
    const Value* datasets = document.find("datasets");
    if (datasets == nullptr || !datasets->is_list()) return;
    const std::size_t count = datasets->as_list().size();
    for (std::size_t i = 0; i < count; ++i)
      if (steps[1] == std::to_string(i)) return;
    throw Error(
        fmt::format("there is no data set {}; there are {}, counted from 0", steps[1], count));
  }
}

Grid::Grid(const Value& document, Problems& problems) {
  const Value* grid = document.find("grid");
  if (grid == nullptr) return;
  if (!grid->is_object()) {
    problems.push_back(
        {"/grid", fmt::format("{} is not an object that maps JSON pointers to lists of values",
                              grid->type_name())});
    return;
  }
  for (const Value::Member& member : grid->as_object()) {
    if (member.key.starts_with('$')) continue;
    try {
      read(member.key, member.value, document);
    } catch (const Error& error) {
      problems.push_back({"/grid" + pointer_step(member.key) + error.pointer(), error.message()});
    }
  }
}

void Grid::read(const std::string& key, const Value& values, const Value& document) {
  Entry entry;
  entry.key = key;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find(',', begin), key.size());
    Place place;
    place.pointer = key.substr(begin, end - begin);
    place.steps = pointer_steps(place.pointer);
    if (place.steps.size() < 3 || (place.steps[0] != "methods" && place.steps[0] != "datasets"))
      throw Error(
          "a grid varies what is below one method or one data set, such as "
          "/methods/triplet/loss/margin or /datasets/0/normalize");
    check_target(document, place.steps);
    const std::string owner = pointer_step(place.steps[0]) + pointer_step(place.steps[1]);
    if (entry.owner.empty()) entry.owner = owner;
    if (entry.owner != owner)
      throw Error(
          fmt::format("values are taken together within one method or data set; {} and {} "
                      "are two",
                      entry.owner, owner));
    for (const Entry& other : entries_)
      for (const Place& taken : other.places)
        if (taken.pointer == place.pointer)
          throw Error(fmt::format("{} has its values from another entry already", place.pointer));
    entry.places.push_back(std::move(place));
    begin = end + 1;
  }
  if (!values.is_list() || values.as_list().empty())
    throw Error("needs a list of at least one value");
  const std::size_t together = entry.places.size();
  for (std::size_t i = 0; i < values.as_list().size(); ++i) {
    const Value& value = values.as_list()[i];
    if (together > 1 && (!value.is_list() || value.as_list().size() != together))
      throw Error(fmt::format("is not a list of {} values, one for each pointer", together))
          .in(std::to_string(i));
    entry.values.push_back(value);
  }
  entries_.push_back(std::move(entry));
}

namespace {

std::string label_of(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (const Value* plugin = value.find("plugin"); plugin != nullptr && plugin->is_string())
    return value.as_object().size() == 1 ? plugin->as_string() : to_json_text(value, -1);
  return to_json_text(value, -1);
}

/// The last steps of a pointer, as many as tell it from all the others: "margin", or "loss.margin"
/// where a miner has one too.
std::string short_name(const std::vector<std::string>& steps,
                       const std::vector<std::vector<std::string>>& all) {
  for (std::size_t length = 1;; ++length) {
    if (length > steps.size() - 2) length = steps.size() - 2;
    const auto same = std::count_if(all.begin(), all.end(), [&](const auto& other) {
      return other.size() >= length &&
             std::equal(steps.end() - static_cast<std::ptrdiff_t>(length), steps.end(),
                        other.end() - static_cast<std::ptrdiff_t>(length));
    });
    if (same > 1 && length < steps.size() - 2) continue;
    std::string name;
    for (auto step = steps.end() - static_cast<std::ptrdiff_t>(length); step != steps.end(); ++step)
      name += (name.empty() ? "" : ".") + *step;
    return name;
  }
}

}  // namespace

std::vector<Grid::Point> Grid::points(const Value& given, const std::string& pointer) const {
  std::vector<std::vector<std::string>> all;
  for (const Entry& entry : entries_)
    if (entry.owner == pointer)
      for (const Place& place : entry.places) all.push_back(place.steps);
  std::vector<Point> points(1);
  points.front().block = given;
  for (const Entry& entry : entries_) {
    if (entry.owner != pointer) continue;
    std::vector<Point> further;
    for (const Point& point : points)
      for (std::size_t i = 0; i < entry.values.size(); ++i) {
        Point& next = further.emplace_back(point);
        for (std::size_t k = 0; k < entry.places.size(); ++k) {
          const Place& place = entry.places[k];
          const bool together = entry.places.size() > 1;
          const Value& value = together ? entry.values[i].as_list()[k] : entry.values[i];
          std::string source = "/grid" + pointer_step(entry.key) + "/" + std::to_string(i);
          if (together) source += "/" + std::to_string(k);
          try {
            set_at(next.block, {place.steps.begin() + 2, place.steps.end()}, value);
          } catch (const Error& error) {
            throw Error(fmt::format("grid: {}: {}", place.pointer, error.message()));
          }
          next.values.set(place.pointer, value);
          next.label += fmt::format("{}{}={}", next.label.empty() ? "" : " ",
                                    short_name(place.steps, all), label_of(value));
          next.origins_.push_back({place.pointer, std::move(source)});
        }
      }
    points = std::move(further);
  }
  return points;
}

void Grid::Point::relocate(Problems& problems, std::size_t first) const {
  for (std::size_t i = first; i < problems.size(); ++i)
    for (const Origin& origin : origins_) {
      std::string& pointer = problems[i].pointer;
      if (pointer != origin.target && !pointer.starts_with(origin.target + "/")) continue;
      pointer = origin.source + pointer.substr(origin.target.size());
      break;
    }
}

}  // namespace metriclab
