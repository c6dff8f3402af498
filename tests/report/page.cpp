// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <metriclab/report/html_format.hpp>
#include <metriclab/report/page.hpp>

#include "fixture.hpp"

namespace {

using namespace report_test;

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

std::vector<WrittenRun> some_runs() {
  std::vector<WrittenRun> runs;
  for (const char* dataset : {"wine", "iris"})
    for (const char* method : {"plain", "better"})
      for (const char* split : {"fold 1", "fold 2"}) {
        WrittenRun run{.dataset = dataset, .method = method, .split = split};
        const double value = std::string(method) == "plain" ? 0.5 : 0.75;
        run.metrics = {{"knn.accuracy", value}, {"verification.eer", 1 - value}};
        run.seconds = 1;
        runs.push_back(run);
      }
  return runs;
}

TEST_CASE("a grid as HTML: columns of words and of numbers, names that stay names") {
  TextGrid grid;
  grid.heading = {"method", "p"};
  grid.rows = {{"a<b>&\"c\"", "0.5"}};
  CHECK(html_of(grid) ==
        "<div class=\"scroll\"><table class=\"sortable\">\n"
        "<thead><tr><th class=\"text\">method</th><th>p</th></tr></thead>\n<tbody>\n"
        "<tr><td class=\"text\">a&lt;b&gt;&amp;&quot;c&quot;</td><td>0.5</td></tr>\n"
        "</tbody></table></div>\n");
}

TEST_CASE("a sheet as HTML: headings that span, marks, deviations, notes") {
  Sheet sheet;
  sheet.description = {"what", "of <them>"};
  sheet.row_heads = {"method"};
  sheet.rows = {{"lmnn"}};
  sheet.columns = {{"wine", "a"}, {"wine", "b"}, {"", "rank"}};
  Entry best{.value = "0.9", .deviation = "0.1", .best = true, .second = false, .notes = {}};
  Entry failed{.value = "failed", .deviation = "", .best = false, .second = false, .notes = {1}};
  Entry rank{.value = "1.00", .deviation = "", .best = false, .second = true, .notes = {}};
  sheet.entries = {{best, failed, rank}};
  sheet.summary_columns = 1;
  sheet.footnotes = {"why"};
  const std::string text = html_of(sheet);
  CHECK(has(text, "<p class=\"description\">what; of &lt;them&gt;</p>"));
  CHECK(has(text,
            "<tr><th class=\"text\"></th><th colspan=\"2\">wine</th>"
            "<th class=\"summary-column\"></th></tr>"));
  CHECK(has(text,
            "<tr><th class=\"text\">method</th><th class=\"column\">a</th>"
            "<th class=\"column\">b</th><th class=\"summary-column\">rank</th></tr>"));
  CHECK(has(text,
            "<td class=\"best\">0.9 <span class=\"deviation\">± 0.1</span></td>"
            "<td class=\"status\">failed <sup>1</sup></td>"
            "<td class=\"summary-column second\">1.00</td>"));
  CHECK(has(text, "<p><sup>1</sup> why</p>"));
}

TEST_CASE("the page has every metric, the evidence, the runs; figures and tables are of the same") {
  Folder folder;
  folder.write_all(some_runs());
  const std::string page = page_of({folder.results()}, {});
  CHECK(has(page, "<title>hand</title>"));
  CHECK(has(page, "8 runs: 8 ok"));
  CHECK(has(page, "<div class=\"metric\" data-metric=\"knn.accuracy\">"));
  CHECK(has(page, "<div class=\"metric\" data-metric=\"verification.eer\">"));
  CHECK(has(page, "<div class=\"metric\" data-metric=\"seconds.fit\">"));
  CHECK(page.find("data-metric=\"knn.accuracy\"") < page.find("data-metric=\"verification.eer\""));
  CHECK(has(page, "What the evidence allows to say"));
  CHECK(has(page, "These runs kept no test examples"));
  CHECK(count(page, "<tr><td class=\"text\">wine</td><td class=\"text\">fold") == 4);
  CHECK_FALSE(has(page, "To be known"));

  PageOptions options;
  options.title = "a </title><script>";
  options.metrics = {"verification.eer"};
  options.where = {condition_from_string("dataset=wine")};
  const std::string other = page_of({folder.results()}, options);
  CHECK(has(other, "<title>a &lt;/title&gt;&lt;script&gt;</title>"));
  CHECK(other.find("data-metric=\"verification.eer\"") <
        other.find("data-metric=\"knn.accuracy\""));
  CHECK_FALSE(has(other, "<td class=\"text\">iris</td>"));
}

TEST_CASE("the page of an experiment without a metric says how its runs ended") {
  Folder folder;
  WrittenRun run{.dataset = "wine", .method = "m", .split = "fold 1"};
  run.status = "failed";
  run.reason = "no <luck>";
  folder.write_all({run});
  const std::string page = page_of({folder.results()}, {});
  CHECK(has(page, "1 runs: 1 failed"));
  CHECK(has(page, "no &lt;luck&gt;"));
  CHECK_FALSE(has(page, "id=\"results\""));
}

TEST_CASE("exhibits: places in a square, examples once, damaged files told and left out") {
  Folder folder;
  const auto runs = some_runs();
  folder.write_all(runs);
  const fs::path exhibits = folder.results() / "exhibits";
  fs::create_directories(exhibits);
  // Two methods' first folds on wine have exhibits.
  const std::string exhibit = R"({"schema": 1, "distance": "euclidean", "n_test": 3,
      "examples": [{"index": 5, "label": "</script>"}, {"index": 7, "label": "b"}],
      "coordinates": [[-1, 0.5], [1, -0.5]], "explained": 1,
      "queries": [{"example": 1, "chosen": "at random", "precision": 0, "neighbors": [0],
                   "distances": [2.2]}]})";
  for (const WrittenRun& run : runs)
    if (run.dataset == "wine" && run.split == "fold 1")
      write_file_whole(exhibits / (Folder::id_of(run) + ".json"), exhibit);
  std::string page = page_of({folder.results()}, {});
  const std::size_t begin = page.find("id=\"exhibits\">") + 14;
  const std::string json = page.substr(begin, page.find("</script>", begin) - begin);
  const Value sets = parse_json(json);
  REQUIRE(sets.as_list().size() == 1);
  const Value& set = sets.as_list()[0];
  CHECK(set.at("name").as_string() == "wine");
  CHECK(set.at("best").as_string() == "better");
  CHECK(set.at("examples").as_object().size() == 2);
  CHECK(set.at("examples").at("5").at("label").as_string() == "</script>");
  REQUIRE(set.at("methods").as_list().size() == 2);
  const Value& method = set.at("methods").as_list()[0];
  // Two units wide and one high: the height stands in the middle.
  CHECK(method.at("pca") == parse_json("[[0, 3071], [4095, 1024]]"));
  CHECK(method.at("points") == parse_json("[5, 7]"));
  CHECK(method.at("shares").as_number() == 1);
  CHECK(method.at("queries").as_list()[0].at("index").as_integer() == 7);
  CHECK(method.at("queries").as_list()[0].at("neighbors") == parse_json("[5]"));

  int broken = 0;
  for (const WrittenRun& run : runs)
    if (run.dataset == "wine" && run.split == "fold 1")
      write_file_whole(exhibits / (Folder::id_of(run) + ".json"),
                       broken++ == 0 ? R"({"schema": 1, "exam)" : R"([1])");
  page = page_of({folder.results()}, {});
  CHECK(has(page, "To be known"));
  CHECK(has(page, "is no exhibit as metriclab writes them; remove it"));
  CHECK_FALSE(has(page, "id=\"exhibits\">"));
}

TEST_CASE("exhibits of two experiments are apart, though their data sets have one name") {
  Folder one("one"), other("other");
  const char* const exhibit = R"({"schema": 1, "n_test": 2, "explained": 1,
      "examples": [{"index": 5, "label": "NAME"}], "coordinates": [[0, 0]]})";
  const auto fill = [&](const Folder& folder, const std::string& method, const std::string& label) {
    WrittenRun run{.dataset = "wine", .method = method, .split = "fold 1"};
    run.metrics = {{"knn.accuracy", 0.5}};
    folder.write_all({run});
    std::string text = exhibit;
    text.replace(text.find("NAME"), 4, label);
    fs::create_directories(folder.results() / "exhibits");
    write_file_whole(folder.results() / "exhibits" / (Folder::id_of(run) + ".json"), text);
  };
  fill(one, "a", "red");
  fill(other, "b", "white");
  const std::string page = page_of({one.results(), other.results()}, {});
  const std::size_t begin = page.find("id=\"exhibits\">") + 14;
  const Value sets = parse_json(page.substr(begin, page.find("</script>", begin) - begin));
  REQUIRE(sets.as_list().size() == 2);
  CHECK(sets.as_list()[0].at("name").as_string() == "one, wine");
  CHECK(sets.as_list()[1].at("name").as_string() == "other, wine");
  CHECK(sets.as_list()[0].at("examples").at("5").at("label").as_string() == "red");
  CHECK(sets.as_list()[1].at("examples").at("5").at("label").as_string() == "white");
}

}  // namespace
