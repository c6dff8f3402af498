// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/experiment/plan.hpp>
#include <metriclab/experiment/result_store.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Why runs that were asked for once have other ids now.
struct PlanChange {
  std::size_t results = 0;              // that are there and no longer asked for
  std::vector<std::string> pointers{};  // JSON pointers of the spec whose values differ
  std::vector<std::string> sources{};   // plugins "loss/triplet" with another source
  std::vector<std::string> contents{};  // data sets with other files

  /// "the spec differs at /seeds; solver/lda has another source".
  std::string why() const;
};

/// What differs between the folder's spec.json and plan.json and this plan. Files that can't be
/// read tell nothing, and are written anew.
PlanChange change_of(const ResultStore& store, const Plan& plan);

/// Where two documents differ, in the order of the second: the deepest pointers that lead to
/// something else in each, or to something that one of them lacks. Keys that begin with "$" are for
/// editors.
std::vector<std::string> differing_pointers(const Value& a, const Value& b);
/// Adds what differs in the sources and the data of two results, or of a result and a run.
void add_differences(const Value& sources_a, const Value& sources_b, PlanChange& change);

}  // namespace metriclab
