// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/figure.hpp>
#include <span>
#include <string>
#include <vector>

namespace metriclab {

/// A place on an axis; a small one has no label.
struct Tick {
  double value = 0;
  std::string label;
};

/// Where values are on an axis, and what is written there.
class FigureScale {
 public:
  /// Takes in all `values` that the scale has, save where the axis has limits of its own.
  FigureScale(const FigureAxis& axis, std::span<const double> values);

  /// Whether any value can be on such a scale at all: numbers; above 0 of logarithms; between 0 and
  /// 1 of normal deviates.
  static bool has(Scale scale, double value);

  /// From 0 at the low end to 1 at the high one; outside of that for what the limits leave out. Of
  /// a value that the scale has.
  double at(double value) const;
  /// Ascending, at most one label for each `spacing` of the axis' length; categories have one each.
  std::vector<Tick> ticks(double length, double spacing) const;
  bool empty() const { return empty_; }

 private:
  std::vector<Tick> linear_ticks(double most) const;
  std::vector<Tick> logarithmic_ticks(double most) const;
  std::vector<Tick> deviate_ticks(double most) const;

  Scale scale_;
  std::vector<std::string> categories_;
  bool empty_ = false;           // no value
  double first_ = 0, last_ = 1;  // of the transformed values
};

/// A number for people: four figures, and as few characters as they take.
std::string short_number(double value);

}  // namespace metriclab
