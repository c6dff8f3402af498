// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/value.hpp>

namespace metriclab {

/// A spec file with those that it extends: {"extends": "base.json", …}, a file beside it, which may
/// extend another. What it has itself goes over the base: objects are merged member by member,
/// everything else takes the base's place, and null in the place of one of "methods" drops it.
/// Throws Error naming the file: one that is not there or no object, a syntax error, files that
/// extend each other. Keys that appear twice are added to `problems`.
Value read_extended(const std::filesystem::path& file, Problems& problems);

/// Puts blocks in the place of their names: where "define" has {"trunk": {…}}, {"use": "trunk", …}
/// is that block with the further members over it, as an extending spec is over its base. Blocks
/// may use others. "define" is taken away. Unknown names, blocks that use themselves, and members
/// over what is no object are added to `problems`.
void expand_definitions(Value& document, Problems& problems);

}  // namespace metriclab
