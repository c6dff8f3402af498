// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <metriclab/deep/trainable.hpp>
#include <vector>

namespace metriclab {

/// How the terms of a loss become one number, as data that a fused kernel can apply:
///
///     loss = (1 / N) Σ over terms with low < term < high of w(class of the term's anchor) · term
///
/// With `per_anchor`, the terms of each anchor are averaged first, and the formula runs over those
/// means, one for each anchor of the batch (0 for an anchor without terms).
struct Reduction {
  /// N.
  enum class Count {
    all,    // all the terms
    kept,   // those between low and high
    given,  // what the loss states (a number of proxies, say); all the terms for a loss that states
            // nothing
    one,
  };
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  std::vector<double> class_weights = {};  // by class; none: 1
  Count count = Count::all;
  bool per_anchor = false;

  bool keeps(double term) const { return term > low && term < high; }
};

/// Plugin kind "reducer": it says which Reduction.
class Reducer : public Component {
 public:
  static constexpr std::string_view kind = "reducer";
  static constexpr std::string_view abi = kTorchAbi;
  ~Reducer() override;

  virtual Reduction reduction() const = 0;
};

/// One group of a loss's terms (the positive pairs, say) on its way to one number. A kernel goes
/// through the anchors; for each it sums up the terms kept and counts them, tells `add`, and
/// multiplies those terms' gradients by what `add` returns and, in the end, by `scale()`. Sums are
/// in float64 whatever the embeddings are.
class TermSum {
 public:
  /// `labels` of the anchors, (n); both must outlive this.
  TermSum(const Reduction& reduction, const std::int64_t* labels, std::int64_t n);

  /// Whether a single term counts. With per_anchor all do at this level.
  bool keeps(double term) const { return reduction_.per_anchor || reduction_.keeps(term); }
  /// The same as the open interval (low, high).
  double low() const {
    return reduction_.per_anchor ? -std::numeric_limits<double>::infinity() : reduction_.low;
  }
  double high() const {
    return reduction_.per_anchor ? std::numeric_limits<double>::infinity() : reduction_.high;
  }
  /// The terms of one anchor: the sum over those kept, how many there are, and how many are kept.
  double add(std::int64_t anchor, double sum, std::int64_t n_terms, std::int64_t n_kept);
  /// For Count::given.
  void state_divisor(double divisor) { stated_ = divisor; }

  double scale() const;
  /// 0 with no terms.
  double value() const { return sum_ * scale(); }

 private:
  double weight(std::int64_t anchor) const;

  const Reduction& reduction_;
  const std::int64_t* labels_;
  std::int64_t n_;
  double sum_ = 0;
  double stated_ = -1;
  std::int64_t n_terms_ = 0, n_kept_ = 0;
};

}  // namespace metriclab
