// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <metriclab/report/table.hpp>
#include <nlohmann/json.hpp>

#include "fixture.hpp"

namespace {

using namespace report_test;

/// Three methods by knn.accuracy on two data sets, one run each: c before b before a on x, b first
/// on y, where c has no value.
void write_three(const Folder& folder) {
  std::vector<WrittenRun> runs;
  for (const auto& [dataset, method, value] : {std::tuple{"x", "a", Value(0.25)},
                                               {"x", "b", Value(0.5)},
                                               {"x", "c", Value(0.75)},
                                               {"y", "a", Value(0.125)},
                                               {"y", "b", Value(0.625)},
                                               {"y", "c", Value("one class only")}})
    runs.push_back(
        {.dataset = dataset, .method = method, .split = "1", .metrics = {{"knn.accuracy", value}}});
  folder.write_all(runs);
}

std::string shown(const Folder& folder, TableOptions options) {
  return table_text(folder.results(), options);
}

TEST_CASE("the second best, percent and digits, in each format") {
  const Folder folder;
  write_three(folder);
  CHECK(shown(folder, {.percent = true}) == R"(hand
knn.accuracy in % (higher is better)

    x         y
--------------------------
a   25.00     12.50
b   50.00 °   62.50 *
c   75.00 *   no value [1]

* the best, ° the second best
[1] without a value: one class only
)");
  CHECK(shown(folder, {.format = TableFormat::markdown, .digits = 1}) ==
        "**hand**: knn.accuracy (higher is better)\n\n"
        "|  | x | y |\n"
        "|---|---:|---:|\n"
        "| a | 0.2 | 0.1 |\n"
        "| b | <u>0.5</u> | **0.6** |\n"
        "| c | **0.8** | no value <sup>1</sup> |\n"
        "\n<sup>1</sup> without a value: one class only  \n");
  CHECK(shown(folder, {.format = TableFormat::latex}).find(R"(
a & 0.2500 & 0.1250 \\
b & \underline{0.5000} & \textbf{0.6250} \\
c & \textbf{0.7500} & no value\textsuperscript{1} \\
)") != std::string::npos);
  // What programs read is neither scaled nor rounded.
  CHECK(shown(folder, {.format = TableFormat::csv, .digits = 1, .percent = true}) ==
        "metric,dataset,method,mean,deviation,measured,planned,rank,best,second,notes\n"
        "knn.accuracy,x,a,0.25,,1,1,3,0,0,\n"
        "knn.accuracy,x,b,0.5,,1,1,2,0,1,\n"
        "knn.accuracy,x,c,0.75,,1,1,1,1,0,\n"
        "knn.accuracy,y,a,0.125,,1,1,2,0,0,\n"
        "knn.accuracy,y,b,0.625,,1,1,1,1,0,\n"
        "knn.accuracy,y,c,,,0,1,,0,0,without a value: one class only\n");
  const Json json = Json::parse(shown(folder, {.format = TableFormat::json}));
  CHECK(json["cells"][1]["second"] == true);
  CHECK(json["cells"][5]["mean"].is_null());
}

TEST_CASE("percent is for metrics between −1 and 1, and never for times") {
  const Folder folder;
  folder.write_all({{.dataset = "x",
                     .method = "a",
                     .split = "1",
                     .metrics = {{"s.pearson", -0.5}, {"s.clusters", 7.0}},
                     .seconds = 0.5}});
  CHECK(shown(folder, {.metrics = {"*"}, .percent = true}) == R"(hand
s.pearson in %, s.clusters (higher is better), seconds.fit (lower is better)

    x
    s.pearson   s.clusters   seconds.fit
----------------------------------------
a   -50.00      7.000        0.5000
)");
  CHECK(shown(folder, {.metrics = {"s.clusters"}, .percent = true})
            .ends_with("\nno metric here lies between −1 and 1, so that none is in percent\n"));
}

TEST_CASE("metrics without a better side are neither marked nor ranked") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (const std::string dataset : {"x", "y"})
    for (const auto& [method, value] : {std::pair{"a", 3.0}, {"b", 12.5}, {"c", 7.0}})
      runs.push_back({.dataset = dataset,
                      .method = method,
                      .split = "1",
                      .metrics = {{"space.dimension", value}},
                      .descriptive = true});
  folder.write_all(runs);
  CHECK(shown(folder, {.against = "a", .pairs = true}) == R"(hand
space.dimension (descriptive)

    x       y       w/t/l
-------------------------
a    3.00    3.00
b   12.50   12.50
c    7.00    7.00

w/t/l: data sets on which the mean is better than, equal to, and worse than that of a
)");
}

TEST_CASE("scores against one method, and of each against each") {
  const Folder folder;
  write_three(folder);
  // c against a and b counts x alone, where it has a value.
  const std::string text = shown(folder, {.against = "b", .pairs = true});
  CHECK(text == R"(hand
knn.accuracy (higher is better)

    x          y              w/t/l
-----------------------------------
a   0.2500     0.1250         0/0/2
b   0.5000 °   0.6250 *
c   0.7500 *   no value [1]   1/0/0

* the best, ° the second best
[1] without a value: one class only
w/t/l: data sets on which the mean is better than, equal to, and worse than that of b

hand, methods in pairs by knn.accuracy
data sets on which the row's mean is better than, equal to, and worse than the column's

    a       b       c
-------------------------
a           0/0/2   0/0/1
b   2/0/0           0/0/1
c   1/0/0   1/0/0
)");
  const Json json =
      Json::parse(shown(folder, {.format = TableFormat::json, .against = "b", .pairs = true}));
  CHECK(json["against"] == "b");
  CHECK(json["metrics"][0]["against"]["a"] == Json{{"wins", 0}, {"ties", 0}, {"losses", 2}});
  CHECK(json["metrics"][0]["pairs"].size() == 6);
  CHECK(json["metrics"][0]["pairs"][5] ==
        Json{{"wins", 1}, {"ties", 0}, {"losses", 0}, {"method", "c"}, {"other", "b"}});
  // Below methods in columns the same is a row; where both have a part of it, a remark.
  CHECK(shown(folder, {.rows = coordinates_from_string("dataset"), .against = "b"})
            .find("\nw/t/l   0/0/2" + std::string(15, ' ') + "1/0/0\n") != std::string::npos);
  CHECK(shown(folder, {.rows = coordinates_from_string("dataset,method"), .against = "b"})
            .find("\nw/t/l by knn.accuracy: a 0/0/2; c 1/0/0\n") != std::string::npos);
}

TEST_CASE("several coordinates: names above labels, equal ones once, parameters below their name") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (const std::string dataset : {"x", "y"}) {
    for (const auto& [margin, value] : {std::pair{"0.1", 0.5}, {"0.25", 0.75}})
      runs.push_back({.dataset = dataset,
                      .method = fmt::format("triplet margin={}", margin),
                      .split = "1",
                      .metrics = {{"knn.accuracy", value}},
                      .parameters = fmt::format(R"({{"margin": {}}})", margin),
                      .base = "triplet"});
    runs.push_back({.dataset = dataset,
                    .method = "pca",
                    .split = "1",
                    .metrics = {{"knn.accuracy", 0.625}},
                    .parameters = "{}"});
  }
  folder.write_all(runs);
  CHECK(shown(folder, {.rows = coordinates_from_string("dataset,base,/method/margin"),
                       .columns = coordinates_from_string("metric"),
                       .where = {condition_from_string("base=*")}}) == R"(hand
knn.accuracy (higher is better)
where base=*

data set   base      margin   knn.accuracy
------------------------------------------
x          triplet   0.1      0.5000
                     0.25     0.7500 *
           pca       –        0.6250 °
y          triplet   0.1      0.5000
                     0.25     0.7500 *
           pca       –        0.6250 °

* the best, ° the second best
rank by knn.accuracy: triplet, 0.1 3.00; triplet, 0.25 1.00; pca, – 2.00
rank: mean over 2 data sets, 1 the best, ties sharing theirs
)");
  CHECK(shown(folder, {.rows = coordinates_from_string("base"),
                       .columns = coordinates_from_string("dataset,/method/margin")}) == R"(hand
knn.accuracy (higher is better)

          x                              y
          margin                         margin
          0.1      0.25       –          0.1      0.25       –
---------------------------------------------------------------------
triplet   0.5000   0.7500 *              0.5000   0.7500 *
pca                           0.6250 °                       0.6250 °

* the best, ° the second best
rank by knn.accuracy: triplet, 0.1 3.00; triplet, 0.25 1.00; pca, – 2.00
rank: mean over 2 data sets, 1 the best, ties sharing theirs
)");
  const std::string latex =
      shown(folder, {.format = TableFormat::latex,
                     .rows = coordinates_from_string("base"),
                     .columns = coordinates_from_string("dataset,/method/margin")});
  CHECK(latex.find(R"(\begin{tabular}{lrrrrrr}
\toprule
 & \multicolumn{3}{c}{x} & \multicolumn{3}{c}{y} \\
\cmidrule(lr){2-4}\cmidrule(lr){5-7}
 & \multicolumn{3}{c}{margin} & \multicolumn{3}{c}{margin} \\
\cmidrule(lr){2-4}\cmidrule(lr){5-7}
 & 0.1 & 0.25 & -- & 0.1 & 0.25 & -- \\
\midrule
triplet & 0.5000 & \textbf{0.7500} &  & 0.5000 & \textbf{0.7500} &  \\
pca &  &  & \underline{0.6250} &  &  & \underline{0.6250} \\
)") != std::string::npos);
  const std::string csv = shown(
      folder, {.format = TableFormat::csv, .rows = coordinates_from_string("base,/method/margin")});
  CHECK(csv.starts_with(
      "metric,dataset,base,/method/margin,mean,deviation,measured,planned,rank,best,second,notes\n"
      "knn.accuracy,x,triplet,0.1,0.5,,1,1,3,0,0,\n"
      "knn.accuracy,x,triplet,0.25,0.75,,1,1,1,1,0,\n"
      "knn.accuracy,x,pca,,0.625,,1,1,2,0,1,\n"));
  const Json json =
      Json::parse(shown(folder, {.format = TableFormat::json,
                                 .rows = coordinates_from_string("base,/method/margin")}));
  CHECK(json["cells"][0]["/method/margin"] == "0.1");
  CHECK(json["cells"][2]["/method/margin"].is_null());
  CHECK(json["compared"] == Json::array({"base", "/method/margin"}));
}

TEST_CASE("what a cell is over, where that differs within it") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (const auto& [dataset, splits] : {std::pair{"x", 2}, {"y", 3}})
    for (int split = 0; split < splits; ++split)
      for (int seed = 1; seed <= 2; ++seed)
        runs.push_back({.dataset = dataset,
                        .method = "a",
                        .split = fmt::format("fold {}", split),
                        .seed = seed,
                        .metrics = {{"knn.accuracy", 0.5}}});
  folder.write_all(runs);
  CHECK(shown(folder, {.columns = coordinates_from_string("metric")})
            .find("\nruns a cell: 10 (2 data sets × 2 to 3 splits × 2 seeds)\n") !=
        std::string::npos);
}

TEST_CASE("a text table folds to a width, and no line is longer") {
  const Folder folder("an experiment with a name");
  std::vector<WrittenRun> runs;
  for (const std::string dataset : {"first", "second", "third"})
    for (const auto& [method, value] : {std::pair{"a", 0.5}, {"a method of many words", 0.75}})
      runs.push_back({.dataset = dataset,
                      .method = method,
                      .split = "1",
                      .metrics = {{"knn.accuracy", value}}});
  runs.push_back({.dataset = "third",
                  .method = "b",
                  .split = "1",
                  .status = "failed",
                  .reason = "averylongwordthatnolineofthistablecanhold, and more"});
  folder.write_all(runs);
  const std::string text = shown(folder, {.width = 36});
  CHECK(text == R"(an experiment with a name
knn.accuracy (higher is better)

                   first
---------------------------
a                  0.5000
a method of many   0.7500 *
  words
b

                   second
---------------------------
a                  0.5000
a method of many   0.7500 *
  words
b

                   third
-----------------------------
a                  0.5000
a method of many   0.7500 *
  words
b                  failed [1]

                   rank
-------------------------
a                  2.00
a method of many   1.00 *
  words
b

* the best
[1] failed:
    averylongwordthatnolineofthistab
    lecanhold, and more
rank: mean over 3 data sets, 1 the
  best, ties sharing theirs
)");
  // What stands below one heading stays together where a line holds it.
  const TableOptions two{
      .metrics = {"*"}, .where = {condition_from_string("method=a")}, .width = 40};
  std::vector<WrittenRun> timed = runs;
  for (WrittenRun& run : timed) run.seconds = 2;
  const Folder other;
  other.write_all(timed);
  CHECK(shown(other, two) == R"(hand
knn.accuracy (higher is better),
  seconds.fit (lower is better)
where method=a

    first
    knn.accuracy   seconds.fit
------------------------------
a   0.5000         2.000

    second
    knn.accuracy   seconds.fit
------------------------------
a   0.5000         2.000

    third
    knn.accuracy   seconds.fit
------------------------------
a   0.5000         2.000
)");
}

TEST_CASE("names in any language keep columns in line") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (const std::string method : {"距離学習", "e\u0301te", "χ² Ω", "plain"})
    runs.push_back({.dataset = "x",
                    .method = method,
                    .split = "1",
                    .metrics = {{"knn.accuracy", method == "plain" ? 0.25 : 0.5}}});
  folder.write_all(runs);
  CHECK(shown(folder, {.row_order = TableOrder::mean}) ==
        "hand\nknn.accuracy (higher is better)\n\n"
        "           x\n"
        "-------------------\n"
        "距離学習   0.5000 *\n"
        "e\u0301te        0.5000 *\n"
        "χ² Ω       0.5000 *\n"
        "plain      0.2500\n"
        "\n* the best\n");
  CHECK(shown(folder, {.format = TableFormat::latex}).find("\n$\\chi$\\textsuperscript{2} Ω & ") !=
        std::string::npos);
}

TEST_CASE("without any value the table says how runs ended") {
  const Folder folder;
  folder.plan({{.dataset = "x", .method = "a", .split = "1"}});
  CHECK(shown(folder, {}) == R"(hand
no metric yet: no run has been measured

    x
---------------
a   missing [1]

[1] missing
)");
  CHECK(shown(folder, {.format = TableFormat::csv}) ==
        "metric,dataset,method,mean,deviation,measured,planned,rank,best,second,notes\n"
        ",x,a,,,0,1,,0,0,missing\n");
  const Json json = Json::parse(shown(folder, {.format = TableFormat::json}));
  CHECK(json["metrics"].empty());
  CHECK(json["cells"][0]["status"] == Json{{"missing", 1}});
  const Folder empty;
  empty.plan({});
  for (const std::string& name : table_format_names())
    CHECK_NOTHROW(shown(empty, {.format = table_format_from_string(name), .pairs = true}));
}

TEST_CASE("tables too wide or too high for a page of LaTeX") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (int method = 0; method < 40; ++method)
    for (int dataset = 0; dataset < 8; ++dataset)
      runs.push_back({.dataset = fmt::format("data{}", dataset),
                      .method = fmt::format("m{}", method),
                      .split = "1",
                      .metrics = {{"knn.accuracy", 0.5}}});
  folder.write_all(runs);
  const std::string high = shown(folder, {.format = TableFormat::latex});
  CHECK(high.find("\\begin{longtable}{lrrrrrrrrr}") != std::string::npos);
  CHECK(high.find("\\setlength{\\tabcolsep}{3pt}") != std::string::npos);
  const std::string wide =
      shown(folder, {.format = TableFormat::latex, .where = {condition_from_string("method=m1*")}});
  CHECK(wide.find("\\usepackage{booktabs,graphicx}") != std::string::npos);
  CHECK(wide.find("\\resizebox{\\ifdim\\width>\\linewidth") != std::string::npos);
}

}  // namespace
