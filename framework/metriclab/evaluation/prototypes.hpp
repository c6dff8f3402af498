// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <metriclab/evaluation/evaluator.hpp>
#include <vector>

namespace metriclab {

/// Points that stand for classes: (m × d), those of a class together, by rising label.
struct Prototypes {
  Matrix points;
  std::vector<std::int32_t> labels;  // (m)
  std::int64_t block_width = 0;      // of a class's block; for by_class
};

/// What stands for a class: at least one row, made of the rows of its examples.
using Represent = std::function<Matrix(const Matrix& rows, std::int32_t label)>;

/// The prototypes that `represent` makes of each class of `train`, in double.
///
/// For cosine it is given rows of length 1 (a row of zeros stays one), and a prototype shorter than
/// 1e-12, whose direction would be that of rounding errors, is made 0. For by_class it is given the
/// class's own block of its examples, and the rest of a prototype is 0. Throws Error where the
/// dimensions are no multiple of the classes then.
Prototypes prototypes_of(const Embedded& train, Distance distance, const Represent& represent);

/// The label of the prototype that is nearest to each test example; ties: the smallest label.
/// Memory: O(m) and some thousand examples in double, whatever n. Cost: one search.
std::vector<std::int32_t> nearest_prototypes(const Embedded& test, const Prototypes& prototypes,
                                             Distance distance);

}  // namespace metriclab
