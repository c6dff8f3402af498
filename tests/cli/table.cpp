// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "command.hpp"
#include "report/fixture.hpp"

namespace {

using metriclab::testing::Outcome;
using metriclab::testing::run;
using report_test::WrittenRun;

/// lmnn with 3 and 5 neighbours, on wine and iris.
void write_grid(const report_test::Folder& folder) {
  std::vector<WrittenRun> runs;
  for (const auto& [dataset, three, five] :
       {std::tuple{"wine", 0.5, 0.75}, std::tuple{"iris", 0.875, 0.625}})
    for (const auto& [k, value] : {std::pair{3, three}, std::pair{5, five}})
      runs.push_back({.dataset = dataset,
                      .method = fmt::format("lmnn n_neighbors={}", k),
                      .split = "1",
                      .metrics = {{"knn.accuracy", value}},
                      .parameters = fmt::format(R"({{"plugin": "lmnn", "n_neighbors": {}}})", k),
                      .base = "lmnn"});
  folder.write_all(runs);
}

TEST_CASE("table: every option reaches the table") {
  const report_test::Folder folder;
  write_grid(folder);
  Outcome outcome = run("table " + folder.results().string() +
                        " --rows base,/method/n_neighbors --columns dataset --sort rank"
                        " --sort-columns name --percent --digits 1 --spread none --width 80"
                        " --where '/method/n_neighbors>=3' --where dataset=wine,iris"
                        " --against 'lmnn, 3' --pairs");
  CHECK(outcome.errors == "");
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.output == R"(hand
knn.accuracy in % (higher is better)
where /method/n_neighbors>=3 and dataset=wine,iris

base   n_neighbors   iris     wine     rank   w/t/l
---------------------------------------------------
lmnn   3             87.5 *   50.0     1.50
       5             62.5     75.0 *   1.50   1/0/1

* the best
rank: mean over 2 data sets, 1 the best, ties sharing theirs
w/t/l: data sets on which the mean is better than, equal to, and worse than that
  of lmnn, 3

hand, methods in pairs by knn.accuracy
data sets on which the row's mean is better than, equal to, and worse than the
  column's

          lmnn, 3   lmnn, 5
---------------------------
lmnn, 3             1/0/1
lmnn, 5   1/0/1
)");
  outcome = run("table " + folder.results().string() + " --format csv --metric 'knn.*'");
  CHECK(outcome.output.starts_with("metric,dataset,method,mean,"));
}

TEST_CASE("table: what can't be shown is said, with what can") {
  const report_test::Folder folder;
  write_grid(folder);
  for (const auto& [arguments, message] :
       {std::pair{"--rows methods",
                  "there is no coordinate \"methods\"; did you mean \"method\"?; a parameter is "
                  "named by its JSON pointer, such as /method/loss/margin"},
        {"--rows /method/n_neighbours",
         "no result has anything at \"/method/n_neighbours\"; did you mean "
         "\"/method/block/n_neighbors\"?"},
        {"--where dataset=wien",
         "--where dataset=wien: there is no dataset \"wien\"; did you mean \"wine\"?"},
        {"--metric knn.acc",
         "there is no metric \"knn.acc\" in these results; did you mean \"knn.accuracy\"?"},
        {"--spread interval",
         "there is no spread \"interval\"; there is \"deviation\" and \"none\""},
        {"--sort worst",
         "there is no order \"worst\"; there is \"spec\", \"name\", \"mean\" and \"rank\""}}) {
    const Outcome outcome = run("table " + folder.results().string() + " " + arguments);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output == "");
    CHECK(outcome.errors == fmt::format("error: {}\n", message));
  }
}

}  // namespace
