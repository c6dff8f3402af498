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
    std::filesystem::path embeddings, labels;           // (B × d), (B)
    std::filesystem::path reference, reference_labels;  // (R × d), (R); "" for none
    std::filesystem::path tuples;                       // JSON as `mine` gives it; "": all tuples
    std::vector<std::pair<std::string, std::filesystem::path>>
        state;                        // trained tensors by their names
    std::filesystem::path gradients;  // the folder for them; "" for none
  };

  /// {"value": …, "state": [names of the loss's own tensors], "gradients": {name: file}} of a
  /// resolved loss.
  virtual Value loss(const Value& resolved, const Request& request, Factory& factory) = 0;
  /// {"triplets": [[a], [p], [n]]} or {"pairs": {"positive": [[a], [p]], "negative": [[a], [n]]}}
  /// of a resolved miner.
  virtual Value mine(const Value& resolved, const Request& request, Factory& factory) = 0;
};

}  // namespace metriclab
