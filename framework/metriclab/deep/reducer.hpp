// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <limits>
#include <metriclab/deep/row_math.hpp>
#include <metriclab/deep/trainable.hpp>
#include <optional>
#include <vector>

namespace metriclab {

class PairPlaces;

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

/// The weights of the classes of `labels`, (n) float64 in the CPU's memory. Throws Error where a
/// label has none.
at::Tensor class_weights_of(const Reduction& reduction, const at::Tensor& labels);

/// One group of a loss's terms (the positive pairs, say) on its way to one number. A kernel goes
/// through the anchors; for each it sums up the terms kept and counts them, tells `add`, and
/// multiplies those terms' gradients by what `add` returns and, in the end, by `scale()`. Sums are
/// in float64 whatever the embeddings are.
class TermSum {
 public:
  /// `labels` of the anchors, (n); both must outlive this.
  TermSum(const Reduction& reduction, const std::int64_t* labels, std::int64_t n);
  /// Those of pairs.
  TermSum(const Reduction& reduction, const PairPlaces& places);

  /// Whether a single term counts. With per_anchor all do at this level.
  bool keeps(double term) const { return reduction_.per_anchor || reduction_.keeps(term); }
  /// The same as the open interval (low, high).
  double low() const {
    return reduction_.per_anchor ? -std::numeric_limits<double>::infinity() : reduction_.low;
  }
  double high() const {
    return reduction_.per_anchor ? std::numeric_limits<double>::infinity() : reduction_.high;
  }
  /// The same for kernels. (T is float or double; the nearest bound of T.)
  template <class T>
  Kept<T> kept() const {
    return {static_cast<T>(low()), static_cast<T>(high())};
  }
  /// The terms of one anchor: the sum over those kept, how many there are, and how many are kept.
  double add(std::int64_t anchor, double sum, std::int64_t n_terms, std::int64_t n_kept);
  double add(std::int64_t anchor, const KeptSum& is, std::size_t n_terms) {
    return add(anchor, is.sum, static_cast<std::int64_t>(n_terms), is.n_kept);
  }
  /// The like for an anchor of one term; 0 where it is not kept.
  double add_one(std::int64_t anchor, double term) {
    const bool kept = keeps(term);
    const double factor = add(anchor, kept ? term : 0, 1, kept ? 1 : 0);
    return kept ? factor : 0;
  }
  /// What `add` is going to return for the anchor, where that doesn't depend on its terms.
  std::optional<double> known_factor(std::int64_t anchor) const {
    if (reduction_.per_anchor) return std::nullopt;
    return weight(anchor);
  }
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
