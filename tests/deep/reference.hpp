// SPDX-License-Identifier: BSD-3-Clause
// Values and gradients of an independent implementation in float64 (reference/deep/README.md says
// which).
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "support.hpp"

namespace metriclab::testing {

/// A file of reference cases, and how it names what a loss of ours has.
struct Reference {
  std::string file;                               // "TripletMarginLoss"
  std::string loss;                               // "triplet"
  std::map<std::string, std::string> parameters;  // its names to ours
  nlohmann::json defaults = {};                   // its values, by our names, where a case has none
  /// What else is to be changed in the plugin's block.
  std::function<void(nlohmann::json& block, const nlohmann::json& is)> adapt = {};
  /// Its weights, (embedding × columns) say, as ours.
  std::function<at::Tensor(const at::Tensor& weights)> weights = {};
  /// Its gradient with respect to the weights as ours, both ours in shape already.
  std::function<at::Tensor(const at::Tensor& gradient, const at::Tensor& weights)> gradient = {};
  /// By what its loss and gradients are to be multiplied to be ours.
  std::function<double(const nlohmann::json& is)> factor = {};
  double tolerance = 1e-10;
};

/// Its distance and reducer as blocks of ours.
nlohmann::json distance_block(const nlohmann::json& is);
nlohmann::json reducer_block(const nlohmann::json& is);
/// The tuples of a case, all where it has none.
Tuples tuples_of(const nlohmann::json& is);

/// One case: value, gradients with respect to embeddings, weights and reference set.
void check_case(const Reference& reference, const nlohmann::json& is);
/// Every case of the file. Skipped, with a message, where this machine has no reference values.
void check_cases(const Reference& reference);

}  // namespace metriclab::testing
