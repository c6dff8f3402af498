// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/snapshot.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Classes in groups, level by level from fine to coarse: classes that are together at a level are
/// so at all coarser ones.
class ClassTree {
 public:
  ClassTree() = default;
  /// (levels × classes) int64 in the CPU's memory: the group of each class, numbered from 0. The
  /// tensor is held, not copied.
  explicit ClassTree(at::Tensor groups) : groups_(std::move(groups)) {}

  /// The classes themselves, then the label columns of those names, in that order; all the columns
  /// where none is named. Throws Error naming the class or group that isn't in one group of the
  /// next level, or the column that isn't there, or where the data has none at all.
  static ClassTree of_columns(const LossSetting& setting, const std::vector<std::string>& names);

  /// The tree of average linkage: of two clusters' members, the distances are averaged. At level l
  /// those classes are together that merge at distances below heights[l], which ascend. `distances`
  /// (classes × classes), symmetric; `sizes` (classes) float64, how much each class weighs in the
  /// averages, above 0.
  /// Cost: O(C²) time and memory. Source: Murtagh. A survey of recent advances in hierarchical
  /// clustering algorithms. The Computer Journal 1983 (chains of nearest neighbours).
  static ClassTree of_distances(const at::Tensor& distances, const at::Tensor& sizes,
                                const std::vector<double>& heights);

  const at::Tensor& groups() const { return groups_; }
  std::int64_t n_levels() const { return groups_.size(0); }
  std::int64_t n_classes() const { return groups_.size(1); }
  std::int64_t n_groups(std::int64_t level) const;
  /// (n) to (n), labels to groups. Throws Error where a label is no class of the tree.
  at::Tensor groups_of(const at::Tensor& labels, std::int64_t level) const;
  /// (n) and (m) to (n × m) int64: at how many levels, the finest ones, two classes are in
  /// different groups. Throws Error likewise.
  at::Tensor levels_apart(const at::Tensor& labels, const at::Tensor& others) const;

 private:
  void check(const at::Tensor& labels) const;
  at::Tensor groups_;
};

/// The different values of an int64 tensor (n) in ascending order, and which of them each entry is.
struct Distinct {
  explicit Distinct(const at::Tensor& of);
  at::Tensor values, places;
};

}  // namespace metriclab
