// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/value.hpp>
#include <string>

namespace metriclab {

/// What a result was made with: metriclab's version and commit, compiler, CPU, threads, BLAS, and
/// LibTorch where `deep`; "finished" is the present time in UTC, ISO 8601.
Value environment(int threads, bool deep);

/// "2026-01-31T12:00:00Z".
std::string utc_now();
/// The model name of the CPU, or "unknown".
std::string cpu_model();
/// This machine's name.
std::string host_name();
/// How many cores this process may use.
int available_cores();
/// The machine's memory in MiB, or that of the control group where it is less.
std::int64_t machine_memory();

}  // namespace metriclab
