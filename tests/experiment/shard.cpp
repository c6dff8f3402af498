// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <metriclab/experiment/document.hpp>
#include <metriclab/experiment/shard.hpp>
#include <metriclab/plugin/error.hpp>

#include "../cli/command.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

TEST_CASE("a shard is written I/N") {
  const Shard shard = Shard::from_text("2/8");
  CHECK(shard.index == 2);
  CHECK(shard.count == 8);
  CHECK(to_string(Shard::from_text("1/1")) == "1/1");
  for (const char* text :
       {"", "2", "/", "0/2", "3/2", "2/0", "-1/2", "1/2/3", "1 /2", "a/b", "1/"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(Shard::from_text(text), Error);
  }
}

TEST_CASE("every run and every search is of exactly one shard, and parts differ by at most one") {
  const Folder folder;
  // "same" has the runs of "lda" under another name: they are made once, and so are one shard's.
  folder.write("spec.json", R"({"name": "t", "evaluators": ["knn"], "seeds": [1, 2],
    "datasets": [{"plugin": "iris", "split": {"folds": 3}},
                 {"plugin": "wine", "split": {"folds": 2}}],
    "methods": {"lda": {"solver": "lda"}, "same": {"solver": "lda"}, "nca": {"solver": "nca"},
                "lmnn": {"solver": {"plugin": "lmnn", "n_neighbors": {"int": [1, 9]}}},
                "itml": {"solver": {"plugin": "itml", "gamma": {"log_uniform": [0.1, 10]}}}},
    "tune": {"metric": "knn.accuracy", "trials": 2}})");
  Registry registry(Registry::standard_folders());
  Problems problems;
  const Spec spec = make_spec(read_document(folder / "spec.json", {}, problems),
                              Places::beside(folder.path), registry, problems);
  const Plan plan = make_plan(spec, registry, problems);
  REQUIRE(problems.empty());
  // euclidean, lda and nca with two seeds on five splits; two searches on each.
  const std::size_t units = 3 * 2 * 5 + 2 * 5;
  CHECK(ShardRuns::units(plan) == units);
  for (const std::size_t count : {1, 2, 3, 7, 64}) {
    std::map<std::string, int> owners;
    for (std::size_t index = 1; index <= count; ++index) {
      const ShardRuns own(plan, {.index = index, .count = count});
      std::map<std::string, bool> mine;
      for (const PlannedRun& run : plan.runs) mine[run.id] = own.has(run);
      for (std::size_t d = 0; d < plan.datasets.size(); ++d)
        for (std::size_t m = 0; m < spec.methods.size(); ++m)
          for (std::size_t s = 0; s < plan.datasets[d].splits.size(); ++s)
            if (spec.methods[m].is_searched()) {
              const PlannedRun run = planned_run(plan, d, m, s, 1);
              mine[run.id] = own.has(run);
              CHECK(own.has(planned_run(plan, d, m, s, 2)) == own.has(run));
            }
      int of_it = 0;
      for (const auto& [id, is_mine] : mine) {
        owners[id] += is_mine ? 1 : 0;
        of_it += is_mine ? 1 : 0;
      }
      CHECK(of_it >= static_cast<int>(units / count));
      CHECK(of_it <= static_cast<int>((units + count - 1) / count));
    }
    CHECK(owners.size() == units);
    for (const auto& [id, owned] : owners) CHECK(owned == 1);
  }
}

}  // namespace
