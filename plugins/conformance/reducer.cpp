// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/deep/reducer.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;

/// The terms of 6 anchors, some of them 0, some anchors without any.
using Terms = std::vector<std::vector<double>>;
Terms mixed() { return {{0.3, 1.2}, {0, 0.7, 2.5}, {}, {0.45}, {0, 0}, {3.1}}; }

struct Reduced {
  double value = 0;
  std::vector<double> slopes;  // of each anchor's kept terms
};

Reduced reduced(const Reduction& reduction, const Terms& terms) {
  const std::vector<std::int64_t> labels(terms.size());
  TermSum sum(reduction, labels.data(), static_cast<std::int64_t>(terms.size()));
  Reduced result;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    double total = 0;
    std::int64_t kept = 0;
    for (double term : terms[i])
      if (sum.keeps(term)) {
        total += term;
        ++kept;
      }
    result.slopes.push_back(sum.add(static_cast<std::int64_t>(i), total,
                                    static_cast<std::int64_t>(terms[i].size()), kept));
  }
  result.value = sum.value();
  for (double& slope : result.slopes) slope *= sum.scale();
  return result;
}

class Laws {
 public:
  Laws(const Value& resolved, Registry& registry)
      : reduction_(registry.make<Reducer>(resolved)->reduction()) {}

  void check(Checks& checks) const {
    const bool sound = checks.law(
        "its bounds are a range, its weights finite and not below 0", [&]() -> std::string {
          if (!(reduction_.low < reduction_.high))
            return fmt::format("the range {} … {} is empty", reduction_.low, reduction_.high);
          for (double weight : reduction_.class_weights)
            if (!(std::isfinite(weight) && weight >= 0))
              return fmt::format("a weight is {}", weight);
          return "";
        });
    if (!sound) return checks.rest_not_checked();
    checks.law("finite terms become a finite number", [&]() -> std::string {
      const double value = reduced(reduction_, mixed()).value;
      return std::isfinite(value) ? "" : fmt::format("it is {}", value);
    });
    checks.law("no terms become 0", [&]() -> std::string {
      for (std::size_t n : {0, 1, 6}) {
        const double value = reduced(reduction_, Terms(n)).value;
        if (value != 0) return fmt::format("for {} anchors it is {}", n, value);
      }
      return "";
    });
    checks.law("the factors of its gradient equal finite differences", [&]() -> std::string {
      constexpr double kStep = 1e-6;
      const Terms all = mixed();
      const Reduced here = reduced(reduction_, all);
      for (std::size_t i = 0; i < all.size(); ++i)
        for (std::size_t t = 0; t < all[i].size(); ++t) {
          const double term = all[i][t];
          if (term == 0) continue;  // where a bound may be
          Terms terms = all;
          terms[i][t] = term + kStep;
          const double above = reduced(reduction_, terms).value;
          terms[i][t] = term - kStep;
          const double expected = (above - reduced(reduction_, terms).value) / (2 * kStep);
          const double got = reduction_.per_anchor || reduction_.keeps(term) ? here.slopes[i] : 0;
          if (!(std::abs(got - expected) <= 1e-6))
            return fmt::format("it is {} for a term of {}; finite differences give {}", got, term,
                               expected);
        }
      return "";
    });
  }

 private:
  Reduction reduction_;
};

class ReducerLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<ReducerLaws>& is) {
    is.summary("the laws of reducers");
    is.source("the promises of metriclab/deep/reducer.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "reducer") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(ReducerLaws, "reducer");

}  // namespace
