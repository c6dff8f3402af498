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
  enum class Role { feature, symbolic, label, target, label_set, ignored };
  std::vector<Role> of;
  std::vector<std::size_t> labels;    // the class first
  std::vector<std::size_t> features;  // with the symbolic ones
  std::optional<std::size_t> target, label_set;
};

Roles roles_of(const TableFormat& format, const Row& names, std::size_t count) {
  Roles roles;
  roles.of.assign(count, Roles::Role::feature);
  auto take = [&](const std::string& wanted, Roles::Role role) {
    const std::size_t column = column_of(wanted, names, count);
    if (roles.of[column] != Roles::Role::feature)
      throw Error(fmt::format(
          "column {} is used twice, as \"{}\" too; a column is a label, the target, a set of "
          "labels, symbolic or ignored{}",
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
  for (const std::string& wanted : format.symbolic) take(wanted, Roles::Role::symbolic);
  for (const std::string& wanted : format.ignore) take(wanted, Roles::Role::ignored);
  for (std::size_t c = 0; c < count; ++c)
    if (roles.of[c] == Roles::Role::feature || roles.of[c] == Roles::Role::symbolic)
      roles.features.push_back(c);
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

/// The rows of one or two texts, and the data set that they make.
class Table {
 public:
  explicit Table(const TableFormat& format) : format_(format) {}

  /// Adds the rows of a text.
  void read(std::string_view text, const std::string& name) {
    Lines lines(text, name);
    std::string_view line;
    auto split = [&] {
      try {
        return fields_of(line, format_.delimiter);
      } catch (const Error& error) {
        throw lines.error(error.message());
      }
    };
    if (!lines.next(line))
      throw Error(fmt::format("{}: is empty; a table has a line for each example", name));
    Row row = split(), names;
    bool more = true;
    if (is_header(row, format_.header)) {
      names = row;
      more = lines.next(line);
      if (!more) throw Error(fmt::format("{}: has a header and no examples", name));
    }
    arrange(names, row.size(), name);
    for (; more; more = lines.next(line)) add(split(), lines);
  }

  std::size_t size() const { return rows_; }

  /// The data set; the values of symbolic features are those of the first `n_known` rows.
  Data data(const std::string& name, std::size_t n_known) {
    Data data;
    add_examples(n_known, data);
    for (std::size_t l = 0; l < labels_.size(); ++l) {
      const std::string fallback = l == 0 ? "class" : fmt::format("label_{}", l + 1);
      if (l == 0 && format_.label && format_.other_classes) merge_classes(labels_[l], name);
      data.columns.push_back(
          label_column(names_.empty() ? fallback : names_[roles_.labels[l]], labels_[l]));
    }
    if (format_.label) check_classes(data.columns.front(), name);
    data.targets = std::move(targets_);
    if (roles_.label_set) add_label_sets(sets_, data);
    if (roles_.label_set && data.set_classes.empty())
      throw Error(fmt::format("{}: every set of labels is empty", name));
    return data;
  }

 private:
  void arrange(const Row& names, std::size_t count, const std::string& name) {
    if (rows_ > 0) {
      if (names != names_ || count != count_)
        throw Error(
            fmt::format("{}: its columns are not those of {}; a test file has the same columns, "
                        "with the same header or also without",
                        name, first_));
      return;
    }
    first_ = name;
    names_ = names;
    count_ = count;
    try {
      roles_ = roles_of(format_, names, count);
    } catch (const Error& error) {
      throw Error(fmt::format("{}: {}", name, error.message()));
    }
    labels_.resize(roles_.labels.size());
    symbols_.resize(roles_.features.size());
  }

  std::string named(const char* what, std::size_t number, std::size_t column) const {
    return names_.empty() ? fmt::format("{} {}", what, number)
                          : fmt::format("{} {} (\"{}\")", what, number, names_[column]);
  }

  void add(Row row, const Lines& lines) {
    if (row.size() != count_)
      throw lines.error(fmt::format("has {} values, the {} has {}", row.size(),
                                    names_.empty() ? "first row" : "header", count_));
    for (std::size_t f = 0; f < roles_.features.size(); ++f) {
      const std::size_t column = roles_.features[f];
      if (roles_.of[column] == Roles::Role::symbolic) {
        if (row[column].empty())
          throw lines.error(not_a_number(named("feature", f + 1, column), row[column]));
        symbols_[f].push_back(std::move(row[column]));
        continue;
      }
      const auto number = number_of(row[column]);
      if (!number) throw lines.error(not_a_number(named("feature", f + 1, column), row[column]));
      values_.push_back(*number);
    }
    for (std::size_t l = 0; l < roles_.labels.size(); ++l) {
      std::string& field = row[roles_.labels[l]];
      if (field.empty())
        throw lines.error(fmt::format(
            "{} is empty", named("the label in column", roles_.labels[l] + 1, roles_.labels[l])));
      labels_[l].push_back(std::move(field));
    }
    if (roles_.target) {
      const auto number = number_of(row[*roles_.target]);
      if (!number)
        throw lines.error(
            not_a_number(named("the target in column", *roles_.target + 1, *roles_.target),
                         row[*roles_.target]));
      targets_.push_back(*number);
    }
    if (roles_.label_set) {
      sets_.push_back(parts_of(row[*roles_.label_set], format_.separator));
      if (std::ranges::find(sets_.back(), "") != sets_.back().end())
        throw lines.error(fmt::format(
            "{} has an empty one: \"{}\"; an example without any has an empty field",
            named("the set of labels in column", *roles_.label_set + 1, *roles_.label_set),
            row[*roles_.label_set]));
    }
    ++rows_;
  }

  /// The values of a symbolic feature in each row as the number of one of its columns, or −1.
  struct OneHot {
    std::vector<std::int32_t> codes;
    std::vector<std::string> values;
  };
  static OneHot one_hot(const std::vector<std::string>& symbols, std::size_t n_known) {
    LabelColumn all = label_column("", symbols);
    std::vector<std::int32_t> place(all.classes.size(), -1);
    for (std::size_t i = 0; i < n_known; ++i) place[static_cast<std::size_t>(all.values[i])] = 0;
    OneHot is;
    for (std::size_t c = 0; c < place.size(); ++c)
      if (place[c] == 0) {
        place[c] = static_cast<std::int32_t>(is.values.size());
        is.values.push_back(std::move(all.classes[c]));
      }
    for (std::int32_t value : all.values)
      is.codes.push_back(place[static_cast<std::size_t>(value)]);
    return is;
  }

  void add_examples(std::size_t n_known, Data& data) {
    std::vector<OneHot> encoded(symbols_.size());
    std::size_t dimension = 0;
    for (std::size_t f = 0; f < symbols_.size(); ++f) {
      const std::string column = names_.empty() ? "" : names_[roles_.features[f]];
      if (symbols_[f].empty()) {
        ++dimension;
        if (!names_.empty()) data.feature_names.push_back(column);
        continue;
      }
      encoded[f] = one_hot(symbols_[f], n_known);
      dimension += encoded[f].values.size();
      if (!names_.empty())
        for (const std::string& value : encoded[f].values)
          data.feature_names.push_back(fmt::format("{}={}", column, value));
    }
    const Shape shape = {static_cast<std::int64_t>(dimension)};
    if (format_.symbolic.empty()) {
      data.examples = Examples(shape, std::move(values_));
      return;
    }
    std::vector<double> values;
    values.reserve(rows_ * dimension);
    auto number = values_.begin();
    for (std::size_t i = 0; i < rows_; ++i)
      for (const OneHot& of : encoded) {
        if (of.codes.empty()) {
          values.push_back(*number++);
          continue;
        }
        values.resize(values.size() + of.values.size(), 0.0);
        if (of.codes[i] >= 0)
          values[values.size() - of.values.size() + static_cast<std::size_t>(of.codes[i])] = 1;
      }
    data.examples = Examples(shape, std::move(values));
  }

  void merge_classes(std::vector<std::string>& labels, const std::string& name) const {
    const std::vector<std::string>& kept = format_.keep_classes;
    for (const std::string& wanted : kept)
      if (std::ranges::find(labels, wanted) == labels.end())
        throw Error(fmt::format("{}: there is no class \"{}\" to keep{}", name, wanted,
                                suggestion(wanted, label_column("", labels).classes)));
    for (std::string& label : labels)
      if (std::ranges::find(kept, label) == kept.end()) label = *format_.other_classes;
  }

  const TableFormat& format_;
  std::string first_;  // the name of the first text
  Row names_;          // of the columns; empty without a header
  std::size_t count_ = 0, rows_ = 0;
  Roles roles_;
  std::vector<double> values_;         // of the features that are numbers, row by row
  std::vector<Row> symbols_, labels_;  // column by column; empty for features that are numbers
  std::vector<double> targets_;
  std::vector<Row> sets_;
};

std::string text_of(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file))
    throw Error(fmt::format("{}: is a folder, not a table", file.string()));
  return read_file(file);
}

}  // namespace

Data parse_table(std::string_view text, const std::string& name, const TableFormat& format) {
  Table table(format);
  table.read(text, name);
  return table.data(name, table.size());
}

Data read_table(const std::filesystem::path& file, const TableFormat& format) {
  return parse_table(text_of(file), file.string(), format);
}

Data read_tables(const std::filesystem::path& train, const std::filesystem::path& test,
                 const TableFormat& format) {
  Table table(format);
  table.read(text_of(train), train.string());
  const std::size_t n_train = table.size();
  table.read(text_of(test), test.string());
  Data data = table.data(train.string(), n_train);
  Split& split = data.splits.emplace_back();
  split.name = kFileSplit;
  for (std::int64_t i = 0; i < data.size(); ++i)
    (i < static_cast<std::int64_t>(n_train) ? split.train : split.test).push_back(i);
  return data;
}

}  // namespace metriclab
