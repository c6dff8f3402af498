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
  for (std::size_t i = 0; i < indices.size(); ++i)
    chosen.row(static_cast<Eigen::Index>(i)) = rows(indices[i], 1);
  return chosen;
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
