// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cmath>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/results.hpp>

#include "fixture.hpp"

namespace {

using namespace report_test;

const WrittenRun kFirst{
    .dataset = "wine", .method = "lda", .split = "fold 1", .metrics = {{"knn.accuracy", 0.9}}};
const WrittenRun kSecond{
    .dataset = "wine", .method = "lda", .split = "fold 2", .metrics = {{"knn.accuracy", 0.8}}};

TEST_CASE("the plan says which runs there are, in which order, and what is missing or left out") {
  const Folder folder;
  WrittenRun absent = kSecond;
  absent.method = "aaa";
  WrittenRun stale = kFirst;
  stale.method = "of an earlier spec";
  folder.write(kFirst);
  folder.write(kSecond);
  folder.write(stale);
  folder.plan({kSecond, absent, kFirst});
  // A file that is still being written is none.
  write_file_whole(folder.results() / "runs" / ".half.json", "{");
  const Results results = read_results({folder.results()});
  REQUIRE(results.records.size() == 3);
  CHECK(results.records[0].split == "fold 2");
  CHECK(results.records[0].status == "ok");
  REQUIRE(results.records[0].measurements.size() == 1);
  CHECK(results.records[0].measurements[0].value == 0.8);
  CHECK(results.records[1].status == "missing");
  CHECK(results.records[1].method == "aaa");
  CHECK(results.records[2].split == "fold 1");
  CHECK(results.left_out == 1);
  CHECK(results.problems.empty());
  CHECK(results.experiments == std::vector<std::string>{"hand"});
}

TEST_CASE("a run that a plan names twice has one file and two places in the table") {
  const Folder folder;
  WrittenRun again = kFirst;
  again.id = Folder::id_of(kFirst);
  again.method = "the same under another name";
  folder.write(kFirst);
  folder.plan({kFirst, again});
  const Results results = read_results({folder.results()});
  REQUIRE(results.records.size() == 2);
  CHECK(results.records[1].method == again.method);
  CHECK(results.records[1].status == "ok");
  CHECK(results.records[1].measurements.front().value == 0.9);
  CHECK(results.left_out == 0);
}

TEST_CASE("without a plan all results are used, the latest where two have the same coordinates") {
  const Folder folder;
  WrittenRun older = kFirst, newer = kFirst;
  older.id = "ff";
  older.finished = "2026-01-01T00:00:00Z";
  newer.id = "00";
  newer.finished = "2026-01-02T00:00:00Z";
  newer.metrics = {{"knn.accuracy", 0.7}};
  WrittenRun tenth = kFirst;
  tenth.split = "fold 10";
  for (const WrittenRun& run : {older, newer, tenth, kSecond}) folder.write(run);
  const Results results = read_results({folder.results()});
  REQUIRE(results.records.size() == 3);
  CHECK(results.records[0].measurements.at(0).value == 0.7);
  CHECK(results.records[1].split == "fold 2");
  CHECK(results.records[2].split == "fold 10");
  CHECK(results.left_out == 1);
  REQUIRE(results.notes.size() == 1);
  CHECK(results.notes[0].find("has no plan.json") != std::string::npos);
}

TEST_CASE(
    "null is no number, and its reason is kept; seconds come as metrics where lower is better") {
  const Folder folder;
  WrittenRun run = kFirst;
  run.metrics = {{"clustering.nmi", "one class only"}, {"knn.accuracy", 1}};
  run.seconds = 0.25;
  folder.write_all({run});
  const Results results = read_results({folder.results()});
  const auto& measured = results.records.at(0).measurements;
  REQUIRE(measured.size() == 3);
  CHECK(std::isnan(measured[0].value));
  CHECK(measured[0].reason == "one class only");
  CHECK(measured[1].value == 1.0);
  CHECK(results.metrics ==
        std::vector<std::string>{"clustering.nmi", "knn.accuracy", "seconds.fit"});
  CHECK(results.better.at("knn.accuracy") == Better::higher);
  CHECK(results.better.at("seconds.fit") == Better::lower);
}

TEST_CASE("a broken file is named and the others go on") {
  const Folder folder;
  folder.write_all({kFirst, kSecond});
  write_file_whole(folder.file_of(kFirst), "{\n  \"schema\": 1,\n  \"id\": }");
  Results results = read_results({folder.results()});
  REQUIRE(results.problems.size() == 1);
  CHECK(results.problems[0].starts_with(folder.file_of(kFirst).string() + ": 3:"));
  REQUIRE(results.records.size() == 2);
  CHECK(results.records[0].status == "unreadable");
  CHECK(results.records[1].status == "ok");

  for (const auto& [content, wrong] :
       {std::pair{R"({"schema": 99, "id": "1"})",
                  "was written by a later metriclab: schema 99, this one reads up to 1"},
        {R"([1, 2])", "is not a result of metriclab: not a JSON object"},
        {R"({"id": "1"})", "is not a result of metriclab: no integer \"schema\""},
        {R"({"schema": 1, "id": 3})", "is not a result of metriclab: no string \"id\""},
        {R"({"schema": 1, "id": "3", "status": "ok", "run": []})",
         "is not a result of metriclab: no object \"run\""}}) {
    write_file_whole(folder.file_of(kFirst), content);
    results = read_results({folder.results()});
    REQUIRE(results.problems.size() == 1);
    CHECK(results.problems[0] == folder.file_of(kFirst).string() + ": " + wrong);
  }
}

TEST_CASE("a result of schema 1 is read, whatever later versions add or a hand leaves away") {
  const Folder folder;
  write_file_whole(folder.results() / "runs" / "1.json", R"({
    "schema": 1, "id": "1", "experiment": "old",
    "run": {"dataset": "iris", "split": "holdout 1", "split_index": 0, "method": "lmnn", "base": "lmnn",
            "grid": {}, "seed": 7, "baseline": false},
    "status": "ok", "reason": null, "metrics": {"knn.accuracy": 0.5, "knn.error": 0.5},
    "higher_is_better": {"knn.accuracy": true, "knn.error": false},
    "curves": [{"name": "loss", "unit": "epoch", "at": [0, 1], "values": [0.3, null]}]})");
  write_file_whole(folder.results() / "runs" / "2.json", R"({
    "schema": 1, "id": "2", "run": {"dataset": "iris", "split": "holdout 2", "method": "lmnn", "seed": 7},
    "status": "ok", "metrics": {"knn.accuracy": 1}, "from a later minor version": {"a": [1]}})");
  const Results results = read_results({folder.results()});
  CHECK(results.problems.empty());
  REQUIRE(results.records.size() == 2);
  CHECK(results.records[0].seed == 7);
  CHECK(results.better.at("knn.error") == Better::lower);
  CHECK(results.records[1].measurements.at(0).value == 1.0);
}

TEST_CASE("folders together: one run counts once, different ones are told apart") {
  const Folder a("a"), b("b");
  WrittenRun shared = kFirst, other = kSecond;
  a.write_all({shared});
  b.write_all({shared, other});
  Results results = read_results({a.results(), b.results()});
  CHECK(results.records.size() == 2);
  CHECK(results.experiments == std::vector<std::string>{"a", "b"});
  CHECK(results.records[0].method == "lda");

  WrittenRun changed = kFirst;
  changed.id = "another";
  b.write_all({changed});
  results = read_results({a.results(), b.results()});
  REQUIRE(results.records.size() == 2);
  CHECK(results.records[0].method == "a: lda");
  CHECK(results.records[1].method == "b: lda");
  CHECK(results.notes.size() == 1);
}

TEST_CASE("a run that one folder only plans is taken from the one that has it") {
  const Folder a, b;  // one experiment, as two machines have it
  a.write(kFirst);
  a.plan({kFirst, kSecond});
  b.write(kSecond);
  b.plan({kFirst, kSecond});
  const Results results = read_results({a.results(), b.results()});
  REQUIRE(results.records.size() == 2);
  CHECK(results.records[0].status == "ok");
  CHECK(results.records[1].status == "ok");
  CHECK(results.records[1].split == "fold 2");
  CHECK(results.experiments == std::vector<std::string>{"hand"});
  CHECK(results.problems.empty());
}

TEST_CASE("one run with two results that differ is told, not averaged") {
  const Folder a, b;
  WrittenRun other = kFirst;
  other.metrics = {{"knn.accuracy", 0.5}};
  a.write_all({kFirst});
  b.write_all({other});
  const Results results = read_results({a.results(), b.results()});
  REQUIRE(results.records.size() == 1);
  CHECK(results.records[0].measurements.at(0).value == 0.9);
  CHECK(results.problems ==
        std::vector<std::string>{b.file_of(other).string() + ": another result of the same run, " +
                                 a.file_of(kFirst).string() + ", has other metrics and is used"});
}

TEST_CASE("different runs of experiments of one name are told apart by their folders") {
  const Folder a, b;
  WrittenRun changed = kFirst;
  changed.id = "another";
  a.write_all({kFirst});
  b.write_all({changed});
  Results results = read_results({a.results(), b.results()});
  REQUIRE(results.records.size() == 2);
  CHECK(results.records[0].method == a.results().string() + ": lda");
  CHECK(results.records[1].method == b.results().string() + ": lda");
  results = read_results({a.results(), b.results()}, {.by_experiment = true});
  CHECK(results.records[0].method == "lda");
  CHECK(results.records[1].experiment == b.results().string());
  CHECK(results.experiments ==
        std::vector<std::string>{a.results().string(), b.results().string()});
}

TEST_CASE("by experiment, a run that two share is one of each") {
  const Folder a("a"), b("b");
  a.write_all({kFirst});
  b.write_all({kFirst});
  CHECK(read_results({a.results(), b.results()}).records.size() == 1);
  const Results results =
      read_results({a.results(), b.results()}, ReadOptions{.by_experiment = true});
  REQUIRE(results.records.size() == 2);
  CHECK(results.records[1].experiment == "b");
  CHECK(results.records[1].method == "lda");
}

TEST_CASE("values at JSON pointers") {
  const Folder folder;
  WrittenRun run = kFirst, other = kSecond, missing = kSecond, unknown = kSecond;
  run.parameters = R"({"plugin": "lda", "prior": {"plugin": "identity", "scale": 10.0},
                       "sizes": [64, 32], "empty": "", "none": null})";
  other.parameters = R"({"plugin": "lda", "prior": {"plugin": "identity", "scale": 10.0}})";
  missing.split = "fold 3";
  unknown.method = "another";
  folder.write_all({run, other});
  folder.plan({run, other, missing, unknown});
  const ReadOptions options{.pointers = {"/method/block/prior/scale", "/method/prior/plugin",
                                         "/method/sizes", "/method/empty", "/method/none",
                                         "/method/sizes/1", "/run/split", "/dataset/block/name"}};
  const Results results = read_results({folder.results()}, options);
  CHECK(results.pointers == options.pointers);
  REQUIRE(results.records.size() == 4);
  CHECK(results.records[0].parameters == std::vector<std::string>{"10", "identity", "[64,32]",
                                                                  "\"\"", "null", "32", "fold 1",
                                                                  "wine"});
  CHECK(results.records[1].parameters ==
        std::vector<std::string>{"10", "identity", "", "", "", "", "fold 2", "wine"});
  // What the method's or the data set's other runs agree on.
  CHECK(results.records[2].parameters ==
        std::vector<std::string>{"10", "identity", "", "", "", "", "", "wine"});
  CHECK(results.records[3].parameters ==
        std::vector<std::string>{"", "", "", "", "", "", "", "wine"});

  const auto with = [&](const char* pointer) {
    return read_results({folder.results()}, ReadOptions{.pointers = {pointer}});
  };
  CHECK_THROWS_WITH_AS(with("/method/block/prior/scal"),
                       "no result has anything at \"/method/block/prior/scal\"; did you mean "
                       "\"/method/block/prior/scale\"?",
                       Error);
  CHECK_THROWS_WITH_AS(with("/method/scale"),
                       "no result has anything at \"/method/scale\"; did you mean "
                       "\"/method/block/prior/scale\"?",
                       Error);
  CHECK_THROWS_AS(with("scale"), Error);
}

TEST_CASE("a folder that is none of results") {
  const Folder folder;
  CHECK_THROWS_WITH_AS(read_results({folder.results() / "nowhere"}),
                       (folder.results() / "nowhere: there is no such folder").c_str(), Error);
  CHECK_THROWS_WITH_AS(
      read_results({folder.results()}),
      (folder.results().string() + ": no results here; give a folder that \"metriclab run\" wrote, "
                                   "such as results/quickstart")
          .c_str(),
      Error);
  CHECK_THROWS_WITH_AS(read_results({folder.results().parent_path()}),
                       (folder.results().parent_path().string() +
                        ": no results here; did you mean " + folder.results().string() + "?")
                           .c_str(),
                       Error);
  write_file_whole(folder.results() / "plan.json",
                   R"({"schema": 1, "experiment": "hand", "runs": {}})");
  CHECK_THROWS_WITH_AS(
      read_results({folder.results()}),
      (folder.results() /
       "plan.json: is not a plan of metriclab: no list \"runs\"; metriclab run writes it anew")
          .c_str(),
      Error);
}

}  // namespace
