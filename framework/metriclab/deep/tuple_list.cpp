// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstdlib>
#include <metriclab/deep/tuple_list.hpp>
#include <new>
#include <utility>

namespace metriclab {

IndexList::~IndexList() { std::free(data_); }

std::int64_t* IndexList::room(std::int64_t n) {
  constexpr std::int64_t kLeastCapacity = 256;
  if (size_ + n > capacity_) {
    const std::int64_t capacity = std::max({2 * capacity_, size_ + n, kLeastCapacity});
    auto* data = static_cast<std::int64_t*>(
        std::realloc(data_, static_cast<std::size_t>(capacity) * sizeof(std::int64_t)));
    if (data == nullptr) throw std::bad_alloc();
    data_ = data;
    capacity_ = capacity;
  }
  return data_ + size_;
}

void IndexList::append(std::int64_t index, std::int64_t times) {
  std::fill_n(room(times), times, index);
  size_ += times;
}

at::Tensor IndexList::release() {
  const std::int64_t size = std::exchange(size_, 0);
  capacity_ = 0;
  std::int64_t* data = std::exchange(data_, nullptr);
  if (data == nullptr) return at::empty({0}, at::kLong);
  return at::from_blob(
      data, {size}, [](void* held) { std::free(held); }, at::kLong);
}

void TupleList::turn_to(Part& part, std::int64_t anchor) {
  if (anchor == part.anchor) return;
  part.anchor = anchor;
  const std::int64_t end = part.lists[0].size(), count = end - std::exchange(part.begin, end);
  if (!per_anchor_ || count <= *per_anchor_) return;
  const std::int64_t begin = end - count;
  part.begin = begin + *per_anchor_;
  for (std::int64_t i = begin; i < part.begin; ++i) {
    const std::int64_t drawn = i + random_.below(end - i);
    for (std::size_t l = 0; l < part.n_lists; ++l)
      std::swap(part.lists[l][i], part.lists[l][drawn]);
  }
  for (std::size_t l = 0; l < part.n_lists; ++l) part.lists[l].cut(part.begin);
}

void TupleList::add_triplet(std::int64_t anchor, std::int64_t positive, std::int64_t negative) {
  turn_to(triplets_, anchor);
  triplets_.lists[0].push_back(anchor);
  triplets_.lists[1].push_back(positive);
  triplets_.lists[2].push_back(negative);
}

void TupleList::add_positive(std::int64_t anchor, std::int64_t positive) {
  turn_to(positives_, anchor);
  positives_.lists[0].push_back(anchor);
  positives_.lists[1].push_back(positive);
}

void TupleList::add_negative(std::int64_t anchor, std::int64_t negative) {
  turn_to(negatives_, anchor);
  negatives_.lists[0].push_back(anchor);
  negatives_.lists[1].push_back(negative);
}

template <class T>
void TupleList::add_triplets(std::int64_t anchor, std::int64_t positive, std::span<const T> x,
                             T shift, Kept<T> kept, std::span<const std::int64_t> places) {
  turn_to(triplets_, anchor);
  std::int64_t* to = triplets_.lists[2].room(static_cast<std::int64_t>(x.size()));
  const std::int64_t count = select_places(x, shift, kept, places, to);
  triplets_.lists[2].take_in(count);
  triplets_.lists[0].append(anchor, count);
  triplets_.lists[1].append(positive, count);
}

template <class T>
void TupleList::add_pairs(Part& part, std::int64_t anchor, std::span<const T> x, Kept<T> kept,
                          std::span<const std::int64_t> places) {
  turn_to(part, anchor);
  std::int64_t* to = part.lists[1].room(static_cast<std::int64_t>(x.size()));
  const std::int64_t count = select_places(x, T(0), kept, places, to);
  part.lists[1].take_in(count);
  part.lists[0].append(anchor, count);
}

template <class T>
void TupleList::add_positives(std::int64_t anchor, std::span<const T> x, Kept<T> kept,
                              std::span<const std::int64_t> places) {
  add_pairs(positives_, anchor, x, kept, places);
}

template <class T>
void TupleList::add_negatives(std::int64_t anchor, std::span<const T> x, Kept<T> kept,
                              std::span<const std::int64_t> places) {
  add_pairs(negatives_, anchor, x, kept, places);
}

Tuples TupleList::triplets() {
  turn_to(triplets_, -1);
  triplets_.begin = 0;
  const at::Tensor anchor = triplets_.lists[0].release(), positive = triplets_.lists[1].release();
  return Tuples::triplets(anchor, positive, triplets_.lists[2].release());
}

Tuples TupleList::pairs() {
  for (Part* part : {&positives_, &negatives_}) {
    turn_to(*part, -1);
    part->begin = 0;
  }
  const at::Tensor positive_anchor = positives_.lists[0].release(),
                   positive = positives_.lists[1].release(),
                   negative_anchor = negatives_.lists[0].release();
  return Tuples::pairs(positive_anchor, positive, negative_anchor, negatives_.lists[1].release());
}

#define METRICLAB_EXPORT(T)                                                                \
  template void TupleList::add_triplets(std::int64_t, std::int64_t, std::span<const T>, T, \
                                        Kept<T>, std::span<const std::int64_t>);           \
  template void TupleList::add_positives(std::int64_t, std::span<const T>, Kept<T>,        \
                                         std::span<const std::int64_t>);                   \
  template void TupleList::add_negatives(std::int64_t, std::span<const T>, Kept<T>,        \
                                         std::span<const std::int64_t>);
METRICLAB_EXPORT(float)
METRICLAB_EXPORT(double)

}  // namespace metriclab
