// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/plugin/plugin.hpp>
#include <string>
#include <utility>
#include <vector>

namespace metriclab {

/// Plugin kind "probe": what `metriclab probe loss` and `metriclab probe miner` do, so that the
/// command itself needs no LibTorch. Arrays are .npy files; embeddings float32 or float64, which is
/// the precision of all that follows.
class DeepProbe : public Component {
 public:
  static constexpr std::string_view kind = "probe";
  static constexpr std::string_view abi = "";
  ~DeepProbe() override;

  struct Request {
    std::filesystem::path embeddings;  // (B × d); (T × B × d): T batches, one after the other
    // (B), or (B × L): the class and further label columns; with T before it for T batches. "":
    // each row is a class of its own.
    std::filesystem::path labels;
    std::filesystem::path examples;    // (B) integers: rows of one number are views of an example
    std::filesystem::path targets;     // (B) floating-point
    std::filesystem::path label_sets;  // (B × C), 0 and 1
    std::filesystem::path reference, reference_labels;  // (R × d), (R); "" for none
    std::filesystem::path tuples;                       // JSON as `mine` gives it; "": all tuples
    std::vector<std::pair<std::string, std::filesystem::path>>
        state;                        // trained tensors by their names
    std::filesystem::path gradients;  // the folder for them; "" for none
    std::filesystem::path
        state_after;  // the folder for the loss's own tensors afterwards; likewise
  };

  /// {"value": …, "state": [names of the loss's own tensors], "gradients": {name: file}} of a
  /// resolved loss; with several batches "value" and the gradients of the loss's own tensors are
  /// those of the last, and "values" has them all. A loss that wants the training set embedded sees
  /// the batch.
  virtual Value loss(const Value& resolved, const Request& request, Factory& factory) = 0;
  /// {"triplets": [[a], [p], [n]]} or {"pairs": {"positive": [[a], [p]], "negative": [[a], [n]]}}
  /// of a resolved miner.
  virtual Value mine(const Value& resolved, const Request& request, Factory& factory) = 0;
};

}  // namespace metriclab
