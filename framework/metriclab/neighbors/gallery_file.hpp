// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <metriclab/data/examples.hpp>
#include <metriclab/neighbors/measure.hpp>
#include <optional>

namespace metriclab {

/// The rows of a two-dimensional .npy array (n × d), compared as float32. Of float32 and float64
/// arrays in C order only one block is in memory at a time: the file is mapped, and may be larger
/// than the memory. Arrays of other types, or in Fortran order, are read as a whole.
class GalleryFile {
 public:
  /// `block`: rows at a time; 0 for as many as take about 64 MB. Throws Error naming the file: not
  /// an .npy file, cut short, of an unknown type, not of two axes.
  explicit GalleryFile(const std::filesystem::path& file, std::int64_t block = 0);

  std::int64_t n() const { return n_; }
  std::int64_t d() const { return d_; }

  /// Calls `visit(begin, rows)` with the rows from `begin` on, block by block, in order. The rows
  /// are there until it returns.
  void for_each_block(const std::function<void(std::int64_t, Rows<float>)>& visit) const;

 private:
  std::int64_t n_ = 0, d_ = 0, block_;
  std::optional<Examples> mapped_;
  MatrixF read_;  // what can't be mapped
};

}  // namespace metriclab
