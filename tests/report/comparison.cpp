// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/comparison_text.hpp>
#include <metriclab/report/conclusions.hpp>

#include "fixture.hpp"

namespace {

using namespace report_test;
using doctest::Approx;

/// One run a cell of knn.accuracy: by method, then data set "d1", "d2", …
std::vector<WrittenRun> over_datasets(const std::vector<std::string>& methods,
                                      const std::vector<std::vector<double>>& values) {
  std::vector<WrittenRun> runs;
  for (std::size_t m = 0; m < methods.size(); ++m)
    for (std::size_t d = 0; d < values[m].size(); ++d)
      runs.push_back({.dataset = fmt::format("d{}", d + 1),
                      .method = methods[m],
                      .split = "holdout 1",
                      .metrics = {{"knn.accuracy", values[m][d]}}});
  return runs;
}

/// By method, then split "fold 1", …, then seed, on the data set "x".
std::vector<WrittenRun> over_splits(const std::vector<std::string>& methods,
                                    const std::vector<std::vector<std::vector<double>>>& values) {
  std::vector<WrittenRun> runs;
  for (std::size_t m = 0; m < methods.size(); ++m)
    for (std::size_t s = 0; s < values[m].size(); ++s)
      for (std::size_t seed = 0; seed < values[m][s].size(); ++seed)
        runs.push_back({.dataset = "x",
                        .method = methods[m],
                        .split = fmt::format("fold {}", s + 1),
                        .seed = static_cast<std::int64_t>(seed) + 1,
                        .metrics = {{"knn.accuracy", values[m][s][seed]}}});
  return runs;
}

void change(const Folder& folder, const WrittenRun& run, const std::string& key, Value value) {
  Value json = parse_json(read_file(folder.file_of(run)));
  json.set(key, std::move(value));
  write_file_whole(folder.file_of(run), to_json_text(json));
}

void add_sizes(const Folder& folder, const std::vector<WrittenRun>& runs, int n_train, int n_test) {
  for (const WrittenRun& run : runs) {
    Value sizes = Value::object();
    sizes.set("n_train", n_train);
    sizes.set("n_test", n_test);
    change(folder, run, "dataset", std::move(sizes));
  }
}

Comparison compare_in(const Folder& folder, const ComparisonOptions& options = {}) {
  return compare(read_results({folder.results()}), {folder.results()}, options);
}

bool says(const std::vector<std::string>& sentences, const std::string& part) {
  return std::any_of(sentences.begin(), sentences.end(), [&](const std::string& sentence) {
    return sentence.find(part) != std::string::npos;
  });
}

TEST_CASE("two methods over ten data sets: better on nine") {
  // Differences 1, 2, …, 10 hundredths, the least against a: W⁻ = 1, and of the 2¹⁰ sums of ranks
  // two are ≤ 1, so that p = 2·2/2¹⁰.
  std::vector<double> a, b;
  for (int d = 1; d <= 10; ++d) {
    b.push_back(0.5);
    a.push_back(0.5 + (d == 1 ? -1 : d) * 0.01);
  }
  const Folder folder;
  folder.write_all(over_datasets({"b", "a"}, {b, a}));
  const Comparison comparison = compare_in(folder);
  REQUIRE(comparison.pairs.size() == 1);
  const PairOverDatasets& pair = comparison.pairs.front();
  CHECK(comparison.scores.methods[pair.a] == "a");  // of better mean rank
  CHECK(pair.p == 4.0 / 1024);
  CHECK(pair.adjusted == pair.p);
  CHECK(pair.difference == Approx((-1 + 54) * 0.01 / 10));
  CHECK(pair.counts.wins == 9);
  CHECK(pair.counts.losses == 1);
  CHECK(comparison.average_ranks[pair.a] == Approx(1.1));
  CHECK_FALSE(comparison.friedman);
  CHECK(comparison.within.empty());
  CHECK(
      says(conclusions_of(comparison), "a is better than b (on 9 of 10 data sets, p = 0.00391)."));
  CHECK(pair.beliefs.a_better > 0.9);
}

TEST_CASE("where lower is better all of it turns round") {
  std::vector<double> slow, quick;
  for (int d = 1; d <= 6; ++d) {
    slow.push_back(d);
    quick.push_back(d - 0.1 * d);
  }
  const Folder folder;
  auto runs = over_datasets({"slow", "quick"}, {slow, quick});
  for (WrittenRun& run : runs) run.higher_is_better = false;
  folder.write_all(runs);
  const Comparison comparison = compare_in(folder);
  const PairOverDatasets& pair = comparison.pairs.front();
  CHECK(comparison.scores.methods[pair.a] == "quick");
  CHECK(pair.difference == Approx(0.1 * (1 + 2 + 3 + 4 + 5 + 6) / 6));
  CHECK(pair.counts.wins == 6);
  CHECK(pair.a12 > 0.5);
  CHECK(says(conclusions_of(comparison),
             "quick is better than slow (on 6 of 6 data sets, p = 0.0312)."));
}

TEST_CASE("three methods: ranks, Friedman, corrections, a control") {
  // On each of eight data sets a > b > c.
  std::vector<std::vector<double>> values(3);
  for (int d = 1; d <= 8; ++d)
    for (std::size_t m = 0; m < 3; ++m)
      values[m].push_back(0.9 - 0.01 * d * static_cast<double>(m));
  const Folder folder;
  folder.write_all(over_datasets({"a", "b", "c"}, values));
  const Comparison all = compare_in(folder);
  REQUIRE(all.friedman);
  CHECK(all.friedman->p == Approx(std::pow(6.0, -7)));
  CHECK(all.correction == Correction::bergmann_hommel);
  // Each p is 2⁻⁷, and 3·2⁻⁷ after Bergmann and Hommel: all three may be true at once.
  REQUIRE(all.pairs.size() == 3);
  for (const PairOverDatasets& pair : all.pairs) {
    CHECK(pair.p == 1.0 / 128);
    CHECK(pair.adjusted == Approx(3.0 / 128));
  }
  CHECK(all.smallest_adjusted == Approx(3.0 / 128));
  CHECK(says(conclusions_of(all),
             "a is better than b (on 8 of 8 data sets, p = 0.0234) and c (8 of 8,"));
  CHECK(says(all.warnings, "approximations for more than about 10 data sets and 5 methods"));

  const Comparison against = compare_in(folder, {.control = "b"});
  CHECK(against.correction == Correction::holm);
  REQUIRE(against.pairs.size() == 2);
  for (const PairOverDatasets& pair : against.pairs) {
    CHECK(against.scores.methods[pair.a] == "b");
    CHECK(pair.adjusted == Approx(2.0 / 128));
  }
  CHECK(says(conclusions_of(against), "a is better than b (on 8 of 8 data sets, p = 0.0156)."));
  CHECK(says(conclusions_of(against), "b is better than c (on 8 of 8 data sets, p = 0.0156)."));

  const Comparison two = compare_in(folder, {.methods = {"a", "c"}});
  CHECK(two.scores.methods == std::vector<std::string>{"a", "c"});
  const Comparison by_ranks = compare_in(folder, {.test = PairTest::ranks});
  CHECK(by_ranks.pairs.front().p == by_ranks.pairs.front().p_ranks);
}

TEST_CASE("five data sets are too few for the signed-rank test, and that is said") {
  const Folder folder;
  folder.write_all(over_datasets({"a", "b"}, {{5, 5, 5, 5, 5}, {4, 4, 3, 2, 1}}));
  const Comparison comparison = compare_in(folder);
  CHECK(comparison.powerless());
  CHECK(comparison.smallest_p == 0.0625);
  const auto sentences = conclusions_of(comparison);
  CHECK(says(sentences, "over 5 data sets its p is 0.0625 at the least; 6 data sets would do"));
  CHECK_FALSE(says(sentences, "is better than"));
  CHECK_FALSE(says(sentences, "practically equivalent"));
  CHECK(says(sentences, "on d1 nothing is tested: there is one run of each method"));
  CHECK(says(comparison.warnings, "the Bayesian probabilities take 5 data sets"));
}

TEST_CASE("enough data sets, but too many pairs") {
  std::vector<std::string> methods;
  std::vector<std::vector<double>> values;
  for (int m = 0; m < 6; ++m) {
    methods.push_back(fmt::format("m{}", m));
    values.push_back({});
    for (int d = 1; d <= 8; ++d) values.back().push_back(m * 0.01 * d);
  }
  const Folder folder;
  folder.write_all(over_datasets(methods, values));
  // 15 pairs: 15·2⁻⁷ = 0.117. Six pairs, of four methods, or a control's five would do.
  const Comparison comparison = compare_in(folder);
  CHECK(comparison.powerless());
  CHECK(comparison.within.empty());
  CHECK(
      says(conclusions_of(comparison),
           "0.00781 at the least, and 0.117 when corrected for 15 pairs; it can with 4 methods at "
           "the most (--methods), or against one of them (--control)"));
  CHECK_FALSE(compare_in(folder, {.control = "m0"}).powerless());
}

TEST_CASE("one data set: the corrected t-test over splits, seeds averaged") {
  // Split means of a − b: 0.01, 0.02, 0.06, each from two seeds ± 0.1 around it.
  const Folder folder;
  const auto runs = over_splits({"b", "a"}, {{{0.4, 0.6}, {0.4, 0.6}, {0.4, 0.6}},
                                             {{0.41, 0.61}, {0.42, 0.62}, {0.46, 0.66}}});
  folder.write_all(runs);
  add_sizes(folder, runs, 100, 50);
  const Comparison comparison = compare_in(folder);
  CHECK(comparison.pairs.empty());
  REQUIRE(comparison.within.size() == 1);
  const OnDataset& on = comparison.within.front();
  CHECK(on.untested.empty());
  CHECK(on.splits == 3);
  CHECK(on.seeds == 2);
  CHECK(on.test_over_train == Approx(0.5));
  REQUIRE(on.pairs.size() == 1);
  CHECK(comparison.scores.methods[on.pairs[0].a] == "a");
  const double t = 0.03 / std::sqrt((1.0 / 3 + 0.5) * 0.0007);
  CHECK(on.pairs[0].test.t == Approx(t));
  CHECK(on.pairs[0].test.p == Approx(1 - t / std::sqrt(2 + t * t)));
  CHECK(says(conclusions_of(comparison), "on x, over 3 splits: a and b can't be told apart"));
  CHECK_THROWS_WITH_AS(cd_diagram_of(comparison),
                       "a critical-difference diagram shows ranks over data sets, and takes two of "
                       "them at least; there is one",
                       Error);
}

TEST_CASE("one data set and a metric of which lower is better") {
  const Folder folder;
  auto runs = over_splits({"slow", "quick"}, {{{3}, {4}, {5}}, {{1}, {3}, {2}}});
  for (WrittenRun& run : runs) run.higher_is_better = false;
  folder.write_all(runs);
  add_sizes(folder, runs, 100, 50);
  const PairOnDataset pair = compare_in(folder).within.front().pairs.front();
  CHECK(pair.a == 1);
  CHECK(pair.counts.wins == 3);
  CHECK(pair.test.difference == Approx((2.0 + 1 + 3) / 3));
  CHECK(pair.d == Approx(2));  // deviation 1
  CHECK(pair.a12 == Approx(8.5 / 9));
}

TEST_CASE("one data set where every split gives the same difference, or none") {
  const Folder folder;
  const auto runs = over_splits({"a", "b", "c"}, {{{0.5}, {0.7}}, {{0.6}, {0.8}}, {{0.5}, {0.7}}});
  folder.write_all(runs);
  add_sizes(folder, runs, 10, 10);
  const auto sentences = conclusions_of(compare_in(folder));
  CHECK(says(sentences,
             "the test is undefined, because all splits give the same difference, for b "
             "and a; b and c."));
  CHECK_FALSE(says(sentences, "is better than"));
}

TEST_CASE("result files without the sizes of the split") {
  const Folder folder;
  folder.write_all(over_splits({"a", "b"}, {{{0.5}, {0.7}}, {{0.6}, {0.9}}}));
  const Comparison comparison = compare_in(folder);
  CHECK(says(conclusions_of(comparison), "don't say how many examples trained and tested"));
  CHECK(std::isnan(comparison.within.front().pairs.front().adjusted));
}

TEST_CASE("one split and several seeds: intervals, no test") {
  const Folder folder;
  folder.write_all(over_splits({"a", "b"}, {{{0.5, 0.6, 0.7}}, {{0.7, 0.9, 0.8}}}));
  const Comparison comparison = compare_in(folder);
  const OnDataset& on = comparison.within.front();
  CHECK(says(conclusions_of(comparison), "seeds are no independent samples of data"));
  CHECK(comparison.scores.methods[on.pairs[0].a] == "b");
  CHECK(on.pairs[0].test.difference == Approx(0.2));
  CHECK(on.pairs[0].counts.wins == 3);
  // Differences 0.2, 0.3, 0.1: the interval lies within.
  CHECK(on.pairs[0].test.low >= 0.1 - 1e-12);
  CHECK(on.pairs[0].test.high <= 0.3 + 1e-12);
  CHECK(on.pairs[0].test.low < on.pairs[0].test.high);
  CHECK(std::isnan(on.pairs[0].test.p));
  CHECK(says(comparison.warnings, "are too narrow"));
}

TEST_CASE("what can't take part is left aside, with its reason") {
  auto runs = over_datasets({"a", "b", "c"}, {{1, 2, 3, 4}, {2, 3, 4, 5}, {3, 4, 5, 6}});
  for (WrittenRun& run : runs) {
    if (run.method == "c" && run.dataset != "d4") {  // three of its four are lost
      run.status = "failed";
      run.reason = "the loss is not finite";
      run.metrics = {};
    }
    if (run.method == "b" && run.dataset == "d2") run.metrics[0].second = "no such neighbour";
  }
  const Folder folder;
  folder.write_all(runs);
  const Comparison comparison = compare_in(folder);
  CHECK(comparison.scores.methods == std::vector<std::string>{"a", "b"});
  CHECK(comparison.scores.datasets == std::vector<std::string>{"d1", "d3", "d4"});
  CHECK(says(comparison.warnings,
             "method c is left aside (d1: failed: the loss is not finite; d2: failed: the loss is "
             "not finite; and 1 more)"));
  CHECK(says(comparison.warnings,
             "data set d2 is left aside (b: without a value: no such neighbour)"));

  // The control stays, and data sets go for it.
  const Comparison for_c = compare_in(folder, {.control = "c"});
  CHECK(for_c.scores.datasets == std::vector<std::string>{"d4"});
  CHECK(for_c.scores.methods == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a method that lacks a split of the others") {
  const Folder folder;
  auto runs = over_splits({"a", "b", "c"}, {{{0.5}, {0.7}}, {{0.6}, {0.9}}, {{0.6}, {0.9}}});
  runs.pop_back();
  folder.write_all(runs);
  CHECK(says(compare_in(folder).warnings, "method c is left aside (x: it has 1 of the 2 splits)"));
}

TEST_CASE("requests that can't be answered") {
  const Folder folder;
  auto runs = over_datasets({"lmnn", "itml"}, {{0.5, 0.6}, {0.6, 0.7}});
  folder.write_all(runs);
  const auto with = [&](const ComparisonOptions& options) { compare_in(folder, options); };
  CHECK_THROWS_WITH_AS(with({.control = "lmn"}),
                       "there is no method \"lmn\" in these results; did you mean \"lmnn\"?",
                       Error);
  CHECK_THROWS_WITH_AS(with({.methods = {"itml", "lmnm"}}),
                       "there is no method \"lmnm\" in these results; did you mean \"lmnn\"?",
                       Error);
  CHECK_THROWS_WITH_AS(with({.methods = {"itml"}}),
                       "nothing to compare by knn.accuracy: only \"itml\" has all of its runs",
                       Error);
  CHECK_THROWS_WITH_AS(with({.alpha = 1.5}), "alpha: 1.5 is not between 0 and 1", Error);
  CHECK_THROWS_AS(with({.rope = -1}), Error);
  for (const WrittenRun& run : runs)
    change(folder, run, "higher_is_better", [] {
      Value neither = Value::object();
      neither.set("knn.accuracy", Value());
      return neither;
    }());
  CHECK_THROWS_WITH_AS(with({}),
                       "knn.accuracy describes and has no better or worse, so that it can't be "
                       "compared by; choose another with --metric",
                       Error);
  for (WrittenRun& run : runs) {
    run.status = "failed";
    run.metrics = {};
  }
  folder.write_all(runs);
  CHECK_THROWS_AS(with({}), Error);
}

TEST_CASE("methods that tie everywhere") {
  const Folder folder;
  std::vector<double> same{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7};
  folder.write_all(over_datasets({"a", "b", "c"}, {same, same, same}));
  const Comparison comparison = compare_in(folder);
  const auto sentences = conclusions_of(comparison);
  CHECK(says(sentences, "the 3 methods have the same mean rank over 7 data sets"));
  CHECK(says(sentences, "the same on every data set: a and b; a and c; b and c."));
  for (const PairOverDatasets& pair : comparison.pairs) {
    CHECK(pair.p == 1);
    CHECK(pair.beliefs.equivalent == 1);
  }
}

TEST_CASE("intervals depend on their own values alone, and a rerun is the same to the byte") {
  const Folder folder;
  const auto runs = over_splits(
      {"a", "b", "c"}, {{{0.5}, {0.7}, {0.4}}, {{0.6}, {0.9}, {0.8}}, {{0.61}, {0.92}, {0.3}}});
  folder.write_all(runs);
  add_sizes(folder, runs, 20, 10);
  const Comparison all = compare_in(folder), two = compare_in(folder, {.methods = {"c", "a"}});
  CHECK(all.intervals[0].low == two.intervals[0].low);    // a
  CHECK(all.intervals[2].high == two.intervals[1].high);  // c
  for (ComparisonFormat format :
       {ComparisonFormat::text, ComparisonFormat::markdown, ComparisonFormat::json})
    CHECK(render(all, format) == render(compare_in(folder), format));
}

TEST_CASE("JSON has all pairs, text those of the first of many methods") {
  std::vector<std::string> methods;
  std::vector<std::vector<double>> values;
  for (int m = 0; m < 12; ++m) {
    methods.push_back(fmt::format("m{:02}", m));
    values.push_back({m * 0.1, m * 0.2, m * 0.3});
  }
  const Folder folder;
  folder.write_all(over_datasets(methods, values));
  const Comparison comparison = compare_in(folder);
  CHECK(comparison.correction == Correction::shaffer);
  CHECK(says(comparison.warnings, "the correction is Shaffer's"));
  const Value json = parse_json(render(comparison, ComparisonFormat::json));
  CHECK(json.at("pairs").as_list().size() == 12 * 11 / 2);
  CHECK(json.at("correction").as_string() == "shaffer");
  CHECK(json.at("methods").as_list().front().at("name").as_string() == "m11");
  CHECK(json.at("on_datasets").as_list().size() == 3);
  const std::string text = render(comparison, ComparisonFormat::text);
  CHECK(text.find("of the first method; all 66 are in --format json") != std::string::npos);
  CHECK(text.find("m11  m10") != std::string::npos);
  CHECK(text.find("m10  m09") == std::string::npos);
}

TEST_CASE("a comparison as text, whole") {
  const Folder folder;
  folder.write_all(over_datasets(
      {"a", "b"}, {{0.5, 0.5, 0.5, 0.5, 0.5, 0.5}, {0.25, 0.25, 0.25, 0.25, 0.25, 0.25}}));
  CHECK(
      render(compare_in(folder), ComparisonFormat::text) ==
      "hand\n"
      "knn.accuracy (higher is better): 2 methods on 6 data sets; alpha 0.05, region of practical "
      "equivalence ±0.01\n"
      "\n"
      "What the evidence allows to say\n"
      "\n"
      "  - p is that of the Wilcoxon signed-rank test:\n"
      "  - a is better than b (on 6 of 6 data sets, p = 0.0312).\n"
      "\n"
      "Mean ranks over 6 data sets; methods without a common line differ by Nemenyi's critical "
      "difference, 0.80, or more\n"
      "\n"
      "method  mean rank    mean  groups\n"
      "---------------------------------\n"
      "a            1.00  0.5000\n"
      "b            2.00  0.2500\n"
      "\n"
      "Pairs over data sets\n"
      "\n"
      "a  b  wins-ties-losses  difference  d   A12       p  Bergmann-Hommel    sign  Nemenyi  "
      "P(a better)  P(equivalent)  P(b better)\n" +
          std::string(126, '-') +
          "\n"
          "a  b             6-0-0      0.2500  -  1.00  0.0312           0.0312  0.0312   0.0143   "
          "   "
          "   1.00           0.00         0.00\n"
          "\n"
          "wins, ties, losses of a against b; difference: mean, above 0 where a is better; d: "
          "Cohen's, of paired differences; A12: Vargha and Delaney's, 0.5 for none; p: Wilcoxon "
          "signed-rank test, by itself and after Bergmann-Hommel; sign: sign test, Nemenyi: "
          "Nemenyi's test, p; P: Bayesian signed-rank test.\n");
}

}  // namespace
