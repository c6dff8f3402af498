// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/tuple_miner.hpp>

namespace metriclab {

TupleMiner::TupleMiner(const char* default_distance, bool normalized)
    : distance(default_distance), normalize_embeddings(normalized) {}
TupleMiner::~TupleMiner() = default;

Tuples TupleMiner::mine(const Batch& batch, Random& random) {
  check_batch(batch);
  const WithoutAutograd off;
  const bool normalize = normalize_embeddings && !distance->ignores_length();
  const at::Tensor x = normalize ? normalized_rows(batch.embeddings) : batch.embeddings;
  const at::Tensor y = !batch.has_reference() ? x
                       : normalize            ? normalized_rows(batch.reference)
                                              : batch.reference;
  return choose(batch, distance->matrix(x, y).to(at::kCPU).contiguous(), random);
}

}  // namespace metriclab
