// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <map>
#include <metriclab/plugin/plugin.hpp>
#include <optional>
#include <string>

namespace metriclab {

/// What can be read of a plugin library without opening it.
struct LibraryFile {
  std::filesystem::path path;
  std::map<std::string, std::string>
      stamp;  // "api", "kind", "name", "standard library", "sanitizers", "eigen", "libtorch"
  std::string build_id;  // hexadecimal, or "" if the linker made none
  std::size_t initializers =
      0;                    // functions that run when it is opened, the compiler's own one aside
  std::string source_hash;  // content hash of the plugin's source less comments and white space
};

/// Reads the ELF sections that METRICLAB_PLUGIN left. Throws Error: not a shared library, no stamp.
LibraryFile read_library(const std::filesystem::path& path);

/// Why a library with this stamp can't be used here, or nullopt. LibTorch's version is compared
/// only when `libtorch` is given (the version in use).
std::optional<std::string> misfit(const LibraryFile& file,
                                  const std::optional<std::string>& libtorch);

/// The plugin's source with comments and runs of white space removed: what decides whether it has
/// changed.
std::string normalized_source(const std::string& source);

/// Opens the library (RTLD_NOW | RTLD_LOCAL, never closed) and returns its entry. Throws Error:
/// does not load, no entry point.
const PluginEntry& open_library(const std::filesystem::path& path);

}  // namespace metriclab
