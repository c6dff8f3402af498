// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <metriclab/data/laws.hpp>
#include <set>

namespace metriclab {
namespace {

std::string bad_examples(const Data& data) {
  if (data.size() < 1) return "there are none";
  const Matrix values = data.examples.as_double();
  for (std::int64_t i = 0; i < values.rows(); ++i)
    if (!values.row(i).allFinite()) return fmt::format("example {} is not finite", i);
  return "";
}

std::string bad_column(const LabelColumn& column, std::int64_t n) {
  if (static_cast<std::int64_t>(column.values.size()) != n)
    return fmt::format("column \"{}\" has {} labels for {} examples", column.name,
                       column.values.size(), n);
  std::set<std::int32_t> used;
  for (std::int32_t label : column.values) {
    if (label < 0 || label >= static_cast<std::int32_t>(column.classes.size()))
      return fmt::format("column \"{}\" has label {}, outside of its {} classes", column.name,
                         label, column.classes.size());
    used.insert(label);
  }
  for (std::size_t c = 0; c < column.classes.size(); ++c)
    if (!used.contains(static_cast<std::int32_t>(c)))
      return fmt::format("class {} (\"{}\") of column \"{}\" has no example", c, column.classes[c],
                         column.name);
  if (std::set<std::string>(column.classes.begin(), column.classes.end()).size() !=
      column.classes.size())
    return fmt::format("two classes of column \"{}\" have one name", column.name);
  return "";
}

std::string bad_part(const Indices& indices, std::int64_t n, const char* what) {
  std::set<std::int64_t> seen;
  for (std::int64_t i : indices) {
    if (i < 0 || i >= n)
      return fmt::format("its {} has example {}, outside of 0 … {}", what, i, n - 1);
    if (!seen.insert(i).second) return fmt::format("its {} has example {} twice", what, i);
  }
  return "";
}

std::string bad_episode(const Episode& is, std::int64_t n_test) {
  if (is.support.size() != is.support_labels.size() || is.query.size() != is.query_labels.size())
    return "an episode's labels are not as many as its examples";
  Indices all = is.support;
  all.insert(all.end(), is.query.begin(), is.query.end());
  if (is.support.empty() || is.query.empty()) return "an episode has no support or no queries";
  const std::set<std::int32_t> ways(is.support_labels.begin(), is.support_labels.end());
  if (*ways.begin() != 0 || *ways.rbegin() + 1 != static_cast<std::int32_t>(ways.size()))
    return "an episode's ways are not 0, 1, …";
  for (std::int32_t way : is.query_labels)
    if (!ways.contains(way)) return "an episode's query is of a way without support";
  return bad_part(all, n_test, "episode");
}

std::string bad_split(const Split& is, std::int64_t n) {
  Indices both = is.train;
  both.insert(both.end(), is.test.begin(), is.test.end());
  if (is.test.empty()) return "it tests nothing";
  std::string failure = bad_part(is.train, n, "training part");
  if (failure.empty()) failure = bad_part(is.test, n, "test part");
  if (failure.empty()) failure = bad_part(both, n, "training and test parts together");
  for (const Episode& episode : is.episodes)
    if (failure.empty()) failure = bad_episode(episode, static_cast<std::int64_t>(is.test.size()));
  return failure;
}

bool same_values(const Examples& a, const Examples& b) {
  if (a.shape() != b.shape() || a.size() != b.size() || a.is_double() != b.is_double())
    return false;
  auto same = [](auto x, auto y) { return std::memcmp(x.data(), y.data(), x.size_bytes()) == 0; };
  return a.is_double() ? same(a.doubles(), b.doubles()) : same(a.floats(), b.floats());
}

std::string other(const Data& a, const Data& b) {
  if (!same_values(a.examples, b.examples)) return "the examples differ";
  if (a.columns.size() != b.columns.size()) return "the columns differ";
  for (std::size_t c = 0; c < a.columns.size(); ++c)
    if (a.columns[c].values != b.columns[c].values || a.columns[c].classes != b.columns[c].classes)
      return fmt::format("the labels of column \"{}\" differ", a.columns[c].name);
  if (a.targets != b.targets) return "the targets differ";
  if (a.splits.size() != b.splits.size()) return "the splits differ";
  for (std::size_t s = 0; s < a.splits.size(); ++s)
    if (a.splits[s].train != b.splits[s].train || a.splits[s].test != b.splits[s].test)
      return fmt::format("the split \"{}\" differs", a.splits[s].name);
  return "";
}

}  // namespace

void check_dataset(const std::function<std::unique_ptr<Dataset>()>& make, const Places& places,
                   Checks& checks) {
  try {
    make()->files(places);
  } catch (const Error& error) {
    return checks.not_checked("the laws of data sets", error.what());
  }
  checks.law("the files that it names are there", [&]() -> std::string {
    for (const std::filesystem::path& file : make()->files(places))
      if (!std::filesystem::exists(file)) return file.string() + " is not";
    return "";
  });
  Data data;
  if (!checks.law("it loads", [&]() -> std::string {
        data = make()->load(places);
        return "";
      }))
    return checks.rest_not_checked();
  checks.law("its examples are finite numbers, and one at least",
             [&] { return bad_examples(data); });
  checks.law("its labels are dense from 0, with a name for each class", [&]() -> std::string {
    for (const LabelColumn& column : data.columns)
      if (std::string failure = bad_column(column, data.size()); !failure.empty()) return failure;
    return "";
  });
  checks.law(
      "each example has its target, each feature its name, where there are any",
      [&]() -> std::string {
        if (!data.targets.empty() && static_cast<std::int64_t>(data.targets.size()) != data.size())
          return fmt::format("{} targets for {} examples", data.targets.size(), data.size());
        for (double target : data.targets)
          if (!std::isfinite(target)) return "a target is not finite";
        if (!data.feature_names.empty() &&
            static_cast<std::int64_t>(data.feature_names.size()) != data.examples.dimension())
          return fmt::format("{} names for {} features", data.feature_names.size(),
                             data.examples.dimension());
        return "";
      });
  checks.law("split_names() foretells the predefined splits", [&]() -> std::string {
    const std::vector<std::string> names = make()->split_names(places);
    if (names.size() != data.splits.size())
      return fmt::format("it names {}, and there are {}", names.size(), data.splits.size());
    for (std::size_t s = 0; s < names.size(); ++s)
      if (names[s] != data.splits[s].name)
        return fmt::format("it says \"{}\" where there is \"{}\"", names[s], data.splits[s].name);
    if (std::set<std::string>(names.begin(), names.end()).size() != names.size())
      return "two have one name";
    return "";
  });
  checks.law("predefined splits train and test on different examples, without repeats",
             [&]() -> std::string {
               for (const Split& split : data.splits)
                 if (std::string failure = bad_split(split, data.size()); !failure.empty())
                   return "\"" + split.name + "\": " + failure;
               return "";
             });
  checks.law("loaded again it is the same to the byte",
             [&] { return other(data, make()->load(places)); });
}

}  // namespace metriclab
