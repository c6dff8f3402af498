// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// The steps of a JSON pointer (RFC 6901), unescaped. Throws Error where it does not begin with
/// "/", or has a "~" that is neither "~0" nor "~1".
std::vector<std::string> pointer_steps(std::string_view pointer);

/// Sets what the pointer names. On the way there, a missing member and null become an object, and
/// the name of a plugin becomes its block: "triplet" is {"plugin": "triplet"} as soon as a
/// parameter is set in it. Throws Error where a step is no index of a list, or enters a number or a
/// boolean.
void set_at(Value& root, const std::vector<std::string>& steps, Value value);

/// What the steps lead to, or nullptr where there is nothing.
const Value* find_at(const Value& root, const std::vector<std::string>& steps);

/// Sorts problems by where in the document they point to; those of one place keep their order.
void sort_by_place(Problems& problems, const Value& document);

}  // namespace metriclab
