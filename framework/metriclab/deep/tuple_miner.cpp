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
  ClassOrder order;
  Batch seen = grouped(batch, order);
  at::Tensor matrix = distances(seen.embeddings, seen.others()).to(at::kCPU).contiguous();
  TupleList found(tuples_per_anchor, random);
  return choose({std::move(seen), std::move(order), std::move(matrix)}, found, random);
}

at::Tensor TupleMiner::distances(const at::Tensor& x, const at::Tensor& y) const {
  if (!normalize_embeddings || distance->ignores_length()) return distance->matrix(x, y);
  const at::Tensor unit = normalized_rows(x);
  return distance->matrix(unit, x.is_same(y) ? unit : normalized_rows(y));
}

}  // namespace metriclab
