// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <boost/mpi/exception.hpp>
#include <boost/mpi/request.hpp>
#include <boost/mpi/status.hpp>
#include <metriclab/mpi/post.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab::mpi {

namespace bm = boost::mpi;

constexpr int kTag = 1;

void Post::send(int rank, Value message) {
  const std::lock_guard lock(mutex_);
  queue_.emplace_back(rank, std::move(message));
}

void Post::turn(const Handle& handle) {
  std::vector<std::pair<int, Value>> queue;
  {
    const std::lock_guard lock(mutex_);
    queue.swap(queue_);
  }
  for (auto& [rank, message] : queue) {
    Letter& letter = under_way_.emplace_back(rank, to_json_text(message, -1), bm::request());
    try {
      letter.request =
          world_.isend(rank, kTag, letter.text.data(), static_cast<int>(letter.text.size()));
    } catch (const bm::exception&) {  // a rank that MPI knows to be gone; its silence tells
      under_way_.pop_back();
    }
  }
  for (auto letter = under_way_.begin(); letter != under_way_.end();) {
    bool left = false;
    try {
      left = letter->request.test().has_value();
    } catch (const bm::exception&) {
      left = true;
    }
    letter = left ? under_way_.erase(letter) : std::next(letter);
  }
  try {
    while (const auto status = world_.iprobe(bm::any_source, kTag)) {
      const int count = status->count<char>().value();
      std::string text(static_cast<std::size_t>(count), ' ');
      world_.recv(status->source(), kTag, text.data(), count);
      handle(status->source(), parse_json(text));
    }
  } catch (const bm::exception&) {  // as above
  }
}

bool Post::is_empty(const std::set<int>& but) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(under_way_, [&](const Letter& is) { return but.contains(is.rank); }) &&
         std::ranges::all_of(queue_, [&](const auto& is) { return but.contains(is.first); });
}

}  // namespace metriclab::mpi
