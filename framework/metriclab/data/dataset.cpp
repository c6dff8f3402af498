// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/dataset.hpp>

#include <cstdlib>

namespace metriclab {
namespace fs = std::filesystem;

Dataset::~Dataset() = default;

const std::vector<std::int32_t>& Data::labels() const {
  METRICLAB_CHECK(!columns.empty(), "labels of a data set that has none");
  return columns.front().values;
}

std::int64_t Data::n_classes() const {
  return columns.empty() ? 0 : static_cast<std::int64_t>(columns.front().classes.size());
}

Data Data::subset(const Indices& indices) const {
  Data part;
  part.examples = examples.subset(indices);
  part.feature_names = feature_names;
  for (const LabelColumn& column : columns) {
    LabelColumn& chosen = part.columns.emplace_back();
    chosen.name = column.name;
    chosen.classes = column.classes;
    chosen.values.reserve(indices.size());
    for (std::int64_t i : indices) chosen.values.push_back(column.values[static_cast<std::size_t>(i)]);
  }
  if (!targets.empty())
    for (std::int64_t i : indices) part.targets.push_back(targets[static_cast<std::size_t>(i)]);
  return part;
}

fs::path Places::find(const std::string& name) const {
  const fs::path given(name);
  std::vector<fs::path> tried;
  if (given.is_absolute()) {
    tried = {given};
  } else {
    tried.push_back(spec.empty() ? given : spec / given);
    if (!data.empty()) tried.push_back(data / given);
  }
  std::error_code ignored;
  for (const fs::path& path : tried)
    if (fs::exists(path, ignored)) return path;
  std::string message = "there is no \"" + tried.front().string() + "\"";
  if (tried.size() > 1) message += ", nor \"" + tried.back().string() + "\"";
  else if (given.is_relative()) message += ", and $METRICLAB_DATA, where it would be looked for next, is not set";
  throw Error(message);
}

Places Places::beside(const fs::path& spec_folder) {
  const char* data = std::getenv("METRICLAB_DATA");
  return {spec_folder, data != nullptr ? fs::path(data) : fs::path()};
}

}  // namespace metriclab
