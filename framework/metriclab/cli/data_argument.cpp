// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <metriclab/cli/data_argument.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

Data read_array(const std::filesystem::path& file) {
  NpyArray array = read_npy(file);
  if (array.shape.size() < 2)
    throw Error(
        fmt::format("{}: its shape is ({}); examples have two axes or more, (n, d) or (n, "
                    "shape of an example)",
                    file.string(), fmt::join(array.shape, ", ")));
  const Shape shape(array.shape.begin() + 1, array.shape.end());
  for (const std::int64_t size : array.shape)
    if (size == 0)
      throw Error(fmt::format("{}: its shape is ({}); there is nothing in it", file.string(),
                              fmt::join(array.shape, ", ")));
  Data data;
  data.examples = std::holds_alternative<std::vector<double>>(array.values)
                      ? Examples(shape, array.as_double())
                      : Examples(shape, array.as_float());
  check_finite(data.examples, file.string());
  return data;
}

}  // namespace

Data read_data(const std::string& argument, Registry& registry) {
  const Places places = Places::beside({});
  if (!argument.starts_with('{')) {
    if (argument.ends_with(".npy")) return read_array(places.find(argument));
    if (!registry.has("dataset", argument)) {
      std::error_code ignored;
      if (std::filesystem::exists(argument, ignored))
        throw Error(
            fmt::format("{}: is no .npy file; other files are read by a data set plugin, "
                        "such as '{{\"plugin\": \"csv\", \"path\": \"{}\"}}'",
                        argument, argument));
      throw Error(fmt::format("{}: is neither an .npy file nor a data set plugin{}", argument,
                              suggestion(argument, registry.names("dataset"))));
    }
  }
  try {
    const Value block = argument.starts_with('{') ? parse_json(argument) : Value(argument);
    return registry.make<Dataset>(block)->load(places);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", argument, error.what()));
  }
}

}  // namespace metriclab
