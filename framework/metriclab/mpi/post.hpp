// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/mpi/communicator.hpp>
#include <functional>
#include <list>
#include <metriclab/plugin/value.hpp>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace metriclab::mpi {

/// Messages between ranks: JSON, sent and received without waiting for the other side, which may be
/// gone. Any thread may send; one thread alone takes turns, and so speaks MPI.
class Post {
 public:
  using Handle = std::function<void(int rank, const Value& message)>;

  void send(int rank, Value message);
  /// Sends what is queued, and hands on what has come.
  void turn(const Handle& handle);
  /// Whether all that was sent has left, but for what goes to these ranks.
  bool is_empty(const std::set<int>& but) const;
  int rank() const { return world_.rank(); }
  int size() const { return world_.size(); }

 private:
  struct Letter {
    int rank = 0;
    std::string text;
    boost::mpi::request request;
  };

  boost::mpi::communicator world_;
  mutable std::mutex mutex_;  // over the queue
  std::vector<std::pair<int, Value>> queue_;
  std::list<Letter> under_way_;  // stay where they are in memory until they have left
};

}  // namespace metriclab::mpi
