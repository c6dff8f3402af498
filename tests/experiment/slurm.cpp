// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cstdlib>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

#include "running.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

/// A folder with an sbatch for the path.
struct Sbatch {
  explicit Sbatch(const std::string& script) {
    folder.write("sbatch", script);
    fs::permissions(folder.path / "sbatch", fs::perms::owner_all);
  }
  std::string environment() const {
    return "PATH='" + folder.path.string() + "':\"$PATH\" METRICLAB_DATA=\"/data of mine\"";
  }
  Folder folder;
};

/// What sbatch and slurmd do with a job array: tasks as processes, side by side, each with its
/// output.
const char* const kStandIn = R"sh(#!/bin/sh
test "$1" = --parsable || exit 9
script=$2
tasks=$(sed -n 's/^#SBATCH --array=1-//p' "$script")
output=$(sed -n 's/^#SBATCH --output="\(.*\)"$/\1/p' "$script")
for task in $(seq "$tasks");
do
  file=$(printf '%s' "$output" | sed "s/\\\\\\(.\\)/\\1/g;s/%A/77/;s/%a/$task/;s/%%/%/g")
  SLURM_ARRAY_TASK_ID=$task sh "$script" >"$file" 2>&1 &
done
wait
echo "sbatch: a word of the cluster's own" >&2
echo "77;cluster"
)sh";

TEST_CASE("a job array makes the whole, with all that was asked for") {
  const Sbatch sbatch(kStandIn);
  const std::string members =
      R"("methods": {"it's $x": {"solver": "lda"}, "nca": {"solver": "nca"}})";
  const Experiment experiment(members);
  // A folder whose name has all that wants quoting.
  const std::string results = experiment.folder() + R"(/100% "of" $HOME \ it)";
  const Outcome outcome = testing::run(
      fmt::format(
          "--plugin-path '{}' run '{}' --results '{}' --slurm 3 --jobs 1 --threads 2 "
          "--sbatch '--partition=gpu --comment=\"two words\"' --save-models --time-limit 1h "
          "--retry-failed --set '/methods/it'\\''s $x/solver/components=1'",
          std::getenv("METRICLAB_RUN_FIXTURES"), experiment.spec(), results),
      sbatch.environment());
  CHECK_MESSAGE(outcome.exit_code == 0, outcome.errors);
  CHECK(outcome.output == "77\n");
  CHECK(has(outcome.errors, "a word of the cluster's own"));
  CHECK_MESSAGE(has(outcome.errors, "job 77, 3 tasks"), outcome.errors);
  CHECK(has(outcome.errors, "metriclab status '" + results + "/test'"));
  const fs::path folder = fs::path(results) / "test";
  const std::string script = read_file(folder / "slurm.sh");
  CHECK(has(script, "\n#SBATCH --partition=gpu --comment=\"two words\"\n"));
  CHECK(has(script, "\n#SBATCH --cpus-per-task=2\n"));
  CHECK(has(script, "\nexport METRICLAB_DATA='/data of mine'\n"));
  std::string told;
  for (int task = 1; task <= 3; ++task)
    told += read_file(folder / "slurm" / fmt::format("77_{}.txt", task));
  // euclidean, the method with the odd name, and nca on four folds.
  for (int task = 1; task <= 3; ++task)
    CHECK_MESSAGE(has(told, fmt::format("shard {}/3: 4 runs, 4 ok", task)), told);
  CHECK(has(told, "it's $x"));  // in the table, at the end of the last
  for (const auto& entry : fs::directory_iterator(folder / "runs")) {
    const Value result = parse_json(read_file(entry.path()));
    if (result.at("run").at("method").as_string() == "it's $x")
      CHECK(result.at("method").at("block").at("components").as_integer() == 1);
    CHECK(result.at("environment").at("threads").as_integer() == 2);
  }
  std::size_t models = 0;
  for (const auto& entry : fs::directory_iterator(folder / "models"))
    models += entry.is_directory();
  CHECK(models == 12);
}

TEST_CASE("no more tasks than there are parts") {
  const Sbatch sbatch(kStandIn);
  const Experiment experiment(R"("baselines": false, "methods": {"lda": {"solver": "lda"}})");
  const Outcome outcome = experiment.run("--slurm 50", sbatch.environment());
  CHECK(outcome.exit_code == 0);
  CHECK_MESSAGE(has(outcome.errors, "4 tasks instead of 50"), outcome.errors);
  CHECK(experiment.all().size() == 4);
}

TEST_CASE("what sbatch refuses is told in its words") {
  const Sbatch sbatch(
      "#!/bin/sh\necho 'sbatch: error: invalid partition specified: gpus' >&2\nexit 1\n");
  const Experiment experiment(R"("methods": {"lda": {"solver": "lda"}})");
  const Outcome outcome =
      experiment.run("--slurm 2 --sbatch --partition=gpus", sbatch.environment());
  CHECK(outcome.exit_code == 2);
  CHECK_MESSAGE(has(outcome.errors, "/slurm.sh: sbatch: error: invalid partition specified: gpus"),
                outcome.errors);
}

TEST_CASE("without sbatch it says where there is one") {
  const Experiment experiment(R"("methods": {"lda": {"solver": "lda"}})");
  const Outcome outcome = experiment.run("--slurm 2", "PATH=/nowhere");
  CHECK(outcome.exit_code == 2);
  CHECK_MESSAGE(has(outcome.errors, "there is no sbatch on the path"), outcome.errors);
  CHECK(has(outcome.errors, "--shard 1/2 to 2/2"));
  CHECK_FALSE(fs::exists(experiment.results() / "slurm.sh"));
  CHECK(experiment.run("--sbatch --time=1").exit_code == 2);  // of --slurm
}

}  // namespace
