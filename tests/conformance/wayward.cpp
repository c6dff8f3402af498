// SPDX-License-Identifier: BSD-3-Clause
// That the laws can be broken: each fixture breaks one, in the way that `how` names, and just those
// laws complain that it concerns.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <metriclab/cli/check_plugin.hpp>
#include <string>
#include <vector>

namespace {

using namespace metriclab;
using Laws = std::vector<std::string>;

Registry& registry() {
  static Registry instance(
      {std::getenv("METRICLAB_WAYWARD"), std::getenv("METRICLAB_PLUGIN_PATH")});
  return instance;
}

Checks checked(const std::string& kind, const std::string& how) {
  Value parameters = Value::object();
  parameters.set("how", how);
  return check_plugin(registry(), kind, "wayward_" + kind, parameters);
}

/// The laws that the fixture of that kind breaks, without what follows "(" or ":", and one that is
/// broken on several shapes in a row only once.
Laws broken(const std::string& kind, const std::string& how) {
  Laws laws;
  const Checks checks = checked(kind, how);
  for (const Check& is : checks.all()) {
    if (is.failure.empty()) continue;
    std::string law = is.law.substr(0, std::min(is.law.find('('), is.law.find(':')));
    if (law.ends_with(' ')) law.pop_back();
    if (laws.empty() || laws.back() != law) laws.push_back(law);
  }
  CHECK(checks.kept() == laws.empty());
  return laws;
}

/// Why the fixture's law, which begins so, was not checked; "" if it was.
std::string not_checked(const std::string& kind, const std::string& how, const std::string& law) {
  const Checks checks = checked(kind, how);
  for (const Check& is : checks.all())
    if (is.law.starts_with(law)) return is.reason;
  return "there is no such law";
}

/// Whether the deep part is built; says so where it isn't.
bool deep() {
  if (registry().has("conformance", "loss")) return true;
  MESSAGE("skipped: the deep part is not built");
  return false;
}

const std::string kRandom = "it draws at random";

}  // namespace

TEST_CASE("wayward data sets") {
  const std::string labels = "its labels are dense from 0, with a name for each class",
                    splits =
                        "predefined splits train and test on different examples, without repeats";
  CHECK(broken("dataset", "right") == Laws{});
  CHECK(broken("dataset", "sparse") == Laws{labels});
  CHECK(broken("dataset", "range") == Laws{labels});
  CHECK(broken("dataset", "twins") == Laws{labels});
  CHECK(broken("dataset", "nan") == Laws{"its examples are finite numbers, and one at least"});
  CHECK(broken("dataset", "names") == Laws{"split_names"});
  CHECK(broken("dataset", "overlap") == Laws{splits});
  CHECK(broken("dataset", "episode") == Laws{splits});
  CHECK(broken("dataset", "again") == Laws{"loaded again it is the same to the byte"});
  CHECK(broken("dataset", "targets") ==
        Laws{"each example has its target, each feature its name, where there are any"});
  CHECK(broken("dataset", "file") == Laws{"the files that it names are there"});
  CHECK(broken("dataset", "missing") == Laws{});
  CHECK(not_checked("dataset", "missing", "the laws of data sets")
            .starts_with("there is no \"a file that is nowhere\""));
}

TEST_CASE("wayward solvers") {
  const std::string order = "the order of examples doesn't matter",
                    names = "the names of classes don't matter";
  CHECK(broken("solver", "right") == Laws{});
  for (const char* how : {"nan", "shape", "objective", "stopped"})
    CHECK(broken("solver", how) == Laws{"L is finite,"});
  CHECK(broken("solver", "state") == Laws{"the same stream gives the same bytes"});
  CHECK(broken("solver", "order") == Laws{order});
  // It looks at the class of the first example, whichever that is.
  CHECK(broken("solver", "names") == Laws{order, names});
  CHECK(broken("solver", "one_class") == Laws{"one class only", "one example"});
  CHECK(broken("solver", "takes_nan") ==
        Laws{"a value that is not finite is refused with an Error"});
  CHECK(broken("solver", "random") == Laws{});
  CHECK(not_checked("solver", "random", order) == kRandom);
  CHECK(not_checked("solver", "right", order) == "");
}

TEST_CASE("wayward evaluators") {
  const std::string sound = "each metric has a name of its own, and a value or a reason";
  CHECK(broken("evaluator", "right") == Laws{});
  CHECK(broken("evaluator", "reason") == Laws{sound});
  CHECK(broken("evaluator", "twice") == Laws{sound});
  CHECK(broken("evaluator", "order") == Laws{"the order of examples doesn't matter"});
  CHECK(broken("evaluator", "state") == Laws{"the same stream gives the same"});
  CHECK(broken("evaluator", "direction") ==
        Laws{"separated classes score no worse than random embeddings"});
  CHECK(broken("evaluator", "lone") == Laws{"no test part", "neither"});
  CHECK(broken("evaluator", "takes_nan") ==
        Laws{"embeddings that are not finite are refused with an Error"});
  CHECK(broken("evaluator", "random") == Laws{});
  CHECK(not_checked("evaluator", "random", "the order of examples") == kRandom);
  // What is claimed, of the defaults, and is not so.
  CHECK(not_checked("evaluator", "order", "one_when_separated") ==
        "it is declared for the defaults");
  Laws claims;
  const Checks boasts = check_plugin(registry(), "evaluator", "boastful_evaluator");
  for (const Check& is : boasts.all())
    if (!is.failure.empty()) claims.push_back(is.law);
  CHECK(claims == Laws{"separated classes score no worse than random embeddings",
                       "invariant_to_rotation", "one_when_separated", "infallible"});
}

TEST_CASE("wayward losses") {
  if (!deep()) return;
  // The fixture also claims, of its defaults, what is not so.
  CHECK(broken("loss", "right") == Laws{"invariant_to_scale"});
  CHECK(broken("loss", "vector") == Laws{"it gives a finite scalar of the embeddings' type, with "
                                         "finite gradients"});
  CHECK(broken("loss", "writes") == Laws{"it leaves its inputs as they are"});
  CHECK(broken("loss", "gradient") == Laws{"its gradients equal finite differences over all tuples",
                                           "… over triplets given", "… over pairs given",
                                           "… with a reference set"});
  CHECK(broken("loss", "order") == Laws{"the order of the batch doesn't matter"});
  CHECK(broken("loss", "nan") == Laws{"coinciding embeddings", "zero embeddings"});
  CHECK(broken("loss", "precision") == Laws{"float32 agrees with float64"});
  CHECK(broken("loss", "no_tuples") ==
        Laws{"tuples given that are none at all give a finite value; 0 with zero gradient without "
             "trained parameters or penalties"});
  CHECK(not_checked("loss", "order", "invariant_to_rotation") == "it is declared for the defaults");
  const Laws state = broken("loss", "state");
  CHECK(std::find(state.begin(), state.end(), "the same batch gives the same bytes") !=
        state.end());
  if (detail::kSanitizers == "none")  // under which memory can't be limited
    CHECK(broken("loss", "memory") ==
          Laws{"a batch of 2000 takes less than 1 GiB and needs no list of all triplets"});
}

TEST_CASE("wayward miners") {
  if (!deep()) return;
  CHECK(broken("miner", "right") == Laws{});
  for (const char* how : {"labels", "self", "range"})
    CHECK(broken("miner", how) == Laws{"its tuples are of the batch"});
  CHECK(broken("miner", "order") == Laws{"the order of the batch doesn't matter"});
  CHECK(broken("miner", "writes") == Laws{"it leaves its inputs as they are"});
  CHECK(broken("miner", "state") ==
        Laws{"the same batch and stream give the same tuples, in order"});
  CHECK(broken("miner", "empty") == Laws{"an empty batch"});
  CHECK(broken("miner", "random") == Laws{});
  CHECK(not_checked("miner", "random", "the order of the batch") == kRandom);
}

TEST_CASE("wayward architectures") {
  if (!deep()) return;
  const std::string others = "outside of training an example's output doesn't depend on the others",
                    steady = "outside of training nothing changes, and inputs are never written to",
                    same = "the same stream gives the same weights and outputs, to the byte",
                    gradient = "every parameter gets a finite gradient",
                    shapes =
                        "each shape of input is taken, or refused with an Error; one at least "
                        "is taken";
  CHECK(broken("architecture", "right") == Laws{});
  CHECK(broken("architecture", "changes") == Laws{steady});
  CHECK(broken("architecture", "writes") == Laws{steady});
  // Two shapes are tried.
  CHECK(broken("architecture", "batch") == Laws{others});
  CHECK(broken("architecture", "seed") == Laws{same});
  CHECK(broken("architecture", "unused") == Laws{gradient});
  CHECK(broken("architecture", "again") == Laws{"a second build begins anew"});
  CHECK(broken("architecture", "size") == Laws{"its outputs are"});
  CHECK(broken("architecture", "crash") == Laws{shapes});
  CHECK(broken("architecture", "none") == Laws{shapes});
}

TEST_CASE("wayward samplers") {
  if (!deep()) return;
  CHECK(broken("sampler", "right") == Laws{});
  for (const char* how : {"range", "nothing", "hollow"})
    CHECK(broken("sampler", how) ==
          Laws{"an epoch has batches, and these hold indices of examples"});
  CHECK(broken("sampler", "state") == Laws{"an epoch depends on its stream and the labels alone"});
  CHECK(broken("sampler", "crash") == Laws{"no example"});
}

TEST_CASE("wayward transforms") {
  if (!deep()) return;
  CHECK(broken("transform", "right") == Laws{});
  for (const char* how : {"shape", "type", "nan"})
    CHECK(broken("transform", how) ==
          Laws{"what comes out is of the shape and type of what goes in, and finite"});
  CHECK(broken("transform", "writes") == Laws{"it doesn't write to its inputs"});
  CHECK(broken("transform", "state") ==
        Laws{"the same stream gives the same bytes, whatever went before"});
  CHECK(broken("transform", "copies") == Laws{"copies"});
  CHECK(broken("transform", "none") ==
        Laws{"each shape of example is taken, or refused with an Error; one at least is taken"});
}

TEST_CASE("wayward distances, reducers and regularizers") {
  if (!deep()) return;
  CHECK(broken("distance", "right") == Laws{});
  CHECK(broken("distance", "asymmetric") == Laws{"symmetric", "invariant_to_translation"});
  CHECK(broken("distance", "gradient") ==
        Laws{"its gradients equal finite differences", "… of vectors against themselves"});
  CHECK(broken("distance", "nan") == Laws{"… of vectors against themselves", "coinciding vectors",
                                          "zero vectors", "coinciding vectors", "zero vectors"});
  CHECK(broken("distance", "offset") == Laws{"zero_for_equal"});
  CHECK(broken("distance", "moved") == Laws{"invariant_to_translation"});
  CHECK(broken("distance", "pairs") ==
        Laws{"pairs are the diagonal of the matrix, and so are their gradients"});
  CHECK(broken("distance", "length") == Laws{"where ignores_length"});

  CHECK(broken("reducer", "right") == Laws{});
  for (const char* how : {"range", "weights"})
    CHECK(broken("reducer", how) ==
          Laws{"its bounds are a range, its weights finite and not below 0"});

  CHECK(broken("regularizer", "right") == Laws{});
  CHECK(broken("regularizer", "nan") == Laws{"zero vectors"});
  CHECK(broken("regularizer", "gradient") == Laws{"its gradient equals finite differences"});
  CHECK(broken("regularizer", "empty") == Laws{"no vectors"});
  CHECK(broken("regularizer", "turned") == Laws{"invariant_to_rotation"});
  CHECK(broken("regularizer", "writes") ==
        Laws{"it leaves its input as it is, and the same gives the same bytes"});
}

TEST_CASE("what can't be checked is said, and a caller's mistake is the caller's") {
  Registry shipped(Registry::standard_folders());
  const Checks checks = check_plugin(shipped, "dataset", "csv");
  CHECK(checks.kept());
  CHECK(checks.all().back().reason == "needs \"path\"");
  CHECK_THROWS_WITH_AS(
      check_plugin(shipped, "solver", "lda", Value(Value::Object{{"regularisation", 1}})),
      "/regularisation: solver \"lda\" has no parameter \"regularisation\"; did you mean "
      "\"regularization\"?",
      Error);
  CHECK_THROWS_AS(check_plugin(shipped, "solver", "no_such"), Error);
}

TEST_CASE("of a failure the first line counts") {
  Checks checks;
  CHECK(checks.law("a law", []() -> std::string { return ""; }));
  CHECK_FALSE(checks.law("a law", []() -> std::string { return "one\ntwo"; }));
  CHECK_FALSE(checks.law("a law", []() -> std::string { throw std::runtime_error("3\n4"); }));
  CHECK_FALSE(checks.law("a law", []() -> std::string { throw 5; }));
  CHECK(checks.law_or_error("a law", []() -> std::string { throw Error("it can't be done"); }));
  checks.not_checked("a law", "no file");
  CHECK_FALSE(checks.kept());
  REQUIRE(checks.all().size() == 6);
  CHECK(checks.all()[1].failure == "one");
  CHECK(checks.all()[2].failure == "throws: 3");
  CHECK(checks.all()[3].failure == "throws something that is no std::exception");
  CHECK(checks.all()[5].reason == "no file");
}
