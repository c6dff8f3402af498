// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <metriclab/evaluation/evaluator.hpp>
#include <vector>

namespace metriclab {

/// What stands for several embeddings, (1 × d) of (n × d): their mean; under poincare, where a sum
/// means nothing, the Einstein midpoint
///
///     s / (w + √(w² − ‖s‖²)),  s = Σ λ_i x_i,  w = Σ (λ_i − 1),  λ_i = 2/(1 − ‖x_i‖²)
///
/// which is the mean on the hyperboloid, and the point whose arguments of arcosh to all x_i have
/// the least sum (Khrulkov, Mirvakhabova, Ustinova, Oseledets, Lempitsky. Hyperbolic image
/// embeddings. CVPR 2020, section 4; Law, Liao, Snell, Zemel. Lorentzian distance learning for
/// hyperbolic representations. ICML 2019). n ≥ 1.
Matrix mean_of(const Matrix& rows, Distance distance);

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
