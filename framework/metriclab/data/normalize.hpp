// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/examples.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// "none"; "standard": (x − mean) / deviation (n in the denominator); "minmax": (x − least) / (most
/// − least); "unit": each example to Euclidean length 1, whatever its shape (one of zeros stays).
/// "standard" and "minmax" take their statistics per feature; for images, of shape (C, H, W), per
/// channel. A feature that is constant in the training part becomes 0, in the test part too.
/// "minmax" does not clip: test values may leave [0, 1].
enum class Normalization { none, standard, minmax, unit };
std::vector<std::string> normalization_names();
std::string_view to_string(Normalization kind);
/// Throws Error listing the names when there is none such.
Normalization normalization_from_string(std::string_view name);

/// Fitted on the training part only, applied to both. Statistics are float64; examples keep their
/// precision.
class Normalizer {
 public:
  /// "none": examples come out as they are.
  Normalizer() = default;
  /// Throws Error when statistics are needed and `train` is empty.
  static Normalizer fit(Normalization kind, const Examples& train);
  /// Throws Error when the shape of an example is another than in `fit`.
  Examples apply(const Examples& examples) const;

  // For a saved model: what `to_value` gave comes back exactly.
  Value to_value() const;
  static Normalizer from_value(const Value& value);

 private:
  Normalization kind_ = Normalization::none;
  Shape shape_;
  std::vector<double> shift_,
      scale_;  // x → (x − shift) / scale, or 0 where scale is 0; by feature or by channel
};

}  // namespace metriclab
