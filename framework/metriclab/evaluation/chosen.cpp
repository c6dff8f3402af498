// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/evaluation/chosen.hpp>
#include <metriclab/evaluation/members.hpp>
#include <numeric>

namespace metriclab {
namespace {

/// What is wrong with a parameter names it.
template <class F>
auto of_parameter(std::string_view parameter, F f) -> decltype(f()) {
  try {
    return f();
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", parameter, error.message()));
  }
}

}  // namespace

std::vector<std::int32_t> Chosen::labels() const {
  std::vector<std::int32_t> result;
  for (std::int64_t i : examples) result.push_back(part.labels()[static_cast<std::size_t>(i)]);
  return result;
}

const LabelColumn& column_of(const Embedded& part, std::string_view parameter,
                             std::string_view name) {
  return of_parameter(
      parameter, [&]() -> const LabelColumn& { return column_named(part, std::string(name)); });
}

Chosen choose(const Evaluation& input, std::string_view parameter, const std::string& which) {
  Chosen result{which == "train" ? input.train : input.test, {}};
  const std::int64_t n = result.part.embeddings.rows();
  if (which == "test" || which == "train") {
    result.examples.resize(static_cast<std::size_t>(n));
    std::iota(result.examples.begin(), result.examples.end(), 0);
    return result;
  }
  if (which.find('=') == std::string::npos)
    throw Error(
        fmt::format("{}: \"{}\" is neither \"test\" nor \"train\" nor \"column=class\", as "
                    "in \"camera=a\"",
                    parameter, which));
  if (n == 0 && input.test.columns.empty()) return result;
  result.examples = of_parameter(parameter, [&] { return members_of(input.test, which); });
  return result;
}

}  // namespace metriclab
