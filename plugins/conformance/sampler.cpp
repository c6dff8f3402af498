// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/sampler.hpp>
#include <metriclab/deep/trainable.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;
using Labels = std::vector<std::int64_t>;
using Batches = std::vector<SampledBatch>;

/// `n_classes` of sizes 9 … 15, one more that is empty, mixed.
Labels labels_of(std::int64_t n_classes) {
  Labels labels;
  for (std::int64_t c = 0; c < n_classes; ++c)
    labels.insert(labels.end(), static_cast<std::size_t>(9 + c % 7), c < n_classes / 2 ? c : c + 1);
  Random(1, "labels").shuffle(labels);
  return labels;
}

class Laws {
 public:
  Laws(const Value& resolved, Registry& registry) : resolved_(resolved), registry_(registry) {}

  std::unique_ptr<Sampler> prepared(const Labels& labels) const {
    auto sampler = registry_.make<Sampler>(resolved_);
    sampler->prepare({.labels = labels});
    return sampler;
  }

  static std::string bad(const Batches& batches, std::size_t n) {
    if (batches.empty()) return "an epoch has no batch";
    for (const auto& batch : batches) {
      if (batch.examples.empty()) return "a batch is empty";
      for (std::int64_t index : batch.examples)
        if (index < 0 || index >= static_cast<std::int64_t>(n))
          return fmt::format("an index is {}, outside of 0 … {}", index, n - 1);
    }
    return "";
  }

  std::string bad_on(const Labels& labels) const {
    const auto sampler = prepared(labels);
    for (std::uint64_t epoch = 0; epoch < 3; ++epoch)
      if (std::string failure = bad(sampler->epoch(Random(2).child(epoch)), labels.size());
          !failure.empty())
        return failure;
    return "";
  }

  void check(Checks& checks) const {
    Labels labels = labels_of(20);
    const bool sound = checks.law("an epoch has batches, and these hold indices of examples",
                                  [&]() -> std::string {
                                    try {
                                      prepared(labels);
                                    } catch (const Error&) {
                                      labels = labels_of(500);  // it may want more classes than 20
                                    }
                                    return bad_on(labels);
                                  });
    if (!sound) return checks.rest_not_checked();
    checks.law("an epoch depends on its stream and the labels alone", [&]() -> std::string {
      const auto one = prepared(labels), other = prepared(labels);
      const Batches first = one->epoch(Random(3));
      one->epoch(Random(4));
      for (int i = 0; i < 2; ++i)
        if (one->epoch(Random(3)) != first) return "it depends on the epochs before";
      return other->epoch(Random(3)) == first ? "" : "another of its kind gives another";
    });
    for (const auto& [what, few] : std::initializer_list<std::pair<const char*, Labels>>{
             {"no example", {}},
             {"one example", {0}},
             {"two examples of one class", {0, 0}},
             {"two examples of two classes", {0, 1}},
             {"one example in each class", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
             {"one class of many", Labels(50, 3)}})
      checks.law_or_error(std::string(what) + ": batches, or an Error",
                          [&] { return bad_on(few); });
  }

 private:
  const Value& resolved_;
  Registry& registry_;
};

class SamplerLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<SamplerLaws>& is) {
    is.summary("the laws of samplers");
    is.source("the promises of metriclab/deep/sampler.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "sampler") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(SamplerLaws, "sampler");

}  // namespace
