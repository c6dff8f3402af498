// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace metriclab {

/// How two embeddings are compared, a query's x and a gallery example's y. The smaller the nearer,
/// for all of them:
///
///     cosine    1 − cos
///     dot       −x·y
///     bilinear  −x₁·y₂: the first half of x with the second half of y; it may be asymmetric
///     by_class  ‖x_c − y_c‖, where c is the class of y, known for the gallery of a classifier, and
///               an embedding is one block of equal width for each class of the data set
///     manhattan  Σ |x_t − y_t|
///     poincare  arcosh(1 + 2 ‖x − y‖² / ((1 − ‖x‖²)(1 − ‖y‖²))): hyperbolic, in the Poincaré ball;
///               all embeddings are shorter than 1
///     chi_squared  ½ Σ (x_t − y_t)²/(x_t + y_t), of histograms: no value is below 0; a bin that
///               is empty in both adds 0
enum class Distance {
  euclidean,
  squared_euclidean,
  cosine,
  dot,
  bilinear,
  by_class,
  chi_squared,
  manhattan,
  poincare,
};
std::string_view to_string(Distance distance);
/// Throws Error listing the names when there is none such.
Distance distance_from_string(std::string_view name);

}  // namespace metriclab
