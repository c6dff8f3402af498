// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <metriclab/plugin/plugin.hpp>
#include <metriclab/plugin/random.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// What a sampler knows of the training examples. Numbers are theirs.
struct SamplingSetting {
  std::vector<std::int64_t> labels;  // (n) the class of each, in 0 … C − 1; classes may be empty
  std::vector<std::vector<std::int64_t>> columns = {};  // the further label columns, each (n)
  std::vector<std::string> column_names = {};           // as many
  // Tuples that the data set states, each list may be empty.
  std::vector<std::array<std::int64_t, 2>> positive_pairs = {}, negative_pairs = {};
  std::vector<std::array<std::int64_t, 3>> triplets = {};  // anchor, positive, negative
};

/// The training examples as the network embeds them when an epoch begins: (n × d) row-major.
struct EmbeddedExamples {
  const float* values = nullptr;
  std::int64_t n = 0, d = 0;
};

/// One batch: examples by their number. Where the batch is made of tuples, these are given by
/// places in `examples`, and the loss looks at them alone.
struct SampledBatch {
  std::vector<std::int64_t> examples;
  std::vector<std::array<std::int64_t, 2>> positive_pairs = {}, negative_pairs = {};
  std::vector<std::array<std::int64_t, 3>> triplets = {};

  bool has_tuples() const {
    return !positive_pairs.empty() || !negative_pairs.empty() || !triplets.empty();
  }
  bool operator==(const SampledBatch&) const = default;
};

/// Each example `views` times, one after the other.
inline std::vector<std::int64_t> as_views(const std::vector<std::int64_t>& examples,
                                          std::int64_t views) {
  std::vector<std::int64_t> result;
  for (const std::int64_t example : examples)
    result.insert(result.end(), static_cast<std::size_t>(views), example);
  return result;
}

/// Plugin kind "sampler": which examples make a batch. An example may stand in a batch more than
/// once; each time it is another view of it, transformed anew.
class Sampler : public Component {
 public:
  static constexpr std::string_view kind = "sampler";
  static constexpr std::string_view abi = "";
  ~Sampler() override;

  /// Called once. Throws Error where no batch can be made of the examples, saying what there is and
  /// what is needed.
  virtual void prepare(const SamplingSetting& setting) = 0;
  /// Whether its batches are made of tuples that the data set states, so that a loss of tuples
  /// needs no class labels.
  virtual bool gives_tuples() const { return false; }
  /// Whether `epoch` is to be given the embedded examples.
  virtual bool needs_embeddings() const { return false; }
  /// The batches of one epoch, in order. It depends on its arguments and on `prepare` alone, so
  /// that an interrupted training goes on with the same batches. Without `needs_embeddings`,
  /// `embedded` is empty.
  virtual std::vector<SampledBatch> epoch(Random random,
                                          const EmbeddedExamples& embedded = {}) const = 0;
};

}  // namespace metriclab
