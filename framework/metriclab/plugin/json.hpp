// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/description.hpp>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace metriclab {

using Json = nlohmann::ordered_json;

/// Strict JSON: throws Error "LINE:COLUMN: …" on a syntax error (what stood before the place
/// included). A key met twice in one object is added to `problems` (pointer of the object). A
/// number that no double holds, and nesting deeper than 256, are errors too.
Value parse_json(const std::string& text, Problems& problems);
/// As `parse_json`, for text that metriclab itself wrote: any problem is an Error.
Value parse_json(const std::string& text);

/// Shortest numbers that read back the same; a non-finite number is written as null. `indent` < 0:
/// one line; otherwise a list of plain values is one line, and all else a line an entry.
std::string to_json_text(const Value& value, int indent = 2);

Json to_json(const Value& value);
Value from_json(const Json& json);

/// Descriptions, for `describe --json`, the reference pages and the files beside the libraries.
Value to_value(const PluginDescription& description);
PluginDescription description_from_value(const Value& value);

}  // namespace metriclab
