// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/deep/reducer.hpp>

namespace metriclab {

Reducer::~Reducer() = default;

TermSum::TermSum(const Reduction& reduction, const std::int64_t* labels, std::int64_t n)
    : reduction_(reduction), labels_(labels), n_(n) {}

TermSum::TermSum(const Reduction& reduction, const PairPlaces& places)
    : TermSum(reduction, places.labels().data(), places.n_anchors()) {}

namespace {

double class_weight(const Reduction& reduction, std::int64_t label) {
  if (label < 0 || label >= static_cast<std::int64_t>(reduction.class_weights.size()))
    throw Error(
        fmt::format("reducer \"class_weighted\" has {} weights, and a label is {}; give one weight "
                    "for each class",
                    reduction.class_weights.size(), label));
  return reduction.class_weights[static_cast<std::size_t>(label)];
}

}  // namespace

at::Tensor class_weights_of(const Reduction& reduction, const at::Tensor& labels) {
  at::Tensor weights = at::empty(labels.sizes(), at::kDouble);
  double* to = weights.data_ptr<double>();
  for (const std::int64_t label : as_indices(labels)) *to++ = class_weight(reduction, label);
  return weights;
}

double TermSum::weight(std::int64_t anchor) const {
  return reduction_.class_weights.empty() ? 1 : class_weight(reduction_, labels_[anchor]);
}

double TermSum::add(std::int64_t anchor, double sum, std::int64_t n_terms, std::int64_t n_kept) {
  if (n_terms == 0) return 0;
  const double w = weight(anchor);
  n_terms_ += n_terms;
  if (!reduction_.per_anchor) {
    n_kept_ += n_kept;
    sum_ += w * sum;
    return w;
  }
  const double mean = sum / static_cast<double>(n_terms);
  if (!reduction_.keeps(mean)) return 0;
  n_kept_ += 1;
  sum_ += w * mean;
  return w / static_cast<double>(n_terms);
}

double TermSum::scale() const {
  double n = 1;
  switch (reduction_.count) {
    case Reduction::Count::one:
      return 1;
    case Reduction::Count::kept:
      n = static_cast<double>(n_kept_);
      break;
    case Reduction::Count::given:
      if (stated_ >= 0) {
        n = stated_;
        break;
      }
      [[fallthrough]];
    case Reduction::Count::all:
      n = static_cast<double>(reduction_.per_anchor ? n_ : n_terms_);
      break;
  }
  return n > 0 ? 1 / n : 0;
}

}  // namespace metriclab
