// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/evaluator.hpp>
#include <string>

namespace metriclab {

/// The label column of that name, or nullptr.
const LabelColumn* find_column(const Embedded& part, const std::string& name);

/// The same. Throws Error saying which columns there are.
const LabelColumn& column_named(const Embedded& part, const std::string& name);

/// The number of the class of that name; where a column has no names of classes, their numbers are
/// their names. Throws Error listing the classes there are.
std::int32_t class_named(const LabelColumn& column, const std::string& name);
/// The other way round.
std::string class_name(const LabelColumn& column, std::int32_t label);

/// The examples that "column=class" selects ("kind=user"), by rising index; none where nobody is
/// of that class. Throws Error where there is no "=", and listing the columns, or the classes of
/// that column, where there is none of that name.
Indices members_of(const Embedded& part, const std::string& selection);

}  // namespace metriclab
