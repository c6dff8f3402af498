// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <metriclab/deep/architecture.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;
using Shape = std::vector<std::int64_t>;

std::vector<at::Tensor> copies_of(const std::vector<NamedTensor>& tensors) {
  std::vector<at::Tensor> copies;
  for (const NamedTensor& is : tensors) copies.push_back(is.tensor.detach().clone());
  return copies;
}

/// The name of the first tensor that differs, or "".
std::string changed(const std::vector<NamedTensor>& tensors,
                    const std::vector<at::Tensor>& before) {
  if (tensors.size() != before.size()) return "their number";
  for (std::size_t i = 0; i < before.size(); ++i)
    if (!same_bytes(tensors[i].tensor, before[i])) return "\"" + tensors[i].name + "\"";
  return "";
}

/// As the trainer does it: each step of training has its stream.
at::Tensor outputs_of(Architecture& network, const at::Tensor& inputs, bool training) {
  if (training) network.draw_from(Random(12, "step"));
  return network.forward(inputs, training);
}

class Laws {
 public:
  Laws(const Value& resolved, Registry& registry) : resolved_(resolved), registry_(registry) {
    if (registry.make<Architecture>(resolved)->takes_ids())
      n_ids_ = resolved.at("size").as_integer();
  }

  std::unique_ptr<Architecture> built(const Shape& shape, std::uint64_t seed = 1) const {
    auto network = registry_.make<Architecture>(resolved_);
    Random random(seed, "conformance");
    network->build(shape, random);
    return network;
  }

  void check(Checks& checks) const {
    std::vector<Shape> suitable;
    checks.law("each shape of input is taken, or refused with an Error; one at least is taken",
               [&]() -> std::string {
                 for (const Shape& shape :
                      {Shape{13}, Shape{2}, Shape{1}, Shape{1, 28, 28}, Shape{3, 32, 32},
                       Shape{1, 8, 8}, Shape{2, 3}, Shape{2, 3, 4, 5}}) {
                   try {
                     built(shape);
                     suitable.push_back(shape);
                   } catch (const Error&) {
                   }
                 }
                 return suitable.empty() ? "it takes neither vectors nor images" : "";
               });
    // Three shapes tell as much as all, in less time.
    if (suitable.size() > 3) suitable.erase(suitable.begin() + 2, suitable.end() - 1);
    for (const Shape& shape : suitable) check(shape, checks);
  }

 private:
  void check(const Shape& shape, Checks& checks) const {
    const std::string on = fmt::format(" ({})", fmt::join(shape, " × "));
    const bool sound =
        checks.law("its outputs are (B × embedding_size()), finite" + on, [&]() -> std::string {
          const auto network = built(shape);
          const std::int64_t d = network->embedding_size();
          if (d < 1) return fmt::format("embedding_size() is {}", d);
          auto wrong = [&](const at::Tensor& inputs, bool training) -> std::string {
            const at::Tensor outputs = outputs_of(*network, inputs, training);
            if (outputs.dim() != 2 || outputs.size(0) != inputs.size(0) || outputs.size(1) != d)
              return fmt::format("of {} examples it makes a tensor of {} values", inputs.size(0),
                                 outputs.numel());
            return not_finite(outputs, training ? "an output in training" : "an output");
          };
          for (std::int64_t n : {2, 7})
            if (std::string failure = wrong(inputs_of(shape, n, 2), true); !failure.empty())
              return failure;
          for (std::int64_t n : {1, 2, 7})
            if (std::string failure = wrong(inputs_of(shape, n, 3), false); !failure.empty())
              return failure;
          return wrong(inputs_of(shape, 4, 4).zero_(), false);
        });
    if (!sound) return checks.rest_not_checked();
    const bool steady =
        checks.law("outside of training nothing changes, and inputs are never written to" + on,
                   [&]() -> std::string {
                     const WithoutAutograd off;
                     const auto network = built(shape);
                     const at::Tensor inputs = inputs_of(shape, 5, 9), before = inputs.clone();
                     for (bool training : {true, false}) {
                       outputs_of(*network, inputs, training);
                       if (!same_bytes(inputs, before)) return "it writes to its inputs";
                     }
                     const std::vector<at::Tensor> parameters = copies_of(network->parameters()),
                                                   buffers = copies_of(network->buffers());
                     outputs_of(*network, inputs, false);
                     const std::string which = changed(network->parameters(), parameters) +
                                               changed(network->buffers(), buffers);
                     return which.empty() ? "" : "it changes " + which;
                   });
    if (!steady) return checks.rest_not_checked();
    checks.law("the same stream gives the same weights and outputs, to the byte" + on,
               [&]() -> std::string {
                 const auto first = built(shape), second = built(shape), other = built(shape, 2);
                 const at::Tensor inputs = inputs_of(shape, 5, 5);
                 for (bool training : {true, false})
                   if (!same_bytes(outputs_of(*first, inputs, training),
                                   outputs_of(*second, inputs, training)))
                     return training ? "the outputs in training differ" : "the outputs differ";
                 if (changed(first->buffers(), copies_of(second->buffers())) != "")
                   return "the buffers differ after training";
                 if (!first->parameters().empty() &&
                     changed(first->parameters(), copies_of(other->parameters())).empty())
                   return "another stream gives the same weights";
                 return "";
               });
    checks.law("a second build begins anew" + on, [&]() -> std::string {
      const auto once = built(shape), twice = built(shape, 2);
      outputs_of(*twice, inputs_of(shape, 5, 10), true);
      Random random(1, "conformance");
      twice->build(shape, random);
      const std::string which = changed(twice->parameters(), copies_of(once->parameters())) +
                                changed(twice->buffers(), copies_of(once->buffers()));
      return which.empty() ? "" : which + " differs from that of a first build";
    });
    checks.law("every parameter gets a finite gradient" + on, [&]() -> std::string {
      const auto network = built(shape);
      std::vector<at::Tensor> parameters;
      for (const NamedTensor& is : network->parameters()) parameters.push_back(is.tensor);
      if (parameters.empty()) return "";
      const at::Tensor outputs = outputs_of(*network, inputs_of(shape, 6, 6), true);
      const at::Tensor scalar =
          outputs.mul(random_rows(outputs.size(0), outputs.size(1), 7, at::kFloat)).sum();
      if (!scalar.requires_grad()) return "the outputs depend on none";
      const std::vector<at::Tensor> gradients = gradients_of(scalar, parameters);
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        const std::string name = "\"" + network->parameters()[i].name + "\"";
        if (!gradients[i].defined()) return "the outputs don't depend on " + name;
        if (std::string failure = not_finite(gradients[i], "the gradient of " + name);
            !failure.empty())
          return failure;
      }
      return "";
    });
    checks.law("outside of training an example's output doesn't depend on the others" + on,
               [&]() -> std::string {
                 const WithoutAutograd off;
                 const auto network = built(shape);
                 const at::Tensor inputs = inputs_of(shape, 6, 8);
                 outputs_of(*network, inputs, true);
                 const at::Tensor together = outputs_of(*network, inputs, false);
                 for (std::int64_t i = 0; i < 6; ++i) {
                   // Other sizes of a product are summed up in another order.
                   std::string failure = differs(
                       outputs_of(*network, inputs.narrow(0, i, 1), false),
                       together.narrow(0, i, 1), 1e-4, "the output of an example by itself");
                   if (!failure.empty()) return failure;
                 }
                 return "";
               });
  }

  /// Standard normal, or ids where it takes those.
  at::Tensor inputs_of(const Shape& shape, std::int64_t n, std::uint64_t seed) const {
    Shape with_batch = {n};
    with_batch.insert(with_batch.end(), shape.begin(), shape.end());
    Random random(seed, "inputs");
    if (n_ids_ > 0)
      return uniform_tensor(with_batch, 0, static_cast<double>(n_ids_), random).floor();
    return normal_tensor(with_batch, 1, random);
  }

  const Value& resolved_;
  Registry& registry_;
  std::int64_t n_ids_ = 0;  // 0: it takes any numbers
};

class ArchitectureLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<ArchitectureLaws>& is) {
    is.summary("the laws of architectures");
    is.source("the promises of metriclab/deep/architecture.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "architecture") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(ArchitectureLaws, "architecture");

}  // namespace
