// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/table_file.hpp>

namespace {

using namespace metriclab;

/// A table in a text file, one example a line; see TableFormat.
class Csv final : public Dataset {
 public:
  static void describe(Description<Csv>& is) {
    is.summary(
        "a table of numbers and symbols in a text file, one example a line, with a label column; "
        "or "
        "two, to train and to test");
    is.source(
        "Shafranovich. Common format and MIME type for comma-separated values. RFC 4180, 2005");
    is.cost("time and memory linear in the file");
    is.parameter("path", &Csv::path,
                 "the file; looked for beside the spec, then under $METRICLAB_DATA")
        .required();
    is.parameter("test_path", &Csv::test_path,
                 "a second file of the same columns: its examples follow, and a predefined split, "
                 "\"test file\", trains on the first file and tests on this one");
    is.parameter("delimiter", &Csv::delimiter,
                 "what stands between the fields: one character, \"tab\", or \"space\" for any run "
                 "of blanks");
    is.parameter("header", &Csv::header,
                 "whether the first line names the columns; \"auto\": it does when none of its "
                 "fields is a number")
        .one_of({"auto", "yes", "no"});
    is.parameter("label", &Csv::label,
                 "the column of the class: \"last\", \"first\", its name, or its number from 1; "
                 "null when there is none");
    is.parameter("labels", &Csv::labels, "further label columns, such as a coarser class");
    is.parameter("target", &Csv::target, "a column of real numbers to regress on");
    is.parameter("symbolic", &Csv::symbolic,
                 "columns of symbols, by name or number: each value becomes a feature, 1 where it "
                 "is the example's; values of the test file that training has not are 0 in all");
    is.parameter("ignore", &Csv::ignore, "columns that are not used, by name or number");
    is.parameter("other_classes", &Csv::other_classes,
                 "the class that all become but those of \"keep_classes\", such as \"attack\"");
    is.parameter("keep_classes", &Csv::keep_classes, "the classes that stay, such as \"normal\"")
        .unused_when("other_classes", nullptr);
    is.parameter("label_set", &Csv::label_set,
                 "a column of sets of classes, such as \"a;b;c\"; an empty field is the empty set");
    is.parameter("separator", &Csv::separator,
                 "what stands between the classes of a set: one character")
        .unused_when("label_set", nullptr);
  }
  std::vector<std::filesystem::path> files(const Places& places) const override {
    std::vector<std::filesystem::path> files = {places.find(path)};
    if (test_path) files.push_back(places.find(*test_path));
    return files;
  }
  std::vector<std::string> split_names(const Places&) const override {
    if (!test_path) return {};
    return {std::string(kFileSplit)};
  }
  Data load(const Places& places) const override {
    char between = delimiter.size() == 1 ? delimiter[0] : '\0';
    if (delimiter == "tab") between = '\t';
    if (delimiter == "space") between = ' ';
    if (between == '\0' || between == '"' || between == '\n')
      throw Error("\"" + delimiter + "\" is no delimiter; give one character, \"tab\" or \"space\"")
          .in("delimiter");
    if (label_set && (separator.size() != 1 || separator[0] == between))
      throw Error("\"" + separator +
                  "\" is no separator; give one character that is not the delimiter")
          .in("separator");
    const TableFormat format{.delimiter = between,
                             .header = header,
                             .label = label,
                             .labels = labels,
                             .target = target,
                             .label_set = label_set,
                             .separator = separator.empty() ? ';' : separator[0],
                             .symbolic = symbolic,
                             .ignore = ignore,
                             .keep_classes = keep_classes,
                             .other_classes = other_classes};
    if (other_classes && (other_classes->empty() || !label))
      throw Error(label ? "a class has a name, which is not empty"
                        : "there is no \"label\" whose classes could become this one")
          .in("other_classes");
    return test_path ? read_tables(places.find(path), places.find(*test_path), format)
                     : read_table(places.find(path), format);
  }

 private:
  std::string path;
  std::optional<std::string> test_path;
  std::string delimiter = ",";
  std::string header = "auto";
  std::optional<std::string> label = "last";
  std::vector<std::string> labels;
  std::optional<std::string> target;
  std::vector<std::string> symbolic, ignore;
  std::optional<std::string> other_classes;
  std::vector<std::string> keep_classes;
  std::optional<std::string> label_set;
  std::string separator = ";";
};

METRICLAB_PLUGIN(Csv, "csv");

}  // namespace
