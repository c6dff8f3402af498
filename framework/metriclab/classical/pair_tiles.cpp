// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/classical/pair_tiles.hpp>
#include <metriclab/data/vector_math.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kMostKept = std::int64_t{512} << 20;  // bytes

template <class T>
[[gnu::always_inline]] inline void from_products(T* row, T norm, const T* norms,
                                                 std::int64_t count) {
  for (std::int64_t j = 0; j < count; ++j) {
    const T distance = norm + norms[j] - 2 * row[j];
    row[j] = distance > 0 ? distance : 0;
  }
}
METRICLAB_WIDE void to_distances(float* row, float norm, const float* norms, std::int64_t count) {
  from_products(row, norm, norms, count);
}
METRICLAB_WIDE void to_distances(double* row, double norm, const double* norms,
                                 std::int64_t count) {
  from_products(row, norm, norms, count);
}

}  // namespace

template <class T>
void PairTiles<T>::assign(const Matrix& Z) {
  Z_ = Z.cast<T>();
  const Vector norms = Z.rowwise().squaredNorm();
  norms_.assign(norms.begin(), norms.end());
  const std::int64_t per_side = (n() + kTile - 1) / kTile;
  kept_ = n() * n() / 2 * static_cast<std::int64_t>(sizeof(T)) <= kMostKept;
  tiles_.resize(kept_ ? static_cast<std::size_t>(per_side * (per_side + 1) / 2) : 1);
  known_.assign(tiles_.size(), false);
}

template <class T>
double PairTiles<T>::error() const {
  const double largest = *std::max_element(norms_.begin(), norms_.end());
  return std::sqrt(static_cast<double>(Z_.cols())) *
         static_cast<double>(std::numeric_limits<T>::epsilon()) / 2 * largest;
}

template <class T>
PairTile<T> PairTiles<T>::tile(std::int64_t top, std::int64_t left, std::size_t number) {
  PairTile<T> is{top, left, std::min(kTile, n() - top), std::min(kTile, n() - left), nullptr};
  RowMajor& values = tiles_[kept_ ? number : 0];
  if (!kept_ || !known_[number]) {
    if (kept_) known_[number] = true;
    values.resize(is.rows, is.columns);
    values.noalias() = Z_.middleRows(top, is.rows) * Z_.middleRows(left, is.columns).transpose();
    for (std::int64_t row = 0; row < is.rows; ++row) {
      to_distances(values.row(row).data(), norms_[static_cast<std::size_t>(top + row)],
                   norms_.data() + left, is.columns);
      if (top == left) std::fill_n(values.row(row).data(), row + 1, std::numeric_limits<T>::max());
    }
  }
  is.values = values.data();
  return is;
}

template class PairTiles<float>;
template class PairTiles<double>;

}  // namespace metriclab
