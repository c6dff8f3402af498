// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <metriclab/plugin/json.hpp>
#include <nlohmann/json.hpp>
#include <set>

namespace metriclab {
namespace {

/// Values are destroyed recursively: a file of brackets must not exhaust the stack.
constexpr std::size_t kDeepest = 256;

/// Builds a Value as the text is read; nlohmann's own tree would keep only the last of two equal
/// keys.
class ValueBuilder final : public nlohmann::json_sax<Json> {
 public:
  explicit ValueBuilder(Problems& problems) : problems_(problems) {}

  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(std::int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(INT64_MAX))
      return put(static_cast<std::int64_t>(value));
    return put(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(Value(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Value::object()); }
  bool start_array(std::size_t) override { return open(Value::list()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (open_.back()->find(name) != nullptr)
      problems_.push_back({pointer(), fmt::format("key \"{}\" appears twice", name)});
    keys_.back() = std::move(name);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& error) override {
    position_ = position;
    last_token_ = last_token;
    message_ = error.what();
    return false;
  }

  Value root;
  bool too_deep_ = false;
  std::size_t position_ = 0;
  std::string last_token_, message_;

 private:
  bool put(Value value) {
    place(std::move(value));
    return true;
  }
  Value& place(Value value) {
    if (open_.empty()) return root = std::move(value);
    Value& parent = *open_.back();
    if (parent.is_list()) return parent.as_list().emplace_back(std::move(value));
    return parent.set(keys_.back(), std::move(value));
  }
  bool open(Value value) {
    if (open_.size() == kDeepest) {
      too_deep_ = true;
      return false;
    }
    // Pointers stay good: a parent gets no further member before its open child is closed.
    Value& placed = place(std::move(value));
    open_.push_back(&placed);
    keys_.emplace_back();
    return true;
  }
  bool close() {
    open_.pop_back();
    keys_.pop_back();
    return true;
  }
  std::string pointer() const {
    std::string text;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i)
      text += open_[i]->is_list() ? "/" + std::to_string(open_[i]->as_list().size() - 1)
                                  : pointer_step(keys_[i]);
    return text;
  }

  Problems& problems_;
  std::vector<Value*> open_;
  std::vector<std::string> keys_;
};

std::string one_line(std::string_view text) {
  std::string line;
  for (char c : text) {
    const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

/// The token that begins last before `limit`, and what is wrong within it, if anything is. The
/// parser knows what it expected; this finds where the token began and says what a person would of
/// an unfinished string or a word.
struct Token {
  std::size_t start = 0;
  std::string fault;
};

std::string number_fault(const std::string& number) {
  std::size_t i = number.starts_with('-') ? 1 : 0;
  auto digits = [&] {
    const std::size_t from = i;
    while (i < number.size() && std::isdigit(static_cast<unsigned char>(number[i]))) ++i;
    return i > from;
  };
  bool whole = digits();
  if (whole && i < number.size() && number[i] == '.') ++i, whole = digits();
  if (whole && i < number.size() && (number[i] == 'e' || number[i] == 'E')) {
    ++i;
    if (i < number.size() && (number[i] == '+' || number[i] == '-')) ++i;
    whole = digits();
  }
  return whole ? "" : fmt::format("a number lacks a digit: {}", number);
}

std::string string_fault(const std::string& text, std::size_t start, std::size_t& end) {
  for (end = start + 1; end < text.size() && text[end] != '"'; ++end) {
    if (text[end] == '\n') break;
    if (static_cast<unsigned char>(text[end]) < 0x20)
      return fmt::format("a string holds a control character; write it as \\u{:04x}",
                         static_cast<int>(text[end]));
    if (text[end] != '\\') continue;
    ++end;
    if (end < text.size() &&
        std::string_view("\"\\/bfnrtu").find(text[end]) == std::string_view::npos)
      return R"(a string has an unknown escape; there is \" \\ \/ \b \f \n \r \t \uXXXX)";
  }
  if (end >= text.size() || text[end] != '"') return "a string lacks its closing quote";
  ++end;
  return "";
}

Token last_token(const std::string& text, std::size_t limit) {
  Token token{text.size(), ""};
  for (std::size_t i = text.starts_with("\xef\xbb\xbf") ? 3 : 0; i < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[i]))) {
      ++i;
      continue;
    }
    if (i >= limit) break;
    token = {i, ""};
    std::size_t end = i + 1;
    auto take = [&](std::string_view more) {
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) ||
                                   more.find(text[end]) != std::string_view::npos))
        ++end;
      return text.substr(i, end - i);
    };
    if (text[i] == '"') {
      token.fault = string_fault(text, i, end);
    } else if (text[i] == '-' || std::isdigit(static_cast<unsigned char>(text[i]))) {
      token.fault = number_fault(take("+-."));
    } else if (std::isalpha(static_cast<unsigned char>(text[i]))) {
      const std::string word = take("_");
      if (word != "true" && word != "false" && word != "null")
        token.fault = fmt::format("\"{}\" is no word of JSON; there is true, false and null", word);
    } else if (text[i] == '/' || text[i] == '#') {
      token.fault = "JSON has no comments; a key that begins with $ is ignored";
    }
    if (!token.fault.empty()) break;
    i = end;
  }
  if (limit > text.size() && token.fault.empty()) token.start = text.size();
  return token;
}

/// "12:7: …": where the offending token begins, what was expected there, and what stands on its
/// left.
Error syntax_error(const std::string& text, const ValueBuilder& builder) {
  if (builder.too_deep_)
    return Error(fmt::format("lists and objects are nested deeper than {}", kDeepest));
  const std::string& parser = builder.message_;
  const Token token = last_token(text, builder.position_);
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < token.start; ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    if (text[i] == '\n') ++line;
  }
  auto error = [&](const std::string& what) {
    return Error(fmt::format("{}:{}: {}", line, column, what));
  };
  if (parser.find("out_of_range.406") != std::string::npos)
    return error(fmt::format("{} is beyond the range of numbers, ±1.8e308", builder.last_token_));
  std::string wanted;
  if (const auto at = parser.rfind("; expected "); at != std::string::npos)
    wanted = parser.substr(at + 11);
  const bool ends_early = parser.find("unexpected end of input") != std::string::npos;
  // Where a key belongs, a bare word or a wrong quote is a key without its quotes.
  if (wanted == "string literal" && (ends_early || text[token.start] != '"'))
    wanted = "a key in quotes";
  else if (!token.fault.empty())
    return error(token.fault);
  else if (parser.find("UTF-8") != std::string::npos)
    return error("a string is not UTF-8");
  else if (parser.find("surrogate") != std::string::npos)
    return error("a string has half of a \\u pair");
  // Inside an object or list a missing comma is the usual slip, and the parser names only the
  // bracket.
  else if (wanted == "'}'")
    wanted = "',' or '}'";
  else if (wanted == "']'")
    wanted = "',' or ']'";
  else if (wanted == "end of input")
    wanted = "nothing more";
  else if (wanted != "':'")
    wanted = "a value";
  if (ends_early) return error("the text ends early; expected " + wanted);
  const std::size_t from = token.start > 40 ? token.start - 40 : 0;
  std::string before = one_line(std::string_view(text).substr(from, token.start - from));
  if (from > 0 && before.size() > 24) before = before.substr(before.size() - 24);
  return error(before.empty() ? "expected " + wanted
                              : fmt::format("expected {} after {}", wanted, before));
}

}  // namespace

Value parse_json(const std::string& text, Problems& problems) {
  ValueBuilder builder(problems);
  if (!Json::sax_parse(text, &builder)) throw syntax_error(text, builder);
  return std::move(builder.root);
}

Value parse_json(const std::string& text) {
  Problems problems;
  Value value = parse_json(text, problems);
  if (!problems.empty()) throw Error(problems.front().pointer + ": " + problems.front().message);
  return value;
}

Json to_json(const Value& value) {
  if (value.is_null()) return nullptr;
  if (value.is_boolean()) return value.as_boolean();
  if (value.is_integer()) return value.as_integer();
  if (value.is_number())
    return std::isfinite(value.as_number()) ? Json(value.as_number()) : Json(nullptr);
  if (value.is_string()) return value.as_string();
  if (value.is_list()) {
    Json list = Json::array();
    for (const Value& element : value.as_list()) list.push_back(to_json(element));
    return list;
  }
  Json object = Json::object();
  for (const Value::Member& member : value.as_object()) object[member.key] = to_json(member.value);
  return object;
}

Value from_json(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<std::int64_t>();
    case Json::value_t::number_unsigned:
      return json.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                 ? Value(json.get<std::uint64_t>())
                 : Value(json.get<double>());
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get<std::string>();
    case Json::value_t::array: {
      Value::List list;
      for (const Json& element : json) list.push_back(from_json(element));
      return Value(std::move(list));
    }
    case Json::value_t::object: {
      Value object = Value::object();
      for (const auto& [key, element] : json.items())
        object.as_object().push_back({key, from_json(element)});
      return object;
    }
    default:
      return {};
  }
}

namespace {

/// A curve is one line, not a line a number.
bool is_flat(const Json& json) {
  return std::none_of(json.begin(), json.end(), [](const Json& one) { return one.is_structured(); });
}

void write(const Json& json, std::size_t indent, std::size_t depth, std::string& text) {
  const auto flat = [](const Json& is) {
    return is.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  if (!json.is_structured() || json.empty()) {
    text += flat(json);
    return;
  }
  if (json.is_array() && is_flat(json)) {
    text += '[';
    for (const Json& one : json) {
      if (text.back() != '[') text += ", ";
      text += flat(one);
    }
    text += ']';
    return;
  }
  const std::string inner = "\n" + std::string(indent * (depth + 1), ' ');
  text += json.is_array() ? '[' : '{';
  bool first = true;
  for (const auto& [key, one] : json.items()) {
    text += (first ? "" : ",") + inner;
    first = false;
    if (json.is_object()) text += flat(Json(key)) + ": ";
    write(one, indent, depth + 1, text);
  }
  text += "\n" + std::string(indent * depth, ' ') + (json.is_array() ? ']' : '}');
}

}  // namespace

std::string to_json_text(const Value& value, int indent) {
  if (indent < 0) return to_json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  write(to_json(value), static_cast<std::size_t>(indent), 0, text);
  return text;
}

}  // namespace metriclab
