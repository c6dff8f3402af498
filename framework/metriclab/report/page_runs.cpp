// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/html_format.hpp>
#include <metriclab/report/page_parts.hpp>
#include <metriclab/report/svg.hpp>
#include <set>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

std::string seconds_of(const Record& record) {
  for (const RecordedMetric& each : record.measurements)
    if (each.name == "seconds.total" && std::isfinite(each.value))
      return fmt::format("{:.3g}", each.value);
  return "";
}

/// Each text, and of how many runs.
using Counts = std::map<std::string, std::size_t>;

/// Of the files of these runs, what their "environment" says: key → value → runs.
std::map<std::string, Counts> environments_of(const Results& results) {
  // Files are long, and what differs are machines: no more are read than show them all.
  constexpr std::size_t kMost = 400;
  std::vector<const Record*> done;
  for (const Record& record : results.records)
    if (!record.file.empty()) done.push_back(&record);
  const std::size_t step = std::max<std::size_t>(1, (done.size() + kMost - 1) / kMost);
  std::map<std::string, Counts> all;
  for (std::size_t i = 0; i < done.size(); i += step) {
    try {
      const Value result = parse_json(read_file(done[i]->file));
      const Value* environment = result.find("environment");
      if (environment == nullptr) continue;
      for (const Value::Member& member : environment->as_object())
        if (member.key != "finished" && !member.value.is_null())
          ++all[member.key][member.value.is_string() ? member.value.as_string()
                                                     : to_json_text(member.value, -1)];
    } catch (const Error&) {  // told where the results were read
    }
  }
  return all;
}

std::string spec_text(const fs::path& folder) {
  const fs::path file = folder / "spec.json";
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return "";
  return fmt::format(
      "<details open><summary>{}</summary>\n<pre>{}</pre>\n<p class=\"description\">Save it as "
      "FILE.json; <code>metriclab run FILE.json</code> makes these runs.</p></details>\n",
      svg_escaped(file.string()), [&] {
        // Line ends stay; other control characters have no place in HTML either.
        std::string text;
        const std::string content = read_file(file);
        std::size_t begin = 0;
        while (begin < content.size()) {
          const std::size_t end = std::min(content.find('\n', begin), content.size());
          text += svg_escaped(std::string_view(content).substr(begin, end - begin)) + "\n";
          begin = end + 1;
        }
        return text;
      }());
}

}  // namespace

std::string page_runs(const Results& results) {
  constexpr std::size_t kMost = 5000;
  const bool all = results.records.size() <= kMost;
  TextGrid grid;
  grid.heading = {"data set", "split", "method", "seed", "seconds", "finished", "status", "reason"};
  grid.left = 3;
  grid.left_end = 3;
  const bool several = results.experiments.size() > 1;
  if (several) {
    grid.heading.insert(grid.heading.begin(), "experiment");
    ++grid.left;
  }
  for (const Record& record : results.records) {
    if (!all && record.status == "ok") continue;
    auto& row = grid.rows.emplace_back(std::vector<std::string>{
        record.dataset, record.split, record.method, fmt::format("{}", record.seed),
        seconds_of(record), record.finished, record.status, record.reason});
    if (several) row.insert(row.begin(), record.experiment);
  }
  std::string text;
  if (!all)
    text = fmt::format("<p class=\"description\">{} runs; shown are those that are not ok</p>\n",
                       results.records.size());
  return text + html_of(grid);
}

std::string page_reproduction(const std::vector<fs::path>& folders, const Results& results) {
  std::string text;
  for (const fs::path& folder : folders) text += spec_text(folder);
  TextGrid grid;
  grid.heading = {"environment", "value", "runs"};
  grid.left = 2;
  for (const auto& [key, values] : environments_of(results))
    for (const auto& [value, runs] : values)
      grid.rows.push_back({key, value, fmt::format("{}", runs)});
  if (!grid.rows.empty()) text += "<h3>Environments</h3>\n" + html_of(grid);
  return text;
}

}  // namespace metriclab
