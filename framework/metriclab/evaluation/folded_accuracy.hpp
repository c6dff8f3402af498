// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/pair_distances.hpp>
#include <span>
#include <vector>

namespace metriclab {

/// The protocol of image-restricted Labeled Faces in the Wild (Huang, Ramesh, Berg, Learned-Miller.
/// Labeled faces in the wild: a database for studying face recognition in unconstrained
/// environments. University of Massachusetts 2007): pairs are told apart by one
/// threshold on their distance, similar where it is at most that, which is chosen on all folds but
/// one and judged on that one.
///
/// The threshold that judges most of the others right; of several such the least. It lies in the
/// middle between the last distance of the others that it accepts and the first that it rejects;
/// with nothing on one side, beyond them all.

/// The fold of each of `n` pairs, which are cut in their order: fold f = 0, 1, … has those from
/// ⌊n f/folds⌋ to before ⌊n (f + 1)/folds⌋.
std::vector<std::int32_t> folds_in_order(std::size_t n, std::int64_t folds);

/// The part judged right in each fold, (folds); one without pairs has none, and is left out. A
/// similar pair counts `similar.of` / its number, a dissimilar one likewise: as in all pairs that
/// these are a sample of. `similar_folds`, `dissimilar_folds`: the fold of each.
/// O(folds · pairs + pairs · log pairs) time, 16 bytes a pair.
std::vector<double> fold_accuracies(const VerificationPairs& pairs,
                                    std::span<const std::int32_t> similar_folds,
                                    std::span<const std::int32_t> dissimilar_folds,
                                    std::int64_t folds);

}  // namespace metriclab
