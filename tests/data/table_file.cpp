// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/table_file.hpp>
#include <metriclab/data/text.hpp>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using Names = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;

Data parse(const std::string& text, const TableFormat& format = {}) {
  return parse_table(text, "t.csv", format);
}

std::string wrong(const std::string& text, const TableFormat& format = {}) {
  try {
    parse(text, format);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("a table with a header") {
  const Data data = parse("\xEF\xBB\xBFwidth, height ,kind\r\n1, 2.5,b\r\n\r\n-3e2,+4,a\r\n");
  CHECK(data.examples.as_double() == Matrix{{1, 2.5}, {-300, 4}});
  CHECK(data.feature_names == Names{"width", "height"});
  CHECK(data.columns.at(0).name == "kind");
  CHECK(data.columns.at(0).classes == Names{"a", "b"});
  CHECK(data.labels() == Labels{1, 0});
}

TEST_CASE("a table without a header; numeric classes sort by value") {
  const Data data = parse("10,1,2\n9,3,4\n10.0,5,6", {.label = "first"});
  CHECK(data.examples.as_double() == Matrix{{1, 2}, {3, 4}, {5, 6}});
  CHECK(data.columns.at(0).classes == Names{"9", "10"});
  CHECK(data.labels() == Labels{1, 0, 1});
  CHECK(data.feature_names.empty());
}

TEST_CASE("label, further labels and target by name or number") {
  const std::string text = "y,a,species,genus,b\n0.5,1,x,g,2\n1.5,3,z,g,4\n";
  const Data data = parse(text, {.label = "species", .labels = {"4"}, .target = "first"});
  CHECK(data.examples.as_double() == Matrix{{1, 2}, {3, 4}});
  CHECK(data.columns.size() == 2);
  CHECK(data.columns.at(1).name == "genus");
  CHECK(data.targets == std::vector<double>{0.5, 1.5});
  const Data plain = parse("1,2\n3,4\n", {.label = std::nullopt});
  CHECK(plain.columns.empty());
  CHECK(plain.n_classes() == 0);
}

TEST_CASE("a column of sets of labels") {
  const Data data = parse("x,kind,tags\n1,a,red; blue\n2,b,\n3,a,green;red ;red\n",
                          {.label = "kind", .label_set = "tags"});
  CHECK(data.examples.as_double() == Matrix{{1}, {2}, {3}});
  CHECK(data.set_classes == Names{"blue", "green", "red"});
  CHECK(data.label_sets == std::vector<Labels>{{0, 2}, {}, {1, 2}});
  const Data numbered =
      parse("10|9,1\n9,2\n", {.label = std::nullopt, .label_set = "1", .separator = '|'});
  CHECK(numbered.set_classes == Names{"9", "10"});
  CHECK(numbered.label_sets == std::vector<Labels>{{0, 1}, {0}});
  CHECK(data.subset({2, 1}).label_sets == std::vector<Labels>{{1, 2}, {}});
  const TableFormat sets{.label = std::nullopt, .label_set = "tags"};
  for (const char* field : {"a;;b", ";a", "a;", ";"})
    CHECK(wrong("x,tags\n1,a\n2," + std::string(field) + "\n", sets) ==
          "t.csv:3: the set of labels in column 2 (\"tags\") has an empty one: \"" +
              std::string(field) + "\"; an example without any has an empty field");
  CHECK(wrong("x,tags\n1,\n2,\n", sets) == "t.csv: every set of labels is empty");
  CHECK(wrong("x,tags\n1,a\n", {.label_set = "tags"}) ==
        "t.csv: column 2 is used twice, as \"tags\" too; a column is a label, the target, a set of "
        "labels, symbolic or ignored (\"label\": null where there is no class)");
}

TEST_CASE("symbolic features are one-hot in their place, and columns may be ignored") {
  const std::string text = "id,size,colour,kind\nx,1,red,a\ny,2,blue,b\nz,3,red,a\n";
  const Data data = parse(text, {.symbolic = {"colour"}, .ignore = {"id"}});
  CHECK(data.examples.as_double() == Matrix{{1, 0, 1}, {2, 1, 0}, {3, 0, 1}});
  CHECK(data.feature_names == Names{"size", "colour=blue", "colour=red"});
  const Data plain =
      parse("10,u,9,a\n9,u,8,b\n", {.header = "no", .symbolic = {"1", "2"}});  // by value
  CHECK(plain.examples.as_double() == Matrix{{0, 1, 1, 9}, {1, 0, 1, 8}});
  CHECK(plain.feature_names.empty());
  CHECK(wrong("1,u,a\n2,,b\n", {.symbolic = {"2"}}).starts_with("t.csv:2: feature 2 is empty"));
  CHECK(wrong("1,u,a\n2,v,b\n", {.symbolic = {"2"}, .ignore = {"1", "2"}})
            .starts_with("t.csv: column 2 is used twice, as \"2\" too"));
  CHECK(wrong("1,a\n2,b\n", {.ignore = {"1"}}) ==
        "t.csv: has 2 columns, and no feature among them");
}

TEST_CASE("classes that are not kept become one") {
  const std::string text = "1,smurf\n2,normal\n3,neptune\n4,normal\n";
  const Data data = parse(text, {.keep_classes = {"normal"}, .other_classes = "attack"});
  CHECK(data.columns.at(0).classes == Names{"attack", "normal"});
  CHECK(data.labels() == Labels{0, 1, 0, 1});
  CHECK(wrong(text, {.keep_classes = {"norml"}, .other_classes = "attack"}) ==
        "t.csv: there is no class \"norml\" to keep; did you mean \"normal\"?");
  CHECK(wrong(text, {.other_classes = "attack"})
            .starts_with("t.csv: every example is of class \"attack\""));
}

TEST_CASE("other delimiters and quoted fields") {
  CHECK(parse("1\t2\ta\n3\t4\tb\n", {.delimiter = '\t'}).examples.as_double() ==
        Matrix{{1, 2}, {3, 4}});
  CHECK(parse("  1   2 a\n3 4\tb\n", {.delimiter = ' '}).examples.as_double() ==
        Matrix{{1, 2}, {3, 4}});
  CHECK(parse("1,\"a, \"\"b\"\"\"\n2,c\n").columns.at(0).classes == Names{"a, \"b\"", "c"});
  CHECK(wrong("1,a\n2,\"b\n") == "t.csv:2: the quote that opens field 2 is not closed in its line");
}

TEST_CASE("what is wrong in a table is named with its line") {
  CHECK(wrong("") == "t.csv: is empty; a table has a line for each example");
  CHECK(wrong(" \n\n") == "t.csv: is empty; a table has a line for each example");
  CHECK(wrong("a,b\n") == "t.csv: has a header and no examples");
  CHECK(wrong("1,2,3,a\n4,5,6,b\n\n1,2,3,4,a\n") == "t.csv:4: has 5 values, the first row has 4");
  CHECK(wrong("u,v,w\n1,2,a\n1,b\n") == "t.csv:3: has 2 values, the header has 3");
  CHECK(wrong("1,2,3,a\n1,2,abc,b\n") == "t.csv:2: feature 3 is not a number: \"abc\"");
  CHECK(wrong("u,v,w\n1,x,a\n") == "t.csv:2: feature 2 (\"v\") is not a number: \"x\"");
  CHECK(wrong("1,nan,a\n") ==
        "t.csv:1: feature 2 is not a finite number: \"nan\"; missing values have to be filled in, "
        "or their "
        "examples left out, first");
  for (const char* text : {"inf", "-inf", "1e999"})
    CHECK(wrong("1,2,a\n1," + std::string(text) + ",b\n").find("is not a finite number") !=
          std::string::npos);
  CHECK(wrong("1,2,a\n1,,b\n") ==
        "t.csv:2: feature 2 is empty; missing values have to be filled in, or their examples left "
        "out, first");
  CHECK(wrong("1,2,a\n1,?,b\n").starts_with("t.csv:2: feature 2 is missing: \"?\""));
  CHECK(wrong("1,2,a\n1,2,\n") == "t.csv:2: the label in column 3 is empty");
  CHECK(
      wrong("1,2,a\n3,4,a\n") ==
      "t.csv: every example is of class \"a\"; at least two classes are needed, so choose another "
      "file or label column, or declare the data unlabelled");
  CHECK(wrong("a\nb\n", {.header = "no"}) == "t.csv: has 1 columns, and no feature among them");
  CHECK(wrong("width,kind\n1,a\n2,b\n", {.label = "kinds"}) ==
        "t.csv: there is no column \"kinds\"; did you mean \"kind\"?");
  CHECK(wrong("1,a\n2,b\n", {.label = "kind"}) ==
        "t.csv: there is no column \"kind\", for the table has no header; give \"first\", \"last\" "
        "or a number from 1 to 2");
  CHECK(wrong("1,a\n2,b\n", {.label = "3"}) ==
        "t.csv: there is no column 3; columns count from 1 to 2");
  CHECK(wrong("1,2,a\n", {.target = "last"})
            .starts_with("t.csv: column 3 is used twice, as \"last\" too"));
}

TEST_CASE("numbers are whole, finite and of no locale") {
  CHECK(number_of("1e-3") == 0.001);
  CHECK(number_of("+.5") == 0.5);
  CHECK(number_of("-7") == -7);
  for (const char* text : {"", "+", "-", "+-1", "1,5", "1 2", "0x10", "nan", "inf", "1e999", "1a"})
    CHECK_FALSE(number_of(text).has_value());
}

TEST_CASE("csv: the plugin") {
  const TemporaryFolder folder;
  folder.write("t.tsv", "1\ta\n2\tb\n");
  const Places places{folder.path(), ""};
  CHECK(load(R"({"plugin": "csv", "path": "t.tsv", "delimiter": "tab"})", places).size() == 2);
  CHECK(make_dataset(R"({"plugin": "csv", "path": "t.tsv"})")->files(places) ==
        std::vector{folder.path() / "t.tsv"});
  CHECK(complaint(R"({"plugin": "csv", "path": "t.tsv", "delimiter": ";;"})", places) ==
        "/delimiter: \";;\" is no delimiter; give one character, \"tab\" or \"space\"");
  CHECK(complaint(R"({"plugin": "csv", "path": "no.csv"})", places)
            .starts_with("there is no \"" + (folder.path() / "no.csv").string() + "\""));
  CHECK(complaint(R"({"plugin": "csv", "path": "."})", places).find("is a folder, not a table") !=
        std::string::npos);
}

TEST_CASE("csv: a test file is a predefined split, and its new symbols are 0") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("train", "tcp,1,a\nudp,2,b\n");
  const std::string test = folder.write("test", "icmp,3,c\nudp,4,a\nicmp,5,a\n").string();
  const std::string spec =
      R"({"plugin": "csv", "path": "train", "test_path": "test", "symbolic": ["1"])";
  const auto csv = make_dataset(spec + "}");
  CHECK(csv->files(places) == std::vector{folder.path() / "train", folder.path() / "test"});
  CHECK(csv->split_names(places) == Names{"test file"});
  const Data data = csv->load(places);
  CHECK(data.examples.as_double() == Matrix{{1, 0, 1}, {0, 1, 2}, {0, 0, 3}, {0, 1, 4}, {0, 0, 5}});
  CHECK(data.columns.at(0).classes == Names{"a", "b", "c"});
  REQUIRE(data.splits.size() == 1);
  CHECK(data.splits[0].train == Indices{0, 1});
  CHECK(data.splits[0].test == Indices{2, 3, 4});
  folder.write("test", "icmp,3,4,c\n");
  CHECK(complaint(spec + "}", places) ==
        test + ": its columns are not those of " + (folder.path() / "train").string() +
            "; a test file has the same columns, with the same header or also without");
  CHECK(complaint(spec + R"(, "label": null, "other_classes": "attack"})", places)
            .starts_with("/other_classes: there is no \"label\""));
}

TEST_CASE("csv: NSL-KDD, whose symbols become 80 features beside 38 numbers") {
  if (!has_data()) return;
  const auto csv = make_dataset(
      R"({"plugin": "csv", "path": "anomaly/nsl-kdd/KDDTrain+_20Percent.txt",
          "test_path": "anomaly/nsl-kdd/KDDTest+.txt", "header": "no", "label": "42",
          "ignore": ["43"], "symbolic": ["2", "3", "4"],
          "keep_classes": ["normal"], "other_classes": "attack"})");
  const Data data = csv->load(Places::beside(""));
  // The README of the data. In the training file's columns 2 to 4 there are 3, 66 and 11 values
  // (cut -d, -f2 KDDTrain+_20Percent.txt | sort -u | wc -l).
  CHECK(data.size() == 25192 + 22544);
  CHECK(data.examples.dimension() == 41 - 3 + 3 + 66 + 11);
  const Split& split = data.splits.at(0);
  CHECK(split.train.size() == 25192);
  auto normal = [&](const Indices& part) {
    return counts(data.subset(part).columns.at(0))["normal"];
  };
  CHECK(normal(split.train) == 13449);
  CHECK(normal(split.test) == 9711);
}

}  // namespace
