// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace metriclab {

/// Runs `work` on so many threads, the caller's among them, and waits for all. Meanwhile products
/// of matrices are one thread's each, so that those of several threads don't wait for each other's.
/// What one of them throws is thrown when all have ended.
void run_workers(int threads, const std::function<void()>& work);

/// Hands out all pairs {i, j}, i ≤ j < n, each once, so that those being worked on at a time have
/// nothing in common: a worker has both of its pair to itself. O(n + what had to wait) memory.
class Pairs {
 public:
  explicit Pairs(std::int64_t n);
  /// The next pair, of `last` if it has one left, so that a worker need not prepare it again; waits
  /// where all that are left are in use. Nothing when there are no more, or after `abandon`.
  std::optional<std::pair<std::int64_t, std::int64_t>> take(std::int64_t last);
  void give_back(std::pair<std::int64_t, std::int64_t> pair);
  /// For a worker that fails, so that no other waits for it.
  void abandon();

 private:
  struct Row {
    std::int64_t next;                 // all j below have been handed out, save those passed over
    std::vector<std::int64_t> passed;  // because they were in use
  };
  std::optional<std::int64_t> partner(std::int64_t i);

  std::vector<Row> rows_;
  std::vector<char> in_use_;
  std::int64_t left_;
  std::mutex mutex_;
  std::condition_variable freed_;
};

}  // namespace metriclab
