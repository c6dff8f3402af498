// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <metriclab/data/method.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// How well one number tells positives from negatives, an example being taken for a positive when
/// its score is at most a threshold: pairs by their distance; anomalies by their score negated.
///
/// With P positives and N negatives, at a threshold t: TPR, the part of the positives with a score
/// ≤ t (true accept rate, recall), and FPR, that of the negatives (false accept rate). Thresholds
/// are the scores that occur, and one below all; equal scores are accepted together.
///
///     area                ∫ TPR dFPR by trapezoids = P(p < n) + ½ P(p = n) over a positive's score
///                         p and a negative's n
///     equal_error_rate    FPR where it is 1 − TPR, on the straight line between neighbouring
///                         points of the curve
///     average_precision   Σ over thresholds of the gain in TPR times the precision there, which is
///                         the part of positives among what is accepted
///     best_accuracy       the greatest part judged right by a single threshold
///     greatest_tpr(F)     that of the thresholds with FPR ≤ F
///     least_fpr(T)        that of the thresholds with TPR ≥ T
///
/// Rates are compared as counts divided by P or N are, in double. None of these is changed by a
/// strictly rising transformation of the scores. Cost: O((P + N) log(P + N)) once to sort, O(P + N)
/// for each number; the scores are kept.
///
/// Fawcett. An introduction to ROC analysis. Pattern Recognition Letters 2006 (area: section 7).
class Roc {
 public:
  /// Neither may be empty nor hold a NaN.
  Roc(std::vector<double> positives, std::vector<double> negatives);

  double area() const;
  double equal_error_rate() const;
  double average_precision() const;
  /// Where there are so many positives and negatives in all, the scores being a sample of each.
  double best_accuracy(double all_positives, double all_negatives) const;
  double greatest_tpr(double fpr) const;
  double least_fpr(double tpr) const;

  /// The curve at its corners, from (0, 0) to (1, 1): `at` FPR, `values` TPR. Where there are more
  /// than 400 they are thinned out evenly in log FPR and log(1 − TPR), each from 1/N (1/P) to 1 in
  /// 200 equal steps, and a step of its own for 0: of a step of FPR the corner of the greatest TPR
  /// is kept, of a step of 1 − TPR that of the least FPR.
  Curve curve(std::string name, std::string unit) const;

 private:
  struct Point {
    std::size_t positives = 0, negatives = 0;  // accepted
  };
  /// Each threshold by rising score, behind the one below all.
  void sweep(const std::function<void(Point)>& visit) const;
  std::vector<Point> corners() const;
  double tpr(Point at) const {
    return static_cast<double>(at.positives) / static_cast<double>(positives_.size());
  }
  double fpr(Point at) const {
    return static_cast<double>(at.negatives) / static_cast<double>(negatives_.size());
  }

  std::vector<double> positives_, negatives_;  // rising
};

/// The detection error tradeoff curve of a ROC curve: the same `at`, and 1 − TPR, the part of the
/// positives that is missed (Martin, Doddington, Kamm, Ordowski, Przybocki. The DET curve in
/// assessment of detection task performance. Eurospeech 1997).
Curve detection_error_tradeoff(const Curve& roc, std::string name);

}  // namespace metriclab
