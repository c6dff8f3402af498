// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/plugin/plugin.hpp>
#include <metriclab/plugin/random.hpp>
#include <string_view>
#include <vector>

namespace metriclab {

/// Plugin kind "sampler": which examples make a batch.
class Sampler : public Component {
 public:
  static constexpr std::string_view kind = "sampler";
  static constexpr std::string_view abi = "";
  ~Sampler() override;

  /// Called once, with the class of each training example, (n), in 0 … C − 1; classes may be empty.
  /// Throws Error where no batch can be made of them, saying what there is and what is needed.
  virtual void prepare(const std::vector<std::int64_t>& labels) = 0;
  /// The batches of one epoch, in order; each lists examples by their index, without repeats where
  /// its class comments don't say otherwise. It depends on `random` and on `prepare` alone, so that
  /// an interrupted training goes on with the same batches.
  virtual std::vector<std::vector<std::int64_t>> epoch(Random random) const = 0;
};

}  // namespace metriclab
