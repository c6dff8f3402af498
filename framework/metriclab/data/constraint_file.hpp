// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <metriclab/data/dataset.hpp>
#include <vector>

namespace metriclab {

// Constraints from text files: a row of numbers, separated by commas, for each. Examples are
// counted from 0; there are n. Each throws Error naming file and line where a row is of another
// length, not of integers where these are due, or names an example that isn't there, and where the
// file is empty.

/// i,j,kind: 1 for similar examples, −1 for dissimilar.
std::vector<LabelledPair> read_pairs(const std::filesystem::path& file, std::int64_t n);
/// i,j,similarity: how similar, as a real number.
std::vector<RatedPair> read_ratings(const std::filesystem::path& file, std::int64_t n);
/// i,j,l: d(i, j) is to be below d(i, l).
std::vector<std::array<std::int64_t, 3>> read_triplets(const std::filesystem::path& file,
                                                       std::int64_t n);
/// a,b,c,e: d(a, b) is to be below d(c, e).
std::vector<std::array<std::int64_t, 4>> read_quadruplets(const std::filesystem::path& file,
                                                          std::int64_t n);
/// A row for each example: its chunk, or −1 for none.
std::vector<std::int64_t> read_chunks(const std::filesystem::path& file, std::int64_t n);

}  // namespace metriclab
