// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/experiment/document.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <vector>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

void remove(Value& object, std::string_view key) {
  std::erase_if(object.as_object(), [&](const Value::Member& member) { return member.key == key; });
}

void put_over(Value& base, const Value& own) {
  if (!base.is_object() || !own.is_object()) {
    base = own;
    return;
  }
  for (const Value::Member& member : own.as_object())
    if (Value* there = base.find(member.key))
      put_over(*there, member.value);
    else
      base.set(member.key, member.value);
}

Value extended(const fs::path& file, std::vector<fs::path> by, Problems& problems) {
  const fs::path place = fs::weakly_canonical(file);
  if (std::ranges::find(by, place) != by.end())
    throw Error(fmt::format("{}: extends itself, by way of {}", file.string(), by.back().string()));
  Value own;
  try {
    own = parse_json(read_file(file), problems);
  } catch (const Error& error) {
    // The first file is named by whoever asked for it.
    if (by.empty()) throw;
    const std::string what = error.what();
    throw Error(what.starts_with(file.string()) ? what : file.string() + ":" + what);
  }
  const Value* extends = own.find("extends");
  if (extends == nullptr) return own;
  if (!extends->is_string()) {
    problems.push_back({"/extends", fmt::format("{} is no file's name", extends->type_name())});
    return own;
  }
  by.push_back(place);
  Value base = extended(file.parent_path() / extends->as_string(), by, problems);
  if (!base.is_object())
    throw Error(fmt::format("{}: a spec is a JSON object, this is {}", extends->as_string(),
                            base.type_name()));
  remove(own, "extends");
  put_over(base, own);
  if (Value* methods = base.find("methods"); methods != nullptr && methods->is_object())
    std::erase_if(methods->as_object(),
                  [](const Value::Member& member) { return member.value.is_null(); });
  return base;
}

class Expansion {
 public:
  Expansion(const Value& blocks, Problems& problems) : blocks_(blocks), problems_(problems) {}

  void expand(Value& value, const std::string& pointer) {
    if (value.is_list())
      for (std::size_t i = 0; i < value.as_list().size(); ++i)
        expand(value.as_list()[i], pointer + "/" + std::to_string(i));
    if (!value.is_object()) return;
    for (Value::Member& member : value.as_object())
      expand(member.value, pointer + pointer_step(member.key));
    const Value* use = value.find("use");
    if (use == nullptr) return;
    if (Value block = block_of(*use, pointer); !block.is_null()) {
      remove(value, "use");
      if (!block.is_object() && !value.as_object().empty())
        problems_.push_back({pointer, "members go over what is no object"});
      if (value.as_object().empty())
        value = std::move(block);
      else {
        put_over(block, value);
        value = std::move(block);
      }
    }
  }

 private:
  /// null where there is none.
  Value block_of(const Value& use, const std::string& pointer) {
    const auto complain = [&](std::string message) {
      problems_.push_back({pointer + "/use", std::move(message)});
      return Value();
    };
    if (!use.is_string()) return complain("is not the name of a block in \"define\"");
    const std::string& name = use.as_string();
    const Value* found = blocks_.find(name);
    if (found == nullptr) {
      std::vector<std::string> names;
      if (blocks_.is_object())
        for (const Value::Member& member : blocks_.as_object()) names.push_back(member.key);
      return complain(fmt::format("\"define\" has no \"{}\"{}", name, suggestion(name, names)));
    }
    if (std::ranges::find(open_, name) != open_.end())
      return complain(fmt::format("\"{}\" uses itself", name));
    open_.push_back(name);
    Value block = *found;
    expand(block, "/define" + pointer_step(name));
    open_.pop_back();
    return block;
  }

  const Value& blocks_;
  Problems& problems_;
  std::vector<std::string> open_;
};

}  // namespace

Value read_extended(const fs::path& file, Problems& problems) {
  return extended(file, {}, problems);
}

void expand_definitions(Value& document, Problems& problems) {
  if (!document.is_object()) return;
  Value blocks = Value::object();
  if (const Value* define = document.find("define")) {
    if (!define->is_object())
      problems.push_back({"/define", fmt::format("{} is not an object that maps names to blocks",
                                                 define->type_name())});
    else
      blocks = *define;
    remove(document, "define");
  }
  Expansion(blocks, problems).expand(document, "");
}

}  // namespace metriclab
