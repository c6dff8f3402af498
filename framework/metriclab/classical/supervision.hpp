// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
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

/// The given triplets, checked; or of the labels: for each example i, each of its `k_genuine`
/// nearest of its class as j and each of its `k_impostor` nearest of other classes as l, fewer
/// where there are not that many: (i, j, l), d(i, j) < d(i, l). O(n²·d) time. Throws Error where an
/// index is out of range, where there is neither, and where no class has two examples.
std::vector<std::array<std::int64_t, 3>> require_triplets(const SolverProblem& problem,
                                                          std::int64_t k_genuine,
                                                          std::int64_t k_impostor,
                                                          std::string_view solver);

/// The given quadruplets, checked; or of the labels: the k-th similar and the k-th dissimilar pair
/// of draw_pairs(count): (a, b, c, d), d(a, b) < d(c, d); as many as there are of the rarer kind.
/// `count` null is 20·classes². Throws Error as require_triplets.
std::vector<std::array<std::int64_t, 4>> require_quadruplets(
    const SolverProblem& problem, const std::optional<std::int64_t>& count,
    std::string_view solver);

/// The given chunks, of two examples or more, by rising number; or `n_chunks` of `chunk_size`
/// examples of one class each, drawn without repeats from the labels, fewer where the classes don't
/// hold as many. Throws Error where there is neither, and where there is no chunk of two.
std::vector<Indices> require_chunks(const SolverProblem& problem, std::int64_t n_chunks,
                                    std::int64_t chunk_size, std::string_view solver);

// What a solver asks of its input. Each throws Error that names the solver and says what is wrong
// and what to do.

/// At least `least` examples of at least one feature, all finite (read in blocks where the problem
/// has blocks).
void require_features(const SolverProblem& problem, std::string_view solver,
                      std::int64_t least = 2);
/// A label for each example, and examples of two classes at least; gives class_members().
std::vector<Indices> require_classes(const SolverProblem& problem, std::string_view solver);
/// How many dimensions to keep: `components` if given, which must not exceed `most`, otherwise
/// `most`; `because` says where `most` comes from.
std::int64_t require_components(const std::optional<std::int64_t>& components, std::int64_t most,
                                std::string_view because);

}  // namespace metriclab
