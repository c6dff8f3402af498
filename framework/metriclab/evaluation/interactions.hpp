// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/evaluator.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// Who took to what: users and items of the test part, by rising index. Items go by their places in
/// `items` from there on.
struct Interactions {
  Indices users, items;
  std::vector<Indices> relevant;  // (users) what each took to in the test part, rising
  std::vector<Indices> known;     // (users) what each took to in the training part, rising; none of
                                  // it is relevant
  std::optional<std::vector<std::int64_t>> popularity;  // (items) how many took to each in the
                                                        // training part
};

/// Users and items are selected as "column=class"; items are all others where `items` selects none.
/// A similar pair of a user with an item, whichever comes first, says that the user took to it;
/// pairs that are not similar, or of two users or two items, say nothing.
///
/// In the training part users and items are recognised by the label column `identity`, which both
/// parts have: `known` is what is paired there, as similar, with an example of the user's identity,
/// and an item's popularity how many identities its own is so paired with. Without that column, or
/// without a training part, nothing is known and there is no popularity.
///
/// Throws Error as members_of (members.hpp), where an example is both user and item, and where the
/// training part has no column `identity` unless that is "identity". O(pairs log pairs) time and
/// memory, and what is known of each user.
Interactions interactions_of(const Evaluation& input, const std::string& users,
                             const std::optional<std::string>& items, const std::string& identity);

}  // namespace metriclab
