// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/examples.hpp>

#include <functional>
#include <numeric>

namespace metriclab {
namespace {

std::int64_t product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace

Examples::Examples(Shape shape, std::vector<float> values)
    : shape_(std::move(shape)), dimension_(product(shape_)), values_(std::move(values)) {
  const auto count = static_cast<std::int64_t>(floats().size());
  METRICLAB_CHECK(dimension_ > 0 && count % dimension_ == 0, "examples that are not whole");
  size_ = count / dimension_;
}

Examples::Examples(Shape shape, std::vector<double> values)
    : shape_(std::move(shape)), dimension_(product(shape_)), values_(std::move(values)) {
  const auto count = static_cast<std::int64_t>(doubles().size());
  METRICLAB_CHECK(dimension_ > 0 && count % dimension_ == 0, "examples that are not whole");
  size_ = count / dimension_;
}

Matrix Examples::as_double() const {
  if (is_double()) return Eigen::Map<const Matrix>(doubles().data(), size_, dimension_);
  return Eigen::Map<const MatrixF>(floats().data(), size_, dimension_).cast<double>();
}

MatrixF Examples::as_float() const {
  if (is_double()) return Eigen::Map<const Matrix>(doubles().data(), size_, dimension_).cast<float>();
  return Eigen::Map<const MatrixF>(floats().data(), size_, dimension_);
}

Examples Examples::subset(const Indices& indices) const {
  return std::visit(
      [&](const auto& values) {
        std::remove_cvref_t<decltype(values)> chosen;
        chosen.reserve(indices.size() * static_cast<std::size_t>(dimension_));
        for (std::int64_t i : indices) {
          METRICLAB_CHECK(0 <= i && i < size_, "an example's index out of range");
          const auto begin = values.begin() + i * dimension_;
          chosen.insert(chosen.end(), begin, begin + dimension_);
        }
        return Examples(shape_, std::move(chosen));
      },
      values_);
}

}  // namespace metriclab
