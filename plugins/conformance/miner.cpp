// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <array>
#include <bit>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/plugin/conformance.hpp>
#include <set>

namespace {

using namespace metriclab;
using Labels = std::vector<std::int64_t>;
/// Anchor, positive or −1, negative or −1.
using Tuple = std::array<std::int64_t, 3>;

Labels mixed() { return {0, 1, 2, 0, 1, 0, 3, 2, 2, 0}; }

Batch batch_of(const Labels& labels, std::uint64_t seed, at::ScalarType type = at::kDouble) {
  return law_batch(labels, 4, seed, type);
}

/// How one list of a tuple's parts fails to be indices below `n`.
std::string bad_indices(const at::Tensor& indices, std::int64_t n, const char* what) {
  if (!indices.defined() || indices.dim() != 1 || indices.scalar_type() != at::kLong)
    return fmt::format("{} are no (T) tensor of int64", what);
  for (std::int64_t index : as_indices(indices))
    if (index < 0 || index >= n)
      return fmt::format("one of {} is {}, outside of 0 … {}", what, index, n - 1);
  return "";
}

/// How anchors and their partners fail to be pairs of one class, or of two.
std::string bad_pairs(const Batch& batch, const at::Tensor& anchors, const at::Tensor& partners,
                      bool same_class) {
  const char* what = same_class ? "positives" : "negatives";
  std::string failure = bad_indices(anchors, batch.embeddings.size(0), "the anchors");
  if (failure.empty()) failure = bad_indices(partners, batch.others().size(0), what);
  if (!failure.empty()) return failure;
  const Labels a = as_indices(anchors), b = as_indices(partners), labels = as_indices(batch.labels),
               others = as_indices(batch.other_labels());
  if (a.size() != b.size()) return fmt::format("{} anchors and {} {}", a.size(), b.size(), what);
  for (std::size_t t = 0; t < a.size(); ++t) {
    if (same_class && !batch.has_reference() && a[t] == b[t])
      return fmt::format("example {} is its own positive", a[t]);
    const std::int64_t label = labels[static_cast<std::size_t>(a[t])],
                       other = others[static_cast<std::size_t>(b[t])];
    if ((label == other) != same_class)
      return fmt::format("the {} of an anchor of class {} is of class {}",
                         same_class ? "positive" : "negative", label, other);
  }
  return "";
}

std::string bad_tuples(Batch batch, const Tuples& tuples) {
  if (tuples.form == Tuples::Form::all) return "";
  if (tuples.reference.defined()) {
    batch.reference = tuples.reference;
    batch.reference_labels = tuples.reference_labels;
  }
  const bool triplets = tuples.form == Tuples::Form::triplets;
  std::string failure =
      bad_pairs(batch, triplets ? tuples.anchor : tuples.positive_anchor, tuples.positive, true);
  return failure.empty() ? bad_pairs(batch, triplets ? tuples.anchor : tuples.negative_anchor,
                                     tuples.negative, false)
                         : failure;
}

/// The tuples as a set, with example i called `names[i]`; rows of a reference set that the miner
/// brought are called by their first coordinate.
std::set<Tuple> as_set(const Tuples& tuples, const Labels& names) {
  std::set<Tuple> result;
  auto name = [&](std::int64_t i) { return names[static_cast<std::size_t>(i)]; };
  auto other = [&](std::int64_t i) {
    return tuples.reference.defined()
               ? std::bit_cast<std::int64_t>(tuples.reference[i][0].item<double>())
               : name(i);
  };
  if (tuples.form == Tuples::Form::triplets) {
    const Labels a = as_indices(tuples.anchor), p = as_indices(tuples.positive),
                 q = as_indices(tuples.negative);
    for (std::size_t t = 0; t < a.size(); ++t)
      result.insert({name(a[t]), other(p[t]), other(q[t])});
  } else if (tuples.form == Tuples::Form::pairs) {
    const Labels a = as_indices(tuples.positive_anchor), p = as_indices(tuples.positive),
                 b = as_indices(tuples.negative_anchor), q = as_indices(tuples.negative);
    for (std::size_t t = 0; t < a.size(); ++t) result.insert({name(a[t]), other(p[t]), -1});
    for (std::size_t t = 0; t < b.size(); ++t) result.insert({name(b[t]), -1, other(q[t])});
  }
  return result;
}

Labels counted(std::int64_t n) {
  Labels result;
  for (std::int64_t i = 0; i < n; ++i) result.push_back(i);
  return result;
}

class Laws {
 public:
  Laws(const Value& resolved, Registry& registry) : resolved_(resolved), registry_(registry) {}

  Tuples mined(const Batch& batch, std::uint64_t seed = 1) const {
    Random random(seed, "conformance");
    const auto miner = registry_.make<Miner>(resolved_);
    const LossSetting setting = law_setting(8, 4);
    miner->prepare(setting);
    const auto n = static_cast<std::int64_t>(setting.labels.size());
    if (miner->wants_snapshot({}))
      miner->see({random_rows(n, 4, 40, at::kFloat), index_tensor(setting.labels)});
    return miner->mine(batch, random);
  }
  std::string bad_on(const Batch& batch) const { return bad_tuples(batch, mined(batch)); }

  void check(Checks& checks) const {
    const std::string right =
        ": indices in range, positives of the anchor's class and not the anchor, negatives not";
    const bool sound = checks.law("its tuples are of the batch" + right, [&]() -> std::string {
      Labels balanced;
      for (std::int64_t i = 0; i < 40; ++i) balanced.push_back(i / 4);
      for (const Batch& batch :
           {batch_of(mixed(), 41), batch_of(mixed(), 42, at::kFloat), batch_of(balanced, 43),
            batch_of({3, 1, 3, 1, 3}, 44), batch_of({0, 0, 0, 7, 7, 5}, 45)})
        if (std::string failure = bad_on(batch); !failure.empty()) return failure;
      return "";
    });
    if (!sound) return checks.rest_not_checked();
    checks.law("one class only", [&] { return bad_on(batch_of({1, 1, 1, 1}, 46)); });
    checks.law("all classes different", [&] { return bad_on(batch_of({0, 1, 2, 3}, 47)); });
    checks.law("a batch of one", [&] { return bad_on(batch_of({5}, 48)); });
    checks.law("an empty batch", [&] { return bad_on(batch_of({}, 49)); });
    checks.law("coinciding embeddings", [&] {
      Batch batch = batch_of(mixed(), 50);
      batch.embeddings.copy_(batch.embeddings.narrow(0, 0, 1).expand({10, 4}));
      return bad_on(batch);
    });
    checks.law("zero embeddings", [&] {
      Batch batch = batch_of(mixed(), 51);
      batch.embeddings.zero_();
      return bad_on(batch);
    });
    checks.law_or_error("with a reference set" + right, [&] {
      Batch batch = batch_of(mixed(), 52);
      batch.reference = random_rows(6, 4, 53);
      batch.reference_labels = index_tensor({0, 1, 1, 2, 5, 6});
      return bad_on(batch);
    });
    checks.law("the same batch and stream give the same tuples, in order", [&]() -> std::string {
      const Batch batch = batch_of(mixed(), 54);
      const Tuples a = mined(batch), b = mined(batch);
      if (a.form != b.form) return "another form";
      auto same = [](const at::Tensor& x, const at::Tensor& y) {
        return x.defined() == y.defined() && (!x.defined() || same_bytes(x, y));
      };
      return same(a.anchor, b.anchor) && same(a.positive, b.positive) &&
                     same(a.negative, b.negative) && same(a.positive_anchor, b.positive_anchor) &&
                     same(a.negative_anchor, b.negative_anchor)
                 ? ""
                 : "other tuples";
    });
    order(checks);
    checks.law("it leaves its inputs as they are", [&]() -> std::string {
      const Batch batch = batch_of(mixed(), 55);
      const at::Tensor embeddings = batch.embeddings.clone(), labels = batch.labels.clone();
      mined(batch);
      if (!same_bytes(batch.embeddings, embeddings)) return "it writes to the embeddings";
      return same_bytes(batch.labels, labels) ? "" : "it writes to the labels";
    });
  }

 private:
  void order(Checks& checks) const {
    const std::string what = "the order of the batch doesn't matter: the same tuples as a set";
    const std::vector<Batch> batches = {batch_of(mixed(), 56), batch_of({1, 0, 1, 0, 2, 2}, 57)};
    for (const Batch& batch : batches) {
      const Labels names = counted(batch.labels.size(0));
      if (as_set(mined(batch, 1), names) != as_set(mined(batch, 2), names))
        return checks.not_checked(what, "it draws at random");
    }
    checks.law(what, [&]() -> std::string {
      for (const Batch& batch : batches) {
        const std::int64_t n = batch.labels.size(0);
        const Labels order = Random(58, "order").permutation(n);
        const at::Tensor indices = index_tensor(order);
        const Batch shuffled = rows_of(batch, indices);
        const auto first = as_set(mined(batch), counted(n)),
                   second = as_set(mined(shuffled), order);
        if (first != second)
          return fmt::format("{} tuples become {}, or others", first.size(), second.size());
      }
      return "";
    });
  }

  const Value& resolved_;
  Registry& registry_;
};

class MinerLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<MinerLaws>& is) {
    is.summary("the laws of miners");
    is.source("the promises of metriclab/deep/miner.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "miner") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(MinerLaws, "miner");

}  // namespace
