// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <metriclab/cli/progress.hpp>
#include <metriclab/cli/progress_view.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

/// A line for a program, which may be waiting for it.
void tell(const Value& event) {
  fmt::print("{}\n", to_json_text(event, -1));
  std::fflush(stdout);
}

Value event_of(const char* name) {
  Value event = Value::object();
  event.set("event", name);
  return event;
}

Value count(std::size_t number) { return Value(static_cast<std::int64_t>(number)); }

/// Tells each change as a line of JSON. A run that began and ended between two looks is told to
/// have begun all the same.
class ProgressEvents {
 public:
  explicit ProgressEvents(const Plan& plan) : plan_(plan) {}

  void show(const Progress& now) {
    for (const RunState& state : now.running) tell_begun(*state.run);
    if (now.ended != nullptr) tell_ended(now);
    if (!now.lost.empty()) {
      Value event = event_of("lost");
      event.set("place", now.lost);  // "rank 2 on node7", whose runs are made elsewhere
      tell(event);
    }
    constexpr std::chrono::seconds kEvery{1};
    if (now.ended == nullptr && Clock::now() - told_ < kEvery) return;
    told_ = Clock::now();
    tell_progress(now);
  }

 private:
  using Clock = std::chrono::steady_clock;

  Value event_of_run(const char* name, const PlannedRun& run) const {
    Value event = event_of(name);
    event.set("id", run.id);
    const Value where = coordinates(plan_, run);
    for (const char* key : {"dataset", "split", "method", "seed", "trial"})
      if (const Value* value = where.find(key)) event.set(key, *value);
    return event;
  }

  void tell_begun(const PlannedRun& run) {
    if (begun_.insert(run.id).second) tell(event_of_run("begun", run));
  }

  void tell_ended(const Progress& now) {
    tell_begun(*now.ended);
    failed_ += now.status == "ok" || now.status == "skipped" ? 0 : 1;
    Value event = event_of_run("ended", *now.ended);
    event.set("status", now.status);
    event.set("reason", now.reason.empty() ? Value() : Value(now.reason));
    event.set("seconds", now.seconds);
    tell(event);
  }

  void tell_progress(const Progress& now) const {
    Value event = event_of("progress");
    event.set("total", count(now.total));
    event.set("finished", count(now.finished));
    event.set("failed", count(failed_));
    event.set("seconds_left", now.seconds_left ? Value(*now.seconds_left) : Value());
    Value running = Value::list();
    for (const RunState& state : now.running) {
      Value& one = running.as_list().emplace_back(Value::object());
      one.set("id", state.run->id);
      one.set("done", state.done);
      one.set("doing", state.doing);
    }
    event.set("running", std::move(running));
    tell(event);
  }

  const Plan& plan_;
  std::set<std::string> begun_;
  std::size_t failed_ = 0;
  Clock::time_point told_;
};

}  // namespace

ProgressForm progress_form_from_string(const std::string& text) {
  if (text == "auto")
    return ::isatty(STDERR_FILENO) != 0 ? ProgressForm::line : ProgressForm::plain;
  if (text == "line") return ProgressForm::line;
  if (text == "plain") return ProgressForm::plain;
  if (text == "json") return ProgressForm::json;
  if (text == "none") return ProgressForm::none;
  throw Error(fmt::format("there is no progress \"{}\"{}", text,
                          suggestion(text, {"auto", "line", "plain", "json", "none"})));
}

std::function<void(const Progress&)> progress_view(ProgressForm form, const Plan& plan) {
  if (form == ProgressForm::none) return [](const Progress&) {};
  if (form == ProgressForm::json)
    return
        [view = std::make_shared<ProgressEvents>(plan)](const Progress& now) { view->show(now); };
  return [view = std::make_shared<ProgressLine>(plan, form == ProgressForm::line)](
             const Progress& now) { view->show(now); };
}

void tell_planned(ProgressForm form, const Plan& plan, const std::filesystem::path& folder) {
  if (form != ProgressForm::json) return;
  Value event = event_of("planned");
  event.set("experiment", plan.spec->settings.name);
  event.set("folder", folder.string());
  event.set("runs", count(plan.runs.size()));
  event.set("pending", count(plan.pending.size()));
  tell(event);
}

void tell_outcome(ProgressForm form, const Plan& plan, const std::filesystem::path& folder,
                  const Outcome& outcome, int exit_code) {
  if (form != ProgressForm::json) return;
  const std::size_t done = outcome.kept + outcome.ok + outcome.skipped + outcome.failed;
  Value event = event_of("outcome");
  event.set("experiment", plan.spec->settings.name);
  event.set("folder", folder.string());
  event.set("planned", count(outcome.planned));
  event.set("kept", count(outcome.kept));
  event.set("ok", count(outcome.ok));
  event.set("skipped", count(outcome.skipped));
  event.set("failed", count(outcome.failed));
  event.set("to_go", count(outcome.planned - std::min(done, outcome.planned)));
  event.set("interrupted", outcome.interrupted);
  event.set("out_of_time", outcome.out_of_time);
  event.set("exit_code", exit_code);
  tell(event);
}

void tell_error(ProgressForm form, const std::string& message) {
  if (form != ProgressForm::json) return;
  Value event = event_of("error");
  event.set("message", message);
  tell(event);
}

}  // namespace metriclab
