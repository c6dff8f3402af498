// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tables.hpp"

namespace {

using namespace report_test;

TEST_CASE("rows and columns by any coordinates") {
  const Folder folder;
  folder.write_all(grid_runs());
  Table table = table_of(folder, {.rows = by("base,/method/loss/margin"),
                                  .columns = by("dataset,metric"),
                                  .where = where({"metric=knn.*"})});
  CHECK(table.rows.keys == Keys{{"triplet", "0.1"}, {"triplet", "0.2"}, {"euclidean", ""}});
  CHECK(table.columns.keys ==
        Keys{{"x", "knn.accuracy"}, {"x", "knn.error"}, {"y", "knn.accuracy"}, {"y", "knn.error"}});
  CHECK(table.contestants == table.rows.keys);
  CHECK(table.cell(1, 2).mean == 0.5 + 0.2 + 0.25);
  CHECK(table.cell(1, 2).planned == 4);
  CHECK(table.cell(1, 2).best);
  CHECK(table.cell(2, 0).second);  // 0.65 between 0.6 and 0.7
  CHECK(table.groups[table.cell(1, 2).group].over ==
        std::vector<std::string>{"2 splits", "2 seeds"});
  CHECK(table.compared == by("base,/method/loss/margin"));

  // Data sets averaged over; ranks are still means over them.
  table = table_of(folder, {.rows = by("seed"), .columns = by("method")});
  CHECK(table.columns.keys == Keys{{"triplet margin=0.1"}, {"triplet margin=0.2"}, {"euclidean"}});
  CHECK(table.cell(0, 0).mean == doctest::Approx((0.6 + 0.85) / 2).epsilon(1e-15));
  CHECK(table.cell(1, 2).planned == 0);  // euclidean has seed 1 alone
  CHECK(table.problems_are == std::vector<std::string>{"data set", "seed"});
  table = table_of(folder, {.columns = by("metric")});
  CHECK(table.cell(0, 0).planned == 8);
  CHECK(table.cell(0, 0).datasets == 2);
  CHECK(table.standings[0].problems == 2);
  // On x 0.6, 0.7, 0.65; on y 0.85, 0.95, 0.65.
  CHECK(table.standings[0].ranks == std::vector<std::optional<double>>{2.5, 1, 2.5});

  // Without methods nothing is compared.
  table = table_of(folder, {.rows = by("dataset"), .columns = by("split")});
  CHECK(table.compared.empty());
  CHECK(table.cell(0, 0).rank == 0);
  CHECK_FALSE(table.cell(0, 0).best);
  CHECK(table.contestants.empty());
}

TEST_CASE("rows and columns that aren't named") {
  const auto axes = [](TableOptions options) {
    const Folder folder;
    folder.write_all(grid_runs());
    const Table table = table_of(folder, options);
    return std::pair{table.rows.coordinates, table.columns.coordinates};
  };
  CHECK(axes({}) == std::pair{by("method"), by("dataset")});
  CHECK(axes({.metrics = {"*"}}) == std::pair{by("method"), by("dataset,metric")});
  CHECK(axes({.rows = by("dataset")}) == std::pair{by("dataset"), by("method")});
  CHECK(axes({.columns = by("method")}) == std::pair{by("dataset"), by("method")});
  CHECK(axes({.rows = by("dataset,method")}) == std::pair{by("dataset,method"), by("metric")});
  CHECK(axes({.metrics = {"*"}, .rows = by("method,metric")}) ==
        std::pair{by("method,metric"), by("dataset")});
  CHECK_THROWS_WITH_AS(axes({.rows = by("dataset"), .columns = by("dataset")}),
                       "\"dataset\" is named twice in rows and columns", Error);
  CHECK_THROWS_WITH_AS(
      by("method,datset"),
      "there is no coordinate \"datset\"; did you mean \"dataset\"?; a parameter is named by its "
      "JSON pointer, such as /method/loss/margin",
      Error);
}

TEST_CASE("experiments are compared where rows and columns have no methods") {
  const Folder a("a"), b("b");
  WrittenRun one{.dataset = "x", .method = "m", .split = "1", .metrics = {{"knn.accuracy", 0.5}}};
  a.write_all({one});
  one.metrics = {{"knn.accuracy", 0.75}};
  one.id = "other";
  b.write_all({one});
  const TableOptions options{.rows = by("experiment")};
  const Table table =
      make_table(read_results({a.results(), b.results()}, reading(options)), options);
  CHECK(table.rows.keys == Keys{{"a"}, {"b"}});
  CHECK(table.cell(0, 0).rank == 2);
  CHECK(table.cell(1, 0).best);
}

TEST_CASE("conditions") {
  const Folder folder;
  folder.write_all(grid_runs());
  const auto rows = [&](const std::vector<std::string>& conditions) {
    std::string names;
    for (const auto& key : table_of(folder, {.where = where(conditions)}).rows.keys)
      names += (names.empty() ? "" : "|") + key[0];
    return names;
  };
  const std::string small = "triplet margin=0.1", large = "triplet margin=0.2";
  CHECK(rows({"dataset=x"}) == small + "|" + large + "|euclidean");
  CHECK(rows({"method=triplet*"}) == small + "|" + large);
  CHECK(rows({"method!=triplet*"}) == "euclidean");
  CHECK(rows({"method=euclidean, *0.2"}) == large + "|euclidean");
  CHECK(rows({"/method/loss/margin>=0.2"}) == large);
  CHECK(rows({"/method/loss/margin<0.2"}) == small);
  CHECK(rows({"/method/loss/margin>0.05", "/method/loss/margin<=0.1"}) == small);
  CHECK(rows({"/method/block/loss/margin=0.20"}) == large);
  CHECK(rows({"/method/loss/margin!=0.2"}) == small + "|euclidean");
  CHECK(rows({"base=triplet", "seed=2"}) == small + "|" + large);
  CHECK(rows({"seed=2"}) == small + "|" + large);
  // The first sign parts the name from the value.
  CHECK(rows({"method=triplet margin=0.1"}) == small);

  for (const auto& [condition, message] :
       {std::pair{"dataset=z",
                  "--where dataset=z: there is no dataset \"z\"; there is \"x\" and "
                  "\"y\""},
        {"method=euclid",
         "--where method=euclid: there is no method \"euclid\"; did you mean "
         "\"euclidean\"?"},
        {"dataset=x,z",
         "--where dataset=x,z: there is no dataset \"z\"; there is \"x\" and "
         "\"y\""},
        {"dataset!=z", "--where dataset!=z: there is no dataset \"z\"; there is \"x\" and \"y\""},
        {"/method/loss/margin=0.3",
         "--where /method/loss/margin=0.3: there is no "
         "/method/loss/margin \"0.3\"; there is \"0.1\", \"0.2\""},
        {"/method/loss/margin>1",
         "--where /method/loss/margin>1: nothing fits; there is \"0.1\", \"0.2\""},
        {"dataset>1", "--where dataset>1: there are no numbers to compare; there is \"x\", \"y\""},
        {"seed>=two", "--where seed>=two: \"two\" is no number; \">=\" compares numbers"},
        {"dataset=", "--where dataset=: nothing stands behind \"=\""},
        {"dataset",
         "--where dataset: is no condition; write dataset=wine,iris or "
         "method!=euclidean or \"/method/loss/margin>=0.2\""},
        {"metric=kmn.*",
         "--where metric=kmn.*: there is no metric \"kmn.*\"; there is "
         "\"knn.accuracy\" and \"knn.error\""}})
    CHECK_THROWS_WITH_AS(rows({condition}), message, Error);
  CHECK_THROWS_WITH_AS(rows({"dataset=x", "dataset=y"}),
                       "no run fits --where dataset=x and --where dataset=y", Error);

  // A name with a comma is met as a whole first.
  const Folder other;
  other.write_all({{.dataset = "sick, parts", .method = "a", .split = "1"},
                   {.dataset = "wine", .method = "a", .split = "1"}});
  const auto columns = [&](const char* condition) {
    return table_of(other, {.where = where({condition})}).columns.keys;
  };
  CHECK(columns("dataset=sick, parts") == Keys{{"sick, parts"}});
  CHECK(columns("dataset=wine,sick*") == Keys{{"sick, parts"}, {"wine"}});
}

TEST_CASE("orders of rows and columns") {
  const Folder folder;
  // Means 0.5, 0.6, 0.55; ranks (2 + 3) / 2, (3 + 1) / 2, (1 + 2) / 2.
  auto runs =
      runs_of({"m10", "m9", "b"}, {"y", "x"}, {{{0.4}, {0.6}}, {{0.3}, {0.9}}, {{0.45}, {0.65}}});
  WrittenRun failed = runs[0];
  failed.method = "worst, with the best mean";
  failed.metrics = {{"knn.accuracy", 0.99}};
  runs.push_back(failed);
  failed.dataset = "x";
  failed.status = "failed";
  failed.metrics = {};
  folder.write_all([&] {
    runs.push_back(failed);
    return runs;
  }());
  const auto rows = [&](TableOrder order) {
    return table_of(folder, {.row_order = order}).rows.keys;
  };
  const std::string last = failed.method;
  CHECK(rows(TableOrder::spec) == Keys{{"m10"}, {"m9"}, {"b"}, {last}});
  CHECK(rows(TableOrder::name) == Keys{{"b"}, {"m9"}, {"m10"}, {last}});
  // What lacks values is behind what has them.
  CHECK(rows(TableOrder::mean) == Keys{{"m9"}, {"b"}, {"m10"}, {last}});
  const auto of = [&](TableOptions options) {
    options.where = where({"method!=worst*"});
    return table_of(folder, options);
  };
  CHECK(of({.row_order = TableOrder::rank}).rows.keys == Keys{{"b"}, {"m9"}, {"m10"}});
  const Table table = of({.row_order = TableOrder::rank, .column_order = TableOrder::mean});
  CHECK(table.columns.keys == Keys{{"x"}, {"y"}});
  CHECK(table.cell(1, 0).mean == 0.9);
  CHECK(table.contestants == table.rows.keys);
  CHECK(*table.standings[0].ranks[0] == 1.5);
  CHECK(of({.rows = by("dataset"), .column_order = TableOrder::rank}).columns.keys ==
        Keys{{"b"}, {"m9"}, {"m10"}});
  // Data sets stay apart: methods are put in order within each.
  CHECK(of({.rows = by("dataset,method"), .row_order = TableOrder::mean}).rows.keys ==
        Keys{{"y", "b"}, {"y", "m10"}, {"y", "m9"}, {"x", "m9"}, {"x", "b"}, {"x", "m10"}});
  CHECK_THROWS_WITH_AS(of({.column_order = TableOrder::rank}),
                       "columns can't be sorted by rank: they don't have method, which is ranked",
                       Error);
  CHECK_THROWS_WITH_AS(table_order_from_string("ranks"),
                       "there is no order \"ranks\"; did you mean \"rank\"?", Error);
}

}  // namespace
