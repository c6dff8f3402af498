// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/comparison_text.hpp>
#include <metriclab/report/conclusions.hpp>
#include <metriclab/report/html_format.hpp>
#include <metriclab/report/moments.hpp>
#include <metriclab/report/phrases.hpp>
#include <metriclab/report/rank_tests.hpp>
#include <metriclab/report/standing.hpp>
#include <metriclab/report/svg.hpp>
#include <metriclab/report/text_grid.hpp>

namespace metriclab {
namespace {

constexpr std::array<std::string_view, 3> kFormatNames = {"text", "markdown", "json"};
constexpr std::size_t kMostInFull = 10;  // methods whose pairs are all shown: 45 lines

std::string number(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4f}", value); }
std::string short_number(double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.2f}", value);
}
std::string interval_text(double low, double high) {
  return std::isnan(low) ? "-" : fmt::format("{:.4f} to {:.4f}", low, high);
}
std::string counts_text(const WinTieLoss& counts) {
  return fmt::format("{}-{}-{}", counts.wins, counts.ties, counts.losses);
}

std::string plural(std::size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

/// What is compared, by what.
std::string introduction(const Comparison& comparison) {
  const Scores& scores = comparison.scores;
  std::string text = fmt::format("{} ({} is better): {} on {}", scores.metric,
                                 scores.better == Better::higher ? "higher" : "lower",
                                 plural(scores.methods.size(), "method"),
                                 plural(scores.datasets.size(), "data set"));
  if (comparison.control)
    text += fmt::format(", each against {}", scores.methods[*comparison.control]);
  return text + fmt::format("; alpha {}, region of practical equivalence ±{}",
                            comparison.options.alpha, comparison.options.rope);
}

/// Methods by mean rank, with a line beside those that Nemenyi's test doesn't tell apart.
TextGrid rank_grid(const Comparison& comparison) {
  TextGrid grid;
  grid.heading = {"method", "mean rank", "mean", "groups"};
  grid.left_end = 1;
  std::vector<double> ranks;
  for (std::size_t method : comparison.order) ranks.push_back(comparison.average_ranks[method]);
  const auto groups = groups_of(ranks, comparison.critical_difference);
  const auto lanes = lanes_of(groups, ranks);
  for (std::size_t place = 0; place < ranks.size(); ++place) {
    std::string marks;
    for (std::size_t group = 0; group < groups.size(); ++group) {
      if (place < groups[group].first || place > groups[group].second) continue;
      marks.resize(std::max(marks.size(), 2 * lanes[group] + 1), ' ');
      marks[2 * lanes[group]] = '|';
    }
    const std::size_t method = comparison.order[place];
    std::vector<double> means;
    for (std::size_t d = 0; d < comparison.scores.datasets.size(); ++d)
      means.push_back(comparison.scores.of(d, method).mean);
    grid.rows.push_back({comparison.scores.methods[method], short_number(ranks[place]),
                         number(mean_of(means)), marks});
  }
  return grid;
}

TextGrid pair_grid(const Comparison& comparison, bool first_only) {
  const auto& names = comparison.scores.methods;
  const std::string after = std::string(title_of(comparison.correction));
  TextGrid grid;
  grid.left = 2;
  grid.heading = {
      "a",    "b",       "wins-ties-losses", "difference",    "d",          "A12", "p", after,
      "sign", "Nemenyi", "P(a better)",      "P(equivalent)", "P(b better)"};
  for (const PairOverDatasets& pair : comparison.pairs) {
    if (first_only && pair.a != comparison.order.front()) continue;
    grid.rows.push_back(
        {names[pair.a], names[pair.b], counts_text(pair.counts), number(pair.difference),
         short_number(pair.d), short_number(pair.a12), p_text(pair.p), p_text(pair.adjusted),
         p_text(pair.p_sign), p_text(pair.p_nemenyi), short_number(pair.beliefs.a_better),
         short_number(pair.beliefs.equivalent), short_number(pair.beliefs.b_better)});
  }
  return grid;
}

/// Methods on one data set, the best first.
TextGrid score_grid(const Comparison& comparison, const OnDataset& on) {
  const Scores& scores = comparison.scores;
  TextGrid grid;
  grid.heading = {"method", "mean", "deviation",
                  fmt::format("{:g} % interval", 100 * (1 - comparison.options.alpha)), "runs"};
  std::vector<std::size_t> order = comparison.order;
  const double sign = scores.better == Better::lower ? -1 : 1;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sign * scores.of(on.dataset, a).mean > sign * scores.of(on.dataset, b).mean;
  });
  for (std::size_t method : order) {
    const Score& score = scores.of(on.dataset, method);
    const Interval& interval = comparison.intervals[on.dataset * scores.methods.size() + method];
    grid.rows.push_back({scores.methods[method], number(score.mean), number(score.deviation),
                         interval_text(interval.low, interval.high),
                         fmt::format("{}", score.runs.size())});
  }
  return grid;
}

TextGrid pair_grid(const Comparison& comparison, const OnDataset& on, bool first_only) {
  const auto& names = comparison.scores.methods;
  const bool tested = on.untested.empty();
  TextGrid grid;
  grid.left = 2;
  grid.heading = {"a",
                  "b",
                  "wins-ties-losses",
                  "difference",
                  fmt::format("{:g} % interval", 100 * (1 - comparison.options.alpha)),
                  "d",
                  "A12"};
  if (tested) {
    grid.heading.insert(grid.heading.end(),
                        {"t", "p", std::string(title_of(comparison.correction))});
  }
  for (const PairOnDataset& pair : on.pairs) {
    if (first_only && pair.a != on.pairs.front().a) continue;
    auto& row = grid.rows.emplace_back(std::vector<std::string>{
        names[pair.a], names[pair.b], counts_text(pair.counts), number(pair.test.difference),
        interval_text(pair.test.low, pair.test.high), short_number(pair.d),
        short_number(pair.a12)});
    if (tested)
      row.insert(row.end(),
                 {short_number(pair.test.t), p_text(pair.test.p), p_text(pair.adjusted)});
  }
  return grid;
}

enum class Form { text, markdown, html };

/// A report, part by part, in one of the forms that people read.
struct Report {
  Form form = Form::text;
  std::string out = {};

  std::string shown(std::string_view text) const {
    return form == Form::markdown ? markdown_text(text)
           : form == Form::html   ? svg_escaped(text)
                                  : std::string(text);
  }
  void title(const std::string& text) {
    if (form == Form::html) return;  // the page's own
    out += form == Form::markdown ? "## " + shown(text) + "\n\n" : text + "\n";
  }
  void heading(const std::string& text) {
    out += form == Form::markdown ? "\n### " + shown(text) + "\n\n"
           : form == Form::html   ? "<h3>" + shown(text) + "</h3>\n"
                                  : "\n" + text + "\n\n";
  }
  void sentence(const std::string& text) {
    out += form == Form::html ? "<p class=\"description\">" + shown(text) + "</p>\n"
                              : shown(text) + "\n";
  }
  void items(const std::vector<std::string>& texts) {
    if (form == Form::html) out += "<ul class=\"findings\">\n";
    for (const std::string& text : texts)
      out += form == Form::html ? "<li>" + shown(text) + "</li>\n"
                                : (form == Form::markdown ? "- " : "  - ") + shown(text) + "\n";
    if (form == Form::html) out += "</ul>\n";
  }
  void grid(const TextGrid& grid) {
    constexpr std::size_t kFolded = 12;  // rows of a page that are shown only when asked for
    if (form == Form::html && grid.rows.size() > kFolded)
      out += fmt::format("<details><summary>{} rows</summary>\n{}</details>\n", grid.rows.size(),
                         html_of(grid));
    else
      out += form == Form::markdown ? markdown_of(grid)
             : form == Form::html   ? html_of(grid)
                                    : text_of(grid);
  }
};

std::string shown_pairs(const Comparison& comparison) {
  return fmt::format(" (of the first method; all {} are in --format json)", comparison.n_pairs());
}

void report_over_datasets(const Comparison& comparison, bool first_only, Report& report) {
  report.heading(fmt::format(
      "Mean ranks over {} data sets; methods without a common line differ by Nemenyi's critical "
      "difference, {:.2f}, or more",
      comparison.scores.datasets.size(), comparison.critical_difference));
  report.grid(rank_grid(comparison));
  report.heading("Pairs over data sets" + (first_only ? shown_pairs(comparison) : ""));
  report.grid(pair_grid(comparison, first_only));
  report.out += "\n";
  report.sentence(fmt::format(
      "wins, ties, losses of a against b; difference: mean, above 0 where a is better; d: Cohen's, "
      "of paired differences; A12: Vargha and "
      "Delaney's, 0.5 for none; p: {}, by itself and after {}; sign: sign test, Nemenyi: Nemenyi's "
      "test, p; P: Bayesian signed-rank test.",
      comparison.options.test == PairTest::wilcoxon ? "Wilcoxon signed-rank test"
                                                    : "z of mean ranks",
      title_of(comparison.correction)));
}

void report_on_dataset(const Comparison& comparison, const OnDataset& on, bool first_only,
                       Report& report) {
  const std::string& dataset = comparison.scores.datasets[on.dataset];
  report.heading(fmt::format("{}: {}, {}; intervals of means: bootstrap over {}", dataset,
                             plural(static_cast<std::size_t>(on.splits), "split"),
                             plural(static_cast<std::size_t>(on.seeds), "seed"),
                             on.splits > 1 ? "splits" : "seeds"));
  report.grid(score_grid(comparison, on));
  if (on.untested.empty())
    report.heading(fmt::format(
        "{}: pairs, corrected resampled t-test over splits (n_test/n_train {:.3g}), after {}{}",
        dataset, on.test_over_train, title_of(comparison.correction),
        first_only ? shown_pairs(comparison) : ""));
  else if (on.seeds > 1)
    report.heading(fmt::format("{}: pairs, bootstrap over seeds, not tested{}", dataset,
                               first_only ? shown_pairs(comparison) : ""));
  else
    return;
  report.grid(pair_grid(comparison, on, first_only));
}

/// `first_only`: of pairs those of the first method alone.
std::string reported(const Comparison& comparison, Report report, bool first_only) {
  report.title(fmt::format("{}", fmt::join(comparison.scores.experiments, ", ")));
  report.sentence(introduction(comparison));
  report.heading("What the evidence allows to say");
  report.items(conclusions_of(comparison));
  std::vector<std::string> warnings = comparison.warnings;
  if (comparison.left_out > 0)
    warnings.push_back(
        fmt::format("{} that the present spec doesn't name are left out",
                    plural(static_cast<std::size_t>(comparison.left_out), "result")));
  for (const std::string& problem : comparison.problems)
    warnings.push_back("can't be used: " + problem);
  if (!warnings.empty()) {
    report.heading("What to beware of");
    report.items(warnings);
  }
  if (!comparison.pairs.empty()) report_over_datasets(comparison, first_only, report);
  for (const OnDataset& on : comparison.within)
    report_on_dataset(comparison, on, first_only, report);
  return report.out;
}

}  // namespace

std::vector<std::string> comparison_format_names() {
  return {kFormatNames.begin(), kFormatNames.end()};
}

ComparisonFormat comparison_format_from_string(std::string_view name) {
  const auto found = std::find(kFormatNames.begin(), kFormatNames.end(), name);
  if (found == kFormatNames.end())
    throw Error(fmt::format("there is no format \"{}\"{}", name,
                            suggestion(name, comparison_format_names())));
  return static_cast<ComparisonFormat>(found - kFormatNames.begin());
}

std::string render(const Comparison& comparison, ComparisonFormat format) {
  if (format == ComparisonFormat::json) return json_of(comparison);
  const bool many = !comparison.control && comparison.scores.methods.size() > kMostInFull;
  return reported(comparison, {format == ComparisonFormat::markdown ? Form::markdown : Form::text},
                  many);
}

std::string html_of(const Comparison& comparison) {
  return reported(comparison, {Form::html}, false);
}

CdDiagram cd_diagram_of(const Comparison& comparison) {
  if (comparison.pairs.empty())
    throw Error(
        "a critical-difference diagram shows ranks over data sets, and takes two of them at least; "
        "there is one");
  return cd_diagram_of(comparison.scores, comparison.options.alpha);
}

CdDiagram cd_diagram_of(const Scores& scores, double alpha) {
  const std::size_t k = scores.methods.size(), n = scores.datasets.size();
  std::vector<double> average_ranks(k, 0.0);
  for (std::size_t dataset = 0; dataset < n; ++dataset) {
    std::vector<double> means;
    for (std::size_t m = 0; m < k; ++m) means.push_back(scores.of(dataset, m).mean);
    const std::vector<double> ranks = ranks_of(means, scores.better);
    for (std::size_t m = 0; m < k; ++m) average_ranks[m] += ranks[m] / static_cast<double>(n);
  }
  return {fmt::format("{}: mean ranks over {} data sets by {}, the best at the left",
                      fmt::join(scores.experiments, ", "), n, scores.metric),
          scores.methods, std::move(average_ranks),
          nemenyi_critical_difference(alpha, static_cast<std::int64_t>(k),
                                      static_cast<std::int64_t>(n))};
}

}  // namespace metriclab
