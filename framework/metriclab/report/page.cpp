// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/comparison_text.hpp>
#include <metriclab/report/figures.hpp>
#include <metriclab/report/html_format.hpp>
#include <metriclab/report/markup.hpp>
#include <metriclab/report/page.hpp>
#include <metriclab/report/page_parts.hpp>
#include <metriclab/report/table.hpp>
#include <metriclab/version.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

std::string escaped(std::string_view text) { return svg_escaped(text); }

/// One part of the page and its place in the list of links.
struct Section {
  std::string id, title, content;
};

std::string joined(const std::vector<std::string>& names, std::string_view between) {
  return fmt::format("{}", fmt::join(names, between));
}

/// "72 runs: 70 ok, 2 failed; finished 2026-11-20 to 2026-11-24".
std::string summary_of(const Results& results) {
  std::map<std::string, std::size_t> counts;
  std::string first, last;
  for (const Record& record : results.records) {
    ++counts[record.status];
    if (record.finished.empty()) continue;
    const std::string day = record.finished.substr(0, record.finished.find('T'));
    if (first.empty() || day < first) first = day;
    last = std::max(last, day);
  }
  std::vector<std::string> parts;
  for (const auto& [status, count] : counts) parts.push_back(fmt::format("{} {}", count, status));
  std::string text = fmt::format("{} runs: {}", results.records.size(), joined(parts, ", "));
  if (!first.empty())
    text += first == last ? fmt::format("; finished {}", first)
                          : fmt::format("; finished {} to {}", first, last);
  return text;
}

/// The table's own metrics first.
std::vector<std::string> metrics_of(const Results& results, const Table& table) {
  std::vector<std::string> metrics = table.metrics;
  for (const std::string& name : results.metrics)
    if (std::find(metrics.begin(), metrics.end(), name) == metrics.end()) metrics.push_back(name);
  return metrics;
}

std::string tables_of(const Results& results, const std::vector<std::string>& metrics) {
  std::string options, tables;
  for (const std::string& metric : metrics) {
    const TableOptions wanted{.metrics = {metric}};
    std::string content;
    for (const Sheet& sheet : lay_out(make_table(results, wanted), wanted))
      content += html_of(sheet);
    options += fmt::format("<option>{}</option>", escaped(metric));
    tables += fmt::format("<div class=\"metric\" data-metric=\"{}\">\n{}</div>\n", escaped(metric),
                          content);
  }
  return fmt::format(
      "<div class=\"controls\"><label>metric <select id=\"metric\">{}</select></label>"
      "<label>methods <input type=\"search\" data-filters=\"#tables\" data-what=\"rows\" "
      "placeholder=\"words of a name\"></label>"
      "<label>data sets <input type=\"search\" data-filters=\"#tables\" data-what=\"columns\" "
      "placeholder=\"words of a name\"></label></div>\n<div id=\"tables\">\n{}</div>\n",
      options, tables);
}

/// With what a reader must know beside the drawing.
std::string figure_of(const Picture& picture, std::string_view attribute) {
  std::string notes;
  for (const std::string& note : picture.notes)
    notes += fmt::format("<figcaption>{}</figcaption>\n", escaped(note));
  return fmt::format("<figure {}>{}{}</figure>\n", attribute, svg_of(picture, SvgUse::page), notes);
}

std::string evidence_of(const Results& results, const std::vector<fs::path>& folders,
                        const std::vector<std::string>& metrics,
                        const std::vector<Picture>& pictures) {
  std::string text;
  for (const std::string& metric : metrics) {
    if (metrics.size() > 1) text += fmt::format("<h3>{}</h3>\n", escaped(metric));
    try {
      text += html_of(compare(results, folders, {.metric = metric}));
    } catch (const Error& error) {
      text += fmt::format("<p>{}</p>\n", escaped(error.what()));
    }
  }
  std::string diagrams;
  for (const Picture& picture : pictures)
    if (picture.kind == FigureKind::critical_difference)
      diagrams += figure_of(picture, "class=\"wide\"");
  return diagrams + text;
}

/// The pictures of that kind under a heading, folded where there are many; "" where there is none.
std::string group_of(const std::vector<Picture>& pictures, FigureKind kind,
                     std::string_view title) {
  constexpr std::size_t kOpen = 12;
  std::string group;
  std::size_t count = 0;
  for (const Picture& picture : pictures) {
    if (picture.kind != kind) continue;
    ++count;
    group += figure_of(picture, fmt::format("data-title=\"{}\"", escaped(picture.title)));
  }
  if (count == 0) return "";
  return fmt::format(
      "<details{}><summary>{} ({})</summary>\n<div class=\"figures\">\n{}</div></details>\n",
      count <= kOpen ? " open" : "", title, count, group);
}

std::string figures_of(const std::vector<Picture>& pictures, const std::vector<Picture>& trials) {
  std::string text = group_of(pictures, FigureKind::learning_curves, "Learning curves") +
                     group_of(pictures, FigureKind::parameters, "Metric against parameter") +
                     group_of(trials, FigureKind::parameters, "Trials of searches") +
                     group_of(pictures, FigureKind::pareto, "Time against quality") +
                     group_of(pictures, FigureKind::roc, "ROC curves") +
                     group_of(pictures, FigureKind::det, "DET curves") +
                     group_of(pictures, FigureKind::curves, "Other curves") +
                     group_of(pictures, FigureKind::dots, "Each run");
  if (text.empty()) return "";
  return "<div class=\"controls\"><label>figures <input type=\"search\" id=\"figure-filter\" "
         "placeholder=\"words of a title\"></label></div>\n" +
         text;
}

/// The metrics of trials against what they drew; none where no search was made.
std::vector<Picture> pictures_of_trials(const std::vector<fs::path>& folders,
                                        const PageOptions& options,
                                        const std::vector<std::string>& metrics) {
  const FigureOptions wanted{.kinds = {FigureKind::parameters},
                             .metrics = metrics,
                             .where = options.where,
                             .trials = true};
  try {
    return make_figures(read_results(folders, reading(wanted)), wanted);
  } catch (const Error&) {  // no trials, or none with a value of that metric
    return {};
  }
}

constexpr std::string_view kExamples = R"(<div class="controls">
<label>data set <select id="embedding-set"></select></label>
<label>method <select id="embedding-a"></select></label>
<label>and <select id="embedding-b"></select></label>
<label>by <select id="embedding-projection"><option value="tsne">t-SNE</option>
<option value="pca">principal components</option></select></label></div>
<p class="description" id="embedding-note"></p>
<div class="plots" id="plots"></div>
<div class="key" id="embedding-key"></div>
)";
constexpr std::string_view kNeighbors = R"(<div class="controls">
<label>queries <select id="queries-which"><option value="random">drawn at random</option>
<option value="wrong">with a wrong neighbour</option><option value="all">all that were kept</option>
</select></label></div>
<p class="description">The nearest test examples of each query, nearest first, for the data set and
the methods chosen above: ✓ of the query's class, ✗ of another.</p>
<div id="gallery"></div>
)";

std::string filter_of(std::string_view id) {
  return fmt::format(
      "<div class=\"controls\"><label>runs <input type=\"search\" data-filters=\"#{}\" "
      "data-what=\"rows\" placeholder=\"words, such as failed\"></label></div>\n",
      id);
}

/// In a script's element nothing may look like its end.
std::string json_in_page(Value::List list) {
  return replace_characters(to_json_text(Value(std::move(list)), -1), {{'<', "\\u003c"}});
}

/// The template with "@NAME@" replaced, each once, in one pass: what is put in stays as it is.
std::string filled(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t mark = text.find('@', at);
    if (mark == std::string_view::npos) return result.append(text.substr(at));
    const std::size_t end = text.find('@', mark + 1);
    METRICLAB_CHECK(end != std::string_view::npos, "a mark of the page's template is closed");
    result.append(text.substr(at, mark - at));
    result.append(values.at(std::string(text.substr(mark + 1, end - mark - 1))));
    at = end + 1;
  }
  return result;
}

}  // namespace

std::string page_of(const std::vector<fs::path>& folders, const PageOptions& options) {
  const Results read = read_results(folders, reading(TableOptions{.where = options.where}));
  Results results = options.where.empty() ? read : filter(read, options.where);
  std::vector<Section> sections;
  std::vector<Picture> pictures;
  std::string data;
  const bool measured = !results.metrics.empty();
  if (measured) {
    const Table table = make_table(results, {.metrics = options.metrics});
    try {
      pictures = make_figures(results, {.metrics = table.metrics});
    } catch (const Error& error) {  // nothing can be drawn, or a file can't be read
      results.problems.emplace_back(error.what());
    }
    sections.push_back({"results", "Results", tables_of(results, metrics_of(results, table))});
    sections.push_back(
        {"evidence", "Evidence", evidence_of(results, folders, table.metrics, pictures)});
    sections.push_back({"figures", "Figures",
                        figures_of(pictures, pictures_of_trials(folders, options, table.metrics))});
    Value::List exhibits = page_exhibits(results, table, results.problems);
    if (!exhibits.empty()) {
      sections.push_back({"embeddings", "Embeddings", std::string(kExamples)});
      sections.push_back({"neighbours", "Neighbours", std::string(kNeighbors)});
      data = fmt::format("<script type=\"application/json\" id=\"exhibits\">{}</script>",
                         json_in_page(std::move(exhibits)));
    } else {
      sections.push_back(
          {"embeddings", "Embeddings",
           "<p>These runs kept no test examples to look at. With <code>\"exhibit\": 300</code> in "
           "the spec, <code>metriclab run</code> makes the first run of each data set and method "
           "again and keeps them.</p>\n"});
    }
  }
  sections.push_back(
      {"runs", "Runs",
       filter_of("all-runs") + "<div id=\"all-runs\">" + page_runs(results) + "</div>\n"});
  sections.push_back({"reproduction", "Reproduction", page_reproduction(folders, results)});
  if (!results.problems.empty() || !results.notes.empty()) {
    std::string list;
    for (const auto* each : {&results.problems, &results.notes})
      for (const std::string& line : *each) list += fmt::format("<li>{}</li>\n", escaped(line));
    sections.insert(sections.begin(),
                    {"problems", "To be known", fmt::format("<ul>\n{}</ul>\n", list)});
  }
  std::string links, content;
  for (const Section& section : sections) {
    if (section.content.empty()) continue;
    links += fmt::format("<a href=\"#{}\">{}</a>", section.id, section.title);
    content += fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", section.id,
                           section.title, section.content);
  }
  const std::string title =
      options.title.empty() ? joined(results.experiments, ", ") : options.title;
  return filled(page_template(), {{"VERSION", std::string(kVersion)},
                                  {"TITLE", escaped(title)},
                                  {"STYLE", std::string(page_style())},
                                  {"SUMMARY", escaped(summary_of(results))},
                                  {"LINKS", links},
                                  {"SECTIONS", content},
                                  {"DATA", data},
                                  {"SCRIPT", std::string(page_script())}});
}

}  // namespace metriclab
