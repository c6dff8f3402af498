// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/progress_view.hpp>
#include <metriclab/cli/ranks.hpp>
#include <metriclab/cli/shard_end.hpp>
#include <metriclab/cli/slurm.hpp>
#include <metriclab/cli/spec_argument.hpp>
#include <metriclab/cli/terminal.hpp>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/experiment/plan_change.hpp>
#include <metriclab/experiment/runner.hpp>
#include <metriclab/experiment/tuner.hpp>
#include <metriclab/report/event_file.hpp>
#include <metriclab/report/table.hpp>
#include <set>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal's handler sets it");

// As shells report a command that SIGINT ended.
constexpr int kInterrupted = 130;

struct Options {
  std::vector<fs::path> files;
  std::vector<std::string> settings;
  fs::path results = "results", tensorboard;
  int jobs = 0, threads = 1;
  bool retry_failed = false, save_models = false;
  std::string progress = "auto";
  ProgressForm form = ProgressForm::none;  // what `progress` says
  std::optional<double> time_limit;
  std::string shard_text, sbatch;
  std::optional<Shard> shard;
  std::size_t slurm = 0;     // tasks
  double rank_timeout = 60;  // seconds
  Ranks* ranks = nullptr;    // under MPI
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  /// Seconds that are left of the time limit.
  std::optional<double> time_left() const {
    if (!time_limit) return std::nullopt;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
    return std::max(0.0, *time_limit - passed.count());
  }
};

/// Says, before anything is run, which results a changed spec leaves behind.
void tell_change(const ResultStore& store, const Plan& plan) {
  const PlanChange change = change_of(store, plan);
  if (change.results == 0) return;
  fmt::print(
      stderr,
      "{}: {} result{} no longer asked for, since {}; tables leave them out. Another \"name\" or "
      "--results keeps both comparisons, metriclab clean drops what is not asked for\n",
      store.folder().string(), change.results, change.results == 1 ? " is" : "s are", change.why());
}

/// Makes what is missing of one spec and prints its table; the exit code.
int run_spec(PlannedSpec& one, const Options& options, Registry& registry) {
  if (options.save_models) one.spec->settings.save_models = true;
  const ResultStore store(options.results / one.spec->settings.name, options.shard);
  std::optional<ShardRuns> own;
  if (options.shard) own.emplace(one.plan, *options.shard);
  std::optional<Tuner> tuner;
  if (one.spec->settings.tune) tuner.emplace(one.plan, &store, registry);
  // Brings the plan up to the results there are; whether there is more to run.
  const auto advance = [&](bool begins) {
    const FileLock turn = store.turn();
    const bool more = tuner && tuner->advance();
    if (begins && options.shard) check_plan(one.plan, *options.shard, store);
    if (begins) {
      tell_change(store, one.plan);
      store.write_spec(one.spec->document);
    }
    store.write_plan(to_value(one.plan));
    return more;
  };
  advance(true);
  tell_planned(options.form, one.plan, store.folder());
  std::function<bool(const PlannedRun&)> only;
  if (own) only = [&](const PlannedRun& run) { return own->has(run); };
  Outcome all;
  bool first = true;
  // A search goes on with what its trials tell.
  do {
    const auto show = progress_view(options.form, one.plan);
    const auto told = [&](const Progress& now) {
      show(now);
      if (!options.tensorboard.empty() && now.ended != nullptr && now.status == "ok")
        write_event_file(store.result(now.ended->id), options.tensorboard);
    };
    const Outcome outcome =
        make_runs(one.plan, store,
                  {.jobs = options.jobs,
                   .threads = options.threads,
                   .retry_failed = first && options.retry_failed,
                   .time_limit = options.time_left(),
                   .command = fs::read_symlink("/proc/self/exe"),
                   .plugin_folders = registry.folders(),
                   .interrupted = &interrupted,
                   .only = only,
                   .elsewhere = options.ranks != nullptr ? options.ranks->places()
                                                         : std::vector<Workplace*>()},
                  told);
    all.ok += outcome.ok;
    all.skipped += outcome.skipped;
    all.failed += outcome.failed;
    all.planned = outcome.planned;
    all.interrupted = outcome.interrupted;
    all.out_of_time = outcome.out_of_time;
    if (first) all.kept = outcome.kept;
    first = false;
  } while (advance(false) && !all.interrupted && !all.out_of_time);
  const std::size_t done = all.ok + all.skipped + all.failed;
  std::string text = fmt::format("{}: ", store.folder().string());
  if (options.shard) text += fmt::format("shard {}: ", to_string(*options.shard));
  text += fmt::format("{} runs", all.planned);
  if (all.kept > 0) text += fmt::format(", {} were there already", all.kept);
  if (done > 0 || all.kept == 0) text += fmt::format(", {} ok", all.ok);
  if (all.skipped > 0) text += fmt::format(", {} skipped", all.skipped);
  if (all.failed > 0) text += fmt::format(", {} failed", all.failed);
  fmt::print(stderr, "{}\n", text);
  if (all.interrupted) {
    fmt::print(stderr, "interrupted with {} runs to go; the same command goes on with them\n",
               all.planned - all.kept - done);
    tell_outcome(options.form, one.plan, store.folder(), all, kInterrupted);
    return kInterrupted;
  }
  if (all.out_of_time)
    fmt::print(stderr, "the time is up with {} runs to go; the same command goes on with them\n",
               all.planned - all.kept - done);
  if (own) {
    if (const auto exit_code = end_of_shard(one.plan, *own, store)) {
      tell_outcome(options.form, one.plan, store.folder(), all, *exit_code);
      return *exit_code;
    }
  }
  const TableOptions table{.width = terminal_width(stdout).value_or(0)};
  const Results results = read_results({store.folder()});
  // Those that were there already too.
  if (!options.tensorboard.empty()) write_event_files(results, options.tensorboard);
  std::set<std::string> mine;  // of a shard, whose exit code tells of its own runs
  for (const auto* runs : {&one.plan.runs, &one.plan.pending})
    for (const PlannedRun& run : *runs)
      if (own && own->has(run)) mine.insert(run.id);
  std::size_t measured = 0, wrong = 0;
  for (const std::string& problem : results.problems) fmt::print(stderr, "warning: {}\n", problem);
  for (const Record& record : results.records) {
    measured += record.measurements.empty() ? 0 : 1;
    const bool is_well = record.status == "ok" || record.status == "skipped";
    wrong += is_well || (own && !mine.contains(record.id)) ? 0 : 1;
  }
  tell_outcome(options.form, one.plan, store.folder(), all, wrong == 0 ? 0 : 1);
  if (measured > 0 && options.form != ProgressForm::json)
    fmt::print("{}", render(make_table(results, table), table));
  if (measured == 0)
    fmt::print(stderr, "no run has a metric; metriclab status {} says why\n",
               store.folder().string());
  return wrong == 0 ? 0 : 1;
}

/// Leaves it to Slurm, as a job array of shards.
void submit_spec(const PlannedSpec& one, const Options& options, const Globals& globals) {
  const std::string& name = one.spec->settings.name;
  const fs::path folder = fs::absolute(options.results / name).lexically_normal();
  if (const auto runner = ResultStore::runner_at(folder))
    throw Error(
        fmt::format("{}: a runner is at work there ({}); wait for it, or give another --results",
                    folder.string(), *runner));
  SlurmArray array{
      .name = name,
      .tasks = std::min(options.slurm, std::max<std::size_t>(1, ShardRuns::units(one.plan))),
      .options = options.sbatch,
      .cores = options.jobs * options.threads,
      .folder = folder,
      .command = {fs::read_symlink("/proc/self/exe").string()}};
  auto add = [&](std::initializer_list<std::string> words) {
    array.command.insert(array.command.end(), words);
  };
  for (const fs::path& path : globals.plugin_path)
    add({"--plugin-path", fs::absolute(path).string()});
  add({"run", fs::absolute(one.file).string(), "--results",
       fs::absolute(options.results).lexically_normal().string(), "--threads",
       std::to_string(options.threads)});
  if (options.jobs > 0) add({"--jobs", std::to_string(options.jobs)});
  for (const std::string& setting : options.settings) add({"--set", setting});
  if (options.time_limit) add({"--time-limit", fmt::format("{}s", *options.time_limit)});
  if (options.retry_failed) add({"--retry-failed"});
  if (options.save_models) add({"--save-models"});
  if (array.tasks < options.slurm)
    fmt::print(stderr, "{}: {} tasks instead of {}: there are not more parts to share out\n", name,
               array.tasks, options.slurm);
  const std::string job = submit(array);
  fmt::print("{}\n", job);
  fmt::print(stderr,
             "{0}: job {1}, {2} tasks by {3}\n"
             "how it stands: metriclab status {4}\n"
             "in the queue:  squeue --job {1}\n"
             "what they say: {5}\n",
             name, job, array.tasks, (folder / "slurm.sh").string(), shell_word(folder.string()),
             (folder / "slurm" / (job + "_*.txt")).string());
}

}  // namespace

void add_run(CLI::App& app, Globals& globals, int& exit_code) {
  auto* command = app.add_subcommand(
      "run", "runs what is missing of a comparison, in parallel processes, then prints its table");
  command->footer(
      "Examples:\n"
      "  metriclab run experiments/quickstart.json --jobs 4 --set "
      "/methods/triplet/loss/margin=0.3\n"
      "  metriclab run experiments/quickstart.json --progress json | my_dashboard\n"
      "  metriclab run experiments/losses.json --shard 2/8\n"
      "  metriclab run experiments/losses.json --slurm 8 --sbatch \"--partition=gpu "
      "--time=2:00:00\"\n"
      "  mpirun --enable-recovery -n 4 metriclab run experiments/losses.json");
  auto options = std::make_shared<Options>();
  command->add_option("SPEC", options->files, "spec files")->required();
  command->add_option("--jobs", options->jobs, "processes at a time; else as many as cores allow")
      ->check(CLI::Range(1, 1024));
  command->add_option("--threads", options->threads, "threads of each process")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  const std::map<std::string, double> units = {{"s", 1}, {"m", 60}, {"h", 3600}};
  command
      ->add_option(
          "--time-limit", options->time_limit,
          "for all runs together, in seconds or as 30m or 2h; then what is done is tabulated")
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(CLI::PositiveNumber)
      ->type_name("TIME");
  command->add_option("--results", options->results, "where folders of results are")
      ->type_name("DIR")
      ->capture_default_str();
  command
      ->add_option("--tensorboard", options->tensorboard,
                   "writes event files of TensorBoard there, one for each run as it ends")
      ->type_name("DIR");
  command->add_option("--set", options->settings, "changes the spec: POINTER=VALUE")
      ->type_name("SETTING")
      ->allow_extra_args(false);
  command->add_flag("--retry-failed", options->retry_failed, "runs that failed are made again");
  command
      ->add_option(
          "--progress", options->progress,
          "line (rewritten), plain, json or none; auto is line on a terminal, plain "
          "elsewhere. json prints an object a line on stdout, in the table's place: events "
          "planned, begun, progress, ended, and last outcome or error")
      ->capture_default_str()
      ->type_name("FORM");
  command->add_flag("--save-models", options->save_models,
                    "models are kept, for metriclab embed and search");
  auto* shard = command
                    ->add_option("--shard", options->shard_text,
                                 "the I-th of N parts alone, for runners of the other parts beside "
                                 "it, such as 2/8")
                    ->type_name("I/N");
  auto* slurm = command
                    ->add_option("--slurm", options->slurm,
                                 "submits N shards to Slurm, as a job array, and ends")
                    ->type_name("N")
                    ->check(CLI::Range(1, 100000))
                    ->excludes(shard);
  command
      ->add_option("--sbatch", options->sbatch,
                   "options of sbatch for --slurm, in one text: \"--partition=gpu --time=2:00:00\"")
      ->type_name("OPTIONS")
      ->needs(slurm);
  command
      ->add_option(
          "--rank-timeout", options->rank_timeout,
          "under mpirun: a rank that is silent for so long is lost, and its runs are given "
          "to others")
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(CLI::PositiveNumber)
      ->type_name("TIME")
      ->default_str("1m");
  command->callback([&globals, &exit_code, options] {
    options->form = progress_form_from_string(options->progress);
    if (!options->shard_text.empty()) {
      try {
        options->shard = Shard::from_text(options->shard_text);
      } catch (const Error& error) {
        throw Error(fmt::format("--shard: {}", error.what()));
      }
    }
    std::signal(SIGINT, [](int) { interrupted = true; });
    std::signal(SIGTERM, [](int) { interrupted = true; });
    std::unique_ptr<Ranks> ranks;
    if (!options->shard && options->slurm == 0 && is_under_mpi())
      ranks = join_ranks({.jobs = options->jobs,
                          .threads = options->threads,
                          .timeout = options->rank_timeout,
                          .command = fs::read_symlink("/proc/self/exe")});
    if (ranks && !ranks->leads()) {
      exit_code = ranks->serve(interrupted) ? 0 : 1;
      return;
    }
    if (ranks) {
      options->ranks = ranks.get();
      options->jobs = ranks->jobs();
    }
    Registry registry = globals.registry();
    auto specs = plan_specs(options->files, options->settings, registry);
    if (specs.empty()) {
      exit_code = 2;
      return;
    }
    if (options->slurm > 0) {
      for (const PlannedSpec& one : specs) submit_spec(one, *options, globals);
      return;
    }
    if (options->jobs == 0) options->jobs = std::max(1, available_cores() / options->threads);
    try {
      for (PlannedSpec& one : specs) {
        exit_code = std::max(exit_code, run_spec(one, *options, registry));
        if (interrupted) break;
      }
    } catch (const std::exception& error) {
      tell_error(options->form, error.what());
      throw;
    }
  });
}

}  // namespace metriclab
