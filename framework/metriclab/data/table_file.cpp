// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <metriclab/data/table_file.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>

namespace metriclab {
namespace {

using Row = std::vector<std::string>;

bool is_header(const Row& first, const std::string& choice) {
  if (choice != "auto") return choice == "yes";
  return std::none_of(first.begin(), first.end(),
                      [](const std::string& field) { return number_of(field).has_value(); });
}

std::size_t column_of(const std::string& wanted, const Row& names, std::size_t count) {
  if (const auto found = std::find(names.begin(), names.end(), wanted); found != names.end())
    return static_cast<std::size_t>(found - names.begin());
  if (wanted == "first") return 0;
  if (wanted == "last") return count - 1;
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  if (problem != std::errc() || end != wanted.data() + wanted.size())
    throw Error(names.empty() ? fmt::format("there is no column \"{}\", for the table has no "
                                            "header; give \"first\", \"last\" "
                                            "or a number from 1 to {}",
                                            wanted, count)
                              : fmt::format("there is no column \"{}\"{}", wanted,
                                            suggestion(wanted, names)));
  if (number < 1 || number > count)
    throw Error(fmt::format("there is no column {}; columns count from 1 to {}", wanted, count));
  return number - 1;
}

/// What each column is for.
struct Roles {
  enum class Role { feature, label, target, label_set };
  std::vector<Role> of;
  std::vector<std::size_t> labels;  // the class first
  std::vector<std::size_t> features;
  std::optional<std::size_t> target, label_set;
};

Roles roles_of(const TableFormat& format, const Row& names, std::size_t count) {
  Roles roles;
  roles.of.assign(count, Roles::Role::feature);
  auto take = [&](const std::string& wanted, Roles::Role role) {
    const std::size_t column = column_of(wanted, names, count);
    if (roles.of[column] != Roles::Role::feature)
      throw Error(fmt::format(
          "column {} is used twice, as \"{}\" too; a column is a label, the target or a set of "
          "labels{}",
          column + 1, wanted,
          role != Roles::Role::label ? " (\"label\": null where there is no class)" : ""));
    roles.of[column] = role;
    return column;
  };
  if (format.label) roles.labels.push_back(take(*format.label, Roles::Role::label));
  for (const std::string& further : format.labels)
    roles.labels.push_back(take(further, Roles::Role::label));
  if (format.target) roles.target = take(*format.target, Roles::Role::target);
  if (format.label_set) roles.label_set = take(*format.label_set, Roles::Role::label_set);
  for (std::size_t c = 0; c < count; ++c)
    if (roles.of[c] == Roles::Role::feature) roles.features.push_back(c);
  if (roles.features.empty())
    throw Error(fmt::format("has {} columns, and no feature among them", count));
  return roles;
}

/// The parts of a field, trimmed; none of an empty field.
Row parts_of(std::string_view field, char separator) {
  Row parts;
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(separator), field.size());
    parts.emplace_back(trimmed(field.substr(0, end)));
    if (end == field.size()) break;
    field.remove_prefix(end + 1);
    if (field.empty()) parts.emplace_back();
  }
  return parts;
}

/// The sets of the examples as numbers of classes, and the classes.
void add_label_sets(const std::vector<Row>& sets, Data& data) {
  Row all;
  for (const Row& set : sets) all.insert(all.end(), set.begin(), set.end());
  LabelColumn column = label_column("", all);
  auto next = column.values.begin();
  for (const Row& set : sets) {
    const auto end = next + static_cast<std::ptrdiff_t>(set.size());
    std::vector<std::int32_t> classes(next, end);
    std::ranges::sort(classes);
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    data.label_sets.push_back(std::move(classes));
    next = end;
  }
  data.set_classes = std::move(column.classes);
}

}  // namespace

Data parse_table(std::string_view text, const std::string& name, const TableFormat& format) {
  Lines lines(text, name);
  std::string_view line;
  auto split = [&] {
    try {
      return fields_of(line, format.delimiter);
    } catch (const Error& error) {
      throw lines.error(error.message());
    }
  };
  if (!lines.next(line))
    throw Error(fmt::format("{}: is empty; a table has a line for each example", name));
  Row row = split(), names;
  const std::size_t count = row.size();
  bool more = true;
  if (is_header(row, format.header)) {
    names = row;
    more = lines.next(line);
    if (!more) throw Error(fmt::format("{}: has a header and no examples", name));
    row = split();
  }

  Roles roles;
  try {
    roles = roles_of(format, names, count);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", name, error.message()));
  }
  auto named = [&](const char* what, std::size_t number, std::size_t column) {
    return names.empty() ? fmt::format("{} {}", what, number)
                         : fmt::format("{} {} (\"{}\")", what, number, names[column]);
  };
  Data data;
  std::vector<double> values;
  std::vector<std::vector<std::string>> labels(roles.labels.size());
  std::vector<Row> sets;
  for (; more; more = lines.next(line), row = more ? split() : Row()) {
    if (row.size() != count)
      throw lines.error(fmt::format("has {} values, the {} has {}", row.size(),
                                    names.empty() ? "first row" : "header", count));
    for (std::size_t f = 0; f < roles.features.size(); ++f) {
      const std::string& field = row[roles.features[f]];
      const auto number = number_of(field);
      if (!number)
        throw lines.error(not_a_number(named("feature", f + 1, roles.features[f]), field));
      values.push_back(*number);
    }
    for (std::size_t l = 0; l < roles.labels.size(); ++l) {
      const std::string& field = row[roles.labels[l]];
      if (field.empty())
        throw lines.error(fmt::format(
            "{} is empty", named("the label in column", roles.labels[l] + 1, roles.labels[l])));
      labels[l].push_back(field);
    }
    if (roles.target) {
      const auto number = number_of(row[*roles.target]);
      if (!number)
        throw lines.error(not_a_number(
            named("the target in column", *roles.target + 1, *roles.target), row[*roles.target]));
      data.targets.push_back(*number);
    }
    if (roles.label_set) {
      sets.push_back(parts_of(row[*roles.label_set], format.separator));
      if (std::ranges::find(sets.back(), "") != sets.back().end())
        throw lines.error(fmt::format(
            "{} has an empty one: \"{}\"; an example without any has an empty field",
            named("the set of labels in column", *roles.label_set + 1, *roles.label_set),
            row[*roles.label_set]));
    }
  }

  data.examples = Examples({static_cast<std::int64_t>(roles.features.size())}, std::move(values));
  for (std::size_t l = 0; l < labels.size(); ++l) {
    const std::string fallback = l == 0 ? "class" : fmt::format("label_{}", l + 1);
    data.columns.push_back(
        label_column(names.empty() ? fallback : names[roles.labels[l]], labels[l]));
  }
  if (format.label) check_classes(data.columns.front(), name);
  if (roles.label_set) add_label_sets(sets, data);
  if (roles.label_set && data.set_classes.empty())
    throw Error(fmt::format("{}: every set of labels is empty", name));
  if (!names.empty())
    for (std::size_t column : roles.features) data.feature_names.push_back(names[column]);
  return data;
}

Data read_table(const std::filesystem::path& file, const TableFormat& format) {
  if (std::filesystem::is_directory(file))
    throw Error(fmt::format("{}: is a folder, not a table", file.string()));
  return parse_table(read_file(file), file.string(), format);
}

}  // namespace metriclab
