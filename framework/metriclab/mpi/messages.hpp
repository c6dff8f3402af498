// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <metriclab/experiment/workplace.hpp>
#include <string>

namespace metriclab::mpi {

// {"what": one of these, …}. From rank 0: a run to make, one to be stopped, and that all is over.
inline constexpr const char* kMake = "make";
inline constexpr const char* kStop = "stop";
inline constexpr const char* kOver = "over";
// To rank 0: what a rank is, what a worker says, how it ended, and that the rank was told to go.
inline constexpr const char* kHello = "hello";
inline constexpr const char* kSaid = "said";
inline constexpr const char* kEnded = "ended";
inline constexpr const char* kLeaving = "leaving";
// Both ways: that somebody is there.
inline constexpr const char* kBeat = "beat";

/// How long a rank rests between two looks for messages.
inline constexpr std::chrono::milliseconds kTurn{5};

/// How often ranks say that they are there, where silence of so many seconds is their end.
inline std::chrono::duration<double> beats(double timeout) {
  return std::chrono::duration<double>(std::min(1.0, timeout / 5));
}

inline Value message(const char* what) {
  Value value = Value::object();
  value.set("what", what);
  return value;
}
inline Value message(const char* what, std::int64_t task) {
  Value value = message(what);
  value.set("task", task);
  return value;
}
inline Value message_make(std::int64_t task, const Job& job) {
  Value value = message(kMake, task);
  value.set("job", to_value(job));
  return value;
}
/// `lost`: MPI is to be left without its farewell, for which all ranks are needed.
inline Value message_over(bool lost) {
  Value value = message(kOver);
  value.set("lost", lost);
  return value;
}

}  // namespace metriclab::mpi
