// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/folded_accuracy.hpp>

#include "evaluate.hpp"
#include "parts.hpp"

namespace {

using namespace metriclab;

/// Pairs of these distances: of a point at 0 with points at them.
Embedded at_distances(const std::vector<double>& similar, const std::vector<double>& dissimilar) {
  const auto n = static_cast<std::int64_t>(similar.size() + dissimilar.size());
  Embedded part = with_pairs(MatrixF::Zero(n + 1, 1), {});
  std::int64_t at = 1;
  for (const auto* distances : {&similar, &dissimilar})
    for (double distance : *distances) {
      part.embeddings(at, 0) = static_cast<float>(distance);
      part.constraints.pairs.push_back({0, at++, distances == &similar});
    }
  return part;
}

const std::string kData = R"({"pairs": "data", "folds": 2})";

TEST_CASE("verification of given pairs, by hand") {
  // ROC: similar 1, 2, 6; dissimilar 3, 7.
  const auto found = evaluate("verification", at_distances({2, 6, 1}, {7, 3}), {}, kData);
  CHECK(found.at("roc_auc").value == doctest::Approx(5.0 / 6));
  CHECK(found.at("best_threshold_accuracy").value == doctest::Approx(4.0 / 5));
  // (0, 2/3) and (1/2, 2/3): FAR is 1 − TAR where FAR = 1/3.
  CHECK(found.at("eer").value == doctest::Approx(1.0 / 3));
  CHECK(found.at("tar_at_far_0.1").value == doctest::Approx(2.0 / 3));
  // Folds: similar {2}, {6, 1}; dissimilar {7}, {3}. From the second, 1 is accepted, and the
  // threshold 2 between 1 and 3 judges the first right: 2/2. From the first it is (2 + 7)/2: of the
  // second 1 is right, and 6 and 3 are wrong: 1/3.
  CHECK(found.at("accuracy").value == doctest::Approx((1 + 1.0 / 3) / 2));
  // Deviations ±1/3 around it: √(2/9 / (2·1)).
  CHECK(found.at("accuracy_error").value == doctest::Approx(1.0 / 3));
  CHECK(found.at("accuracy_error").better == Better::lower);
}

TEST_CASE("the folds of a list as LFW's are its own") {
  // Its file has, for each of ten folds, 300 similar pairs and then 300 dissimilar ones.
  const std::vector<std::int32_t> folds = folds_in_order(3000, 10);
  for (std::size_t i = 0; i < folds.size(); ++i)
    CHECK(folds[i] == static_cast<std::int32_t>(i / 300));
  // 5 in 3: 1, 2, 2. More folds than pairs: some are empty.
  CHECK(folds_in_order(5, 3) == std::vector<std::int32_t>{0, 1, 1, 2, 2});
  CHECK(folds_in_order(2, 4) == std::vector<std::int32_t>{1, 3});
}

/// The accuracy in one fold, by trying all thresholds between the others' distances.
double plain_accuracy(const VerificationPairs& pairs, const std::vector<std::int32_t>& similar,
                      const std::vector<std::int32_t>& dissimilar, std::int32_t fold) {
  const auto judged = [&](double threshold, bool inside) {
    double right = 0, all = 0;
    const auto add = [&](const PairDistances& kind, const std::vector<std::int32_t>& folds,
                         bool accept) {
      for (std::size_t i = 0; i < folds.size(); ++i) {
        if ((folds[i] == fold) != inside) continue;
        const double weight = kind.of / static_cast<double>(folds.size());
        all += weight;
        right += (kind.values[i] <= threshold) == accept ? weight : 0;
      }
    };
    add(pairs.similar, similar, true);
    add(pairs.dissimilar, dissimilar, false);
    return std::pair(right, all);
  };
  std::vector<double> others = {-1e300};
  for (std::size_t i = 0; i < similar.size(); ++i)
    if (similar[i] != fold) others.push_back(pairs.similar.values[i]);
  for (std::size_t i = 0; i < dissimilar.size(); ++i)
    if (dissimilar[i] != fold) others.push_back(pairs.dissimilar.values[i]);
  others.push_back(1e300);
  std::sort(others.begin(), others.end());
  double best = -1, threshold = 0;
  for (std::size_t i = 1; i < others.size(); ++i) {
    if (others[i] == others[i - 1]) continue;
    const double middle = (others[i] + others[i - 1]) / 2, right = judged(middle, false).first;
    if (right <= best + 1e-9) continue;
    best = right;
    threshold = middle;
  }
  const auto [right, all] = judged(threshold, true);
  return right / all;
}

TEST_CASE("accuracies over folds are what trying every threshold gives") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const double steps = *rc::gen::element(1.0, 8.0, 1e6);
    VerificationPairs pairs;
    for (auto* kind : {&pairs.similar, &pairs.dissimilar}) {
      const auto n = *rc::gen::inRange<std::size_t>(5, 30);
      for (std::size_t i = 0; i < n; ++i)
        kind->values.push_back(
            std::round(std::abs(random.normal() + (kind == &pairs.similar ? 1 : 2)) * steps) /
            steps);
      // Weights that are halves, so that equal sums are equal.
      kind->of = static_cast<double>(n) * static_cast<double>(1 + random.below(3)) / 2;
    }
    const auto folds = *rc::gen::inRange<std::int64_t>(2, 6);
    std::vector<std::int32_t> similar = folds_in_order(pairs.similar.values.size(), folds),
                              dissimilar = folds_in_order(pairs.dissimilar.values.size(), folds);
    random.shuffle(similar);
    const std::vector<double> found = fold_accuracies(pairs, similar, dissimilar, folds);
    RC_ASSERT(static_cast<std::int64_t>(found.size()) == folds);
    for (std::int64_t fold = 0; fold < folds; ++fold)
      RC_ASSERT(std::abs(found[static_cast<std::size_t>(fold)] -
                         plain_accuracy(pairs, similar, dissimilar,
                                        static_cast<std::int32_t>(fold))) < 1e-12);
  }));
}

TEST_CASE("verification: given pairs of all classes are the pairs by labels") {
  Random random(11);
  const MatrixF points = random_points(30, 3, random);
  std::vector<std::int32_t> labels;
  std::vector<LabelledPair> pairs;
  for (std::int32_t i = 0; i < 30; ++i) labels.push_back(i % 4);
  for (std::int64_t i = 0; i < 30; ++i)
    for (std::int64_t j = i + 1; j < 30; ++j) pairs.push_back({j, i, i % 4 == j % 4});
  const auto by_label = evaluate("verification", embedded(points, labels)),
             given =
                 evaluate("verification", with_pairs(points, pairs), {}, R"({"pairs": "data"})");
  for (const auto& [name, metric] : by_label) {
    if (name.starts_with("accuracy")) continue;  // folds are drawn for the first
    CAPTURE(name);
    CHECK(metric.value == given.at(name).value);
  }
  // Stochastic, with a fixed seed: some folds and others, of the same 435 pairs.
  CHECK(std::abs(by_label.at("accuracy").value - given.at("accuracy").value) < 0.02);
}

TEST_CASE("verification: accuracy under distances of one order, and a sample of pairs") {
  Random random(12);
  std::vector<std::int32_t> labels;
  MatrixF points = random_points(200, 3, random);
  for (std::int32_t i = 0; i < 200; ++i) {
    labels.push_back(i % 3);
    points(i, i % 3) += 2;
  }
  const Embedded test = embedded(points, labels);
  const auto all = evaluate("verification", test),
             some = evaluate("verification", test, {}, R"({"max_pairs": 4000})");
  // Accuracy is of all pairs, of which one in three is similar, though of the sample it is one
  // half. Stochastic, with a fixed seed: 4000 pairs, a deviation of below √(¼ / 2000) ≈ 0.011.
  CHECK(std::abs(all.at("accuracy").value - some.at("accuracy").value) < 0.045);
  CHECK(all.at("accuracy").value <= all.at("best_threshold_accuracy").value + 1e-12);
  // As far as the threshold can be told from as many: the best is near.
  CHECK(all.at("accuracy").value > all.at("best_threshold_accuracy").value - 0.01);
}

TEST_CASE("verification: curves") {
  const Embedded test = at_distances({2, 6, 1}, {7, 3});
  const std::vector<Curve> curves = curves_of("verification", test, {}, kData);
  REQUIRE(curves.size() == 2);
  CHECK(curves[0].name == "roc");
  CHECK(curves[0].at == std::vector<double>{0, 0, 0.5, 0.5, 1});
  CHECK(curves[0].values == std::vector<double>{0, 2.0 / 3, 2.0 / 3, 1, 1});
  CHECK(curves[1].name == "det");
  CHECK(curves[1].unit == "false accept rate");
  CHECK(curves[1].values == std::vector<double>{1, 1 - 2.0 / 3, 1 - 2.0 / 3, 0, 0});
  CHECK(curves_of("verification", at_distances({1}, {}), {}, kData).empty());
}

TEST_CASE("verification: odd pairs") {
  const auto reason = [](const Embedded& test, const std::string& name = "roc_auc") {
    return evaluate("verification", test, {}, kData).at(name).reason;
  };
  CHECK(reason(at_distances({1}, {})) == "the data set gives no dissimilar pair of test examples");
  CHECK(reason(at_distances({}, {1})) == "the data set gives no similar pair of test examples");
  CHECK(reason(with_pairs(MatrixF(0, 2), {})) ==
        "the data set gives no similar pair of test examples");
  CHECK(reason(at_distances({1}, {2})).empty());
  CHECK(reason(at_distances({1}, {2}), "accuracy") ==
        "2 folds take at least so many pairs of a kind, and there are 1; lower \"folds\"");
  // One similar pair for two folds: held out, nothing is to be accepted, and it is judged wrong.
  const auto lonely = evaluate("verification", at_distances({1}, {2.5, 3}), {}, kData);
  CHECK(lonely.at("accuracy").value == doctest::Approx((0.5 + 1) / 2));
  // Repeated pairs count as often; an example with itself is a pair like any other, at distance 0.
  const auto repeated = evaluate("verification", at_distances({1, 1, 3}, {2}), {}, kData);
  CHECK(repeated.at("roc_auc").value == doctest::Approx(2.0 / 3));
  const auto itself = evaluate(
      "verification", with_pairs(MatrixF{{1}, {4}}, {{0, 0, true}, {0, 1, false}}), {}, kData);
  CHECK(itself.at("roc_auc").value == 1);
  // With labels at hand, they aren't looked at; without pairs, they don't help.
  CHECK(reason(embedded(MatrixF{{0}, {1}, {2}}, {0, 0, 1})) ==
        "the data set gives no similar pair of test examples");
  CHECK_THROWS_WITH_AS(
      reason(with_pairs(MatrixF{{1}, {std::numeric_limits<float>::quiet_NaN()}}, {{0, 1, true}})),
      "test example 1 has the value nan in dimension 0; finite values are needed", Error);
}

}  // namespace
