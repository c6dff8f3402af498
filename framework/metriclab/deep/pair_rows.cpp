// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/index_select.h>

#include <algorithm>
#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/plugin/error.hpp>
#include <numeric>

namespace metriclab {
namespace {

/// The order that brings labels into ascending order, equal ones as they are.
std::vector<std::int64_t> order_of(const at::Tensor& labels) {
  const std::vector<std::int64_t> values = as_indices(labels);
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return values[static_cast<std::size_t>(a)] < values[static_cast<std::size_t>(b)];
  });
  return order;
}

at::Tensor selected(const at::Tensor& tensor, const at::Tensor& rows) {
  return tensor.defined() ? at::index_select(tensor, 0, rows.to(tensor.device())) : tensor;
}

}  // namespace

Batch rows_of(const Batch& batch, const at::Tensor& rows) {
  Batch result = batch;
  result.embeddings = selected(batch.embeddings, rows);
  for (at::Tensor* known :
       {&result.labels, &result.own, &result.examples, &result.targets, &result.label_sets})
    *known = selected(*known, rows);
  for (at::Tensor& column : result.columns) column = selected(column, rows);
  return result;
}

Batch grouped(const Batch& batch) {
  ClassOrder order;
  return grouped(batch, order);
}

Batch grouped(const Batch& batch, ClassOrder& order) {
  Batch result = batch;
  order.rows = order_of(batch.labels);
  if (!std::is_sorted(order.rows.begin(), order.rows.end()))
    result = rows_of(batch, index_tensor(order.rows));
  order.others = batch.has_reference() ? order_of(batch.reference_labels) : order.rows;
  if (!batch.has_reference() || std::is_sorted(order.others.begin(), order.others.end()))
    return result;
  const at::Tensor rows = index_tensor(order.others);
  result.reference = selected(batch.reference, rows);
  result.reference_labels = selected(batch.reference_labels, rows);
  if (!batch.own.defined()) return result;
  std::vector<std::int64_t> place(order.others.size()), own = as_indices(result.own);
  for (std::size_t k = 0; k < place.size(); ++k)
    place[static_cast<std::size_t>(order.others[k])] = static_cast<std::int64_t>(k);
  for (std::int64_t& row : own)
    if (row >= 0) row = place[static_cast<std::size_t>(row)];
  result.own = index_tensor(own);
  return result;
}

PairPlaces::PairPlaces(const Batch& batch, const Tuples& tuples)
    : labels_(as_indices(batch.labels)), n_others_(batch.others().size(0)) {
  if (tuples.form != Tuples::Form::all) {
    listed_.emplace(batch, tuples);
    return;
  }
  const std::vector<std::int64_t> others = as_indices(batch.other_labels());
  METRICLAB_CHECK(std::is_sorted(labels_.begin(), labels_.end()) &&
                      std::is_sorted(others.begin(), others.end()),
                  "pairs of a batch that is not grouped by class");
  if (batch.own.defined()) {
    own_ = as_indices(batch.own);
  } else {
    own_.assign(labels_.size(), -1);
    if (!batch.has_reference()) std::iota(own_.begin(), own_.end(), 0);
  }
  class_begin_.reserve(labels_.size());
  class_end_.reserve(labels_.size());
  std::int64_t begin = 0, end = 0;
  for (const std::int64_t label : labels_) {
    while (begin < n_others_ && others[static_cast<std::size_t>(begin)] < label) ++begin;
    end = std::max(begin, end);
    while (end < n_others_ && others[static_cast<std::size_t>(end)] == label) ++end;
    class_begin_.push_back(begin);
    class_end_.push_back(end);
  }
}

PairPlaces::Ranges PairPlaces::positive_ranges(std::int64_t anchor) const {
  const auto i = static_cast<std::size_t>(anchor);
  const std::int64_t own = own_[i], begin = class_begin_[i], end = class_end_[i];
  if (own < begin || own >= end) return {{begin, end}, {end, end}};
  return {{begin, own + 1}, {own, end}};
}

PairPlaces::Ranges PairPlaces::negative_ranges(std::int64_t anchor) const {
  const auto i = static_cast<std::size_t>(anchor);
  return {{0, class_end_[i]}, {class_begin_[i], n_others_}};
}

namespace {

std::int64_t column(const PairPlaces::Ranges& ranges, std::size_t k) {
  const auto at = ranges.begin[0] + static_cast<std::int64_t>(k);
  return at < ranges.end[0] ? at : at - ranges.end[0] + ranges.begin[1];
}

template <class T>
void copy_ranges(const PairPlaces::Ranges& ranges, const T* row, T* next) {
  for (int part = 0; part < 2; ++part)
    next = std::copy(row + ranges.begin[part], row + ranges.end[part], next);
}

template <class T>
void copy_list(std::span<const Index> list, const T* row, T* to) {
  for (std::size_t k = 0; k < list.size(); ++k) to[k] = row[list[k]];
}

template <class T>
void add_ranges(const PairPlaces::Ranges& ranges, const T* next, T* row) {
  for (int part = 0; part < 2; ++part)
    for (std::int64_t j = ranges.begin[part]; j < ranges.end[part]; ++j) row[j] += *next++;
}

template <class T>
void add_list(std::span<const Index> list, const T* from, T* row) {
  for (std::size_t k = 0; k < list.size(); ++k) row[list[k]] += from[k];
}

template <class T>
void store_ranges(const PairPlaces::Ranges& ranges, const std::vector<T>& from, T* row) {
  const T* next = from.data();
  for (int part = 0; part < 2; ++part) {
    const std::int64_t n = ranges.end[part] - ranges.begin[part];
    std::copy(next, next + n, row + ranges.begin[part]);
    next += n;
  }
}

}  // namespace

std::int64_t PairPlaces::positive(std::int64_t anchor, std::size_t k) const {
  return is_listed() ? positive_list(anchor)[k] : column(positive_ranges(anchor), k);
}

std::int64_t PairPlaces::negative(std::int64_t anchor, std::size_t k) const {
  return is_listed() ? negative_list(anchor)[k] : column(negative_ranges(anchor), k);
}

template <class T>
const PairRow<T>& PairRows<T>::load(std::int64_t anchor, const T* distances) {
  if (places_.is_listed()) {
    positives_.resize(places_.positive_list(anchor).size());
    negatives_.resize(places_.negative_list(anchor).size());
    copy_list(places_.positive_list(anchor), distances, positives_.data());
  } else {
    positives_.resize(static_cast<std::size_t>(places_.positive_ranges(anchor).size()));
    negatives_.resize(static_cast<std::size_t>(places_.negative_ranges(anchor).size()));
    copy_ranges(places_.positive_ranges(anchor), distances, positives_.data());
  }
  row_.anchor = anchor;
  negatives_of(distances, negatives_);
  positive_gradient_.assign(positives_.size(), T(0));
  negative_gradient_.assign(negatives_.size(), T(0));
  row_ = {anchor, positives_, negatives_, positive_gradient_, negative_gradient_};
  return row_;
}

template <class T>
void PairRows<T>::negatives_of(const T* distances, std::span<T> to) const {
  if (places_.is_listed())
    copy_list(places_.negative_list(row_.anchor), distances, to.data());
  else
    copy_ranges(places_.negative_ranges(row_.anchor), distances, to.data());
}

template <class T>
void PairRows<T>::add_to_negatives(std::span<const T> from, T* gradient) const {
  if (places_.is_listed())
    add_list(places_.negative_list(row_.anchor), from.data(), gradient);
  else
    add_ranges(places_.negative_ranges(row_.anchor), from.data(), gradient);
}

template <class T>
void PairRows<T>::add_to(T* gradient) const {
  if (places_.is_listed())
    add_list(places_.positive_list(row_.anchor), positive_gradient_.data(), gradient);
  else
    add_ranges(places_.positive_ranges(row_.anchor), positive_gradient_.data(), gradient);
  add_to_negatives(negative_gradient_, gradient);
}

template <class T>
void PairRows<T>::store(T* gradient) const {
  if (places_.is_listed()) {
    std::fill_n(gradient, places_.n_others(), T(0));
    add_to(gradient);
    return;
  }
  const auto positives = places_.positive_ranges(row_.anchor);
  store_ranges(positives, positive_gradient_, gradient);
  store_ranges(places_.negative_ranges(row_.anchor), negative_gradient_, gradient);
  // Between the two ranges of positives is the anchor itself.
  std::fill(gradient + positives.end[0], gradient + positives.begin[1], T(0));
}

template <class T>
void PairRows<T>::scale_positives(std::int64_t anchor, T factor, T* gradient) const {
  if (places_.is_listed()) {
    // A pair listed twice has its whole gradient in one cell.
    std::vector<Index> cells(places_.positive_list(anchor).begin(),
                             places_.positive_list(anchor).end());
    std::sort(cells.begin(), cells.end());
    cells.erase(std::unique(cells.begin(), cells.end()), cells.end());
    for (const Index cell : cells) gradient[cell] *= factor;
    return;
  }
  const auto ranges = places_.positive_ranges(anchor);
  for (int part = 0; part < 2; ++part)
    for (std::int64_t j = ranges.begin[part]; j < ranges.end[part]; ++j) gradient[j] *= factor;
}

template class PairRows<float>;
template class PairRows<double>;

}  // namespace metriclab
