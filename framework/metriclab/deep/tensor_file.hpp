// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/deep/trainable.hpp>
#include <string_view>
#include <vector>

namespace metriclab {

/// Named tensors and a few words about them, in one file of the safetensors format
/// (https://huggingface.co/docs/safetensors), which other programs read too. The words are JSON,
/// under "metriclab" of the format's "__metadata__", beside a hash of them and the tensors.
struct TensorFile {
  std::vector<NamedTensor>
      tensors;  // float32, float64 or int64, on whatever device; no two of one name
  Value about = Value::object();

  /// The tensor of that name; throws Error when there is none.
  const at::Tensor& at(std::string_view name) const;
};

/// The file appears whole or not at all.
void write_tensors(const std::filesystem::path& file, const TensorFile& content);
/// On the CPU. Throws Error naming the file: not there, cut short, changed, of another format.
TensorFile read_tensors(const std::filesystem::path& file);

/// Copies the values of `from` into the tensors of the same names: all, or none where it throws
/// Error since one is missing or has another shape.
void load_tensors(const std::vector<NamedTensor>& into, const TensorFile& from);

}  // namespace metriclab
