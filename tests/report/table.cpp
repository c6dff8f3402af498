// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <metriclab/report/table.hpp>
#include <numeric>

#include "fixture.hpp"

namespace {

using namespace report_test;
using Keys = std::vector<std::vector<std::string>>;

/// methods × data sets × splits of knn.accuracy, in that nesting.
std::vector<WrittenRun> runs_of(const std::vector<std::string>& methods,
                                const std::vector<std::string>& datasets,
                                const std::vector<std::vector<std::vector<double>>>& values) {
  std::vector<WrittenRun> runs;
  for (std::size_t m = 0; m < methods.size(); ++m)
    for (std::size_t d = 0; d < datasets.size(); ++d)
      for (std::size_t s = 0; s < values[m][d].size(); ++s)
        runs.push_back({.dataset = datasets[d],
                        .method = methods[m],
                        .split = fmt::format("fold {}", s + 1),
                        .metrics = {{"knn.accuracy", values[m][d][s]}}});
  return runs;
}

Table table_of(const Folder& folder, const TableOptions& options = {}) {
  return make_table(read_results({folder.results()}, reading(options)), options);
}

std::vector<Coordinate> by(const char* coordinates) { return coordinates_from_string(coordinates); }
std::vector<Condition> where(const std::vector<std::string>& texts) {
  std::vector<Condition> conditions;
  for (const std::string& text : texts) conditions.push_back(condition_from_string(text));
  return conditions;
}

TEST_CASE("mean, deviation with n − 1, ranks and their mean") {
  const Folder folder;
  folder.write_all(runs_of({"a", "b", "c"}, {"x", "y"},
                           {{{0.9, 0.8, 1.0}, {0.5, 0.5}},
                            {{0.7, 0.7, 0.7}, {0.6, 0.6}},
                            {{0.1, 0.2, 0.3}, {0.5, 0.5}}}));
  const Table table = table_of(folder);
  CHECK(table.contestants == Keys{{"a"}, {"b"}, {"c"}});
  CHECK(table.rows.keys == Keys{{"a"}, {"b"}, {"c"}});
  CHECK(table.columns.keys == Keys{{"x"}, {"y"}});
  CHECK(table.methods == std::vector<std::string>{"a", "b", "c"});
  CHECK(table.datasets == std::vector<std::string>{"x", "y"});
  CHECK(&table.cell(0, 1, 2) == &table.cell(2, 1));
  CHECK(table.metrics == std::vector<std::string>{"knn.accuracy"});
  const Cell& a = table.cell(0, 0);
  CHECK(a.mean == doctest::Approx((0.9 + 0.8 + 1.0) / 3).epsilon(1e-15));
  CHECK(a.deviation == doctest::Approx(std::sqrt((0.0 + 0.01 + 0.01) / (3 - 1))).epsilon(1e-14));
  CHECK(a.measured == 3);
  CHECK(a.planned == 3);
  CHECK(a.best);
  CHECK_FALSE(table.cell(1, 0).best);
  CHECK(table.cell(1, 0).deviation == doctest::Approx(0.0));
  // On y, b is first, and a and c share places 2 and 3.
  CHECK(table.cell(0, 1).rank == 2.5);
  CHECK(table.cell(1, 1).rank == 1);
  CHECK(table.cell(2, 1).rank == 2.5);
  CHECK(table.standings[0].problems == 2);
  CHECK(*table.standings[0].ranks[0] == (1 + 2.5) / 2);
  CHECK(*table.standings[0].ranks[1] == (2 + 1) / 2.0);
  CHECK(*table.standings[0].ranks[2] == (3 + 2.5) / 2);
}

TEST_CASE("one run has no deviation, and a tie of all has no best") {
  const Folder folder;
  folder.write_all(runs_of({"a", "b"}, {"x"}, {{{0.5}}, {{0.5}}}));
  const Table table = table_of(folder);
  CHECK(std::isnan(table.cell(0, 0).deviation));
  CHECK_FALSE(table.cell(0, 0).best);
  CHECK_FALSE(table.cell(1, 0).best);
  CHECK(table.cell(0, 0).rank == 1.5);
  CHECK(table.standings[0].ranks[0] == 1.5);
}

TEST_CASE("where lower is better, the least is the best") {
  const Folder folder;
  auto runs = runs_of({"slow", "quick"}, {"x"}, {{{0.5}}, {{0.5}}});
  runs[0].seconds = 2;
  runs[1].seconds = 0.5;
  folder.write_all(runs);
  const Table table = table_of(folder, {.metrics = {"seconds.fit"}});
  CHECK(table.cell(1, 0).best);
  CHECK(table.cell(1, 0).rank == 1);
  CHECK(table.cell(0, 0).rank == 2);
}

TEST_CASE("cells with runs missing, failed or skipped are told, neither marked nor ranked") {
  const Folder folder;
  auto runs = runs_of({"a", "b", "c", "d"}, {"x", "y", "z"},
                      {{{0.9, 0.9}, {0.9}, {0.9}},
                       {{0.8, 0.8}, {0.8}, {0.8}},
                       {{0.99, 0.99}, {0.7}, {0.7}},
                       {{1, 1}, {1}, {1}}});
  for (WrittenRun& run : runs) {
    if (run.method == "c" && run.dataset == "x" && run.split == "fold 2") {
      run.status = "timed_out";
      run.reason = "60 s were over";
      run.metrics = {};
    }
    if (run.method == "d") {
      run.status = "skipped";
      run.reason = "conv4 takes images";
      run.metrics = {};
    }
  }
  folder.write_all(runs);
  for (const WrittenRun& run : runs)
    if (run.method == "b" && run.dataset == "y") std::filesystem::remove(folder.file_of(run));
  const Table table = table_of(folder);
  const Cell& partial = table.cell(2, 0);
  CHECK(partial.mean == 0.99);
  CHECK(partial.measured == 1);
  CHECK(partial.planned == 2);
  CHECK(partial.rank == 0);
  CHECK_FALSE(partial.best);
  CHECK(partial.notes == std::vector<std::string>{"1 of 2 runs timed out: 60 s were over"});
  CHECK(table.cell(0, 0).best);
  CHECK(table.cell(1, 1).notes == std::vector<std::string>{"missing"});
  CHECK(table.cell(1, 1).status == std::map<std::string, std::int64_t>{{"missing", 1}});
  CHECK(table.cell(3, 0).notes ==
        std::vector<std::string>{"2 of 2 runs skipped: conv4 takes images"});
  // d has no value at all and stays aside; of the rest only z is complete.
  CHECK(table.standings[0].problems == 1);
  CHECK(table.standings[0].others == 2);
  CHECK(table.standings[0].ranks == std::vector<std::optional<double>>{1, 2, 3, std::nullopt});
}

TEST_CASE("a metric that was measured nowhere") {
  const Folder folder;
  auto runs = runs_of({"a"}, {"x"}, {{{0.5}}});
  runs[0].metrics.emplace_back("retrieval.map_at_r", 0.25);
  folder.write_all(runs);
  CHECK_THROWS_WITH_AS(
      table_of(folder, {.metrics = {"knn.acuracy"}}),
      "there is no metric \"knn.acuracy\" in these results; did you mean \"knn.accuracy\"?", Error);
  CHECK_THROWS_WITH_AS(
      table_of(folder, {.metrics = {"zzzzzz"}}),
      "there is no metric \"zzzzzz\" in these results; there is \"knn.accuracy\" and "
      "\"retrieval.map_at_r\"",
      Error);
}

TEST_CASE("without knn.accuracy the first metric is shown; without any, the states") {
  const Folder folder;
  folder.write_all({{.dataset = "x",
                     .method = "a",
                     .split = "fold 1",
                     .metrics = {{"retrieval.map_at_r", 0.25}}}});
  CHECK(table_of(folder).metrics == std::vector<std::string>{"retrieval.map_at_r"});
  const Folder nothing;
  nothing.plan({{.dataset = "x", .method = "a", .split = "fold 1"}});
  CHECK(table_of(nothing).metrics.empty());
  CHECK(table_text(nothing.results()).find("no run has been measured") != std::string::npos);
}

/// margin 0.1 and 0.2 of triplet on x and y, each in two splits and with two seeds; euclidean,
/// which has no margin, once for each split.
std::vector<WrittenRun> grid_runs() {
  std::vector<WrittenRun> runs;
  for (const std::string dataset : {"x", "y"})
    for (int split = 1; split <= 2; ++split) {
      const std::string fold_name = fmt::format("fold {}", split);
      for (double margin : {0.1, 0.2})
        for (int seed = 1; seed <= 2; ++seed)
          runs.push_back({.dataset = dataset,
                          .method = fmt::format("triplet margin={}", margin),
                          .split = fold_name,
                          .seed = seed,
                          // 0.5 + margin, and 0.25 more on y.
                          .metrics = {{"knn.accuracy", 0.5 + margin + (dataset == "y" ? 0.25 : 0)},
                                      {"knn.error", 0.5 - margin - (dataset == "y" ? 0.25 : 0)}},
                          .parameters = fmt::format(
                              R"({{"plugin": "triplet", "loss": {{"margin": {}}}}})", margin),
                          .base = "triplet"});
      runs.push_back({.dataset = dataset,
                      .method = "euclidean",
                      .split = fold_name,
                      .metrics = {{"knn.accuracy", 0.65}, {"knn.error", 0.35}},
                      .parameters = R"({"plugin": "euclidean"})"});
    }
  return runs;
}

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

TEST_CASE("a cell over fewer data sets than its neighbours is neither marked nor ranked") {
  const Folder folder;
  auto runs =
      runs_of({"a", "b", "c"}, {"x", "y"}, {{{0.5}, {0.6}}, {{0.9}, {0.9}}, {{0.1}, {0.1}}});
  std::erase_if(runs,
                [](const WrittenRun& run) { return run.method == "b" && run.dataset == "y"; });
  folder.write_all(runs);
  const Table table = table_of(folder, {.columns = by("metric")});
  CHECK(table.cell(1, 0).mean == 0.9);
  CHECK(table.cell(1, 0).rank == 0);
  CHECK(table.cell(0, 0).best);
}

TEST_CASE("the best and the second best") {
  const auto marks = [](const std::vector<double>& values, bool higher = true) {
    const Folder folder;
    std::vector<WrittenRun> runs;
    for (std::size_t i = 0; i < values.size(); ++i)
      runs.push_back({.dataset = "x",
                      .method = fmt::format("m{}", i),
                      .split = "1",
                      .metrics = {{"a.b", values[i]}},
                      .higher_is_better = higher});
    folder.write_all(runs);
    const Table table = table_of(folder);
    std::string text;
    for (const Cell& cell : table.cells) text += cell.best ? '*' : cell.second ? 'o' : '.';
    return text;
  };
  CHECK(marks({1}) == ".");
  CHECK(marks({1, 2}) == ".*");
  CHECK(marks({2, 2}) == "..");
  CHECK(marks({1, 2, 3}) == ".o*");
  CHECK(marks({1, 2, 3}, false) == "*o.");
  CHECK(marks({3, 3, 2, 1}) == "**o.");
  CHECK(marks({3, 2, 2, 1}) == "*oo.");
  CHECK(marks({3, 2, 2}) == "*..");
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

TEST_CASE("wins, ties and losses against a method") {
  const Folder folder;
  folder.write_all(
      runs_of({"a", "b"}, {"x", "y", "z"}, {{{0.5}, {0.1 + 0.2}, {0.7}}, {{0.6}, {0.3}, {0.8}}}));
  const Table table = table_of(folder, {.against = "a"});
  REQUIRE(table.against == 0);
  const auto& means = table.standings[0].means;
  const HeadToHead score = head_to_head(means[1], means[0], Better::higher);
  CHECK(score.wins == 2);
  CHECK(score.ties == 1);  // 0.1 + 0.2 and 0.3 differ by rounding
  CHECK(score.losses == 0);
  CHECK(head_to_head(means[1], means[0], Better::lower).losses == 2);
  const double none = std::nan("");
  CHECK(head_to_head({1, none, 2}, {0, 0, none}, Better::higher).wins == 1);
  CHECK(head_to_head({1, none, 2}, {0, 0, none}, Better::higher).losses == 0);
  CHECK_THROWS_WITH_AS(table_of(folder, {.against = "c"}),
                       "there is no method \"c\" to count against; there is \"a\" and \"b\"",
                       Error);
  const Folder grid;
  grid.write_all(grid_runs());
  const TableOptions rows{.rows = by("base,/method/loss/margin"), .against = "triplet"};
  CHECK_THROWS_WITH_AS(
      table_of(grid, rows),
      "\"triplet\" is said of 2 rows or columns; write one of \"triplet, 0.1\" and "
      "\"triplet, 0.2\"",
      Error);
  CHECK(
      table_of(grid, {.rows = by("base,/method/loss/margin"), .against = "triplet, 0.2"}).against ==
      1);
  CHECK(table_of(grid, {.rows = by("base,/method/loss/margin"), .against = "euclidean"}).against ==
        2);
}

TEST_CASE("a mean rank is one more than what the others win and half of what they tie") {
  CHECK(rc::check([] {
    const auto n = static_cast<std::size_t>(*rc::gen::inRange(2, 6)),
               problems = static_cast<std::size_t>(*rc::gen::inRange(1, 8));
    const Better better = *rc::gen::element(Better::higher, Better::lower);
    std::vector<std::vector<double>> means(n, std::vector<double>(problems));
    for (auto& of_method : means)
      for (double& value : of_method) value = *rc::gen::inRange(0, 4);
    const Standings standings = standings_of(means, better);
    RC_ASSERT(standings.problems == static_cast<std::int64_t>(problems));
    for (std::size_t i = 0; i < n; ++i) {
      double worse = 0;
      for (std::size_t j = 0; j < n; ++j) {
        if (i == j) continue;
        const HeadToHead score = head_to_head(means[i], means[j], better),
                         turned = head_to_head(means[j], means[i], better);
        RC_ASSERT(score.wins == turned.losses);
        RC_ASSERT(score.wins + score.ties + score.losses == static_cast<std::int64_t>(problems));
        worse += static_cast<double>(score.losses) + static_cast<double>(score.ties) / 2;
      }
      RC_ASSERT(std::abs(*standings.ranks[i] - 1 - worse / static_cast<double>(problems)) < 1e-12);
    }
  }));
}

TEST_CASE("laws of ranks") {
  // Few different values, so that ties are frequent.
  const auto values_of = [] {
    return *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
  };
  CHECK(rc::check("ranks sum to n(n + 1)/2, ties share, the better has the lower", [&] {
    const std::vector<int> drawn = values_of();
    const std::vector<double> values(drawn.begin(), drawn.end());
    const std::vector<double> ranks = ranks_of(values, Better::higher);
    const auto n = static_cast<double>(values.size());
    RC_ASSERT(std::accumulate(ranks.begin(), ranks.end(), 0.0) == n * (n + 1) / 2);
    for (std::size_t i = 0; i < values.size(); ++i)
      for (std::size_t j = 0; j < values.size(); ++j) {
        RC_ASSERT((values[i] == values[j]) == (ranks[i] == ranks[j]));
        if (values[i] > values[j]) RC_ASSERT(ranks[i] < ranks[j]);
      }
  }));
  CHECK(rc::check("the other direction turns ranks round; scale and rounding change nothing", [&] {
    const std::vector<int> drawn = values_of();
    std::vector<double> values(drawn.begin(), drawn.end()), scaled;
    for (double value : values) scaled.push_back(value * 0.1 * 3);
    const std::vector<double> up = ranks_of(values, Better::higher),
                              down = ranks_of(values, Better::lower);
    for (std::size_t i = 0; i < values.size(); ++i)
      RC_ASSERT(up[i] + down[i] == static_cast<double>(values.size()) + 1);
    RC_ASSERT(ranks_of(scaled, Better::higher) == up);
    for (double& value : scaled) value *= 1 + 1e-15;
    RC_ASSERT(ranks_of(scaled, Better::higher) == up);
  }));
  CHECK(ranks_of({}, Better::higher).empty());
  CHECK(ranks_of({1, 2}, Better::neither).empty());
  CHECK(ranks_of({0.1 + 0.2, 0.3}, Better::higher) == std::vector<double>{1.5, 1.5});
}

}  // namespace
