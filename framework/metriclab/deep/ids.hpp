// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace metriclab {

/// Every integer up to this one is a float32, which inputs come in.
inline constexpr std::int64_t kLargestId = std::int64_t{1} << 24;

/// Inputs that are ids, as int64, of the same shape. Throws Error where one is not an integer from
/// 0 on, or is above `largest`, saying what parameter "size" would do: `size_of_one` where the
/// greatest id is 0. `what` names an id: "token id".
at::Tensor checked_ids(const at::Tensor& inputs, std::int64_t largest, std::int64_t size_of_one,
                       std::string_view what);

}  // namespace metriclab
