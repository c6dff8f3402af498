// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

/// One attribute of a KEEL header. Nominal ones list their values, whose order gives the codes.
struct Attribute {
  std::string name;
  std::vector<std::string> values;  // empty: integer or real
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// A part of a fold.
struct Part {
  std::string name;  // of the file
  std::vector<Attribute> inputs;
  Attribute output;
  std::vector<std::vector<double>> rows;  // the inputs, then the class's code
  std::vector<std::int64_t> lines;        // of the rows, in the file
};

/// Two files of a fold and the fold's number.
struct Fold {
  std::int64_t number;
  fs::path train, test;
};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

Attribute parse_attribute(std::string_view text, const Lines& lines) {
  const std::size_t brace = text.find('{');
  const std::string_view before = trimmed(text.substr(0, brace));
  if (brace != std::string_view::npos) {
    const std::size_t close = text.find('}', brace);
    if (close == std::string_view::npos)
      throw lines.error("the values of the attribute are not closed by \"}\"");
    return {std::string(before), fields_of(text.substr(brace + 1, close - brace - 1), ',')};
  }
  const std::size_t blank = before.find_first_of(" \t");
  const std::string type =
      blank == std::string_view::npos ? "" : lower(trimmed(before.substr(blank)));
  if (!type.starts_with("real") && !type.starts_with("integer"))
    throw lines.error("an attribute is real, integer, or a list {a, b, …}; this is \"" +
                      std::string(before) + "\"");
  return {std::string(before.substr(0, blank)), {}};
}

double code_of(const Attribute& attribute, const std::string& field, const Lines& lines) {
  if (attribute.values.empty()) {
    const auto number = number_of(field);
    if (!number) throw lines.error(not_a_number("\"" + attribute.name + "\"", field));
    return *number;
  }
  const auto found = std::find(attribute.values.begin(), attribute.values.end(), field);
  if (found == attribute.values.end())
    throw lines.error("\"" + field + "\" is not a value of \"" + attribute.name + "\"" +
                      suggestion(field, attribute.values));
  return static_cast<double>(found - attribute.values.begin());
}

/// The attributes by their use. Without @inputs all but the output are inputs; without @outputs the
/// last is the output.
std::vector<std::size_t> arrange(Part& part, const std::vector<Attribute>& attributes,
                                 std::vector<std::string> inputs, std::vector<std::string> outputs,
                                 const Lines& lines) {
  if (attributes.size() < 2)
    throw lines.error("a header needs at least two @attribute lines before @data");
  if (outputs.empty()) outputs = {attributes.back().name};
  if (outputs.size() > 1)
    throw lines.error("there are " + std::to_string(outputs.size()) +
                      " outputs; one, the class, is read");
  if (inputs.empty())
    for (const Attribute& attribute : attributes)
      if (attribute.name != outputs.front()) inputs.push_back(attribute.name);
  std::vector<std::string> names;
  for (const Attribute& attribute : attributes) names.push_back(attribute.name);
  inputs.push_back(outputs.front());
  std::vector<std::size_t> order;
  for (const std::string& name : inputs) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw lines.error("there is no attribute \"" + name + "\"" + suggestion(name, names));
    order.push_back(static_cast<std::size_t>(found - names.begin()));
    part.inputs.push_back(attributes[order.back()]);
  }
  part.output = part.inputs.back();
  part.inputs.pop_back();
  if (part.output.values.empty())
    throw lines.error("the output \"" + part.output.name +
                      "\" is a number; a class is nominal: {a, b, …}");
  return order;
}

Part read_part(const fs::path& file) {
  Part part;
  part.name = file.string();
  const std::string text = read_file(file);
  Lines lines(text, part.name);
  std::vector<Attribute> attributes;
  std::vector<std::string> inputs, outputs;
  std::vector<std::size_t> order;
  std::string_view line;
  while (lines.next(line)) {
    line = trimmed(line);
    if (line.starts_with('%')) continue;
    if (!line.starts_with('@')) {
      if (order.empty()) throw lines.error("data before the line @data");
      const std::vector<std::string> fields = fields_of(line, ',');
      if (fields.size() != attributes.size())
        throw lines.error("has " + std::to_string(fields.size()) + " values, the header has " +
                          std::to_string(attributes.size()) + " attributes");
      std::vector<double>& row = part.rows.emplace_back();
      for (std::size_t column : order)
        row.push_back(code_of(attributes[column], fields[column], lines));
      part.lines.push_back(lines.number());
      continue;
    }
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    const std::string keyword = lower(line.substr(0, blank));
    const std::string_view rest = trimmed(line.substr(blank));
    if (keyword == "@attribute")
      attributes.push_back(parse_attribute(rest, lines));
    else if (keyword == "@inputs" || keyword == "@input")
      inputs = fields_of(rest, ',');
    else if (keyword == "@outputs" || keyword == "@output")
      outputs = fields_of(rest, ',');
    else if (keyword == "@data")
      order = arrange(part, attributes, inputs, outputs, lines);
    else if (keyword != "@relation")
      throw lines.error(
          "\"" + keyword +
          "\" is not known; a header has @relation, @attribute, @inputs, @outputs, @data");
  }
  if (part.rows.empty()) throw Error(part.name + ": has no examples");
  return part;
}

/// The examples of a train part have to be those of the other folds' test parts, each as often.
void check_train(const Part& train, const std::vector<std::vector<double>>& rows,
                 const Indices& rest) {
  std::map<std::vector<double>, std::int64_t> left;
  for (std::int64_t i : rest) ++left[rows[static_cast<std::size_t>(i)]];
  for (std::size_t r = 0; r < train.rows.size(); ++r)
    if (--left[train.rows[r]] < 0)
      throw Error(train.name + ":" + std::to_string(train.lines[r]) +
                  ": this example is not in the test part of another fold, or not as often; the "
                  "folds have to divide one data set");
  if (train.rows.size() != rest.size())
    throw Error(train.name + ": has " + std::to_string(train.rows.size()) +
                " examples, the test parts of the other folds have " + std::to_string(rest.size()) +
                "; the folds have to divide one data set");
}

/// A data set in KEEL's format with its folds: `<set>-<scheme>-<fold>tra.dat` and `…tst.dat`.
///
/// The data set is the union of the test parts, in the order of the folds. Classes are those of the
/// header, in its order, that have examples. Nominal inputs become their number, from 0, in the
/// header's list.
class Keel final : public Dataset {
 public:
  static void describe(Description<Keel>& is) {
    is.summary(
        "a data set with its folds in KEEL's format, from files <set>-<scheme>-<fold>tra.dat and "
        "...tst.dat");
    is.source(
        "Alcala-Fdez et al. KEEL data-mining software tool: data set repository, integration of "
        "algorithms and "
        "experimental analysis framework. J. of Multiple-Valued Logic and Soft Computing 2011");
    is.cost("time linear in the folds' files");
    is.parameter("path", &Keel::path,
                 "the folder of the folds, or, where it holds several, folder/<set>-<scheme>; "
                 "looked for beside the spec, then "
                 "under $METRICLAB_DATA")
        .required();
  }

  std::vector<fs::path> files(const Places& places) const override {
    std::vector<fs::path> files;
    for (const Fold& fold : folds(places)) files.insert(files.end(), {fold.train, fold.test});
    return files;
  }

  std::vector<std::string> split_names(const Places& places) const override {
    std::vector<std::string> names;
    for (const Fold& fold : folds(places)) names.push_back("fold " + std::to_string(fold.number));
    return names;
  }

  Data load(const Places& places) const override {
    const std::vector<Fold> all = folds(places);
    Data data;
    std::vector<std::vector<double>> rows;
    Part first;
    for (const Fold& fold : all) {
      const Part test = read_part(fold.test);
      if (first.name.empty()) first = test;
      check_header(test, first);
      Split& split = data.splits.emplace_back();
      split.name = "fold " + std::to_string(fold.number);
      for (const std::vector<double>& row : test.rows) {
        split.test.push_back(static_cast<std::int64_t>(rows.size()));
        rows.push_back(row);
      }
    }
    for (std::size_t f = 0; f < all.size(); ++f) {
      Split& split = data.splits[f];
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(rows.size()); ++i)
        if (i < split.test.front() || i > split.test.back()) split.train.push_back(i);
      const Part train = read_part(all[f].train);
      check_header(train, first);
      check_train(train, rows, split.train);
    }

    std::vector<double> values;
    std::vector<std::int32_t> codes(first.output.values.size(), -1);
    for (const auto& row : rows) {
      values.insert(values.end(), row.begin(), row.end() - 1);
      codes[static_cast<std::size_t>(row.back())] = 0;
    }
    LabelColumn column;
    column.name = first.output.name;
    for (std::size_t c = 0; c < codes.size(); ++c)
      if (codes[c] == 0) {
        codes[c] = static_cast<std::int32_t>(column.classes.size());
        column.classes.push_back(first.output.values[c]);
      }
    for (const auto& row : rows)
      column.values.push_back(codes[static_cast<std::size_t>(row.back())]);
    check_classes(column, path);
    for (const Attribute& attribute : first.inputs) data.feature_names.push_back(attribute.name);
    data.examples = Examples({static_cast<std::int64_t>(first.inputs.size())}, std::move(values));
    data.columns = {std::move(column)};
    return data;
  }

 private:
  static void check_header(const Part& part, const Part& first) {
    if (part.inputs != first.inputs || part.output != first.output)
      throw Error(part.name + ": its attributes are not those of " + first.name +
                  "; the folds have to be of one data set");
  }

  /// Splits "wine-10dobscv-3tra.dat" into "wine-10dobscv" and 3.
  static std::optional<std::pair<std::string, std::int64_t>> parse_name(const std::string& file) {
    constexpr std::string_view kEnd = "tra.dat";
    if (!file.ends_with(kEnd)) return std::nullopt;
    const std::string stem = file.substr(0, file.size() - kEnd.size());
    const std::size_t dash = stem.rfind('-');
    if (dash == std::string::npos) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, problem] =
        std::from_chars(stem.data() + dash + 1, stem.data() + stem.size(), number);
    if (problem != std::errc() || end != stem.data() + stem.size()) return std::nullopt;
    return std::pair(stem.substr(0, dash), number);
  }

  std::vector<Fold> folds(const Places& places) const {
    fs::path folder;
    std::string wanted;
    try {
      folder = places.find(path);
    } catch (const Error&) {
      wanted = fs::path(path).filename().string();
      const fs::path parent = fs::path(path).parent_path();
      if (parent.empty()) throw;
      try {
        folder = places.find(parent.string());
      } catch (const Error&) {
        folder.clear();
      }
      if (folder.empty() || !holds(folder, wanted)) throw;
    }
    if (!fs::is_directory(folder))
      throw Error(folder.string() + ": is a file; give the folder of the folds").in("path");
    std::map<std::string, std::map<std::int64_t, Fold>> schemes;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const auto name = parse_name(entry.path().filename().string());
      if (!name || (!wanted.empty() && name->first != wanted)) continue;
      const auto& [scheme, number] = *name;
      schemes[scheme][number] = {number, entry.path(),
                                 folder / (scheme + "-" + std::to_string(number) + "tst.dat")};
    }
    if (schemes.empty())
      throw Error(folder.string() +
                  ": has no folds; they are called <set>-<scheme>-<fold>tra.dat and ...tst.dat")
          .in("path");
    if (schemes.size() > 1) {
      std::string names;
      for (const auto& [scheme, members] : schemes)
        names += (names.empty() ? "\"" : ", \"") + scheme + "\"";
      throw Error(folder.string() + ": has several sets of folds: " + names +
                  "; add one of these names to the path")
          .in("path");
    }
    std::vector<Fold> found;
    for (const auto& [number, fold] : schemes.begin()->second) {
      if (!fs::exists(fold.test))
        throw Error("there is no \"" + fold.test.string() + "\", the test part of " +
                    fold.train.filename().string());
      found.push_back(fold);
    }
    return found;
  }

  static bool holds(const fs::path& folder, const std::string& scheme) {
    if (!fs::is_directory(folder)) return false;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
      if (const auto name = parse_name(entry.path().filename().string());
          name && name->first == scheme)
        return true;
    return false;
  }

  std::string path;
};

METRICLAB_PLUGIN(Keel, "keel");

}  // namespace
