// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/mm.h>
#include <fmt/format.h>

#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;

class Laws {
 public:
  Laws(const Value& resolved, Registry& registry)
      : resolved_(resolved), registry_(registry), is_(registry.make<BatchDistance>(resolved)) {}

  void check(Checks& checks) const {
    const at::Tensor x = random_rows(6, 5, 61), y = random_rows(9, 5, 62);
    const bool sound = checks.law(
        "the matrix is (n × m), of the type of the vectors, and finite", [&]() -> std::string {
          for (const at::ScalarType type : {at::kDouble, at::kFloat})
            for (std::int64_t n : {0, 1, 6})
              for (std::int64_t m : {0, 1, 9}) {
                const at::Tensor d =
                    is_->matrix(x.to(type).narrow(0, 0, n), y.to(type).narrow(0, 0, m));
                if (d.dim() != 2 || d.size(0) != n || d.size(1) != m)
                  return fmt::format("for {} and {} vectors it has another shape", n, m);
                if (d.scalar_type() != type) return "it is of another type";
                if (std::string failure = not_finite(d, "the matrix"); !failure.empty())
                  return failure;
              }
          return "";
        });
    if (!sound) return checks.rest_not_checked();
    checks.law("vectors against themselves are vectors against a copy", [&] {
      return differs(is_->matrix(x, x), is_->matrix(x, x.clone()), 1e-7, "the matrix");
    });
    gradients(checks, x, y);
    checks.law("float32 agrees with float64", [&] {
      return differs(is_->matrix(x.to(at::kFloat), y.to(at::kFloat)), is_->matrix(x, y), 1e-5,
                     "the matrix in float32");
    });
    checks.law("where ignores_length() is true, lengths don't matter", [&] {
      return is_->ignores_length() ? differs(is_->matrix(x.mul(3), y.mul(0.25)), is_->matrix(x, y),
                                             1e-12, "the matrix of longer vectors")
                                   : "";
    });
    checks.law("it leaves its inputs as they are, and the same give the same bytes",
               [&]() -> std::string {
                 const at::Tensor own = x.clone(), other = y.clone();
                 const at::Tensor first = is_->matrix(own, other), second = is_->matrix(own, other);
                 if (!same_bytes(own, x) || !same_bytes(other, y)) return "it writes to its inputs";
                 return same_bytes(first, second) ? "" : "the matrix differs";
               });
    properties(checks, x, y);
  }

 private:
  void gradients(Checks& checks, const at::Tensor& x, const at::Tensor& y) const {
    checks.law(
        "pairs are the diagonal of the matrix, and so are their gradients", [&]() -> std::string {
          const at::Tensor a = random_rows(70, 5, 65).requires_grad_(true),
                           b = random_rows(70, 5, 66).requires_grad_(true),
                           w = random_rows(70, 1, 67).squeeze(1);
          const at::Tensor pairs = is_->pairs(a, b), diagonal = is_->matrix(a, b).diagonal();
          if (pairs.sizes() != diagonal.sizes()) return "their shape is another";
          std::string failure = differs(pairs.detach(), diagonal.detach(), 1e-10, "the pairs");
          const auto one = gradients_or_zeros(pairs.mul(w).sum(), {a, b}),
                     other = gradients_or_zeros(diagonal.mul(w).sum(), {a, b});
          for (std::size_t i = 0; i < one.size() && failure.empty(); ++i)
            failure = differs(one[i], other[i], 1e-10, "the gradient of pairs");
          return failure;
        });
    const at::Tensor weights = random_rows(6, 9, 63);
    checks.law("its gradients equal finite differences", [&] {
      const at::Tensor a = x.clone().requires_grad_(true), b = y.clone().requires_grad_(true);
      return gradient_differs([&] { return is_->matrix(a, b).mul(weights).sum(); },
                              {{"x", a}, {"y", b}});
    });
    checks.law("… of vectors against themselves", [&] {
      const at::Tensor a = x.clone().requires_grad_(true);
      // Between an example and itself a distance has no slope to either side.
      at::Tensor own = weights.narrow(1, 0, 6).clone();
      own.fill_diagonal_(0);
      return gradient_differs([&] { return is_->matrix(a, a).mul(own).sum(); }, {{"x", a}});
    });
    auto finite = [&](const at::Tensor& a, const at::Tensor& b) -> std::string {
      const at::Tensor d = is_->matrix(a, b);
      std::string failure = not_finite(d, "the matrix");
      if (!failure.empty()) return failure;
      for (const at::Tensor& gradient : gradients_or_zeros(d.sum(), {a, b}))
        if (failure = not_finite(gradient, "the gradient"); !failure.empty()) return failure;
      return "";
    };
    for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
      const std::string in = type == at::kFloat ? " (float32)" : " (float64)";
      checks.law("coinciding vectors: finite, and so is the gradient" + in, [&]() -> std::string {
        const at::Tensor a = x.to(type).clone().requires_grad_(true),
                         b = x.to(type).clone().requires_grad_(true);
        std::string failure = finite(a, b);
        return failure.empty() ? finite(a, a) : failure;
      });
      checks.law("zero vectors: finite, and so is the gradient" + in, [&] {
        const at::Tensor a = x.to(type).mul(0).requires_grad_(true);
        return finite(a, y.to(type).clone().requires_grad_(true)) + finite(a, a);
      });
    }
  }

  void properties(Checks& checks, const at::Tensor& x, const at::Tensor& y) const {
    for (const std::string& property :
         registry_.description("distance", resolved_.at("plugin").as_string()).properties)
      checks.law(property, [&]() -> std::string {
        const at::Tensor turn = random_rotation(5, 64);
        if (property == "zero_for_equal") {
          const at::Tensor diagonal = is_->matrix(x, x.clone()).diagonal();
          return differs(diagonal, diagonal.mul(0), 1e-7, "the distance of equal vectors");
        }
        if (property == "symmetric") {
          std::string failure =
              differs(is_->matrix(y, x).t(), is_->matrix(x, y), 1e-12, "the transposed matrix");
          const at::Tensor own = is_->matrix(x, x);
          return failure.empty() ? differs(own.t(), own, 1e-12, "the transposed matrix") : failure;
        }
        if (property == "invariant_to_rotation")
          return differs(is_->matrix(at::mm(x, turn), at::mm(y, turn)), is_->matrix(x, y), 1e-10,
                         "the matrix of turned vectors");
        if (property == "invariant_to_translation")
          return differs(is_->matrix(x.add(2), y.add(2)), is_->matrix(x, y), 1e-10,
                         "the matrix of moved vectors");
        return "a distance declares \"symmetric\", \"zero_for_equal\", \"invariant_to_rotation\" "
               "or "
               "\"invariant_to_translation\"";
      });
  }

  const Value& resolved_;
  Registry& registry_;
  std::unique_ptr<BatchDistance> is_;
};

class DistanceLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<DistanceLaws>& is) {
    is.summary("the laws of distances");
    is.source("the promises of metriclab/deep/distance.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "distance") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(DistanceLaws, "distance");

}  // namespace
