// SPDX-License-Identifier: BSD-3-Clause
#include <cblas.h>

#include <exception>
#include <metriclab/neighbors/workers.hpp>
#include <thread>

namespace metriclab {
namespace {

/// OpenBLAS has one number of threads for all who call it.
class SingleThreadedProducts {
 public:
  SingleThreadedProducts() : before_(openblas_get_num_threads()) { openblas_set_num_threads(1); }
  SingleThreadedProducts(const SingleThreadedProducts&) = delete;
  SingleThreadedProducts& operator=(const SingleThreadedProducts&) = delete;
  ~SingleThreadedProducts() { openblas_set_num_threads(before_); }

 private:
  int before_;
};

}  // namespace

void run_workers(int threads, const std::function<void()>& work) {
  if (threads <= 1) return work();
  const SingleThreadedProducts products;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto guarded = [&] {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(guarded);
    guarded();
  }
  if (failure) std::rethrow_exception(failure);
}

Pairs::Pairs(std::int64_t n) : in_use_(static_cast<std::size_t>(n), 0), left_(n * (n + 1) / 2) {
  for (std::int64_t i = 0; i < n; ++i) rows_.push_back({.next = i, .passed = {}});
}

std::optional<std::int64_t> Pairs::partner(std::int64_t i) {
  Row& row = rows_[static_cast<std::size_t>(i)];
  for (std::size_t p = 0; p < row.passed.size(); ++p)
    if (const std::int64_t j = row.passed[p]; !in_use_[static_cast<std::size_t>(j)]) {
      row.passed.erase(row.passed.begin() + static_cast<std::ptrdiff_t>(p));
      return j;
    }
  while (row.next < static_cast<std::int64_t>(rows_.size())) {
    const std::int64_t j = row.next++;
    if (!in_use_[static_cast<std::size_t>(j)]) return j;
    row.passed.push_back(j);
  }
  return std::nullopt;
}

std::optional<std::pair<std::int64_t, std::int64_t>> Pairs::take(std::int64_t last) {
  std::unique_lock lock(mutex_);
  const auto n = static_cast<std::int64_t>(rows_.size());
  while (left_ > 0) {
    for (std::int64_t step = 0; step < n; ++step) {
      const std::int64_t i = (last + step) % n;
      if (in_use_[static_cast<std::size_t>(i)]) continue;
      const auto j = partner(i);
      if (!j) continue;
      in_use_[static_cast<std::size_t>(i)] = in_use_[static_cast<std::size_t>(*j)] = 1;
      --left_;
      return std::pair(i, *j);
    }
    freed_.wait(lock);
  }
  return std::nullopt;
}

void Pairs::give_back(std::pair<std::int64_t, std::int64_t> pair) {
  {
    const std::lock_guard lock(mutex_);
    in_use_[static_cast<std::size_t>(pair.first)] = 0;
    in_use_[static_cast<std::size_t>(pair.second)] = 0;
  }
  freed_.notify_all();
}

void Pairs::abandon() {
  {
    const std::lock_guard lock(mutex_);
    left_ = 0;
  }
  freed_.notify_all();
}

}  // namespace metriclab
