// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <metriclab/report/table.hpp>
#include <numeric>

#include "tables.hpp"

namespace {

using namespace report_test;

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
