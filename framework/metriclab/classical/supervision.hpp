// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/classical/solver.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace metriclab {

/// The examples of each class, by rising index; classes without examples are left out.
std::vector<Indices> class_members(const std::vector<std::int32_t>& y);

/// Pairs drawn without repeats: up to `count` of one class each and up to `count` of two, fewer
/// where there are not that many. Similar ones come first. An example is drawn with equal chances
/// among those that have a partner, then its partner; where more than half of all pairs are asked
/// for, equal chances for each pair instead.
std::vector<LabelledPair> draw_pairs(const std::vector<Indices>& members, std::int64_t count,
                                     Random random);

/// The given pairs, checked, or those that draw_pairs makes of the labels. Throws Error where an
/// index is out of range (saying which pair), and where there are neither pairs nor labels.
std::vector<LabelledPair> require_pairs(const SolverProblem& problem,
                                        const std::optional<std::int64_t>& n_constraints,
                                        std::string_view solver);

// What a solver asks of its input. Each throws Error that names the solver and says what is wrong
// and what to do.

/// At least `least` examples of at least one feature, all finite.
void require_features(const SolverProblem& problem, std::string_view solver,
                      std::int64_t least = 2);
/// A label for each example, and examples of two classes at least; gives class_members().
std::vector<Indices> require_classes(const SolverProblem& problem, std::string_view solver);
/// How many dimensions to keep: `components` if given, which must not exceed `most`, otherwise
/// `most`; `because` says where `most` comes from.
std::int64_t require_components(const std::optional<std::int64_t>& components, std::int64_t most,
                                std::string_view because);

}  // namespace metriclab
