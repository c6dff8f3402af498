// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/deep/regularizer.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;

class Laws {
 public:
  Laws(const Value& resolved, Registry& registry)
      : resolved_(resolved), registry_(registry), is_(registry.make<Regularizer>(resolved)) {}

  std::string finite_on(const at::Tensor& vectors) const {
    const at::Tensor own = vectors.clone().requires_grad_(true);
    const at::Tensor penalty = is_->penalty(own);
    std::string failure = not_finite(penalty, "the penalty");
    return failure.empty() ? not_finite(gradients_or_zeros(penalty, {own})[0], "the gradient")
                           : failure;
  }

  void check(Checks& checks) const {
    const at::Tensor vectors = random_rows(7, 5, 71);
    const bool sound = checks.law(
        "it leaves its input as it is, and the same gives the same bytes", [&]() -> std::string {
          const at::Tensor own = vectors.clone();
          const at::Tensor first = is_->penalty(own), second = is_->penalty(own);
          if (!same_bytes(own, vectors)) return "it writes to its input";
          return same_bytes(first, second) ? "" : "the penalty differs";
        });
    if (!sound) return checks.rest_not_checked();
    checks.law("it gives a finite scalar with a finite gradient", [&]() -> std::string {
      for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
        if (is_->penalty(vectors.to(type)).scalar_type() != type)
          return "the scalar is of another type than the vectors";
        for (std::int64_t n : {1, 2, 7})
          if (std::string failure = finite_on(vectors.to(type).narrow(0, 0, n)); !failure.empty())
            return failure;
      }
      return "";
    });
    checks.law("no vectors: 0", [&]() -> std::string {
      const double value = is_->penalty(vectors.narrow(0, 0, 0)).item<double>();
      return value == 0 ? finite_on(vectors.narrow(0, 0, 0)) : fmt::format("it is {}", value);
    });
    checks.law("its gradient equals finite differences", [&]() -> std::string {
      // One vector a class, and three.
      for (const std::int64_t per_class : {1, 3}) {
        const at::Tensor own = vectors.narrow(0, 0, 6).clone().requires_grad_(true);
        std::string failure =
            gradient_differs([&] { return is_->penalty(own, per_class); }, {{"the vectors", own}});
        if (!failure.empty()) return failure;
      }
      return "";
    });
    checks.law("coinciding vectors: finite", [&] {
      return finite_on(vectors.narrow(0, 0, 1).expand({7, 5}));
    });
    checks.law("zero vectors: finite", [&]() -> std::string {
      at::Tensor some = vectors.clone();
      some.narrow(0, 2, 2).zero_();
      const std::string failure = finite_on(some);
      return failure.empty() ? finite_on(vectors.mul(0)) : failure;
    });
    checks.law("the order of the vectors doesn't matter", [&] {
      return differs(is_->penalty(vectors.flip({0})), is_->penalty(vectors), 1e-12, "the penalty");
    });
    checks.law("float32 agrees with float64", [&] {
      return differs(is_->penalty(vectors.to(at::kFloat)), is_->penalty(vectors), 1e-5,
                     "the penalty in float32");
    });
    for (const std::string& property :
         registry_.description("regularizer", resolved_.at("plugin").as_string()).properties)
      checks.law(property, [&]() -> std::string {
        if (property == "invariant_to_rotation")
          return differs(is_->penalty(at::mm(vectors, random_rotation(5, 72))),
                         is_->penalty(vectors), 1e-10, "the penalty of turned vectors");
        if (property == "invariant_to_scale")
          return differs(is_->penalty(vectors.mul(3)), is_->penalty(vectors), 1e-10,
                         "the penalty of longer vectors");
        return "a regularizer declares \"invariant_to_rotation\" or \"invariant_to_scale\"";
      });
  }

 private:
  const Value& resolved_;
  Registry& registry_;
  std::unique_ptr<Regularizer> is_;
};

class RegularizerLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<RegularizerLaws>& is) {
    is.summary("the laws of regularizers");
    is.source("the promises of metriclab/deep/regularizer.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "regularizer") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(RegularizerLaws, "regularizer");

}  // namespace
