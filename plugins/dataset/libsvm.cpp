// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>

namespace {

using namespace metriclab;

struct Entry {
  std::int64_t index;  // from 1
  double value;
};

Entry parse_entry(const std::string& field, const Lines& lines) {
  const std::size_t colon = field.find(':');
  if (colon == std::string::npos) throw lines.error("\"" + field + "\" is not index:value");
  Entry entry{};
  const char* end = field.data() + colon;
  const auto [stopped, problem] = std::from_chars(field.data(), end, entry.index);
  if (problem != std::errc() || stopped != end)
    throw lines.error("\"" + field.substr(0, colon) + "\" is not the index of a feature");
  const std::string value = field.substr(colon + 1);
  const auto number = number_of(value);
  if (!number) throw lines.error(not_a_number("feature " + std::to_string(entry.index), value));
  entry.value = *number;
  return entry;
}

/// Sparse text, `label index:value index:value …` a line, `#` before a comment. Kept densely,
/// absent values being 0.
class Libsvm final : public Dataset {
 public:
  static void describe(Description<Libsvm>& is) {
    is.summary("sparse text of LIBSVM, a line an example: label index:value index:value ...");
    is.source("Chang, Lin. LIBSVM: a library for support vector machines. ACM TIST 2011");
    is.cost("O(n dimension) memory: examples are kept densely");
    is.parameter("path", &Libsvm::path,
                 "the file; looked for beside the spec, then under $METRICLAB_DATA")
        .required();
    is.parameter("dimension", &Libsvm::dimension,
                 "number of features; null for the greatest index in the file")
        .at_least(1);
  }

  std::vector<std::filesystem::path> files(const Places& places) const override {
    return {places.find(path)};
  }

  Data load(const Places& places) const override {
    const std::string name = places.find(path).string();
    const std::string text = read_file(name);
    Lines lines(text, name);
    std::vector<std::vector<Entry>> rows;
    std::vector<std::string> labels;
    std::int64_t d = dimension.value_or(0);
    std::string_view line;
    while (lines.next(line)) {
      const std::vector<std::string> fields = fields_of(line.substr(0, line.find('#')), ' ');
      if (fields.empty()) continue;
      if (!number_of(fields[0])) throw lines.error(not_a_number("the label", fields[0]));
      labels.push_back(fields[0]);
      std::vector<Entry>& row = rows.emplace_back();
      for (std::size_t f = 1; f < fields.size(); ++f) {
        const Entry entry = parse_entry(fields[f], lines);
        if (entry.index < 1)
          throw lines.error("index " + std::to_string(entry.index) + "; indices count from 1");
        if (!row.empty() && entry.index <= row.back().index)
          throw lines.error("index " + std::to_string(entry.index) + " after " +
                            std::to_string(row.back().index) + "; indices have to rise");
        if (dimension && entry.index > *dimension)
          throw lines.error("index " + std::to_string(entry.index) +
                            " is above the \"dimension\" " + std::to_string(*dimension));
        row.push_back(entry);
        d = std::max(d, entry.index);
      }
    }
    if (rows.empty()) throw Error(name + ": is empty; a line for each example was expected");
    if (d == 0) throw Error(name + ": no line has an index:value");
    std::vector<double> values(rows.size() * static_cast<std::size_t>(d));
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const Entry& entry : rows[i])
        values[i * static_cast<std::size_t>(d) + static_cast<std::size_t>(entry.index - 1)] =
            entry.value;
    Data data;
    data.examples = Examples({d}, std::move(values));
    data.columns = {label_column("class", labels)};
    check_classes(data.columns.front(), name);
    return data;
  }

 private:
  std::string path;
  std::optional<std::int64_t> dimension;
};

METRICLAB_PLUGIN(Libsvm, "libsvm");

}  // namespace
