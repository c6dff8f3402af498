// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace metriclab {

/// A JSON value without a JSON library, so that plugin headers stay light. Objects keep their
/// order; integers and other numbers are told apart.
class Value {
 public:
  struct Member;
  using List = std::vector<Value>;
  using Object = std::vector<Member>;

  Value();
  Value(std::nullptr_t);
  Value(bool value);
  Value(int value);
  Value(std::int64_t value);
  Value(std::uint64_t value);
  Value(double value);
  Value(const char* value);
  Value(std::string_view value);
  Value(std::string value);
  Value(List value);
  Value(Object value);
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  static Value object();
  static Value list();

  bool is_null() const { return held_.index() == 0; }
  bool is_boolean() const { return held_.index() == 1; }
  bool is_integer() const { return held_.index() == 2; }
  bool is_number() const { return held_.index() == 2 || held_.index() == 3; }
  bool is_string() const { return held_.index() == 4; }
  bool is_list() const { return held_.index() == 5; }
  bool is_object() const { return held_.index() == 6; }

  // Each asks for exactly that type (`as_number` takes integers too); anything else is a Bug, for
  // input has been checked at the border.
  bool as_boolean() const;
  std::int64_t as_integer() const;
  double as_number() const;
  const std::string& as_string() const;
  const List& as_list() const;
  List& as_list();
  const Object& as_object() const;
  Object& as_object();

  /// The member of that name, or nullptr; also nullptr when this is no object.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  /// The member of that name, which must be there.
  const Value& at(std::string_view key) const;
  /// Sets or adds a member; a null value becomes an object first.
  Value& set(std::string_view key, Value value);

  /// What kind of value this is, for messages: "a string", "an object", …
  std::string_view type_name() const;

  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Object> held_;
};

struct Value::Member {
  std::string key;
  Value value;
  friend bool operator==(const Member&, const Member&) = default;
};

}  // namespace metriclab
