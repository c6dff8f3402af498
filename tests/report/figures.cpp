// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <cmath>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/figure_source.hpp>
#include <metriclab/report/figures.hpp>
#include <set>

#include "fixture.hpp"
#include "svg_check.hpp"

namespace {

using namespace metriclab;
using report_test::Folder;
using report_test::WrittenRun;

std::string curve(const std::string& name, const std::string& unit, const std::vector<double>& at,
                  const std::vector<double>& values) {
  return fmt::format(R"({{"name": "{}", "unit": "{}", "at": [{}], "values": [{}]}})", name, unit,
                     fmt::join(at, ", "), fmt::join(values, ", "));
}

std::vector<Picture> figures_of(const Folder& folder, FigureOptions options = {}) {
  return make_figures(read_results({folder.results()}, reading(options)), options);
}

const Figure& figure_named(const std::vector<Picture>& pictures, const std::string& name) {
  for (const Picture& picture : pictures)
    if (picture.name == name) return std::get<Figure>(picture.drawing);
  std::string names;
  for (const Picture& picture : pictures) names += picture.name + " ";
  FAIL(name << " is not among " << names);
  throw 0;
}

const Series& series_named(const Figure& figure, const std::string& name) {
  for (const Series& series : figure.series)
    if (series.name == name) return series;
  FAIL("no series " << name);
  throw 0;
}

void check_all(const std::vector<Picture>& pictures) {
  std::set<std::string> names;
  for (const Picture& picture : pictures) {
    CHECK(names.insert(picture.name).second);
    CAPTURE(picture.name);
    for (SvgUse use : {SvgUse::file, SvgUse::page})
      if (picture.kind != FigureKind::critical_difference) svg_check::check(svg_of(picture, use));
    CHECK(svg_check::problem_of(svg_of(picture)) == "");
  }
}

TEST_CASE("learning curves: mean and deviation of runs, while half of them go on") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  const std::vector<std::vector<double>> losses{{4, 2, 1}, {5, 3}, {6, 7, 3, 1}};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    std::vector<double> at;
    for (std::size_t step = 1; step <= losses[i].size(); ++step)
      at.push_back(static_cast<double>(step));
    runs.push_back({.dataset = "digits",
                    .method = "triplet",
                    .split = fmt::format("fold {}", i + 1),
                    .metrics = {{"knn.accuracy", 0.5}},
                    .curves = "[" + curve("loss", "epoch", at, losses[i]) + ", " +
                              curve("learning_rate", "epoch", {1}, {0.1}) + "]"});
  }
  folder.write_all(runs);
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::learning_curves}});
  REQUIRE(pictures.size() == 1);
  const Figure& figure = figure_named(pictures, "learning_curves-digits-loss");
  const Series& series = series_named(figure, "triplet");
  // Three, three, two of three; the last epoch has one.
  CHECK(series.x == std::vector<double>{1, 2, 3});
  CHECK(series.y == std::vector<double>{(4 + 5 + 6) / 3.0, (2 + 3 + 7) / 3.0, (1 + 3) / 2.0});
  CHECK(series.high[1] - series.y[1] == doctest::Approx(std::sqrt((4.0 + 1 + 9) / 2)));
  CHECK(series.y[2] - series.low[2] == doctest::Approx(std::sqrt(2.0)));
  CHECK(figure.x.label == "epoch");
  REQUIRE(figure.notes.size() == 2);
  CHECK(figure.notes[0].starts_with("mean over 3 splits"));
  CHECK(figure.notes[1].find("half of them") != std::string::npos);
  check_all(pictures);
}

TEST_CASE("learning curves: objectives of several methods by the way that is left") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (int fold = 1; fold <= 2; ++fold) {
    const double scale = 10 * fold;
    runs.push_back(
        {.dataset = "wine",
         .method = "lmnn",
         .split = fmt::format("fold {}", fold),
         .metrics = {{"knn.accuracy", 0.5}},
         .curves = "[" + curve("objective", "iteration", {0, 1, 2}, {9 * scale, 3 * scale, scale}) +
                   "]"});
    runs.push_back(
        {.dataset = "wine",
         .method = "nca",
         .split = fmt::format("fold {}", fold),
         .metrics = {{"knn.accuracy", 0.5}},
         .curves = "[" + curve("objective", "iteration", {0, 1, 2}, {-1, 0.5, 1}) + "]"});
  }
  folder.write_all(runs);
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::learning_curves}});
  const Figure& figure = figure_named(pictures, "learning_curves-wine-objective");
  // (3 − 1)/(9 − 1) whatever the scale, and (1 − 0.5)/2 of what is maximised.
  CHECK(series_named(figure, "lmnn").y[1] == doctest::Approx(0.25));
  CHECK(series_named(figure, "nca").y[1] == doctest::Approx(0.25));
  CHECK(figure.y.scale == Scale::logarithmic);
  // Of one method it is the objective itself.
  FigureOptions one{.kinds = {FigureKind::learning_curves},
                    .where = {condition_from_string("method=lmnn")}};
  const auto alone = figures_of(folder, one);
  CHECK(series_named(figure_named(alone, "learning_curves-wine-objective"), "lmnn").y ==
        std::vector<double>{9 * 15, 3 * 15, 15});
  check_all(pictures);
}

TEST_CASE("ROC: the value at a rate is linear between points, and the last of equal ones") {
  const RecordedCurve curve{"roc", "false positive rate", {0, 0, 0.5, 1}, {0, 0.4, 0.8, 1}};
  CHECK(value_at(curve, 0) == 0.4);
  CHECK(value_at(curve, 0.25) == doctest::Approx((0.4 + 0.8) / 2));
  CHECK(value_at(curve, 0.5) == 0.8);
  CHECK(value_at(curve, 0.9) == doctest::Approx(0.8 + 0.2 * 0.4 / 0.5));
  CHECK(value_at(curve, 1) == 1);
  CHECK(std::isnan(value_at(curve, -0.1)));
}

TEST_CASE("ROC and DET: vertical averages") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  const std::vector<std::vector<double>> at{{0, 0, 0.5, 1}, {0, 0.25, 1}};
  const std::vector<std::vector<double>> values{{0, 0.4, 0.8, 1}, {0, 0.5, 1}};
  for (std::size_t i = 0; i < 2; ++i)
    runs.push_back(
        {.dataset = "faces",
         .method = "lda",
         .split = fmt::format("fold {}", i),
         .metrics = {{"anomaly.auroc", 0.5}},
         .curves = "[" + curve("anomaly.roc", "false positive rate", at[i], values[i]) + "]"});
  folder.write_all(runs);
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::roc, FigureKind::det}});
  REQUIRE(pictures.size() == 2);
  const Series& roc = series_named(figure_named(pictures, "roc-faces-anomaly.roc"), "lda");
  CHECK(roc.x.front() == 0);
  CHECK(roc.y.front() == 0);
  CHECK(roc.y.back() == 1);
  const auto mean_at = [](double rate) {
    const double first = rate < 0.5 ? 0.4 + 0.8 * rate : 0.8 + 0.4 * (rate - 0.5);
    const double second = rate < 0.25 ? 2 * rate : 0.5 + (rate - 0.25) * 2 / 3;
    return (first + second) / 2;
  };
  for (std::size_t i = 1; i < roc.x.size(); ++i)
    CHECK(roc.y[i] == doctest::Approx(mean_at(roc.x[i])));
  const Figure& det_figure = figure_named(pictures, "det-faces-anomaly.roc");
  CHECK(det_figure.x.scale == Scale::normal_deviate);
  const Series& det = series_named(det_figure, "lda");
  for (std::size_t i = 0; i < det.x.size(); ++i)
    CHECK(det.y[i] == doctest::Approx(1 - mean_at(det.x[i])));
  // Chance is wrong as often on the one side as it is right on the other.
  const Series& chance = series_named(det_figure, "chance");
  for (std::size_t i = 0; i < chance.x.size(); ++i)
    CHECK(chance.x[i] + chance.y[i] == doctest::Approx(1));
  check_all(pictures);
}

std::vector<WrittenRun> grid_runs(const std::string& base, const std::string& parameter,
                                  const std::vector<std::string>& values,
                                  const std::vector<std::string>& datasets = {"wine", "iris"}) {
  std::vector<WrittenRun> runs;
  for (const std::string& dataset : datasets)
    for (std::size_t v = 0; v < values.size(); ++v)
      for (int fold = 1; fold <= 2; ++fold)
        runs.push_back(
            {.dataset = dataset,
             .method = fmt::format("{} {}={}", base, parameter, values[v]),
             .split = fmt::format("fold {}", fold),
             .metrics = {{"knn.accuracy", 0.5 + 0.1 * static_cast<double>(v) + 0.02 * fold}},
             .base = base,
             .grid =
                 fmt::format(R"({{"/methods/{}/solver/{}": {}}})", base, parameter, values[v])});
  return runs;
}

TEST_CASE("parameters: of one method a picture with the data sets in it") {
  const Folder folder;
  folder.write_all(grid_runs("itml", "gamma", {"10", "0.1", "1"}));
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::parameters}});
  REQUIRE(pictures.size() == 1);
  const Figure& figure = figure_named(pictures, "parameters-itml-gamma-knn.accuracy");
  CHECK(figure.x.scale == Scale::logarithmic);
  REQUIRE(figure.series.size() == 2);
  const Series& wine = series_named(figure, "wine");
  CHECK(wine.x == std::vector<double>{0.1, 1, 10});
  for (std::size_t i = 0; i < 3; ++i) {
    const double v = std::vector<double>{1, 2, 0}[i];  // the place in the order of the grid
    CHECK(wine.y[i] == doctest::Approx(0.5 + 0.1 * v + 0.03));
    CHECK(wine.high[i] - wine.y[i] == doctest::Approx(0.01 * std::sqrt(2.0)));
  }
  check_all(pictures);
}

TEST_CASE("parameters: of several methods a picture for each data set") {
  const Folder folder;
  auto runs = grid_runs("itml", "n", {"1", "2", "3", "4"});
  for (const auto& run : grid_runs("gmml", "n", {"1", "2", "3", "4"})) runs.push_back(run);
  runs.push_back({.dataset = "wine",
                  .method = "euclidean",
                  .split = "fold 1",
                  .metrics = {{"knn.accuracy", 0.1}}});
  folder.write_all(runs);
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::parameters}});
  REQUIRE(pictures.size() == 2);
  const Figure& figure = figure_named(pictures, "parameters-iris-n-knn.accuracy");
  CHECK(figure.x.scale == Scale::linear);
  CHECK(figure.series.size() == 2);
  CHECK(series_named(figure, "gmml").x == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("parameters: categories, and a second parameter as series") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  for (const char* kernel : {"linear", "rbf"})
    for (const char* gamma : {"1", "2"})
      runs.push_back(
          {.dataset = "wine",
           .method = fmt::format("k {} {}", kernel, gamma),
           .split = "fold 1",
           .metrics = {{"knn.accuracy", kernel[0] == 'l' ? 0.5 : 0.6}},
           .base = "k",
           .grid = fmt::format(
               R"({{"/methods/k/solver/kernel": {{"plugin": "{}", "scale": 2}}, "/methods/k/solver/gamma": {}, "/methods/k/solver/follows": {}}})",
               kernel, gamma, std::stoi(gamma) * 10)});
  folder.write_all(runs);
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::parameters}});
  REQUIRE(pictures.size() == 3);
  const Figure& kernels = figure_named(pictures, "parameters-k-kernel-knn.accuracy");
  CHECK(kernels.x.categories == std::vector<std::string>{"linear scale=2", "rbf scale=2"});
  CHECK(kernels.series.size() == 2);
  CHECK(series_named(kernels, "wine, follows=20 gamma=2").y == std::vector<double>{0.5, 0.6});
  // What follows from gamma makes no series of its own.
  const Figure& gamma = figure_named(pictures, "parameters-k-gamma-knn.accuracy");
  CHECK(gamma.series.size() == 2);
  CHECK(series_named(gamma, "wine, kernel=rbf scale=2").y == std::vector<double>{0.6, 0.6});
  check_all(pictures);
}

TEST_CASE("parameters: what numbers stand on which axis") {
  for (const auto& [values, scale] :
       {std::pair(std::vector<std::string>{"0.001", "0.1"}, Scale::logarithmic),
        {{"1", "2"}, Scale::linear},
        {{"0", "1", "10"}, Scale::linear},
        {{"10", "30", "50", "70", "90", "110"}, Scale::linear},
        {{"1", "3", "10", "30"}, Scale::logarithmic},
        {{"0.1", "null"}, Scale::categories}}) {
    const Folder folder;
    folder.write_all(grid_runs("itml", "gamma", values, {"wine"}));
    const auto pictures = figures_of(folder, {.kinds = {FigureKind::parameters}});
    CHECK(std::get<Figure>(pictures.front().drawing).x.scale == scale);
  }
}

TEST_CASE("parameters: the trials of a search are points, means over their parts") {
  const Folder folder;
  std::vector<WrittenRun> runs{{.dataset = "wine",
                                .method = "itml",
                                .split = "fold 1",
                                .metrics = {{"knn.accuracy", 0.9}},
                                .chosen = R"({"/solver/gamma": 2.5})"}};
  for (int trial = 1; trial <= 3; ++trial)
    for (int part = 1; part <= 2; ++part)
      runs.push_back({.dataset = "wine",
                      .method = "itml",
                      .split = "fold 1",
                      .metrics = {{"knn.accuracy", 0.5 + 0.1 * trial + 0.02 * part}},
                      .chosen = fmt::format(R"({{"/solver/gamma": {}, "/solver/n": {}}})",
                                            trial + 0.5, 4 - trial),
                      .trial = trial,
                      .part = fmt::format("fold {}", part)});
  folder.write_all(runs);
  // What a search chose varies no parameter.
  CHECK_THROWS_AS(figures_of(folder, {.kinds = {FigureKind::parameters}}), Error);
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::parameters}, .trials = true});
  REQUIRE(pictures.size() == 2);
  const Series& series =
      series_named(figure_named(pictures, "parameters-itml-gamma-knn.accuracy"), "wine");
  CHECK(series.marks == Marks::points);
  CHECK(series.x == std::vector<double>{1.5, 2.5, 3.5});
  for (int trial = 1; trial <= 3; ++trial)
    CHECK(series.y[static_cast<std::size_t>(trial) - 1] == doctest::Approx(0.53 + 0.1 * trial));
  CHECK(series.labels[0] == "gamma=1.5 n=3");
  check_all(pictures);
}

TEST_CASE("the Pareto front by its definition") {
  CHECK(rc::check("front", [] {
    const auto n = static_cast<std::size_t>(*rc::gen::inRange(0, 25));
    std::vector<double> cost, value;
    for (std::size_t i = 0; i < n; ++i) {
      cost.push_back(*rc::gen::inRange(0, 8));
      value.push_back(*rc::gen::inRange(0, 8));
    }
    for (Better better : {Better::higher, Better::lower}) {
      std::set<std::size_t> expected;
      for (std::size_t i = 0; i < n; ++i) {
        bool beaten = false;
        for (std::size_t j = 0; j < n; ++j) {
          const double gain = better == Better::higher ? value[j] - value[i] : value[i] - value[j];
          beaten |= cost[j] <= cost[i] && gain >= 0 && (cost[j] < cost[i] || gain > 0);
        }
        if (!beaten) expected.insert(i);
      }
      const auto front = pareto_front(cost, value, better);
      RC_ASSERT(std::set<std::size_t>(front.begin(), front.end()) == expected);
      for (std::size_t i = 1; i < front.size(); ++i)
        RC_ASSERT(cost[front[i - 1]] <= cost[front[i]]);
    }
  }));
}

TEST_CASE("pareto, dots and critical differences of a plain comparison") {
  const Folder folder;
  std::vector<WrittenRun> runs;
  // b is better and slower than a on both, c slower than b and worse.
  for (const char* dataset : {"wine", "iris", "sonar"})
    for (int fold = 1; fold <= 3; ++fold)
      for (const auto& [method, value, seconds] :
           {std::tuple("a", 0.7, 1.0), std::tuple("b", 0.9, 2.0), std::tuple("c", 0.8, 4.0)})
        runs.push_back({.dataset = dataset,
                        .method = method,
                        .split = fmt::format("fold {}", fold),
                        .metrics = {{"knn.accuracy", value + 0.01 * fold}},
                        .seconds = seconds * (dataset[0] == 's' ? 8 : 1)});
  folder.write_all(runs);
  const auto pictures = figures_of(folder);
  std::map<FigureKind, int> kinds;
  for (const Picture& picture : pictures) ++kinds[picture.kind];
  CHECK(kinds == std::map<FigureKind, int>{{FigureKind::pareto, 4},
                                           {FigureKind::dots, 3},
                                           {FigureKind::critical_difference, 1}});
  const Figure& wine = figure_named(pictures, "pareto-wine-knn.accuracy");
  const Series& front = series_named(wine, "Pareto front");
  CHECK(front.x == std::vector<double>{1, 2, 4});
  CHECK(front.y.front() == doctest::Approx(0.72));
  CHECK(front.y.back() == doctest::Approx(0.92));
  CHECK(series_named(wine, "b").labels.front() == "on the Pareto front");
  CHECK(series_named(wine, "c").labels.front() == "");
  const Figure& all = figure_named(pictures, "pareto-all-knn.accuracy");
  CHECK(series_named(all, "c").x.front() == doctest::Approx(std::cbrt(4.0 * 4 * 32)));
  CHECK(series_named(all, "c").y.front() == doctest::Approx(2));
  const Figure& dots = figure_named(pictures, "dots-iris-knn.accuracy");
  CHECK(dots.y.categories == std::vector<std::string>{"a", "b", "c"});
  CHECK(series_named(dots, "b").x.size() == 3);
  CHECK(series_named(dots, "b").labels[1] == "fold 2, seed 1");
  CHECK(series_named(dots, "mean").x[1] == doctest::Approx(0.92));
  // A method looks the same in each.
  CHECK(series_named(dots, "c").style == series_named(wine, "c").style);
  const CdDiagram& diagram = std::get<CdDiagram>(pictures.back().drawing);
  CHECK(diagram.average_ranks == std::vector<double>{3, 1, 2});
  // q_0.05 = 2.343 of three methods (Demšar. JMLR 2006, table 5), over √(3·4/(6·3)).
  CHECK(diagram.critical_difference == doctest::Approx(2.343 * std::sqrt(12.0 / 18)).epsilon(1e-3));
  check_all(pictures);
}

TEST_CASE("what isn't there is said, with what is") {
  const Folder folder;
  folder.write_all(
      {{.dataset = "wine", .method = "a", .split = "fold 1", .metrics = {{"knn.accuracy", 0.5}}},
       {.dataset = "wine",
        .method = "b",
        .split = "fold 1",
        .metrics = {},
        .status = "failed",
        .reason = "x"}});
  CHECK_THROWS_WITH_AS(
      figures_of(folder, {.kinds = {FigureKind::roc, FigureKind::dots, FigureKind::det}}),
      "there is no \"roc\" and \"det\" of these results; there is \"dots\"", Error);
  CHECK_THROWS_WITH_AS(figures_of(folder, {.metrics = {"knn.acuracy"}}),
                       doctest::Contains("did you mean \"knn.accuracy\"?"), Error);
  CHECK_THROWS_WITH_AS(figure_kind_from_string("rok"), doctest::Contains("did you mean \"roc\"?"),
                       Error);
  for (const std::string& name : figure_kind_names())
    CHECK(figure_kind_names()[static_cast<std::size_t>(figure_kind_from_string(name))] == name);
  const Folder nothing;
  nothing.write_all({{.dataset = "wine",
                      .method = "a",
                      .split = "fold 1",
                      .metrics = {},
                      .status = "failed",
                      .reason = "x"}});
  CHECK_THROWS_WITH_AS(figures_of(nothing),
                       doctest::Contains("there is no figure of these results"), Error);
}

TEST_CASE("curves that are broken, or have gaps") {
  const Folder folder;
  folder.write_all(
      {{.dataset = "d",
        .method = "a",
        .split = "s",
        .metrics = {{"knn.accuracy", 0.5}},
        .curves =
            R"([{"name": "loss", "unit": "epoch", "at": [1, 2, 3], "values": [1, null, 3]}, {"name": "empty", "unit": "epoch", "at": [], "values": []}])"}});
  const auto pictures = figures_of(folder, {.kinds = {FigureKind::learning_curves}});
  REQUIRE(pictures.size() == 1);
  CHECK(std::get<Figure>(pictures[0].drawing).series[0].x == std::vector<double>{1, 3});
  folder.write({.dataset = "d",
                .method = "a",
                .split = "s",
                .metrics = {{"knn.accuracy", 0.5}},
                .curves = R"([{"name": "loss", "unit": "epoch", "at": [1, 2], "values": [1]}])"});
  CHECK_THROWS_WITH_AS(figures_of(folder, {.kinds = {FigureKind::learning_curves}}),
                       doctest::Contains("a curve in it can't be read"), Error);
}

}  // namespace
