// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/json_slice.hpp>
#include <nlohmann/json.hpp>

namespace metriclab {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// Whether a character matters when a list or an object is skipped.
constexpr std::array<bool, 256> kStructure = [] {
  std::array<bool, 256> is{};
  for (unsigned char c : {'"', '{', '}', '[', ']'}) is[c] = true;
  return is;
}();

}  // namespace

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool done() {
    spaces();
    return at_ == end_;
  }
  /// Whether that character comes next, which is then passed.
  bool takes(char c) {
    spaces();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!takes(c)) throw JsonSlice::Malformed();
  }
  JsonSlice value() {
    spaces();
    if (at_ == end_) throw JsonSlice::Malformed();
    const char* first = at_;
    if (*at_ == '"')
      skip_string();
    else if (*at_ == '{' || *at_ == '[')
      skip_nested();
    else
      while (at_ != end_ && !is_space(*at_) && *at_ != ',' && *at_ != '}' && *at_ != ']') ++at_;
    if (at_ == first) throw JsonSlice::Malformed();
    return JsonSlice(std::string_view(first, static_cast<std::size_t>(at_ - first)));
  }

 private:
  void spaces() {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }
  void skip_string() {
    for (++at_;; ++at_) {
      at_ = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
      if (at_ == nullptr) throw JsonSlice::Malformed();
      // Escaped by an odd number of backslashes; the opening mark ends the way back.
      const char* before = at_;
      while (before[-1] == '\\') --before;
      if ((at_ - before) % 2 == 0) break;
    }
    ++at_;
  }
  void skip_nested() {
    std::size_t depth = 0;
    do {
      while (at_ != end_ && !kStructure[static_cast<unsigned char>(*at_)]) ++at_;
      if (at_ == end_) throw JsonSlice::Malformed();
      if (*at_ == '"') {
        skip_string();
        continue;
      }
      depth += *at_ == '{' || *at_ == '[' ? 1 : std::size_t(-1);
      ++at_;
    } while (depth > 0);
  }

  const char* at_;
  const char* end_;
};

JsonSlice JsonSlice::of(std::string_view text) {
  JsonCursor cursor(text);
  const JsonSlice value = cursor.value();
  if (!cursor.done()) throw Malformed();
  return value;
}

double JsonSlice::number() const {
  // std::from_chars also takes "-inf", which is no JSON.
  if (text_.find_first_not_of("+-.0123456789eE") != std::string_view::npos) throw Malformed();
  double value = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, problem] = std::from_chars(text_.data(), end, value);
  if (problem != std::errc() || stop != end) throw Malformed();
  return value;
}

std::optional<std::int64_t> JsonSlice::integer() const {
  std::int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, problem] = std::from_chars(text_.data(), end, value);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string JsonSlice::string() const {
  if (text_.find('\\') == std::string_view::npos)
    return std::string(text_.substr(1, text_.size() - 2));
  const Json parsed = Json::parse(text_, nullptr, false);
  if (!parsed.is_string()) throw Malformed();
  return parsed.get<std::string>();
}

JsonSlice::Members JsonSlice::members() const {
  Members result;
  JsonCursor cursor(text_);
  cursor.expect('{');
  if (cursor.takes('}')) return result;
  do {
    const JsonSlice key = cursor.value();
    if (!key.is_string()) throw Malformed();
    cursor.expect(':');
    result.emplace_back(key.string(), cursor.value());
  } while (cursor.takes(','));
  cursor.expect('}');
  return result;
}

std::vector<JsonSlice> JsonSlice::items() const {
  std::vector<JsonSlice> result;
  JsonCursor cursor(text_);
  cursor.expect('[');
  if (cursor.takes(']')) return result;
  do result.push_back(cursor.value());
  while (cursor.takes(','));
  cursor.expect(']');
  return result;
}

std::optional<JsonSlice> JsonSlice::find(std::string_view step) const {
  if (is_object()) {
    for (const auto& [key, value] : members())
      if (key == step) return value;
  } else if (is_list()) {
    std::size_t index = 0;
    const auto [stop, problem] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (problem != std::errc() || stop != step.data() + step.size()) return std::nullopt;
    const std::vector<JsonSlice> all = items();
    if (index < all.size()) return all[index];
  }
  return std::nullopt;
}

std::string JsonSlice::plain() const {
  if (is_string()) {
    std::string text = string();
    return text.empty() ? "\"\"" : text;
  }
  if (const auto whole = is_number() ? integer() : std::nullopt) return fmt::format("{}", *whole);
  if (is_number()) return fmt::format("{}", number());
  std::string line;
  bool in_string = false;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const char c = text_[i];
    if (in_string && c == '\\' && i + 1 < text_.size()) {
      line += c;
      line += text_[++i];
      continue;
    }
    in_string ^= c == '"';
    if (in_string || !is_space(c)) line += c;
  }
  return line;
}

}  // namespace metriclab
