// SPDX-License-Identifier: BSD-3-Clause
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <metriclab/version.hpp>

namespace metriclab {
namespace fs = std::filesystem;

fs::path running_library() {
  static const int here = 0;
  Dl_info info;
  if (::dladdr(&here, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code ignored;
  return fs::weakly_canonical(info.dli_fname, ignored);
}

Registry::Registry(std::vector<fs::path> folders) : folders_(std::move(folders)) {
  for (const fs::path& folder : folders_) scan(folder);
}

std::vector<fs::path> Registry::standard_folders(std::vector<fs::path> extra) {
  std::vector<fs::path> folders = std::move(extra);
  if (const char* variable = std::getenv("METRICLAB_PLUGIN_PATH")) {
    std::string_view rest = variable;
    while (!rest.empty()) {
      const auto colon = std::min(rest.find(':'), rest.size());
      if (colon > 0) folders.emplace_back(rest.substr(0, colon));
      rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
  }
  // Beside this library: build/libmetriclab.so has build/plugins, prefix/lib/libmetriclab.so has
  // prefix/lib/metriclab/plugins.
  if (const fs::path library = running_library(); !library.empty()) {
    std::error_code ignored;
    for (const char* place : {"metriclab/plugins", "plugins"})
      if (const fs::path folder = library.parent_path() / place;
          fs::is_directory(folder, ignored)) {
        folders.push_back(folder);
        break;
      }
  }
  // One folder named twice is one folder.
  std::vector<fs::path> unique;
  for (const fs::path& folder : folders) {
    std::error_code ignored;
    const fs::path canonical = fs::weakly_canonical(folder, ignored);
    if (std::find(unique.begin(), unique.end(), canonical) == unique.end())
      unique.push_back(canonical);
  }
  return unique;
}

void Registry::scan(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    failures_.push_back({folder, "is not a folder of plugins"});
    return;
  }
  std::vector<fs::path> libraries;
  auto collect = [&](const fs::path& place) {
    for (const fs::directory_entry& entry :
         fs::directory_iterator(place, fs::directory_options::skip_permission_denied, error))
      if (entry.path().extension() == ".so" && !entry.is_directory(error))
        libraries.push_back(entry.path());
  };
  collect(folder);
  for (const fs::directory_entry& entry :
       fs::directory_iterator(folder, fs::directory_options::skip_permission_denied, error))
    if (entry.is_directory(error)) collect(entry.path());
  std::sort(libraries.begin(), libraries.end());  // not the directory's order
  for (const fs::path& library : libraries) admit(library);
}

void Registry::admit(const fs::path& library) {
  try {
    LibraryFile file = read_library(library);
    if (const auto reason = misfit(file, std::string(kLibTorchVersion))) throw Error(*reason);
    const std::string kind = file.stamp.at("kind"), name = file.stamp.at("name");
    const auto [place, fresh] = plugins_[kind].try_emplace(name);
    if (!fresh && place->second.file.path == library) return;  // one folder found inside another
    if (!fresh)
      throw Error(fmt::format("{} \"{}\" is already taken by {}; give the plugin another name",
                              kind, name, place->second.file.path.string()));
    place->second.file = std::move(file);
  } catch (const Error& error) {
    failures_.push_back({library, error.message()});
  }
}

std::vector<std::string> Registry::kinds() const {
  std::vector<std::string> kinds;
  for (const auto& [kind, plugins] : plugins_) kinds.push_back(kind);
  return kinds;
}

std::vector<std::string> Registry::names(const std::string& kind) const {
  std::vector<std::string> names;
  if (const auto found = plugins_.find(kind); found != plugins_.end())
    for (const auto& [name, plugin] : found->second) names.push_back(name);
  return names;
}

bool Registry::has(const std::string& kind, const std::string& name) const {
  const auto found = plugins_.find(kind);
  return found != plugins_.end() && found->second.contains(name);
}

const Registry::Plugin& Registry::find(const std::string& kind, const std::string& name) const {
  if (const auto found = plugins_.find(kind); found != plugins_.end())
    if (const auto plugin = found->second.find(name); plugin != found->second.end())
      return plugin->second;
  for (const PluginFailure& failure : failures_)
    if (failure.library.stem() == name)
      throw Error(fmt::format("there is no {} \"{}\": {}: {}", kind, name, failure.library.string(),
                              failure.reason));
  const std::vector<std::string> there = names(kind);
  if (there.empty()) {
    static constexpr std::string_view deep[] = {"architecture", "loss",      "miner",
                                                "sampler",      "transform", "method"};
    if (kLibTorchVersion == "none" &&
        std::find(std::begin(deep), std::end(deep), kind) != std::end(deep))
      throw Error(
          fmt::format("there is no {} \"{}\", nor any other {}; this metriclab was built without "
                      "LibTorch (-Ddeep=disabled)",
                      kind, name, kind));
    const std::string near = nearest(kind, kinds());
    throw Error(fmt::format("there is no {} \"{}\", nor any other {}; {}", kind, name, kind,
                            near.empty() ? "metriclab doctor shows the plugin folders"
                                         : "did you mean the kind \"" + near + "\"?"));
  }
  const std::string hint = suggestion(name, there);
  throw Error(fmt::format("there is no {} \"{}\"{}", kind, name,
                          hint.empty() ? "; \"metriclab list " + kind + "\" shows those there are"
                                       : hint));
}

Registry::Plugin& Registry::find(const std::string& kind, const std::string& name) {
  return const_cast<Plugin&>(static_cast<const Registry*>(this)->find(kind, name));
}

const LibraryFile& Registry::library(const std::string& kind, const std::string& name) const {
  return find(kind, name).file;
}

const PluginEntry& Registry::open(Plugin& plugin) {
  if (plugin.entry != nullptr) return *plugin.entry;
  const std::string& path = plugin.file.path.string();
  try {
    const PluginEntry& entry = open_library(plugin.file.path);
    if (entry.api != kPluginApi)
      throw Error(
          fmt::format("its entry point has plugin API {}, this metriclab uses {}; rebuild the "
                      "plugin against this installation",
                      entry.api, kPluginApi));
    plugin.entry = &entry;
    return entry;
  } catch (const Error& error) {
    throw Error(path + ": " + error.message());
  }
}

PluginDescription Registry::library_description(const std::string& kind, const std::string& name) {
  Plugin& plugin = find(kind, name);
  const PluginEntry& entry = open(plugin);
  PluginDescription description;
  try {
    entry.describe(description);
  } catch (const std::exception& error) {
    throw Error(
        fmt::format("{}: throws while it registers: {}", plugin.file.path.string(), error.what()));
  } catch (...) {
    throw Error(fmt::format("{}: throws while it registers: something that is no std::exception",
                            plugin.file.path.string()));
  }
  description.kind = kind;
  description.name = name;
  return description;
}

const PluginDescription& Registry::description(const std::string& kind, const std::string& name) {
  Plugin& plugin = find(kind, name);
  if (plugin.description) return *plugin.description;
  auto description = std::make_unique<PluginDescription>();
  fs::path beside = plugin.file.path;
  beside.replace_extension(".json");
  std::error_code ignored;
  if (!plugin.file.build_id.empty() && fs::exists(beside, ignored)) {
    try {
      const Value written = parse_json(read_file(beside));
      if (const Value* id = written.find("build_id");
          id != nullptr && id->is_string() && id->as_string() == plugin.file.build_id)
        *description = description_from_value(written.at("description"));
    } catch (const std::exception&) {
      *description = {};  // a description of another make: the library itself knows
    }
  }
  if (description->name.empty()) *description = library_description(kind, name);
  plugin.description = std::move(description);
  return *plugin.description;
}

Value Registry::resolve(const std::string& kind, const Value& given, const std::string& pointer,
                        Problems& problems) {
  std::string name;
  if (given.is_string()) {
    name = given.as_string();
  } else if (!given.is_object()) {
    problems.push_back(
        {pointer,
         fmt::format("{} is no {}; give its name, or an object with \"plugin\" and its parameters",
                     given.type_name(), kind)});
    return {};
  } else {
    const Value* plugin = given.find("plugin");
    if (plugin == nullptr || !plugin->is_string()) {
      problems.push_back({pointer, fmt::format("this {} has no \"plugin\" that names it{}", kind,
                                               suggestion("", names(kind)))});
      return {};
    }
    name = plugin->as_string();
  }
  const PluginDescription* is = nullptr;
  try {
    is = &description(kind, name);
  } catch (const Error& error) {
    problems.push_back({pointer + (given.is_object() ? "/plugin" : ""), error.message()});
    return {};
  }
  const Value parameters = resolve_parameters(
      is->parameters, given.is_object() ? given : Value::object(),
      fmt::format("{} \"{}\"", kind, name), pointer, problems,
      [&](const std::string& nested, const Value& block, const std::string& where) {
        return resolve(nested, block, where, problems);
      });
  Value resolved = Value::object();
  resolved.set("plugin", name);
  for (const Value::Member& member : parameters.as_object()) resolved.as_object().push_back(member);
  return resolved;
}

Value Registry::resolve(const std::string& kind, const Value& given) {
  Problems problems;
  Value resolved = resolve(kind, given, "", problems);
  if (!problems.empty()) {
    const Problem& first = problems.front();
    throw Error(first.pointer.empty() ? first.message : first.pointer + ": " + first.message);
  }
  return resolved;
}

std::unique_ptr<Component> Registry::create(std::string_view kind, const Value& resolved) {
  const std::string& name = resolved.at("plugin").as_string();
  Plugin& plugin = find(std::string(kind), name);
  std::unique_ptr<Component> component(open(plugin).create(resolved, *this));
  component->set_folder(plugin.file.path.parent_path());
  return component;
}

void Registry::collect_hashes(const std::vector<ParameterDescription>& parameters,
                              const Value& block, Value& hashes) {
  for (const ParameterDescription& is : parameters) {
    const Value* value = block.find(is.name);
    if (value == nullptr || value->is_null()) continue;
    const Value::List one = is.list ? value->as_list() : Value::List{*value};
    for (const Value& element : one) {
      if (is.type == ParameterType::group) collect_hashes(is.fields, element, hashes);
      if (is.type != ParameterType::plugin) continue;
      const Value nested = source_hashes(is.plugin_kind, element);  // (a loop over a temporary's members outlives it)
      for (const Value::Member& member : nested.as_object()) hashes.set(member.key, member.value);
    }
  }
}

Value Registry::source_hashes(const std::string& kind, const Value& resolved) {
  Value hashes = Value::object();
  const std::string& name = resolved.at("plugin").as_string();
  hashes.set(kind + "/" + name, library(kind, name).source_hash);
  collect_hashes(description(kind, name).parameters, resolved, hashes);
  return hashes;
}

}  // namespace metriclab
