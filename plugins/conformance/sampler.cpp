// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
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
    sampler->prepare(setting_of(labels));
    return sampler;
  }

  /// What there may be beside labels: super-classes of four classes each, and tuples.
  static SamplingSetting setting_of(const Labels& labels) {
    SamplingSetting setting{.labels = labels, .columns = {{}}, .column_names = {"quarter"}};
    for (const std::int64_t label : labels) setting.columns[0].push_back(label / 4);
    const auto n = static_cast<std::int64_t>(labels.size());
    for (std::int64_t i = 0; i + 2 < n; ++i) {
      const std::int64_t first = labels[static_cast<std::size_t>(i)];
      for (std::int64_t j = i + 1; j < std::min(n, i + 20); ++j)
        (labels[static_cast<std::size_t>(j)] == first ? setting.positive_pairs
                                                      : setting.negative_pairs)
            .push_back({i, j});
    }
    for (const auto& [a, p] : setting.positive_pairs)
      for (const auto& [b, q] : setting.negative_pairs)
        if (a == b && setting.triplets.size() < 500) setting.triplets.push_back({a, p, q});
    return setting;
  }

  /// An epoch, with the examples embedded where the sampler wants that.
  static Batches epoch(const Sampler& sampler, const Labels& labels, Random random) {
    if (!sampler.needs_embeddings()) return sampler.epoch(random);
    constexpr std::int64_t kDimensions = 4;
    std::vector<float> values;
    Random normal(5, "embeddings");
    for (std::size_t i = 0; i < labels.size() * kDimensions; ++i)
      values.push_back(static_cast<float>(normal.normal()));
    return sampler.epoch(random,
                         {values.data(), static_cast<std::int64_t>(labels.size()), kDimensions});
  }

  static std::string bad(const Batches& batches, const Labels& labels) {
    const std::size_t n = labels.size();
    if (batches.empty()) return "an epoch has no batch";
    for (const auto& batch : batches) {
      if (batch.examples.empty()) return "a batch is empty";
      for (std::int64_t index : batch.examples)
        if (index < 0 || index >= static_cast<std::int64_t>(n))
          return fmt::format("an index is {}, outside of 0 … {}", index, n - 1);
      if (std::string failure = bad_tuples(batch, labels); !failure.empty()) return failure;
    }
    return "";
  }

  static std::string bad_tuples(const SampledBatch& batch, const Labels& labels) {
    const auto size = static_cast<std::int64_t>(batch.examples.size());
    auto label = [&](std::int64_t place) {
      return labels[static_cast<std::size_t>(batch.examples[static_cast<std::size_t>(place)])];
    };
    auto check = [&](std::int64_t a, std::int64_t b, bool same_class) -> std::string {
      if (a < 0 || a >= size || b < 0 || b >= size)
        return fmt::format("a tuple points to {} and {}, outside of its batch's 0 … {}", a, b,
                           size - 1);
      if (a == b) return fmt::format("a tuple pairs {} with itself", a);
      if ((label(a) == label(b)) != same_class)
        return fmt::format("a {} pair has the classes {} and {}",
                           same_class ? "positive" : "negative", label(a), label(b));
      return "";
    };
    std::string failure;
    auto note = [&](const std::string& found) {
      if (failure.empty()) failure = found;
    };
    for (const auto& [a, p] : batch.positive_pairs) note(check(a, p, true));
    for (const auto& [a, n] : batch.negative_pairs) note(check(a, n, false));
    for (const auto& [a, p, n] : batch.triplets) {
      note(check(a, p, true));
      note(check(a, n, false));
    }
    if (!batch.triplets.empty() && (!batch.positive_pairs.empty() || !batch.negative_pairs.empty()))
      note("a batch has both triplets and pairs; losses take one sort");
    return failure;
  }

  std::string bad_on(const Labels& labels) const {
    const auto sampler = prepared(labels);
    for (std::uint64_t number = 0; number < 3; ++number)
      if (std::string failure = bad(epoch(*sampler, labels, Random(2).child(number)), labels);
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
      const Batches first = epoch(*one, labels, Random(3));
      epoch(*one, labels, Random(4));
      for (int i = 0; i < 2; ++i)
        if (epoch(*one, labels, Random(3)) != first) return "it depends on the epochs before";
      return epoch(*other, labels, Random(3)) == first ? "" : "another of its kind gives another";
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
