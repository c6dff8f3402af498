// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/roc.hpp>
#include <set>

namespace {

using namespace metriclab;

struct Scores {
  std::vector<double> positives, negatives;
};

/// `steps`: how fine the scores are; few steps tie.
Scores drawn(Random& random, std::int64_t positives, std::int64_t negatives, double steps) {
  Scores is;
  for (std::int64_t i = 0; i < positives; ++i)
    is.positives.push_back(std::round((random.normal() - 1) * steps) / steps);
  for (std::int64_t i = 0; i < negatives; ++i)
    is.negatives.push_back(std::round(random.normal() * steps) / steps);
  return is;
}

Scores any(Random& random) {
  return drawn(random, *rc::gen::inRange<std::int64_t>(1, 40),
               *rc::gen::inRange<std::int64_t>(1, 40), *rc::gen::element(1.0, 4.0, 1e6));
}

double part_within(const std::vector<double>& scores, double threshold) {
  const auto within =
      std::count_if(scores.begin(), scores.end(), [&](double s) { return s <= threshold; });
  return static_cast<double>(within) / static_cast<double>(scores.size());
}

TEST_CASE("the numbers of a ROC are what trying every threshold gives") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Scores is = any(random);
    const Roc roc(is.positives, is.negatives);
    double nearer = 0;
    for (double p : is.positives)
      for (double n : is.negatives) nearer += p < n ? 1 : p == n ? 0.5 : 0;
    const auto pairs = static_cast<double>(is.positives.size() * is.negatives.size());
    RC_ASSERT(std::abs(roc.area() - nearer / pairs) < 1e-12);

    std::set<double> thresholds(is.positives.begin(), is.positives.end());
    thresholds.insert(is.negatives.begin(), is.negatives.end());
    const auto p = static_cast<double>(is.positives.size()),
               n = static_cast<double>(is.negatives.size());
    double precisions = 0, before = 0, best = n / (p + n), tpr_at = 0, fpr_at = 2;
    double last_tpr = 0, last_fpr = 0, eer = -1;
    for (double threshold : thresholds) {
      const double tpr = part_within(is.positives, threshold),
                   fpr = part_within(is.negatives, threshold);
      precisions += (tpr - before) * (tpr * p / (tpr * p + fpr * n));
      before = tpr;
      best = std::max(best, (tpr * p + (1 - fpr) * n) / (p + n));
      if (fpr <= 0.2) tpr_at = std::max(tpr_at, tpr);
      if (tpr >= 0.8) fpr_at = std::min(fpr_at, fpr);
      // Where the segment crosses TPR + FPR = 1.
      if (eer < 0 && tpr + fpr >= 1) {
        const double part = (1 - last_tpr - last_fpr) / (tpr + fpr - last_tpr - last_fpr);
        eer = last_fpr + part * (fpr - last_fpr);
      }
      last_tpr = tpr;
      last_fpr = fpr;
    }
    RC_ASSERT(std::abs(roc.average_precision() - precisions) < 1e-12);
    RC_ASSERT(std::abs(roc.best_accuracy(p, n) - best) < 1e-12);
    RC_ASSERT(roc.greatest_tpr(0.2) == tpr_at);
    RC_ASSERT(roc.least_fpr(0.8) == fpr_at);
    RC_ASSERT(std::abs(roc.equal_error_rate() - eer) < 1e-12);
    RC_ASSERT(roc.greatest_tpr(1) == 1);
    RC_ASSERT(roc.least_fpr(0) == 0);
  }));
}

TEST_CASE("a strictly rising transformation of scores changes nothing") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Scores is = any(random);
    Scores other = is;
    for (auto* scores : {&other.positives, &other.negatives})
      for (double& score : *scores) score = std::atan(score) * 3 + 100;
    const Roc a(is.positives, is.negatives), b(other.positives, other.negatives);
    RC_ASSERT(a.area() == b.area());
    RC_ASSERT(a.average_precision() == b.average_precision());
    RC_ASSERT(a.equal_error_rate() == b.equal_error_rate());
    RC_ASSERT(a.curve("roc", "").values == b.curve("roc", "").values);
  }));
}

TEST_CASE("scores turned round and swapped have the same area and equal error rate") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Scores is = any(random);
    Scores turned{.positives = is.negatives, .negatives = is.positives};
    for (auto* scores : {&turned.positives, &turned.negatives})
      for (double& score : *scores) score = -score;
    const Roc a(is.positives, is.negatives), b(turned.positives, turned.negatives);
    RC_ASSERT(std::abs(a.area() - b.area()) < 1e-12);
    RC_ASSERT(std::abs(a.equal_error_rate() - b.equal_error_rate()) < 1e-12);
  }));
}

double area_under(const Curve& curve) {
  double area = 0;
  for (std::size_t i = 1; i < curve.at.size(); ++i)
    area += (curve.at[i] - curve.at[i - 1]) * (curve.values[i] + curve.values[i - 1]) / 2;
  return area;
}

TEST_CASE("a curve has corners only, and they say all") {
  // Accepted: 1 positive, 2 more, a negative, another, a tie of one each, a positive.
  const Curve curve = Roc({1, 2, 3, 6, 7}, {4, 5, 6}).curve("roc", "false accept rate");
  CHECK(curve.name == "roc");
  CHECK(curve.unit == "false accept rate");
  CHECK(curve.at == std::vector<double>{0, 0, 2.0 / 3, 1, 1});
  CHECK(curve.values == std::vector<double>{0, 3.0 / 5, 3.0 / 5, 4.0 / 5, 1});
  const Curve det = detection_error_tradeoff(curve, "det");
  CHECK(det.name == "det");
  CHECK(det.at == curve.at);
  CHECK(det.values == std::vector<double>{1, 1 - 3.0 / 5, 1 - 3.0 / 5, 1 - 4.0 / 5, 0});
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Scores is = any(random);
    const Roc roc(is.positives, is.negatives);
    RC_ASSERT(std::abs(area_under(roc.curve("roc", "")) - roc.area()) < 1e-12);
  }));
}

TEST_CASE("a long curve is thinned, in log FPR and log misses") {
  Random random(3);
  const Scores is = drawn(random, 20000, 100000, 1e9);
  const Roc roc(is.positives, is.negatives);
  const Curve curve = roc.curve("roc", "");
  CHECK(curve.at.size() <= 404);
  CHECK(curve.at.size() > 200);
  CHECK(curve.at.front() == 0);
  CHECK(curve.values.front() == 0);
  CHECK(curve.at.back() == 1);
  CHECK(curve.values.back() == 1);
  CHECK(std::abs(area_under(curve) - roc.area()) < 1e-3);
  // A kept point is on the curve, and what the curve reaches with FPR ≤ F is reached in it with
  // FPR below F by one step at most.
  const double step = std::log(1e5) / 200;
  for (double fpr : {0.0, 2e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5}) {
    CAPTURE(fpr);
    double below = 0, within = 0;
    for (std::size_t i = 0; i < curve.at.size(); ++i) {
      CHECK(curve.values[i] <= roc.greatest_tpr(curve.at[i]));
      if (curve.at[i] <= fpr) within = curve.values[i];
    }
    below = roc.greatest_tpr(fpr * std::exp(-2 * step));
    CHECK(within <= roc.greatest_tpr(fpr));
    CHECK(within >= below);
  }
}

}  // namespace
