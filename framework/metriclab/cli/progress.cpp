// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <metriclab/cli/progress.hpp>
#include <metriclab/cli/terminal.hpp>

namespace metriclab {

std::string duration_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string run_text(const Plan& plan, const PlannedRun& run) {
  const std::string& method = plan.spec->methods[run.method].name;
  const std::string place = fmt::format("{}, {}, {}", plan.spec->datasets[run.dataset].name,
                                        run.split, method);
  if (run.trial)
    return fmt::format("{}, trial {}, {}", place, run.trial->number, run.trial->validation);
  return fmt::format("{}, seed {}", place, run.seed);
}

namespace {

/// Without cutting a UTF-8 character in two; other widths than one column are not known here.
std::string fitted(const std::string& text, std::size_t columns) {
  std::string result;
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    if (++used >= columns) break;
    result.append(text, i, end - i);
    i = end;
  }
  return result;
}

std::size_t terminal_columns() { return terminal_width(stderr).value_or(80); }

}  // namespace

ProgressLine::ProgressLine(const Plan& plan, bool rewritten) : plan_(plan), rewritten_(rewritten) {}
ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (drawn_) fmt::print(stderr, "\r\033[K");
  drawn_ = false;
}

int ProgressLine::percent(const Progress& now) {
  double part = static_cast<double>(now.finished);
  for (const RunState& state : now.running) part += state.done;
  return static_cast<int>(100 * part / static_cast<double>(std::max<std::size_t>(now.total, 1)));
}

std::string ProgressLine::line(const Progress& now) const {
  std::string text = fmt::format("{} of {} runs, {} %", now.finished, now.total, percent(now));
  if (wrong_ > 0) text += fmt::format(", {} not ok", wrong_);
  if (now.seconds_left && now.finished < now.total)
    text += fmt::format(", about {} left", duration_text(*now.seconds_left));
  if (rewritten_)
    for (const RunState& state : now.running)
      text += fmt::format(" | {}: {}", run_text(plan_, *state.run), state.doing);
  return text;
}

void ProgressLine::tell_ended(const Progress& now) {
  if (now.status == "ok") return;
  ++wrong_;
  const std::size_t before = reasons_[now.status + now.reason]++;
  if (before > 0) return;
  clear();
  fmt::print(stderr, "{}: {}: {}\n", now.status, run_text(plan_, *now.ended), now.reason);
}

void ProgressLine::show(const Progress& now) {
  // A terminal is redrawn when somebody can see the difference; a log gets a line every so often.
  const std::chrono::milliseconds every{rewritten_ ? 100 : 5000};
  if (now.ended != nullptr) tell_ended(now);
  if (!now.lost.empty()) {
    clear();
    fmt::print(stderr, "lost: {}; its runs are made elsewhere\n", now.lost);
  }
  const bool last = now.finished == now.total && now.ended != nullptr;
  if (Clock::now() - shown_ < every && !last) return;
  if (!rewritten_ && percent(now) == shown_percent_ && !last) return;
  shown_ = Clock::now();
  shown_percent_ = percent(now);
  if (!rewritten_) {
    fmt::print(stderr, "{}\n", line(now));
    return;
  }
  fmt::print(stderr, "\r\033[K{}", fitted(line(now), terminal_columns()));
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace metriclab
