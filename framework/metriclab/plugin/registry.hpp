// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <metriclab/plugin/description.hpp>
#include <metriclab/plugin/shared_library.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// The file of the metriclab library that is running; "" where the system can't say.
std::filesystem::path running_library();

/// A library that could not be used, and why.
struct PluginFailure {
  std::filesystem::path library;
  std::string reason;
};

/// Knows every plugin by its place and name, and opens a library only when a run first needs it.
///
/// A folder is searched for `*.so` and for `<kind>/*.so`. Of each file the stamp is read, not more;
/// what does not fit is put aside with its reason. Descriptions come from the `.json` beside the
/// library while its build id fits, otherwise from the library itself.
class Registry final : public Factory {
 public:
  explicit Registry(std::vector<std::filesystem::path> folders);

  /// The folders in use where nothing else is said: `extra` first, then $METRICLAB_PLUGIN_PATH,
  /// then those that belong to the running command or library, wherever it was installed.
  static std::vector<std::filesystem::path> standard_folders(
      std::vector<std::filesystem::path> extra = {});

  std::vector<std::string> kinds() const;
  std::vector<std::string> names(const std::string& kind) const;
  bool has(const std::string& kind, const std::string& name) const;
  /// Throws Error when there is no such plugin (naming the nearest, or why its library was
  /// refused).
  const LibraryFile& library(const std::string& kind, const std::string& name) const;
  const PluginDescription& description(const std::string& kind, const std::string& name);
  /// What the library itself says, which is opened for it; `description` may come from the file
  /// beside it.
  PluginDescription library_description(const std::string& kind, const std::string& name);
  const std::vector<PluginFailure>& failures() const { return failures_; }
  const std::vector<std::filesystem::path>& folders() const { return folders_; }

  /// A plugin block as a spec may have it ("triplet", or {"plugin": "triplet", "margin": 0.1})
  /// checked and filled in:
  /// {"plugin": name, every parameter…}. Problems are added; then the result is not to be used.
  Value resolve(const std::string& kind, const Value& given, const std::string& pointer,
                Problems& problems);
  /// The same; throws the first problem as an Error.
  Value resolve(const std::string& kind, const Value& given);

  std::unique_ptr<Component> create(std::string_view kind, const Value& resolved) override;
  /// Resolves and creates in one, as a given interface.
  template <class I>
  std::unique_ptr<I> make(const Value& given) {
    return create_as<I>(resolve(std::string(I::kind), given));
  }

  /// The source hashes of all plugins named anywhere in a resolved block: {"loss/triplet": "…", …}.
  Value source_hashes(const std::string& kind, const Value& resolved);

 private:
  struct Plugin {
    LibraryFile file;
    std::unique_ptr<PluginDescription> description;
    const PluginEntry* entry = nullptr;
  };
  const Plugin& find(const std::string& kind, const std::string& name) const;
  Plugin& find(const std::string& kind, const std::string& name);
  const PluginEntry& open(Plugin& plugin);
  void scan(const std::filesystem::path& folder);
  void admit(const std::filesystem::path& library);
  void collect_hashes(const std::vector<ParameterDescription>& parameters, const Value& block,
                      Value& hashes);

  std::vector<std::filesystem::path> folders_;
  std::map<std::string, std::map<std::string, Plugin>> plugins_;
  std::vector<PluginFailure> failures_;
};

}  // namespace metriclab
