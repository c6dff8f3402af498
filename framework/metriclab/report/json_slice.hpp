// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace metriclab {

/// One value inside a JSON text, not read until it is asked for: tables need a few numbers of files
/// that are mostly curves, and what nobody asks for costs a pass over its bytes.
///
/// Refers to the text, which must live as long. Of skipped parts only strings and brackets are
/// followed, so that an error inside of one may go unseen; `Malformed` says that what was asked for
/// can't be read, and a strict parser then says where.
class JsonSlice {
 public:
  struct Malformed {};
  using Members = std::vector<std::pair<std::string, JsonSlice>>;

  /// The one value that the text holds; throws Malformed when it holds none or more.
  static JsonSlice of(std::string_view text);

  bool is_object() const { return text_.front() == '{'; }
  bool is_list() const { return text_.front() == '['; }
  bool is_string() const { return text_.front() == '"'; }
  bool is_null() const { return text_ == "null"; }
  bool is_boolean() const { return text_ == "true" || text_ == "false"; }
  bool is_number() const {
    return text_.front() == '-' || (text_.front() >= '0' && text_.front() <= '9');
  }

  // Each asks for a value of that type, and throws Malformed where it is written wrongly.
  double number() const;
  /// Nothing for a number with a fraction, or one that 64 bits don't hold.
  std::optional<std::int64_t> integer() const;
  bool boolean() const { return text_ == "true"; }
  std::string string() const;
  /// In the order of the text; of an object.
  Members members() const;
  /// Of a list.
  std::vector<JsonSlice> items() const;
  /// The member of an object, or the item of a list, that one step of a JSON pointer (unescaped)
  /// leads to.
  std::optional<JsonSlice> find(std::string_view step) const;

  /// The value on one line: a string without its quotation marks unless it is empty, a number in
  /// its shortest form, lists and objects without spaces.
  std::string plain() const;

 private:
  explicit JsonSlice(std::string_view text) : text_(text) {}
  friend class JsonCursor;

  std::string_view text_;  // never empty, without spaces around
};

}  // namespace metriclab
