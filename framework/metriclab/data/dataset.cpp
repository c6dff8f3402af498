// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <metriclab/data/dataset.hpp>

namespace metriclab {
namespace fs = std::filesystem;

namespace {

/// The tuples of which every example was chosen, by the examples' new numbers (the first, where one
/// was chosen twice).
template <class Tuple>
void keep_chosen(const std::vector<Tuple>& tuples, const Indices& place, std::vector<Tuple>& kept) {
  for (Tuple tuple : tuples) {
    bool all = true;
    for (std::int64_t& i : tuple) all = (i = place[static_cast<std::size_t>(i)]) >= 0 && all;
    if (all) kept.push_back(tuple);
  }
}

Constraints subset_of(const Constraints& all, const Indices& indices, std::int64_t n) {
  Constraints part;
  if (!all.chunks.empty())
    for (std::int64_t i : indices) part.chunks.push_back(all.chunks[static_cast<std::size_t>(i)]);
  if (all.pairs.empty() && all.ratings.empty() && all.triplets.empty() && all.quadruplets.empty())
    return part;
  Indices place(static_cast<std::size_t>(n), -1);
  for (std::size_t i = indices.size(); i-- > 0;)
    place[static_cast<std::size_t>(indices[i])] = static_cast<std::int64_t>(i);
  for (const LabelledPair& pair : all.pairs) {
    const std::int64_t first = place[static_cast<std::size_t>(pair.first)];
    const std::int64_t second = place[static_cast<std::size_t>(pair.second)];
    if (first >= 0 && second >= 0) part.pairs.push_back({first, second, pair.similar});
  }
  for (const RatedPair& pair : all.ratings) {
    const std::int64_t first = place[static_cast<std::size_t>(pair.first)];
    const std::int64_t second = place[static_cast<std::size_t>(pair.second)];
    if (first >= 0 && second >= 0) part.ratings.push_back({first, second, pair.similarity});
  }
  keep_chosen(all.triplets, place, part.triplets);
  keep_chosen(all.quadruplets, place, part.quadruplets);
  return part;
}

}  // namespace

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
  part.ids = ids;
  part.feature_names = feature_names;
  for (const LabelColumn& column : columns) {
    LabelColumn& chosen = part.columns.emplace_back();
    chosen.name = column.name;
    chosen.classes = column.classes;
    chosen.values.reserve(indices.size());
    for (std::int64_t i : indices)
      chosen.values.push_back(column.values[static_cast<std::size_t>(i)]);
  }
  if (!targets.empty())
    for (std::int64_t i : indices) part.targets.push_back(targets[static_cast<std::size_t>(i)]);
  if (!label_sets.empty())
    for (std::int64_t i : indices)
      part.label_sets.push_back(label_sets[static_cast<std::size_t>(i)]);
  part.set_classes = set_classes;
  part.constraints = subset_of(constraints, indices, size());
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
  if (tried.size() > 1)
    message += ", nor \"" + tried.back().string() + "\"";
  else if (given.is_relative())
    message += ", and $METRICLAB_DATA, where it would be looked for next, is not set";
  throw Error(message);
}

Places Places::beside(const fs::path& spec_folder) {
  const char* data = std::getenv("METRICLAB_DATA");
  return {spec_folder, data != nullptr ? fs::path(data) : fs::path()};
}

}  // namespace metriclab
