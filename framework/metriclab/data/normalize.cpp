// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <metriclab/data/normalize.hpp>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"none", "standard", "minmax", "unit"};

/// Consecutive values of an example that share their statistics: a channel's pixels, or a single
/// feature.
std::int64_t run_of(const Shape& shape) { return shape.size() == 3 ? shape[1] * shape[2] : 1; }

template <class F>
void for_each_value(std::size_t count, std::int64_t dimension, std::int64_t run, F visit) {
  const auto d = static_cast<std::size_t>(dimension), r = static_cast<std::size_t>(run);
  for (std::size_t example = 0; example < count; example += d)
    for (std::size_t i = 0; i < d; ++i) visit(example + i, i / r);
}

struct Statistics {
  std::vector<double> least, most, mean, deviation;
};

template <class T>
Statistics statistics_of(std::span<const T> values, std::int64_t dimension, std::int64_t run) {
  const auto groups = static_cast<std::size_t>(dimension / run);
  const double count = static_cast<double>(values.size()) / static_cast<double>(groups);
  Statistics is{std::vector<double>(groups, std::numeric_limits<double>::infinity()),
                std::vector<double>(groups, -std::numeric_limits<double>::infinity()),
                std::vector<double>(groups), std::vector<double>(groups)};
  for_each_value(values.size(), dimension, run, [&](std::size_t at, std::size_t group) {
    const auto value = static_cast<double>(values[at]);
    is.least[group] = std::min(is.least[group], value);
    is.most[group] = std::max(is.most[group], value);
    is.mean[group] += value;
  });
  for (double& mean : is.mean) mean /= count;
  for_each_value(values.size(), dimension, run, [&](std::size_t at, std::size_t group) {
    const double difference = static_cast<double>(values[at]) - is.mean[group];
    is.deviation[group] += difference * difference;
  });
  for (double& deviation : is.deviation) deviation = std::sqrt(deviation / count);
  return is;
}

template <class T>
Examples to_unit(std::span<const T> values, const Shape& shape, std::int64_t dimension) {
  std::vector<T> scaled(values.begin(), values.end());
  const auto d = static_cast<std::size_t>(dimension);
  for (std::size_t example = 0; example < scaled.size(); example += d) {
    double largest = 0, squares = 0;
    for (std::size_t i = 0; i < d; ++i)
      largest = std::max(largest, std::abs(static_cast<double>(scaled[example + i])));
    if (largest == 0) continue;
    // Squares of values far from 1 would leave the range of a double.
    for (std::size_t i = 0; i < d; ++i)
      squares += std::pow(static_cast<double>(scaled[example + i]) / largest, 2);
    const double root = std::sqrt(squares);
    for (std::size_t i = 0; i < d; ++i)
      scaled[example + i] =
          static_cast<T>(static_cast<double>(scaled[example + i]) / largest / root);
  }
  return Examples(shape, std::move(scaled));
}

std::vector<double> numbers_of(const Value& list) {
  std::vector<double> numbers;
  for (const Value& number : list.as_list()) numbers.push_back(number.as_number());
  return numbers;
}

}  // namespace

std::vector<std::string> normalization_names() { return {kNames.begin(), kNames.end()}; }

std::string_view to_string(Normalization kind) { return kNames.at(static_cast<std::size_t>(kind)); }

Normalization normalization_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<Normalization>(i);
  throw Error(fmt::format("there is no normalization \"{}\"{}", name,
                          suggestion(name, normalization_names())));
}

Normalizer Normalizer::fit(Normalization kind, const Examples& train) {
  Normalizer normalizer;
  normalizer.kind_ = kind;
  if (kind == Normalization::none || kind == Normalization::unit) return normalizer;
  if (train.size() == 0) throw Error("a normalization needs training examples, and there are none");
  normalizer.shape_ = train.shape();
  const std::int64_t run = run_of(train.shape());
  const Statistics is = train.is_double() ? statistics_of(train.doubles(), train.dimension(), run)
                                          : statistics_of(train.floats(), train.dimension(), run);
  const bool standard = kind == Normalization::standard;
  normalizer.shift_ = standard ? is.mean : is.least;
  for (std::size_t g = 0; g < is.least.size(); ++g) {
    // Asked of the values, since the deviation of a constant need not come out as exactly 0.
    const bool constant = is.least[g] == is.most[g];
    normalizer.scale_.push_back(constant   ? 0
                                : standard ? is.deviation[g]
                                           : is.most[g] - is.least[g]);
  }
  return normalizer;
}

Examples Normalizer::apply(const Examples& examples) const {
  if (kind_ == Normalization::none) return examples;
  if (kind_ == Normalization::unit)
    return examples.is_double()
               ? to_unit(examples.doubles(), examples.shape(), examples.dimension())
               : to_unit(examples.floats(), examples.shape(), examples.dimension());
  if (examples.shape() != shape_)
    throw Error(
        fmt::format("the normalization was fitted on examples of shape ({}), these have ({})",
                    fmt::join(shape_, ", "), fmt::join(examples.shape(), ", ")));
  auto scaled = [&](auto values) {
    using T = typename decltype(values)::value_type;
    std::vector<T> result(values.begin(), values.end());
    for_each_value(result.size(), examples.dimension(), run_of(shape_),
                   [&](std::size_t at, std::size_t group) {
                     result[at] =
                         scale_[group] == 0
                             ? T{0}
                             : static_cast<T>((static_cast<double>(result[at]) - shift_[group]) /
                                              scale_[group]);
                   });
    return Examples(shape_, std::move(result));
  };
  if (examples.is_double())
    return scaled(std::vector<double>(examples.doubles().begin(), examples.doubles().end()));
  return scaled(std::vector<float>(examples.floats().begin(), examples.floats().end()));
}

Value Normalizer::to_value() const {
  auto list = [](const auto& numbers) {
    Value::List values(numbers.begin(), numbers.end());
    return Value(std::move(values));
  };
  Value value = Value::object();
  value.set("normalization", std::string(to_string(kind_)));
  value.set("shape", list(shape_));
  value.set("shift", list(shift_));
  value.set("scale", list(scale_));
  return value;
}

Normalizer Normalizer::from_value(const Value& value) {
  Normalizer normalizer;
  normalizer.kind_ = normalization_from_string(value.at("normalization").as_string());
  for (const Value& size : value.at("shape").as_list())
    normalizer.shape_.push_back(size.as_integer());
  normalizer.shift_ = numbers_of(value.at("shift"));
  normalizer.scale_ = numbers_of(value.at("scale"));
  return normalizer;
}

}  // namespace metriclab
