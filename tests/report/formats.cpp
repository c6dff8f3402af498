// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <metriclab/plugin/file.hpp>
#include <metriclab/report/table.hpp>
#include <nlohmann/json.hpp>

#include "fixture.hpp"

namespace {

using namespace report_test;

/// a: 0.9 ± 0.1 on x, 0.5 on y_1; b: 0.7 ± 0 on x, skipped on y_1.
void write_small(const Folder& folder) {
  std::vector<WrittenRun> runs;
  for (int split = 0; split < 3; ++split)
    for (const auto& [method, values] :
         {std::pair<std::string, std::vector<double>>{"a", {0.8, 0.9, 1.0}},
          {"b", {0.7, 0.7, 0.7}}})
      runs.push_back({.dataset = "x",
                      .method = method,
                      .split = fmt::format("fold {}", split + 1),
                      .metrics = {{"knn.accuracy", values[static_cast<std::size_t>(split)]}},
                      .seconds = 12.5});
  runs.push_back(
      {.dataset = "y_1", .method = "a", .split = "holdout 1", .metrics = {{"knn.accuracy", 0.5}}});
  runs.push_back({.dataset = "y_1",
                  .method = "b",
                  .split = "holdout 1",
                  .status = "skipped",
                  .reason = "50 % | <of> \"it\", a, b\nand so on"});
  folder.write_all(runs);
}

std::string rendered(const Folder& folder, TableFormat format,
                     std::vector<std::string> metrics = {}, bool datasets_as_rows = false) {
  return table_text(folder.results(),
                    {.metrics = std::move(metrics),
                     .format = format,
                     .rows = coordinates_from_string(datasets_as_rows ? "dataset" : "method")});
}

TEST_CASE("text") {
  const Folder folder;
  write_small(folder);
  CHECK(rendered(folder, TableFormat::text) ==
        R"(hand
knn.accuracy (higher is better); mean ± standard deviation
runs a cell: x 3 splits, y_1 1

    x                   y_1
-----------------------------------
a   0.9000 ± 0.1000 *   0.5000
b   0.7000 ± 0.0000     skipped [1]

* the best
[1] skipped: 50 % | <of> "it", a, b and so on
)");
  CHECK(rendered(folder, TableFormat::text, {"knn.accuracy", "seconds.fit"}, true) ==
        R"(hand
knn.accuracy (higher is better), seconds.fit (lower is better); mean ± standard deviation
runs a cell: x 3 splits, y_1 1

      a                                  b
      knn.accuracy        seconds.fit    knn.accuracy      seconds.fit
-----------------------------------------------------------------------
x     0.9000 ± 0.1000 *   12.50 ± 0.00   0.7000 ± 0.0000   12.50 ± 0.00
y_1   0.5000              no value [1]   skipped [2]       skipped [2]

* the best
[1] without this metric
[2] skipped: 50 % | <of> "it", a, b and so on
)");
}

TEST_CASE("Markdown") {
  const Folder folder;
  write_small(folder);
  CHECK(
      rendered(folder, TableFormat::markdown) ==
      R"(**hand**: knn.accuracy (higher is better); mean ± standard deviation; runs a cell: x 3 splits, y\_1 1

|  | x | y\_1 |
|---|---:|---:|
| a | **0.9000 ± 0.1000** | 0.5000 |
| b | 0.7000 ± 0.0000 | skipped <sup>1</sup> |

)"
      "<sup>1</sup> skipped: 50 % \\| &lt;of> \"it\", a, b and so on  \n");
}

TEST_CASE("LaTeX") {
  const Folder folder;
  write_small(folder);
  CHECK(rendered(folder, TableFormat::latex, {"knn.accuracy", "seconds.fit"}) ==
        R"(% \usepackage{booktabs}, and \usepackage[T1]{fontenc} for \textquotedbl
\begin{table}
\centering
\caption{hand: knn.accuracy (higher is better), seconds.fit (lower is better); mean $\pm$ standard deviation; runs a cell: x 3 splits, y\_1 1.}
\label{tab:hand}
\smallskip
\begin{tabular}{lrrrr}
\toprule
 & \multicolumn{2}{c}{x} & \multicolumn{2}{c}{y\_1} \\
\cmidrule(lr){2-3}\cmidrule(lr){4-5}
 & knn.accuracy & seconds.fit & knn.accuracy & seconds.fit \\
\midrule
a & \textbf{0.9000 $\pm$ 0.1000} & 12.50 $\pm$ 0.00 & 0.5000 & no value\textsuperscript{1} \\
b & 0.7000 $\pm$ 0.0000 & 12.50 $\pm$ 0.00 & skipped\textsuperscript{2} & skipped\textsuperscript{2} \\
\bottomrule
\end{tabular}
\par{\footnotesize\textsuperscript{1} without this metric}
\par{\footnotesize\textsuperscript{2} skipped: 50 \% \textbar{} \textless{}of\textgreater{} \textquotedbl{}it\textquotedbl{}, a, b and so on}
\end{table}
)");
}

TEST_CASE("CSV has a line for each cell, with numbers that read back the same") {
  const Folder folder;
  folder.write_all({{.dataset = "x, the first",
                     .method = "a",
                     .split = "1",
                     .metrics = {{"knn.accuracy", 1.0 / 3}}},
                    {.dataset = "x, the first",
                     .method = "b",
                     .split = "1",
                     .status = "failed",
                     .reason = "said \"no\", twice"}});
  CHECK(rendered(folder, TableFormat::csv) ==
        "metric,dataset,method,mean,deviation,measured,planned,rank,best,second,notes\n"
        "knn.accuracy,\"x, the first\",a,0.3333333333333333,,1,1,1,0,0,\n"
        "knn.accuracy,\"x, the first\",b,,,0,1,,0,0,\"failed: said \"\"no\"\", twice\"\n");
}

TEST_CASE("JSON has all of it") {
  const Folder folder;
  write_small(folder);
  const Json json = Json::parse(rendered(folder, TableFormat::json));
  CHECK(json["experiments"] == Json::array({"hand"}));
  CHECK(json["metrics"][0]["name"] == "knn.accuracy");
  CHECK(json["metrics"][0]["higher_is_better"] == true);
  CHECK(json["datasets"] == Json::array({"x", "y_1"}));
  CHECK(json["methods"] == Json::array({"a", "b"}));
  CHECK(json["rows"] == Json::array({"method"}));
  CHECK(json["columns"] == Json::array({"dataset"}));
  CHECK(json["cells"][2]["dataset"] == "y_1");
  CHECK(json["cells"][2]["method"] == "a");
  REQUIRE(json["cells"].size() == 4);
  CHECK(json["cells"][0]["best"] == true);
  CHECK(json["cells"][0]["mean"].get<double>() ==
        doctest::Approx((0.8 + 0.9 + 1.0) / 3).epsilon(1e-15));
  CHECK(json["cells"][2]["deviation"].is_null());
  CHECK(json["cells"][3]["mean"].is_null());
  CHECK(json["cells"][3]["status"] == Json{{"skipped", 1}});
  CHECK(json["left_out"] == 0);
}

TEST_CASE("ranks are a column beside methods and a row below data sets") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (const std::string dataset : {"x", "y"})
    for (const auto& [method, value] : {std::pair{"a", 0.5}, {"b", 0.75}})
      runs.push_back({.dataset = dataset,
                      .method = method,
                      .split = "1",
                      .metrics = {{"knn.accuracy", value}}});
  folder.write_all(runs);
  write_file_whole(folder.results() / "runs" / "old.json", "{}");
  CHECK(rendered(folder, TableFormat::text) == R"(hand
knn.accuracy (higher is better)

    x          y          rank
--------------------------------
a   0.5000     0.5000     2.00
b   0.7500 *   0.7500 *   1.00 *

* the best
rank: mean over 2 data sets, 1 the best, ties sharing theirs
left out: 1 result that the present spec doesn't name
)");
  CHECK(rendered(folder, TableFormat::text, {}, true).find("\nrank   2.00     1.00 *\n") !=
        std::string::npos);
}

TEST_CASE("a cell over fewer runs than its neighbours says so") {
  const Folder folder;
  folder.write_all(
      {{.dataset = "x", .method = "a", .split = "1", .metrics = {{"knn.accuracy", 0.5}}},
       {.dataset = "x", .method = "a", .split = "1", .seed = 2, .metrics = {{"knn.accuracy", 0.5}}},
       {.dataset = "x", .method = "b", .split = "1", .metrics = {{"knn.accuracy", 0.25}}}});
  const std::string text = rendered(folder, TableFormat::text);
  CHECK(text.find("runs a cell: 2 seeds\n") != std::string::npos);
  CHECK(text.find("b   0.2500 [1]\n") != std::string::npos);
  CHECK(text.find("\n[1] over 1 run\n") != std::string::npos);
}

TEST_CASE("without deviations the head says that numbers are means") {
  const Folder folder;
  write_small(folder);
  CHECK(table_text(folder.results(), {.deviation = false}) == R"(hand
knn.accuracy (higher is better); mean
runs a cell: x 3 splits, y_1 1

    x          y_1
--------------------------
a   0.9000 *   0.5000
b   0.7000     skipped [1]

* the best
[1] skipped: 50 % | <of> "it", a, b and so on
)");
}

TEST_CASE("a format that there isn't") {
  CHECK_THROWS_WITH_AS(table_format_from_string("latx"),
                       "there is no table format \"latx\"; did you mean \"latex\"?", Error);
  for (const std::string& name : table_format_names())
    CHECK_NOTHROW(table_format_from_string(name));
}

}  // namespace
