// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/examples.hpp>

#include <algorithm>
#include <functional>
#include <numeric>

namespace metriclab {
namespace {

std::int64_t product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t whole_examples(std::size_t values, std::int64_t dimension) {
  const auto count = static_cast<std::int64_t>(values);
  METRICLAB_CHECK(dimension > 0 && count % dimension == 0, "examples that are not whole");
  return count / dimension;
}

}  // namespace

Examples::Examples(Shape shape, std::span<const float> values, std::shared_ptr<const void> owner)
    : shape_(std::move(shape)), dimension_(product(shape_)), owner_(std::move(owner)), values_(values) {
  size_ = whole_examples(values.size(), dimension_);
}

Examples::Examples(Shape shape, std::span<const double> values, std::shared_ptr<const void> owner)
    : shape_(std::move(shape)), dimension_(product(shape_)), owner_(std::move(owner)), values_(values) {
  size_ = whole_examples(values.size(), dimension_);
}

namespace {

template <class T>
Examples owning(Shape shape, std::vector<T> values) {
  const auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  return Examples(std::move(shape), std::span<const T>(*owner), owner);
}

}  // namespace

Examples::Examples(Shape shape, std::vector<float> values) : Examples(owning(std::move(shape), std::move(values))) {}
Examples::Examples(Shape shape, std::vector<double> values) : Examples(owning(std::move(shape), std::move(values))) {}

Matrix Examples::as_double() const {
  if (is_double()) return Eigen::Map<const Matrix>(doubles().data(), size_, dimension_);
  return Eigen::Map<const MatrixF>(floats().data(), size_, dimension_).cast<double>();
}

MatrixF Examples::as_float() const {
  if (is_double()) return Eigen::Map<const Matrix>(doubles().data(), size_, dimension_).cast<float>();
  return Eigen::Map<const MatrixF>(floats().data(), size_, dimension_);
}

Matrix Examples::rows(std::int64_t begin, std::int64_t count) const {
  METRICLAB_CHECK(0 <= begin && 0 <= count && begin + count <= size_, "examples out of range");
  return std::visit(
      [&](const auto& values) -> Matrix {
        using Scalar = typename std::remove_cvref_t<decltype(values)>::value_type;
        using RowMajor = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
        return Eigen::Map<const RowMajor>(values.data() + begin * dimension_, count, dimension_)
            .template cast<double>();
      },
      values_);
}

Matrix Examples::rows(const Indices& indices) const {
  Matrix chosen(static_cast<Eigen::Index>(indices.size()), dimension_);
  std::visit(
      [&](const auto& values) {
        double* to = chosen.data();
        for (std::int64_t i : indices) {
          METRICLAB_CHECK(0 <= i && i < size_, "an example's index out of range");
          to = std::copy_n(values.data() + i * dimension_, dimension_, to);
        }
      },
      values_);
  return chosen;
}

Examples Examples::subset(const Indices& indices) const {
  bool successive = true;
  for (std::size_t k = 0; k < indices.size(); ++k) {
    METRICLAB_CHECK(0 <= indices[k] && indices[k] < size_, "an example's index out of range");
    successive = successive && indices[k] == indices[0] + static_cast<std::int64_t>(k);
  }
  const auto d = static_cast<std::size_t>(dimension_);
  return std::visit(
      [&](const auto& values) {
        if (successive && !indices.empty())
          return Examples(shape_, values.subspan(static_cast<std::size_t>(indices[0]) * d, indices.size() * d), owner_);
        std::vector<std::remove_const_t<typename std::remove_cvref_t<decltype(values)>::element_type>> chosen;
        chosen.reserve(indices.size() * d);
        for (std::int64_t i : indices) {
          const auto begin = values.begin() + i * dimension_;
          chosen.insert(chosen.end(), begin, begin + dimension_);
        }
        return Examples(shape_, std::move(chosen));
      },
      values_);
}

}  // namespace metriclab
