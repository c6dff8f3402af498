// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <metriclab/report/figure_scale.hpp>
#include <utility>

namespace metriclab {
namespace {

double transformed(Scale scale, double value) {
  if (scale == Scale::logarithmic) return std::log10(value);
  if (scale == Scale::normal_deviate)
    return boost::math::quantile(boost::math::normal_distribution<double>(), value);
  return value;
}

/// "−0.25": decimals as asked for, a minus as wide as a digit, no zero below zero.
std::string fixed(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  if (!text.starts_with('-')) return text;
  const bool zero = text.find_first_not_of("-0.") == std::string::npos;
  return (zero ? "" : "−") + text.substr(1);
}

std::string superscript(int exponent) {
  constexpr std::array<const char*, 10> kDigits = {"⁰", "¹", "²", "³", "⁴",
                                                   "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text;
  for (char c : fmt::format("{}", exponent)) text += c == '-' ? "⁻" : kDigits[c - '0'];
  return text;
}

/// digit·10^exponent, digit one of 1, 2 and 5.
std::string power_label(int digit, int exponent) {
  if (exponent >= -3 && exponent <= 4)
    return fixed(digit * std::pow(10.0, exponent), std::max(0, -exponent));
  const std::string power = "10" + superscript(exponent);
  return digit == 1 ? power : fmt::format("{}·{}", digit, power);
}

/// The least of 1, 2 and 5 times a power of ten that is not below `least`: digit and exponent.
std::pair<int, int> round_step(double least) {
  int exponent = static_cast<int>(std::floor(std::log10(least)));
  for (;; ++exponent)
    for (int digit : {1, 2, 5})
      // A step that differs by rounding alone is that step.
      if (digit * std::pow(10.0, exponent) >= least * (1 - 1e-9)) return {digit, exponent};
}

}  // namespace

FigureScale::FigureScale(const FigureAxis& axis, std::span<const double> values)
    : scale_(axis.scale), categories_(axis.categories) {
  if (scale_ == Scale::categories) {
    empty_ = categories_.empty();
    first_ = -0.5;
    last_ = std::max<double>(static_cast<double>(categories_.size()), 1) - 0.5;
    return;
  }
  bool any = false;
  for (double value : values) {
    if (!has(scale_, value)) continue;
    const double at = transformed(scale_, value);
    first_ = any ? std::min(first_, at) : at;
    last_ = any ? std::max(last_, at) : at;
    any = true;
  }
  empty_ = !any;
  if (any) {
    const double low = first_, high = last_;
    // Values that differ by rounding alone are one value, and have a tenth of it to either side.
    const bool apart = high - low > 1e-10 * std::max(std::abs(low), std::abs(high));
    const bool has_size = scale_ == Scale::linear && low != 0;
    const double room = apart ? 0.04 * (high - low) : has_size ? 0.1 * std::abs(low) : 0.5;
    first_ -= room;
    last_ += room;
    // Counts, losses and seconds are never below zero.
    if (scale_ == Scale::linear && low >= 0) first_ = std::max(first_, 0.0);
    if (scale_ == Scale::linear && high <= 0) last_ = std::min(last_, 0.0);
  }
  if (axis.low && has(scale_, *axis.low)) first_ = transformed(scale_, *axis.low);
  if (axis.high && has(scale_, *axis.high)) last_ = transformed(scale_, *axis.high);
  // Limits may be equal, or as near as that, too.
  const double size = std::max(std::abs(first_), std::abs(last_));
  if (!(last_ - first_ > 1e-10 * size)) last_ = first_ + std::max(1.0, 0.1 * size);
}

bool FigureScale::has(Scale scale, double value) {
  // Differences of what is greater would overflow.
  if (!(std::abs(value) < 1e300)) return false;
  if (scale == Scale::logarithmic) return value > 0;
  if (scale == Scale::normal_deviate) return value > 0 && value < 1;
  return true;
}

double FigureScale::at(double value) const {
  return (transformed(scale_, value) - first_) / (last_ - first_);
}

std::vector<Tick> FigureScale::ticks(double length, double spacing) const {
  const double most = std::max(2.0, length / spacing);
  switch (scale_) {
    case Scale::linear:
      return linear_ticks(most);
    case Scale::logarithmic:
      return logarithmic_ticks(most);
    case Scale::normal_deviate:
      return deviate_ticks(most);
    case Scale::categories:
      break;
  }
  std::vector<Tick> all;
  for (const std::string& name : categories_)
    all.push_back({static_cast<double>(all.size()), name});
  return all;
}

std::vector<Tick> FigureScale::linear_ticks(double most) const {
  const double low = scale_ == Scale::linear ? first_ : std::pow(10.0, first_);
  const double high = scale_ == Scale::linear ? last_ : std::pow(10.0, last_);
  const auto [digit, exponent] = round_step((high - low) / most);
  const double unit = std::pow(10.0, exponent);
  const double step = digit * unit;
  // Numbers of many digits are multiples of a power of ten.
  const double greatest = std::max(std::abs(low), std::abs(high));
  const bool plain = exponent >= -5 && greatest < 1e6;
  const int power = static_cast<int>(std::floor(std::log10(greatest)));
  std::vector<Tick> ticks;
  const double slack = 1e-9 * (high - low);
  const double from = std::ceil((low - slack) / step);
  for (double k = 0; (from + k) * step <= high + slack && k <= 2 * most; ++k) {
    const double value = (from + k) * step;
    std::string label = fixed(value, std::max(0, -exponent));
    if (!plain && value == 0) label = "0";
    if (!plain && value != 0)
      label = fmt::format("{}·10{}",
                          fixed(value / std::pow(10.0, power), std::max(0, power - exponent)),
                          superscript(power));
    ticks.push_back({value, std::move(label)});
  }
  return ticks;
}

std::vector<Tick> FigureScale::logarithmic_ticks(double most) const {
  const double decades = last_ - first_;
  // Below a decade its digits say little.
  if (decades < 0.7) return linear_ticks(most);
  const bool digits = decades * 3 <= most;
  const int every = std::max(1, static_cast<int>(std::ceil(decades / most)));
  std::vector<Tick> ticks;
  for (int exponent = static_cast<int>(std::floor(first_)); exponent <= last_; ++exponent)
    for (int digit = 1; digit <= 9; ++digit) {
      const double value = digit * std::pow(10.0, exponent), at = std::log10(value);
      if (at < first_ - 1e-9 || at > last_ + 1e-9) continue;
      const bool labelled =
          digit == 1 ? exponent % every == 0 : digits && (digit == 2 || digit == 5);
      if (labelled)
        ticks.push_back({value, power_label(digit, exponent)});
      else if (every == 1)
        ticks.push_back({value, ""});
    }
  return ticks;
}

std::vector<Tick> FigureScale::deviate_ticks(double most) const {
  // Those of the DET curves of NIST's evaluations, and their complements.
  constexpr std::array<double, 22> kRates = {1e-5, 1e-4, 1e-3, 2e-3, 5e-3,  0.01,  0.02, 0.05,
                                             0.1,  0.2,  0.3,  0.4,  0.5,   0.6,   0.7,  0.8,
                                             0.9,  0.95, 0.98, 0.99, 0.999, 0.9999};
  std::vector<Tick> ticks;
  double free = -1;
  for (double rate : kRates) {
    const double place = at(rate);
    if (place < -1e-9 || place > 1 + 1e-9) continue;
    const bool fits = place >= free;
    ticks.push_back({rate, fits ? fmt::format("{}%", short_number(rate * 100)) : ""});
    if (fits) free = place + 1 / most;
  }
  return ticks;
}

std::string short_number(double value) {
  std::string text = fmt::format("{:.4g}", value);
  return text.starts_with('-') ? "−" + text.substr(1) : text;
}

}  // namespace metriclab
