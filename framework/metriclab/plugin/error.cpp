// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/plugin/error.hpp>
#include <numeric>

namespace metriclab {

Error::Error(std::string message)
    : std::runtime_error(message), message_(std::move(message)), text_(message_) {}
Error::~Error() = default;

Error& Error::in(std::string_view step) {
  pointer_ = pointer_step(step) + pointer_;
  text_ = pointer_ + ": " + message_;
  return *this;
}

Error& Error::by_nature() {
  by_nature_ = true;
  return *this;
}

Bug::Bug(std::string_view what, const char* file, int line)
    : std::logic_error(std::string(what) + " (" + file + ":" + std::to_string(line) +
                       "); this is a bug in metriclab") {}
Bug::~Bug() = default;

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  for (char c : key) {
    if (c == '~')
      step += "~0";
    else if (c == '/')
      step += "~1";
    else
      step += c;
  }
  return step;
}

namespace {

/// Levenshtein distance with transpositions of neighbours counted as one edit.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  // Something of the word must be left: "7" is no slip of "0".
  std::size_t best_distance = std::min(std::max<std::size_t>(1, word.size() / 3) + 1,
                                       std::max<std::size_t>(1, word.size()));
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (!best.empty() || word.size() < 3) return best;
  // "accuracy" for "knn_accuracy": a part of the name is as good a hint as a slip of a letter.
  for (const std::string& candidate : candidates)
    if (candidate.find(word) != std::string::npos ||
        (candidate.size() > 2 && word.find(candidate) != std::string_view::npos))
      return candidate;
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  if (const std::string near = nearest(word, candidates); !near.empty())
    return "; did you mean \"" + near + "\"?";
  if (candidates.empty() || candidates.size() > 12) return "";
  std::string list = "; there is ";
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) list += i + 1 == candidates.size() ? " and " : ", ";
    list += "\"" + candidates[i] + "\"";
  }
  return list;
}

}  // namespace metriclab
