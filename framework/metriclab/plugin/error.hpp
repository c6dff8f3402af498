// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// What a user did that cannot be done, said in one line: what is wrong; what would be right.
/// Whoever throws says its own part; each layer that the exception passes puts its place in front.
class Error : public std::runtime_error {
 public:
  explicit Error(std::string message);
  ~Error() override;

  /// Puts a step of a JSON pointer in front of the pointer: `in("loss")` turns "/margin" into
  /// "/loss/margin".
  Error& in(std::string_view step);
  /// Says that nothing is wrong, but that a method and some data don't go together by their nature
  /// (levels of classes where there are none). A run is then skipped, not failed.
  Error& by_nature();
  bool is_by_nature() const { return by_nature_; }

  /// The JSON pointer of the thing that is wrong; "" where the message is about the whole.
  const std::string& pointer() const { return pointer_; }
  /// The message without its pointer.
  const std::string& message() const { return message_; }
  /// "pointer: message", or the message alone.
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string pointer_;
  std::string message_;
  std::string text_;
  bool by_nature_ = false;
};

/// A broken promise inside metriclab itself, never the user's fault.
class Bug : public std::logic_error {
 public:
  Bug(std::string_view what, const char* file, int line);
  ~Bug() override;
};

/// One thing wrong in an input that is checked as a whole, so that all of them can be told at once.
struct Problem {
  std::string pointer;  // JSON pointer of the offending value
  std::string message;
};
using Problems = std::vector<Problem>;

/// One step of a JSON pointer, with "~" and "/" escaped (RFC 6901).
std::string pointer_step(std::string_view key);

/// The candidate nearest to `word` by edit distance, or "" if none is near enough to be a likely
/// slip.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// ", did you mean …" or the list of all candidates when there are at most 12; "" when neither
/// helps.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace metriclab

/// States what must hold inside metriclab; throws `metriclab::Bug` otherwise.
#define METRICLAB_CHECK(condition, what)                                \
  do {                                                                  \
    if (!(condition)) throw ::metriclab::Bug(what, __FILE__, __LINE__); \
  } while (false)
