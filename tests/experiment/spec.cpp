// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <metriclab/experiment/plan.hpp>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/experiment/run_costs.hpp>
#include <metriclab/experiment/spec.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>

namespace {

using namespace metriclab;

Registry registry() { return Registry(Registry::standard_folders()); }

Spec read(const std::string& text, Registry& plugins) {
  Problems problems;
  Spec spec = make_spec(parse_json(text), Places::beside(""), plugins, problems);
  for (const Problem& problem : problems) MESSAGE(problem.pointer << ": " << problem.message);
  REQUIRE(problems.empty());
  return spec;
}

std::string with(const std::string& more) {
  return R"({"name": "test", "datasets": [{"plugin": "wine", "split": {"folds": 5}}],
             "methods": {"lmnn": {"solver": "lmnn"}}, "evaluators": ["knn"])" +
         more + "}";
}

std::vector<std::string> names_of(const Spec& spec) {
  std::vector<std::string> names;
  for (const MethodSpec& is : spec.methods) names.push_back(is.name);
  return names;
}

TEST_CASE("a JSON pointer goes to steps and back") {
  CHECK(pointer_steps("/a~1b/c~0d/") == std::vector<std::string>{"a/b", "c~d", ""});
  CHECK_THROWS_AS(pointer_steps("a"), Error);
  CHECK_THROWS_AS(pointer_steps("/a~2"), Error);
  CHECK_THROWS_AS(pointer_steps("/a~"), Error);
  const bool ok = rc::check("steps, escaped and joined, give the same steps",
                            [](const std::vector<std::string>& steps) {
                              RC_PRE(!steps.empty());
                              std::string pointer;
                              for (const std::string& step : steps) pointer += pointer_step(step);
                              RC_ASSERT(pointer_steps(pointer) == steps);
                            });
  CHECK(ok);
}

TEST_CASE("setting a place makes what is missing on the way") {
  Value value = parse_json(R"({"loss": "triplet", "list": [1, {"a": 2}], "n": 3})");
  set_at(value, {"loss", "margin"}, 0.3);
  set_at(value, {"training", "epochs"}, 5);
  set_at(value, {"list", "1", "a"}, "x");
  CHECK(value == parse_json(R"({"loss": {"plugin": "triplet", "margin": 0.3},
                                "list": [1, {"a": "x"}], "n": 3, "training": {"epochs": 5}})"));
  CHECK_THROWS_WITH_AS(set_at(value, {"list", "2"}, 0),
                       "/list is a list of 2; \"2\" is none of its indices, 0 to 1", Error);
  CHECK_THROWS_WITH_AS(set_at(value, {"n", "m"}, 0), "/n is an integer, which has no \"m\"", Error);
}

TEST_CASE("every default is filled in, and the plain distance is added as a baseline") {
  Registry plugins = registry();
  const Spec spec = read(with(""), plugins);
  CHECK(spec.settings.seeds == std::vector<std::int64_t>{1});
  CHECK(spec.datasets.front().name == "wine");
  CHECK(spec.datasets.front().normalize == Normalization::none);
  CHECK(names_of(spec) == std::vector<std::string>{"euclidean", "lmnn"});
  CHECK(spec.methods[0].baseline);
  CHECK_FALSE(spec.methods[1].baseline);
  CHECK(spec.methods[1].block.find("n_neighbors") != nullptr);
  CHECK(names_of(read(with(R"(, "baselines": false)"), plugins)) ==
        std::vector<std::string>{"lmnn"});
}

TEST_CASE("a grid multiplies its entries, and labels each point shortly") {
  Registry plugins = registry();
  const Spec spec = read(with(R"(, "baselines": false, "grid": {
      "/methods/lmnn/solver/push_weight": [0.3, 0.5],
      "/methods/lmnn/solver/n_neighbors,/methods/lmnn/solver/max_iterations": [[1, 10], [3, 20]],
      "/datasets/0/normalize": ["none", "standard"]})"),
                         plugins);
  CHECK(names_of(spec) ==
        std::vector<std::string>{"lmnn push_weight=0.3 n_neighbors=1 max_iterations=10",
                                 "lmnn push_weight=0.3 n_neighbors=3 max_iterations=20",
                                 "lmnn push_weight=0.5 n_neighbors=1 max_iterations=10",
                                 "lmnn push_weight=0.5 n_neighbors=3 max_iterations=20"});
  CHECK(spec.methods[2].block.at("push_weight").as_number() == 0.5);
  CHECK(spec.methods[2].block.at("n_neighbors").as_integer() == 1);
  CHECK(spec.methods[2].base == "lmnn");
  REQUIRE(spec.datasets.size() == 2);
  CHECK(spec.datasets[1].name == "wine normalize=standard");
  CHECK(spec.datasets[1].normalize == Normalization::standard);
}

TEST_CASE("where two places of a grid end alike, labels tell them apart") {
  Registry plugins = registry();
  if (!plugins.has("method", "deep")) return;
  const Spec spec = read(
      R"({"name": "test", "datasets": [{"plugin": "wine", "split": {"folds": 5}}],
          "methods": {"t": {"architecture": "mlp", "loss": "triplet", "miner": "semihard"}},
          "evaluators": ["knn"], "baselines": false,
          "grid": {"/methods/t/loss/distance": ["cosine"], "/methods/t/miner/distance": ["cosine"]}})",
      plugins);
  CHECK(names_of(spec) == std::vector<std::string>{"t loss.distance=cosine miner.distance=cosine"});
}

TEST_CASE("each different architecture has its untrained network in the table, once") {
  Registry plugins = registry();
  if (!plugins.has("method", "deep")) return;
  auto spec_of = [&](const std::string& methods) {
    return read(R"({"name": "test", "datasets": [{"plugin": "wine", "split": {"folds": 5}}],
                    "evaluators": ["knn"], "methods": {)" +
                    methods + "}}",
                plugins);
  };
  CHECK(names_of(spec_of(R"("a": {"architecture": "mlp", "loss": "triplet"},
                            "b": {"architecture": "mlp", "loss": "contrastive"})")) ==
        std::vector<std::string>{"euclidean", "a", "b", "untrained mlp"});
  CHECK(names_of(spec_of(R"("a": {"architecture": "mlp", "loss": "triplet"},
                            "b": {"architecture": {"plugin": "mlp", "embedding": 7}, "loss": "triplet"})")) ==
        std::vector<std::string>{"euclidean", "a", "b", "untrained a", "untrained b"});
  CHECK(names_of(spec_of(R"("a": {"architecture": "mlp", "loss": "triplet"},
                            "mine": {"architecture": "mlp"})")) ==
        std::vector<std::string>{"euclidean", "a", "mine"});
}

std::set<std::string> ids_of(const std::string& text, Registry& plugins) {
  const Spec spec = read(text, plugins);
  Problems problems;
  const Plan plan = make_plan(spec, plugins, problems);
  REQUIRE(problems.empty());
  std::set<std::string> ids;
  for (const PlannedRun& run : plan.runs) ids.insert(run.id);
  CHECK(ids.size() == plan.runs.size());
  return ids;
}

std::size_t shared(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::size_t count = 0;
  for (const std::string& id : a) count += b.count(id);
  return count;
}

TEST_CASE("ids change with what decides a result, and with nothing else") {
  Registry plugins = registry();
  const auto ids = ids_of(with(""), plugins);
  CHECK(ids.size() == 10);  // 5 folds of lmnn and of the baseline
  CHECK(ids_of(with(""), plugins) == ids);
  CHECK(ids_of(with(R"(, "save_models": true, "limits": {"time_limit": 10})"), plugins) == ids);
  // A default said aloud is the same run; a name is no part of it.
  auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = with("");
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return ids_of(text.replace(at, from.size(), to), plugins);
  };
  CHECK(replaced(R"("lmnn": {"solver": "lmnn"})",
                 R"("other": {"solver": {"plugin": "lmnn", "n_neighbors": 3}})") == ids);
  CHECK(replaced(R"("name": "test")", R"("name": "other")") == ids);
  // A further seed, a further method: what was there stays.
  CHECK(shared(ids_of(with(R"(, "seeds": [1, 2])"), plugins), ids) == 10);
  CHECK(shared(replaced(R"({"solver": "lmnn"})",
                        R"({"solver": {"plugin": "lmnn", "n_neighbors": 5}})"),
               ids) == 5);  // the baseline's
  CHECK(shared(replaced(R"({"folds": 5})", R"({"folds": 4})"), ids) == 0);
  CHECK(shared(replaced(R"("knn")", R"({"plugin": "knn", "n_neighbors": 5})"), ids) == 0);
  CHECK(shared(replaced(R"("split")", R"("normalize": "unit", "split")"), ids) == 0);
}

TEST_CASE("an id is of the content of the data, not of its place") {
  Registry plugins = registry();
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("metriclab_plan_" + std::to_string(::getpid()));
  for (const char* place : {"a", "b"}) {
    std::filesystem::create_directories(folder / place);
    write_file_whole(folder / place / "x.csv", "1,2,p\n3,4,p\n5,6,q\n7,8,q\n");
  }
  auto ids = [&](const std::string& place) {
    const std::string text =
        R"({"name": "test", "datasets": [{"plugin": "csv", "path": "x.csv", "split": {"folds": 2}}],
            "methods": {"euclidean": {"solver": "euclidean"}}, "evaluators": ["knn"]})";
    Problems problems;
    const Spec spec =
        make_spec(parse_json(text), Places::beside(folder / place), plugins, problems);
    const Plan plan = make_plan(spec, plugins, problems);
    REQUIRE(problems.empty());
    return plan.runs.front().id;
  };
  CHECK(ids("a") == ids("b"));
  write_file_whole(folder / "b" / "x.csv", "1,2,p\n3,4,p\n5,6,q\n7,9,q\n");
  CHECK(ids("a") != ids("b"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("what runs cost is told by those most alike") {
  const auto run = [](std::size_t dataset, std::size_t method) {
    PlannedRun is;
    is.dataset = dataset;
    is.method = method;
    return is;
  };
  RunCosts costs;
  CHECK_FALSE(costs.seconds(run(0, 0)));
  costs.add(run(0, 0), 2, 100);
  costs.add(run(0, 0), 4, 50);
  costs.add(run(1, 0), 12, 300);
  costs.add(run(1, 1), 60, 0);
  CHECK(costs.seconds(run(0, 0)) == 3);         // the same
  CHECK(costs.seconds(run(2, 0)) == 6);         // the same method elsewhere
  CHECK(costs.seconds(run(0, 2)) == 78.0 / 4);  // any
  CHECK(costs.memory(run(0, 0)) == 100);
  CHECK(costs.memory(run(2, 0)) == 300);
  CHECK(costs.memory(run(0, 2)) == 0);
  CHECK(costs.knows(run(1, 1)));
  CHECK_FALSE(costs.knows(run(0, 1)));
}

}  // namespace
