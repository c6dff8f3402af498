// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <metriclab/plugin/description.hpp>
#include <string_view>

namespace metriclab {

/// Raised whenever the layout of what crosses the border between metriclab and a plugin changes.
inline constexpr std::uint32_t kPluginApi = 5;

/// The whole of what a plugin library exports, as plain data under the name `metriclab_plugin`.
struct PluginEntry {
  std::uint32_t api;
  void (*describe)(PluginDescription&);
  Component* (*create)(const Value& resolved, Factory&);
};

namespace detail {

#define METRICLAB_TEXT_(x) #x
#define METRICLAB_TEXT(x) METRICLAB_TEXT_(x)

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define METRICLAB_SANITIZE_ADDRESS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define METRICLAB_SANITIZE_ADDRESS
#endif
#if defined(METRICLAB_SANITIZE_ADDRESS)
inline constexpr std::string_view kSanitizers = "address";
#else
inline constexpr std::string_view kSanitizers = "none";
#endif

// The release of libstdc++ whose types cross the border, and which of its two string ABIs is in
// use.
inline constexpr std::string_view kStandardLibrary = "libstdc++ " METRICLAB_TEXT(
    _GLIBCXX_RELEASE) " cxx11abi " METRICLAB_TEXT(_GLIBCXX_USE_CXX11_ABI);

inline constexpr std::size_t kStampSize = 512;
using Stamp = std::array<char, kStampSize>;

/// "key=value" lines that are read from the file before it is opened. `abi` is what the kind's
/// interface exposes beyond the standard library (Eigen's alignment, LibTorch's version).
constexpr Stamp make_stamp(std::string_view kind, std::string_view name, std::string_view abi) {
  Stamp stamp{};
  std::size_t used = 0;
  auto add = [&](std::string_view text) {
    for (char c : text) stamp.at(used++) = c;
  };
  add("api=");
  std::array<char, 10> digits{};
  std::size_t count = 0;
  for (std::uint32_t rest = kPluginApi; rest > 0; rest /= 10)
    digits[count++] = static_cast<char>('0' + rest % 10);
  while (count > 0) stamp.at(used++) = digits[--count];
  add("\nkind=");
  add(kind);
  add("\nname=");
  add(name);
  add("\nstandard library=");
  add(kStandardLibrary);
  add("\nsanitizers=");
  add(kSanitizers);
  add("\n");
  add(abi);
  return stamp;
}

template <class T>
void describe_plugin(PluginDescription& description) {
  Description<T> is(description);
  T::describe(is);
}

template <class T>
Component* create_plugin(const Value& resolved, Factory& factory) {
  PluginDescription description;
  Description<T> is(description);
  T::describe(is);
  auto object = std::make_unique<T>();
  is.assign(*object, resolved, factory);
  return object.release();
}

}  // namespace detail
}  // namespace metriclab

/// Makes a class a plugin: one to a library, at the end of its file, inside the file's unnamed
/// namespace.
///
/// Three things come of it, and no code that runs when the library is opened: the entry point, a
/// stamp that says what the library was built for, and the text of the source file. Results carry a
/// hash of that text, so that an edited plugin's runs are run again. (The directive's name is in
/// two pieces because ccache otherwise declines to cache the file; the text it hashes covers what
/// is included here.)
#define METRICLAB_PLUGIN(Class, plugin_name)                                                     \
  static_assert(                                                                                 \
      std::is_base_of_v<::metriclab::Component, Class>,                                          \
      "METRICLAB_PLUGIN: the class must derive from a metriclab interface (Loss, Solver, …)");   \
  static_assert(                                                                                 \
      std::is_default_constructible_v<Class>,                                                    \
      "METRICLAB_PLUGIN: the class needs a default constructor; its members hold the defaults"); \
  extern "C" {                                                                                   \
  extern const ::metriclab::PluginEntry metriclab_plugin;                                        \
  __attribute__((used)) constinit const ::metriclab::PluginEntry metriclab_plugin = {            \
      ::metriclab::kPluginApi, &::metriclab::detail::describe_plugin<Class>,                     \
      &::metriclab::detail::create_plugin<Class>};                                               \
  }                                                                                              \
  __attribute__((section(".metriclab.stamp"),                                                    \
                 used)) constinit const ::metriclab::detail::Stamp metriclab_stamp =             \
      ::metriclab::detail::make_stamp(Class::kind, plugin_name, Class::abi);                     \
  asm(".pushsection .metriclab.source,\"\",@progbits\n.incb"                                     \
      "in \"" __FILE__ "\"\n.popsection\n")
