// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/argsort.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/error.hpp>
#include <numeric>
#include <string_view>

namespace metriclab {

namespace {

/// In the CPU's memory, int64, the tensor itself where it is so.
at::Tensor here(const at::Tensor& tensor) { return tensor.to(at::kCPU, at::kLong).contiguous(); }

}  // namespace

std::vector<std::int64_t> as_indices(const at::Tensor& tensor) {
  const at::Tensor values = here(tensor);
  const std::int64_t* data = values.data_ptr<std::int64_t>();
  return {data, data + values.numel()};
}

at::Tensor index_tensor(const std::vector<std::int64_t>& indices) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(indices.size())}, at::kLong);
  if (!indices.empty())
    std::memcpy(tensor.data_ptr<std::int64_t>(), indices.data(),
                indices.size() * sizeof(std::int64_t));
  return tensor;
}

at::Tensor double_tensor(const std::vector<double>& values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.data_ptr<double>());
  return tensor;
}

std::span<const Index> AnchorPairs::Lists::of(std::int64_t list) const {
  const auto at = static_cast<std::size_t>(list);
  return std::span(items).subspan(static_cast<std::size_t>(starts[at]),
                                  static_cast<std::size_t>(starts[at + 1] - starts[at]));
}

AnchorPairs::Lists AnchorPairs::grouped(const at::Tensor& anchors, const at::Tensor& items,
                                        std::int64_t n, bool unique) {
  const std::vector<std::int64_t> anchor = as_indices(anchors), item = as_indices(items);
  Lists lists;
  std::vector<std::int64_t> next(static_cast<std::size_t>(n) + 1, 0);
  for (std::int64_t a : anchor) ++next[static_cast<std::size_t>(a) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  lists.starts = next;
  lists.items.resize(item.size());
  for (std::size_t i = 0; i < item.size(); ++i)
    lists.items[static_cast<std::size_t>(next[static_cast<std::size_t>(anchor[i])]++)] =
        static_cast<Index>(item[i]);
  if (!unique) return lists;
  Lists different;
  different.starts.push_back(0);
  for (std::int64_t a = 0; a < n; ++a) {
    const auto begin = lists.items.begin() + lists.starts[static_cast<std::size_t>(a)];
    const auto end = lists.items.begin() + lists.starts[static_cast<std::size_t>(a) + 1];
    std::sort(begin, end);
    different.items.insert(different.items.end(), begin, std::unique(begin, end));
    different.starts.push_back(static_cast<std::int64_t>(different.items.size()));
  }
  return different;
}

AnchorPairs::AnchorPairs(const Batch& batch, const Tuples& tuples)
    : labels_(as_indices(batch.labels)),
      other_labels_(batch.has_reference() ? as_indices(batch.reference_labels) : labels_) {
  const std::int64_t n = n_anchors();
  negative_list_.resize(labels_.size());
  std::iota(negative_list_.begin(), negative_list_.end(), 0);
  if (tuples.form == Tuples::Form::pairs) {
    positives_ = grouped(tuples.positive_anchor, tuples.positive, n, false);
    negatives_ = grouped(tuples.negative_anchor, tuples.negative, n, false);
    return;
  }
  if (tuples.form == Tuples::Form::triplets) {
    positives_ = grouped(tuples.anchor, tuples.positive, n, true);
    negatives_ = grouped(tuples.anchor, tuples.negative, n, true);
    return;
  }
  std::vector<std::int64_t> classes = labels_;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  std::vector<std::vector<Index>> members(classes.size());
  negatives_.starts.push_back(0);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    for (std::size_t j = 0; j < other_labels_.size(); ++j)
      (other_labels_[j] == classes[c] ? members[c] : negatives_.items)
          .push_back(static_cast<Index>(j));
    negatives_.starts.push_back(static_cast<std::int64_t>(negatives_.items.size()));
  }
  std::vector<std::int64_t> own(labels_.size(), -1);
  if (batch.own.defined())
    own = as_indices(batch.own);
  else if (!batch.has_reference())
    std::iota(own.begin(), own.end(), 0);
  positives_.starts.push_back(0);
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    const auto c = std::lower_bound(classes.begin(), classes.end(), labels_[i]) - classes.begin();
    negative_list_[i] = c;
    for (Index j : members[static_cast<std::size_t>(c)])
      if (j != static_cast<Index>(own[i])) positives_.items.push_back(j);
    positives_.starts.push_back(static_cast<std::int64_t>(positives_.items.size()));
  }
}

std::span<const Index> AnchorPairs::positives(std::int64_t anchor) const {
  return positives_.of(anchor);
}

std::span<const Index> AnchorPairs::negatives(std::int64_t anchor) const {
  return negatives_.of(negative_list_[static_cast<std::size_t>(anchor)]);
}

AnchorTriplets::AnchorTriplets(const Batch& batch, const Tuples& tuples)
    : positive_(here(tuples.positive)),
      negative_(here(tuples.negative)),
      runs_(static_cast<std::size_t>(batch.labels.size(0))) {
  const at::Tensor anchors = here(tuples.anchor);
  if (find_runs(anchors)) return;
  const at::Tensor order = at::argsort(anchors, true, 0, false);
  positive_ = positive_.index_select(0, order);
  negative_ = negative_.index_select(0, order);
  find_runs(anchors.index_select(0, order));
}

/// False: some anchor has more than one.
bool AnchorTriplets::find_runs(const at::Tensor& anchors) {
  std::fill(runs_.begin(), runs_.end(), Run());
  const std::int64_t *anchor = anchors.data_ptr<std::int64_t>(), n = anchors.numel();
  for (std::int64_t begin = 0, end = 0; begin < n; begin = end) {
    while (end < n && anchor[end] == anchor[begin]) ++end;
    Run& run = runs_[static_cast<std::size_t>(anchor[begin])];
    if (run.size > 0) return false;
    run = {begin, end - begin};
  }
  return true;
}

AnchorTriplets::Range AnchorTriplets::of(std::int64_t anchor) const {
  const Run& run = runs_[static_cast<std::size_t>(anchor)];
  return {{positive_.data_ptr<std::int64_t>() + run.begin,
           negative_.data_ptr<std::int64_t>() + run.begin},
          static_cast<std::size_t>(run.size)};
}

namespace {

void check_side(const at::Tensor& embeddings, const at::Tensor& labels, std::string_view what) {
  if (embeddings.dim() != 2)
    throw Error(
        fmt::format("the {} have {} axes; they are (rows × dimensions)", what, embeddings.dim()));
  if (embeddings.scalar_type() != at::kFloat && embeddings.scalar_type() != at::kDouble)
    throw Error(fmt::format("the {} are neither float32 nor float64", what));
  if (!labels.defined() || labels.dim() != 1 || labels.size(0) != embeddings.size(0))
    throw Error(fmt::format("there are {} {} and {} labels for them; each needs one",
                            embeddings.size(0), what, labels.defined() ? labels.numel() : 0));
}

void check_side(const at::Tensor& indices, const at::Tensor& partners, std::int64_t size,
                std::string_view what) {
  if (!indices.defined() || !partners.defined() || indices.numel() != partners.numel())
    throw Error(fmt::format(
        "the lists of the tuples' {} differ in length; a tuple has one index in each", what));
  const at::Tensor values = here(indices);
  const std::int64_t* index = values.data_ptr<std::int64_t>();
  bool outside = false;
  for (std::int64_t t = 0; t < values.numel(); ++t)
    outside |= static_cast<std::uint64_t>(index[t]) >= static_cast<std::uint64_t>(size);
  if (!outside) return;
  while (*index >= 0 && *index < size) ++index;
  throw Error(fmt::format("a tuple's {} is {}, outside of 0 … {}", what, *index, size - 1));
}

}  // namespace

void check_batch(const Batch& batch) {
  check_side(batch.embeddings, batch.labels, "embeddings");
  if (!batch.has_reference()) return;
  check_side(batch.reference, batch.reference_labels, "reference embeddings");
  if (batch.own.defined() && batch.own.numel() != batch.embeddings.size(0))
    throw Error(fmt::format("there are {} embeddings and {} rows of their own in the reference set",
                            batch.embeddings.size(0), batch.own.numel()));
  if (batch.reference.size(1) != batch.embeddings.size(1))
    throw Error(fmt::format(
        "the embeddings have {} dimensions and the reference embeddings {}; the two must agree",
        batch.embeddings.size(1), batch.reference.size(1)));
}

void check_tuples(const Batch& batch, const Tuples& tuples) {
  const std::int64_t n = batch.embeddings.size(0), n_others = batch.others().size(0);
  if (tuples.form == Tuples::Form::pairs) {
    check_side(tuples.positive_anchor, tuples.positive, n, "anchor");
    check_side(tuples.positive, tuples.positive_anchor, n_others, "positive");
    check_side(tuples.negative_anchor, tuples.negative, n, "anchor");
    check_side(tuples.negative, tuples.negative_anchor, n_others, "negative");
  } else if (tuples.form == Tuples::Form::triplets) {
    check_side(tuples.anchor, tuples.positive, n, "anchor");
    check_side(tuples.positive, tuples.anchor, n_others, "positive");
    check_side(tuples.negative, tuples.anchor, n_others, "negative");
  }
}

}  // namespace metriclab
