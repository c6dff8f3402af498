// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <metriclab/deep/batch.hpp>
#include <metriclab/deep/snapshot.hpp>
#include <metriclab/deep/trainable.hpp>
#include <string>
#include <vector>

namespace metriclab {

// What laws of deep plugins are checked with. Where a string comes back, it says how the law is
// broken, and is "" where it is kept.

/// A seeded tensor of independent normals, (n × d).
at::Tensor random_rows(std::int64_t n, std::int64_t d, std::uint64_t seed,
                       at::ScalarType type = at::kDouble);
/// A seeded orthogonal matrix, (d × d) float64: the product of two reflections.
at::Tensor random_rotation(std::int64_t d, std::uint64_t seed);

/// A seeded batch of normal embeddings with all that a batch can have beside: the label columns
/// label/2 and label/4, of which classes have one; targets; sets of 4 classes; and the examples of
/// a class, in their order, being two views each of an example (an odd one out being alone).
Batch law_batch(const std::vector<std::int64_t>& labels, std::int64_t d, std::uint64_t seed,
                at::ScalarType type = at::kDouble);
/// What losses and miners are told of the data that such batches are from.
LossSetting law_setting(std::int64_t n_classes, std::int64_t d, at::ScalarType type = at::kDouble);

/// What `f` does in tensor operations that makes the processor wait for a device: the name of the
/// first such operation, or "". (Reading a tensor's memory directly goes unseen.)
std::string waits_for_device(const std::function<void()>& f);

/// Equal in shape, type and every byte.
bool same_bytes(const at::Tensor& a, const at::Tensor& b);
/// max |a − b|; 0 for empty tensors, infinite for different shapes.
double largest_difference(const at::Tensor& a, const at::Tensor& b);
std::string not_finite(const at::Tensor& tensor, const std::string& what);
/// |a − b| ≤ tolerance · max(1, |b|) everywhere, after conversion to float64.
std::string differs(const at::Tensor& a, const at::Tensor& b, double tolerance,
                    const std::string& what);

/// The gradients of a scalar; zeros for an input that it doesn't depend on. Throws Error where the
/// value is no scalar.
std::vector<at::Tensor> gradients_or_zeros(const at::Tensor& scalar,
                                           const std::vector<at::Tensor>& inputs);

/// That the gradient of `value()` with respect to float64 tensors equals central finite differences
/// of step 10⁻⁶, to 10⁻⁶ of max(1, its size). Of each tensor up to 64 entries are tried, changed in
/// place and put back. Entries where the slopes to the left and to the right differ are at a kink
/// and say nothing; more than a quarter of them breaks the law.
std::string gradient_differs(const std::function<at::Tensor()>& value,
                             const std::vector<NamedTensor>& inputs);

}  // namespace metriclab
