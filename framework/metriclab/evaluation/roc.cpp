// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/roc.hpp>

namespace metriclab {
namespace {

constexpr std::size_t kMostCorners = 400;
constexpr double kSteps = 200;

/// In which of the equal steps of log(count / total), from 1 / total to 1; −1 for none.
std::int64_t step_of(std::size_t count, std::size_t total) {
  if (count == 0) return -1;
  if (count == total) return static_cast<std::int64_t>(kSteps);
  return static_cast<std::int64_t>(kSteps * std::log(static_cast<double>(count)) /
                                   std::log(static_cast<double>(total)));
}

void sort_scores(std::vector<double>& scores) {
  METRICLAB_CHECK(!scores.empty(), "a ROC takes positives and negatives");
  for (double score : scores) METRICLAB_CHECK(!std::isnan(score), "a ROC of scores that are NaN");
  std::sort(scores.begin(), scores.end());
}

}  // namespace

Roc::Roc(std::vector<double> positives, std::vector<double> negatives)
    : positives_(std::move(positives)), negatives_(std::move(negatives)) {
  sort_scores(positives_);
  sort_scores(negatives_);
}

void Roc::sweep(const std::function<void(Point)>& visit) const {
  Point at;
  const auto passed = [&](const std::vector<double>& scores, std::size_t& count, double threshold) {
    while (count < scores.size() && scores[count] <= threshold) ++count;
  };
  while (at.positives < positives_.size() || at.negatives < negatives_.size()) {
    const double threshold = at.positives == positives_.size() ? negatives_[at.negatives]
                             : at.negatives == negatives_.size()
                                 ? positives_[at.positives]
                                 : std::min(positives_[at.positives], negatives_[at.negatives]);
    passed(positives_, at.positives, threshold);
    passed(negatives_, at.negatives, threshold);
    visit(at);
  }
}

double Roc::area() const {
  double area = 0;
  Point before;
  sweep([&](Point at) {
    area += (fpr(at) - fpr(before)) * (tpr(before) + tpr(at)) / 2;
    before = at;
  });
  return area;
}

double Roc::equal_error_rate() const {
  double rate = -1;
  Point before;
  sweep([&](Point at) {
    if (rate >= 0) return;
    const double above = 1 - tpr(before) - fpr(before), below = fpr(at) - (1 - tpr(at));
    if (below >= 0) rate = fpr(before) + (fpr(at) - fpr(before)) * above / (above + below);
    before = at;
  });
  return rate;
}

double Roc::average_precision() const {
  double sum = 0;
  Point before;
  sweep([&](Point at) {
    const double precision =
        static_cast<double>(at.positives) / static_cast<double>(at.positives + at.negatives);
    sum += static_cast<double>(at.positives - before.positives) * precision;
    before = at;
  });
  return sum / static_cast<double>(positives_.size());
}

double Roc::best_accuracy(double all_positives, double all_negatives) const {
  const double all = all_positives + all_negatives;
  double best = all_negatives / all;
  sweep([&](Point at) {
    best = std::max(best, (tpr(at) * all_positives + (1 - fpr(at)) * all_negatives) / all);
  });
  return best;
}

double Roc::greatest_tpr(double most) const {
  double greatest = 0;
  sweep([&](Point at) {
    if (fpr(at) <= most) greatest = tpr(at);
  });
  return greatest;
}

double Roc::least_fpr(double least) const {
  if (least <= 0) return 0;
  double found = -1;
  sweep([&](Point at) {
    if (found < 0 && tpr(at) >= least) found = fpr(at);
  });
  return found;
}

std::vector<Roc::Point> Roc::corners() const {
  std::vector<Point> corners = {Point{}};
  sweep([&](Point at) {
    // The last point is on the way from the one before it to this one, both steps being of one
    // kind only.
    if (corners.size() > 1) {
      const Point last = corners.back(), before = corners[corners.size() - 2];
      const bool rises = before.negatives == last.negatives && last.negatives == at.negatives;
      const bool runs = before.positives == last.positives && last.positives == at.positives;
      if (rises || runs) corners.pop_back();
    }
    corners.push_back(at);
  });
  return corners;
}

Curve Roc::curve(std::string name, std::string unit) const {
  const std::vector<Point> all = corners();
  Curve curve{.name = std::move(name), .unit = std::move(unit), .at = {}, .values = {}};
  const auto step_in_fpr = [&](Point at) { return step_of(at.negatives, negatives_.size()); };
  const auto step_in_misses = [&](Point at) {
    return step_of(positives_.size() - at.positives, positives_.size());
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool kept = all.size() <= kMostCorners || i == 0 || i + 1 == all.size() ||
                      step_in_fpr(all[i]) != step_in_fpr(all[i + 1]) ||
                      step_in_misses(all[i]) != step_in_misses(all[i - 1]);
    if (!kept) continue;
    curve.at.push_back(fpr(all[i]));
    curve.values.push_back(tpr(all[i]));
  }
  return curve;
}

Curve detection_error_tradeoff(const Curve& roc, std::string name) {
  Curve curve = roc;
  curve.name = std::move(name);
  for (double& value : curve.values) value = 1 - value;
  return curve;
}

}  // namespace metriclab
