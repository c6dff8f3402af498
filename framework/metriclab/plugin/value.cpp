// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/value.hpp>

namespace metriclab {

Value::Value() : held_(nullptr) {}
Value::Value(std::nullptr_t) : held_(nullptr) {}
Value::Value(bool value) : held_(value) {}
Value::Value(int value) : held_(std::int64_t{value}) {}
Value::Value(std::int64_t value) : held_(value) {}
Value::Value(std::uint64_t value) : held_(static_cast<std::int64_t>(value)) {
  METRICLAB_CHECK(value <= INT64_MAX, "an integer above 2^63 - 1 in a Value");
}
Value::Value(double value) : held_(value) {}
Value::Value(const char* value) : held_(std::string(value)) {}
Value::Value(std::string_view value) : held_(std::string(value)) {}
Value::Value(std::string value) : held_(std::move(value)) {}
Value::Value(List value) : held_(std::move(value)) {}
Value::Value(Object value) : held_(std::move(value)) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;
Value Value::object() { return Value(Object{}); }
Value Value::list() { return Value(List{}); }

namespace {

template <class T, class V>
auto& held(V& variant, std::string_view wanted, std::string_view got) {
  auto* value = std::get_if<T>(&variant);
  METRICLAB_CHECK(value != nullptr,
                  std::string("asked ") + std::string(got) + " for " + std::string(wanted));
  return *value;
}

}  // namespace

bool Value::as_boolean() const { return held<bool>(held_, "a boolean", type_name()); }
std::int64_t Value::as_integer() const {
  return held<std::int64_t>(held_, "an integer", type_name());
}
double Value::as_number() const {
  if (const auto* integer = std::get_if<std::int64_t>(&held_)) return static_cast<double>(*integer);
  return held<double>(held_, "a number", type_name());
}
const std::string& Value::as_string() const {
  return held<std::string>(held_, "a string", type_name());
}
const Value::List& Value::as_list() const { return held<List>(held_, "a list", type_name()); }
Value::List& Value::as_list() { return held<List>(held_, "a list", type_name()); }
const Value::Object& Value::as_object() const {
  return held<Object>(held_, "an object", type_name());
}
Value::Object& Value::as_object() { return held<Object>(held_, "an object", type_name()); }

const Value* Value::find(std::string_view key) const {
  if (const auto* object = std::get_if<Object>(&held_))
    for (const Member& member : *object)
      if (member.key == key) return &member.value;
  return nullptr;
}

Value* Value::find(std::string_view key) {
  return const_cast<Value*>(static_cast<const Value*>(this)->find(key));
}

const Value& Value::at(std::string_view key) const {
  const Value* value = find(key);
  METRICLAB_CHECK(value != nullptr, "no member \"" + std::string(key) + "\"");
  return *value;
}

Value& Value::set(std::string_view key, Value value) {
  if (is_null()) held_ = Object{};
  if (Value* there = find(key)) return *there = std::move(value);
  return as_object().emplace_back(Member{std::string(key), std::move(value)}).value;
}

std::string_view Value::type_name() const {
  static constexpr std::string_view names[] = {"null",     "a boolean", "an integer", "a number",
                                               "a string", "a list",    "an object"};
  return names[held_.index()];
}

bool operator==(const Value& a, const Value& b) {
  // 1 and 1.0 are the same number; JSON does not tell them apart.
  if (a.is_number() && b.is_number() && a.is_integer() != b.is_integer())
    return a.as_number() == b.as_number();
  return a.held_ == b.held_;
}

}  // namespace metriclab
