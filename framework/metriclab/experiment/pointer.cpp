// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <metriclab/experiment/pointer.hpp>

namespace metriclab {

std::vector<std::string> pointer_steps(std::string_view pointer) {
  if (!pointer.starts_with('/'))
    throw Error(fmt::format(
        "\"{}\" is no JSON pointer; it begins with \"/\", such as /methods/triplet/loss/margin",
        pointer));
  std::vector<std::string> steps;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      steps.emplace_back();
    } else if (pointer[i] == '~') {
      const char escaped = i + 1 < pointer.size() ? pointer[i + 1] : ' ';
      if (escaped != '0' && escaped != '1')
        throw Error(
            fmt::format("\"{}\" is no JSON pointer; \"~\" is written ~0, and \"/\" ~1", pointer));
      steps.back() += escaped == '0' ? '~' : '/';
      ++i;
    } else {
      steps.back() += pointer[i];
    }
  }
  return steps;
}

void set_at(Value& root, const std::vector<std::string>& steps, Value value) {
  Value* at = &root;
  std::string passed;
  for (const std::string& step : steps) {
    if (at->is_string()) {
      Value block = Value::object();
      block.set("plugin", at->as_string());
      *at = std::move(block);
    }
    if (at->is_list()) {
      std::size_t index = 0;
      const char* end = step.data() + step.size();
      const auto [stop, failure] = std::from_chars(step.data(), end, index);
      if (failure != std::errc() || stop != end || index >= at->as_list().size())
        throw Error(fmt::format("{} is a list of {}; \"{}\" is none of its indices, 0 to {}",
                                passed.empty() ? "the document" : passed, at->as_list().size(),
                                step, static_cast<std::int64_t>(at->as_list().size()) - 1));
      at = &at->as_list()[index];
    } else if (at->is_object() || at->is_null()) {
      Value* member = at->find(step);
      at = member != nullptr ? member : &at->set(step, Value());
    } else {
      throw Error(fmt::format("{} is {}, which has no \"{}\"", passed, at->type_name(), step));
    }
    passed += pointer_step(step);
  }
  *at = std::move(value);
}

const Value* find_at(const Value& root, const std::vector<std::string>& steps) {
  const Value* at = &root;
  for (const std::string& step : steps) {
    if (at->is_list()) {
      std::size_t index = 0;
      const auto [stop, failure] = std::from_chars(step.data(), step.data() + step.size(), index);
      if (failure != std::errc() || stop != step.data() + step.size() ||
          index >= at->as_list().size())
        return nullptr;
      at = &at->as_list()[index];
    } else if (at = at->find(step); at == nullptr) {
      return nullptr;
    }
  }
  return at;
}

namespace {

void number_places(const Value& value, const std::string& pointer,
                   std::map<std::string, std::size_t>& places) {
  places.emplace(pointer, places.size());
  if (value.is_object())
    for (const Value::Member& member : value.as_object())
      number_places(member.value, pointer + pointer_step(member.key), places);
  if (value.is_list())
    for (std::size_t i = 0; i < value.as_list().size(); ++i)
      number_places(value.as_list()[i], pointer + "/" + std::to_string(i), places);
}

}  // namespace

void sort_by_place(Problems& problems, const Value& document) {
  std::map<std::string, std::size_t> places;
  number_places(document, "", places);
  auto place = [&](std::string pointer) {
    for (;;) {
      if (const auto found = places.find(pointer); found != places.end()) return found->second;
      if (pointer.empty()) return std::size_t{0};
      pointer.resize(pointer.rfind('/'));
    }
  };
  std::stable_sort(problems.begin(), problems.end(), [&](const Problem& a, const Problem& b) {
    return place(a.pointer) < place(b.pointer);
  });
}

}  // namespace metriclab
