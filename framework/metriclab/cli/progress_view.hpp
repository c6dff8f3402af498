// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <metriclab/experiment/runner.hpp>
#include <optional>
#include <set>
#include <string>

namespace metriclab {

/// How `run --progress` shows runs: "auto" is a line that is rewritten on a terminal and plain
/// lines elsewhere.
enum class ProgressForm { line, plain, json, none };
/// Throws Error where there is no such form.
ProgressForm progress_form_from_string(const std::string& text);

/// What `make_runs` calls to show how the runs of that plan go, until it is destroyed.
std::function<void(const Progress&)> progress_view(ProgressForm form, const Plan& plan);

/// The first and the last line of one experiment's JSON; nothing in other forms.
void tell_planned(ProgressForm form, const Plan& plan, const std::filesystem::path& folder);
void tell_outcome(ProgressForm form, const Plan& plan, const std::filesystem::path& folder,
                  const Outcome& outcome, int exit_code);
/// A line of JSON for what ended the command.
void tell_error(ProgressForm form, const std::string& message);

}  // namespace metriclab
