// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <Eigen/Core>

#include <metriclab/plugin/eigen_abi.hpp>
#include <metriclab/plugin/plugin.hpp>

namespace metriclab {

/// Row-major throughout: a row is an example, and rows are contiguous.
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixF = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using Shape = std::vector<std::int64_t>;
using Indices = std::vector<std::int64_t>;

/// n examples of one shape: (d) for feature vectors, (channels, height, width) for images. Contiguous, in the
/// precision they were read with: float64 for tables, float32 for images. Copies share the values, which may lie in a
/// file that is mapped into memory and need not fit there.
class Examples {
 public:
  Examples() = default;
  Examples(Shape shape, std::vector<float> values);
  Examples(Shape shape, std::vector<double> values);
  /// Values that live as long as `owner` does.
  Examples(Shape shape, std::span<const float> values, std::shared_ptr<const void> owner);
  Examples(Shape shape, std::span<const double> values, std::shared_ptr<const void> owner);

  /// n.
  std::int64_t size() const { return size_; }
  /// The shape of one example.
  const Shape& shape() const { return shape_; }
  /// The number of values in one example: the product of its shape.
  std::int64_t dimension() const { return dimension_; }
  bool is_double() const { return std::holds_alternative<std::span<const double>>(values_); }

  /// (n × dimension), copied, in the precision asked for.
  Matrix as_double() const;
  MatrixF as_float() const;
  /// Examples begin … begin + count − 1, and those of these indices, (count × dimension), in double.
  Matrix rows(std::int64_t begin, std::int64_t count) const;
  Matrix rows(const Indices& indices) const;
  /// The values as held; `is_double()` tells which is there.
  std::span<const float> floats() const { return std::get<std::span<const float>>(values_); }
  std::span<const double> doubles() const { return std::get<std::span<const double>>(values_); }

  /// The examples of those indices, in that order; repeats are allowed. Successive ones share the values, others are
  /// copied.
  Examples subset(const Indices& indices) const;

 private:
  Shape shape_;
  std::int64_t size_ = 0;
  std::int64_t dimension_ = 0;
  std::shared_ptr<const void> owner_;
  std::variant<std::span<const double>, std::span<const float>> values_;
};

}  // namespace metriclab
