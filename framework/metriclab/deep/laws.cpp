// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/plugin/error.hpp>
#include <set>

namespace metriclab {

at::Tensor random_rows(std::int64_t n, std::int64_t d, std::uint64_t seed, at::ScalarType type) {
  Random random(seed, "rows");
  return normal_tensor({n, d}, 1, random, type);
}

at::Tensor random_rotation(std::int64_t d, std::uint64_t seed) {
  Random random(seed, "rotation");
  at::Tensor result;
  for (int i = 0; i < 2; ++i) {
    const at::Tensor v = normal_tensor({d, 1}, 1, random, at::kDouble);
    at::Tensor reflection = at::mm(v, v.t()).mul(-2 / v.pow(2).sum().item<double>());
    reflection.diagonal().add_(1);
    result = result.defined() ? at::mm(result, reflection) : reflection;
  }
  return result;
}

Batch law_batch(const std::vector<std::int64_t>& labels, std::int64_t d, std::uint64_t seed,
                at::ScalarType type) {
  const auto n = static_cast<std::int64_t>(labels.size());
  std::vector<std::int64_t> halves, quarters, examples;
  std::map<std::int64_t, std::int64_t> seen;
  for (const std::int64_t label : labels) {
    halves.push_back(label / 2);
    quarters.push_back(label / 4);
    examples.push_back(1000 * label + seen[label]++ / 2);
  }
  Batch batch{.embeddings = random_rows(n, d, seed, type),
              .labels = index_tensor(labels),
              .columns = {index_tensor(halves), index_tensor(quarters)},
              .examples = index_tensor(examples),
              .targets = random_rows(n, 1, seed + 1).squeeze(1),
              .label_sets = at::zeros({n, 4}, at::kDouble)};
  double* sets = batch.label_sets.data_ptr<double>();
  for (std::int64_t i = 0; i < n; ++i)
    for (const std::int64_t of : {labels[static_cast<std::size_t>(i)] % 3, i % 4})
      sets[i * 4 + of] = 1;
  return batch;
}

LossSetting law_setting(std::int64_t n_classes, std::int64_t d, at::ScalarType type) {
  LossSetting setting{.n_classes = n_classes,
                      .embedding_size = d,
                      .type = type,
                      .random = Random(3, "laws"),
                      .columns = {{}, {}},
                      .column_names = {"half", "quarter"},
                      .n_label_sets = 4};
  for (std::int64_t label = 0; label < n_classes; ++label) {
    setting.labels.push_back(label);
    setting.columns[0].push_back(label / 2);
    setting.columns[1].push_back(label / 4);
  }
  return setting;
}

namespace {

thread_local std::string* waiting_operation = nullptr;

std::unique_ptr<at::ObserverContext> observe(const at::RecordFunction& function) {
  static const std::set<std::string_view> kWaiting = {"aten::_local_scalar_dense",
                                                      "aten::nonzero",
                                                      "aten::masked_select",
                                                      "aten::is_nonzero",
                                                      "aten::equal",
                                                      "aten::_unique2",
                                                      "aten::unique_dim",
                                                      "aten::unique_consecutive",
                                                      "aten::repeat_interleave",
                                                      "aten::bincount"};
  const std::string_view name = function.name();
  if (waiting_operation != nullptr && waiting_operation->empty() && kWaiting.contains(name))
    *waiting_operation = name;
  return nullptr;
}

}  // namespace

std::string waits_for_device(const std::function<void()>& f) {
  std::string found;
  waiting_operation = &found;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(&observe));
  f();
  at::removeCallback(handle);
  waiting_operation = nullptr;
  return found;
}

bool same_bytes(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  const at::Tensor x = a.detach().contiguous(), y = b.detach().contiguous();
  return x.nbytes() == 0 || std::memcmp(x.data_ptr(), y.data_ptr(), x.nbytes()) == 0;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  if (a.numel() == 0) return 0;
  return a.detach().to(at::kDouble).sub(b.detach().to(at::kDouble)).abs().max().item<double>();
}

std::string not_finite(const at::Tensor& tensor, const std::string& what) {
  const at::Tensor values = tensor.detach().to(at::kDouble).contiguous();
  const double* at = values.data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i)
    if (!std::isfinite(at[i])) return fmt::format("{} has {} at entry {}", what, at[i], i);
  return "";
}

std::string differs(const at::Tensor& a, const at::Tensor& b, double tolerance,
                    const std::string& what) {
  if (a.sizes() != b.sizes()) return what + " has another shape";
  const at::Tensor x = a.detach().to(at::kDouble).contiguous(),
                   y = b.detach().to(at::kDouble).contiguous();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double got = x.data_ptr<double>()[i], expected = y.data_ptr<double>()[i];
    if (!(std::abs(got - expected) <= tolerance * std::max(1.0, std::abs(expected))))
      return fmt::format("{} is {} at entry {}, and {} is due", what, got, i, expected);
  }
  return "";
}

std::vector<at::Tensor> gradients_or_zeros(const at::Tensor& scalar,
                                           const std::vector<at::Tensor>& inputs) {
  if (!scalar.defined() || scalar.dim() != 0)
    throw Error(fmt::format("it gives a tensor of {} axes; a scalar has none",
                            scalar.defined() ? scalar.dim() : -1));
  std::vector<at::Tensor> gradients;
  if (scalar.requires_grad()) gradients = gradients_of(scalar, inputs);
  gradients.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (!gradients[i].defined()) gradients[i] = at::zeros_like(inputs[i].detach());
  return gradients;
}

std::string gradient_differs(const std::function<at::Tensor()>& value,
                             const std::vector<NamedTensor>& inputs) {
  constexpr double kStep = 1e-6, kTolerance = 1e-6;
  // Slopes to both sides of a smooth point differ by the step times the curvature.
  constexpr double kKink = 1e-3;
  constexpr std::int64_t kMostEntries = 64;
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& input : inputs) tensors.push_back(input.tensor);
  const std::vector<at::Tensor> gradients = gradients_or_zeros(value(), tensors);
  const WithoutAutograd off;
  const double here = value().item<double>();
  std::int64_t kinks = 0, tried = 0;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const at::Tensor gradient = gradients[k].contiguous();
    const std::int64_t n = tensors[k].numel();
    const std::int64_t stride = std::max<std::int64_t>(1, n / kMostEntries);
    for (std::int64_t i = 0; i < n; i += stride, ++tried) {
      double* entry = tensors[k].data_ptr<double>() + i;
      const double before = *entry;
      *entry = before + kStep;
      const double above = value().item<double>();
      *entry = before - kStep;
      const double below = value().item<double>();
      *entry = before;
      const double expected = (above - below) / (2 * kStep);
      const double size = std::max(1.0, std::abs(expected));
      const double got = gradient.data_ptr<double>()[i];
      if (std::abs(got - expected) <= kTolerance * size) continue;
      if (std::abs((above - here) - (here - below)) / kStep > kKink * size) {
        ++kinks;
        continue;
      }
      return fmt::format(
          "the gradient with respect to entry {} of {} is {:.9g}; finite differences give {:.9g}",
          i, inputs[k].name, got, expected);
    }
  }
  if (4 * kinks > tried) return fmt::format("{} of {} entries are at kinks", kinks, tried);
  return "";
}

}  // namespace metriclab
