// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/ids.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {

at::Tensor checked_ids(const at::Tensor& inputs, std::int64_t largest, std::int64_t size_of_one,
                       std::string_view what) {
  const WithoutAutograd off;
  const at::Tensor ids = inputs.to(at::kLong);
  // A device is waited for once where all is well.
  const at::Tensor wrong =
      ids.to(inputs.scalar_type()).ne(inputs).logical_or_(ids.lt(0)).logical_or_(ids.gt(largest));
  if (!wrong.any().item<bool>()) return ids;
  const auto value = inputs.masked_select(wrong).select(0, 0).item<double>();
  const auto id = static_cast<std::int64_t>(value);
  if (static_cast<double>(id) != value || id < 0)
    throw Error(
        fmt::format("{} is no {}; ids are integers from 0 on, as they are without "
                    "\"normalize\" and transforms",
                    value, what));
  const auto greatest = ids.max().item<std::int64_t>();
  throw Error(
      fmt::format("{} {} is beyond the table, whose \"size\" is {}; it must be at least {} "
                  "for these, and may be larger for others",
                  what, greatest, largest + size_of_one, greatest + size_of_one));
}

}  // namespace metriclab
