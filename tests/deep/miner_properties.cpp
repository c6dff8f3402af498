// SPDX-License-Identifier: BSD-3-Clause
// What holds for every miner there is.
#include <metriclab/deep/anchors.hpp>
#include <set>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

void check_labels(const Batch& batch, const Tuples& tuples) {
  const std::vector<std::int64_t> labels = as_indices(batch.labels),
                                  others = as_indices(batch.other_labels());
  auto check_list = [&](const at::Tensor& anchors, const at::Tensor& partners, bool same_class) {
    const std::vector<std::int64_t> a = as_indices(anchors), b = as_indices(partners);
    REQUIRE(a.size() == b.size());
    bool right = true;
    for (std::size_t i = 0; i < a.size(); ++i) {
      right = right && (labels.at(static_cast<std::size_t>(a[i])) ==
                        others.at(static_cast<std::size_t>(b[i]))) == same_class;
      if (same_class && !batch.has_reference()) right = right && a[i] != b[i];
    }
    CHECK(right);
  };
  if (tuples.form == Tuples::Form::pairs) {
    check_list(tuples.positive_anchor, tuples.positive, true);
    check_list(tuples.negative_anchor, tuples.negative, false);
  } else if (tuples.form == Tuples::Form::triplets) {
    check_list(tuples.anchor, tuples.positive, true);
    check_list(tuples.anchor, tuples.negative, false);
  }
}

TEST_CASE("positives are of the anchor's class, negatives are not, whatever the batch") {
  const std::vector<std::vector<std::int64_t>> all_labels = {
      {0, 1, 2, 0, 1, 0, 3, 2, 2, 0}, {1, 1, 1, 1}, {0, 1, 2, 3}, {5}, {}};
  REQUIRE(registry().names("miner").size() >= 4);
  for (const std::string& name : registry().names("miner")) {
    CAPTURE(name);
    const auto miner = make_miner("\"" + name + "\"");
    for (const auto& labels : all_labels) {
      Batch batch = random_batch(labels, 4, 41);
      Random random(42);
      check_labels(batch, miner->mine(batch, random));
      const Batch reference = random_batch({0, 1, 1, 2, 5, 6}, 4, 43);
      batch.reference = reference.embeddings;
      batch.reference_labels = reference.labels;
      check_labels(batch, miner->mine(batch, random));
    }
  }
}

TEST_CASE("mining draws only from its stream") {
  const Batch batch = random_batch({0, 1, 2, 0, 1, 0, 3, 2, 2, 0}, 4, 44);
  for (const std::string& name : registry().names("miner")) {
    CAPTURE(name);
    const auto miner = make_miner("\"" + name + "\"");
    Random first(45), second(45);
    const Tuples a = miner->mine(batch, first), b = miner->mine(batch, second);
    if (a.form == Tuples::Form::triplets) CHECK(as_indices(a.negative) == as_indices(b.negative));
  }
}

TEST_CASE("semihard: the nearest of each positive pair's negatives beyond it") {
  const Batch batch{
      .embeddings = at::Tensor(random_batch({0, 0, 1, 1, 1}, 1, 1).embeddings)
                        .copy_(integers({0, 2, 3, 4, 1}).to(at::kDouble).unsqueeze(1)),
      .labels = integers({0, 0, 1, 1, 1})};
  Random random(1);
  const Tuples mined =
      make_miner(
          R"({"plugin": "semihard", "normalize_embeddings": false, "margin": 10, "nearest_negative": true})")
          ->mine(batch, random);
  std::set<std::vector<std::int64_t>> found;
  const auto a = as_indices(mined.anchor), p = as_indices(mined.positive),
             q = as_indices(mined.negative);
  for (std::size_t i = 0; i < a.size(); ++i) found.insert({a[i], p[i], q[i]});
  // On a line at 0, 2 | 3, 4, 1: from 0 the positive is at 2 and the nearest negative beyond it at
  // 3; and so on.
  CHECK(found.contains({0, 1, 2}));
  CHECK(found.contains({2, 3, 0}) ==
        true);  // from 3: positive at 1, negatives at 3 and 1 (not beyond): 0 is at 3
  CHECK_FALSE(found.contains({2, 3, 1}));
}

}  // namespace
