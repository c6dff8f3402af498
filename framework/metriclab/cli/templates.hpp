// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>
#include <vector>

namespace metriclab {

/// What `metriclab new` starts a plugin from. The sources are whole plugins, called my_<kind>; they
/// are in templates/, and the build puts them into the command, which so needs no files beside it.
struct PluginTemplate {
  std::string_view kind;
  std::string_view source;  // class My<Kind>, plugin "my_<kind>"
  std::string_view spec;    // how a spec names it, with @NAME@

  /// It needs metriclab's deep part.
  bool deep() const { return source.find("<metriclab/deep/") != std::string_view::npos; }
};

/// One for each kind that a user may add.
const std::vector<PluginTemplate>& plugin_templates();

// The other files of a plugin's folder, with @NAME@, @KIND@, @DEPENDENCY@, @PLACE@ and @SPEC@.
std::string_view build_template();
std::string_view readme_template();

}  // namespace metriclab
