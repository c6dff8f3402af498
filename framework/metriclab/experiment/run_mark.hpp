// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace metriclab {

/// How far a run is that a worker is making now.
struct GoingOn {
  double done = 0;    // 0 … 1, as it was told last
  std::string doing;  // "epoch 3 of 20"
  std::int64_t process = 0;
  std::string host;
};

/// A worker's mark that it is making a run: checkpoints/<id>/running, locked by the kernel for as
/// long as the worker lives, however it ends. So whoever looks at the folder sees what is going on,
/// from whatever machine and whoever has started it.
class RunMark {
 public:
  static constexpr const char* kFile = "running";

  /// Makes the folder; throws FileError where it can't. A mark that can't be set is left away.
  explicit RunMark(const std::filesystem::path& checkpoints);
  ~RunMark();
  RunMark(const RunMark&) = delete;
  RunMark& operator=(const RunMark&) = delete;

  /// At most once a second.
  void tell(double done, const std::string& doing);

  /// What is going on there; nullopt where nobody is at work.
  static std::optional<GoingOn> at(const std::filesystem::path& checkpoints);

 private:
  using Clock = std::chrono::steady_clock;
  int file_ = -1;
  Clock::time_point told_;
};

}  // namespace metriclab
