// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/deep/transform.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;
using Shape = std::vector<std::int64_t>;

at::Tensor inputs_of(const Shape& shape, std::int64_t n, std::uint64_t seed) {
  Shape with_batch = {n};
  with_batch.insert(with_batch.end(), shape.begin(), shape.end());
  Random random(seed, "inputs");
  return normal_tensor(with_batch, 1, random);
}

class Laws {
 public:
  Laws(const Value& resolved, Registry& registry) : resolved_(resolved), registry_(registry) {}

  std::unique_ptr<Transform> prepared(const Shape& shape) const {
    auto transform = registry_.make<Transform>(resolved_);
    transform->prepare(shape);
    return transform;
  }

  /// The example i is its copy i mod copies().
  static at::Tensor applied(const Transform& transform, const at::Tensor& inputs,
                            std::uint64_t seed = 1) {
    const WithoutAutograd off;
    Random random(seed, "conformance");
    std::vector<std::int64_t> copies;
    for (std::int64_t i = 0; i < inputs.size(0); ++i) copies.push_back(i % transform.copies());
    return transform.apply(inputs, copies, random);
  }

  void check(Checks& checks) const {
    std::vector<Shape> suitable;
    checks.law("each shape of example is taken, or refused with an Error; one at least is taken",
               [&]() -> std::string {
                 for (const Shape& shape : {Shape{13}, Shape{1}, Shape{1, 28, 28}, Shape{3, 16, 16},
                                            Shape{1, 12, 20}, Shape{1, 1, 1}, Shape{2, 3}}) {
                   try {
                     prepared(shape);
                     suitable.push_back(shape);
                   } catch (const Error&) {
                   }
                 }
                 return suitable.empty() ? "it takes neither vectors nor images" : "";
               });
    const bool sound = checks.law("copies() is at least 1", [&]() -> std::string {
      for (const Shape& shape : suitable)
        if (const std::int64_t copies = prepared(shape)->copies(); copies < 1)
          return fmt::format("it is {}", copies);
      return "";
    });
    if (!sound) return checks.rest_not_checked();
    for (const Shape& shape : suitable) check(shape, checks);
  }

 private:
  void check(const Shape& shape, Checks& checks) const {
    const std::string on = fmt::format(" ({})", fmt::join(shape, " × "));
    const bool same_shape = checks.law(
        "what comes out is of the shape and type of what goes in, and finite" + on,
        [&]() -> std::string {
          const auto transform = prepared(shape);
          for (std::int64_t n : {1, 2, 9}) {
            const at::Tensor inputs = inputs_of(shape, n, 2), outputs = applied(*transform, inputs);
            if (outputs.sizes() != inputs.sizes()) return "another shape";
            if (outputs.scalar_type() != inputs.scalar_type()) return "another type";
            if (std::string failure = not_finite(outputs, "an output"); !failure.empty())
              return failure;
          }
          return "";
        });
    if (!same_shape) return checks.rest_not_checked();
    const bool clean = checks.law("it doesn't write to its inputs" + on, [&]() -> std::string {
      const at::Tensor inputs = inputs_of(shape, 8, 3), before = inputs.clone();
      applied(*prepared(shape), inputs);
      return same_bytes(inputs, before) ? "" : "it does";
    });
    if (!clean) return checks.rest_not_checked();
    checks.law(
        "the same stream gives the same bytes, whatever went before" + on, [&]() -> std::string {
          const auto one = prepared(shape), other = prepared(shape);
          const at::Tensor inputs = inputs_of(shape, 8, 4);
          const at::Tensor first = applied(*one, inputs).clone();
          applied(*one, inputs_of(shape, 3, 5), 2);
          if (!same_bytes(applied(*one, inputs), first)) return "it depends on calls before";
          return same_bytes(applied(*other, inputs), first) ? "" : "another of its kind differs";
        });
  }

  const Value& resolved_;
  Registry& registry_;
};

class TransformLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<TransformLaws>& is) {
    is.summary("the laws of transforms");
    is.source("the promises of metriclab/deep/transform.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "transform") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(TransformLaws, "transform");

}  // namespace
