// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <exception>
#include <metriclab/plugin/registry.hpp>
#include <string>
#include <utility>
#include <vector>

namespace metriclab {

/// One law that a plugin is held to.
struct Check {
  std::string law;
  std::string failure;      // how it is broken; "" where it is kept
  std::string reason = "";  // why it was not checked; "" where it was
};

/// What has been checked, in order.
class Checks {
 public:
  /// Runs `body`, which returns how the law is broken, or "". An exception breaks it too. True
  /// where the law is kept. Of a failure's text the first line counts.
  template <class Body>
  bool law(std::string what, Body body) {
    std::string failure;
    try {
      failure = body();
    } catch (const std::exception& error) {
      failure = std::string("throws: ") + error.what();
    } catch (...) {
      failure = "throws something that is no std::exception";
    }
    failure.resize(std::min(failure.find('\n'), failure.size()));
    all_.push_back({std::move(what), std::move(failure), ""});
    return all_.back().failure.empty();
  }
  /// As `law`, where an Error, said clearly, is as good as a result: for input that is out of the
  /// ordinary.
  template <class Body>
  bool law_or_error(std::string what, Body body) {
    return law(std::move(what), [&]() -> std::string {
      try {
        return body();
      } catch (const Error&) {
        return "";
      }
    });
  }
  /// A law that can't be checked here, and why: "needs a file; give "file"".
  void not_checked(std::string what, std::string reason) {
    all_.push_back({std::move(what), "", std::move(reason)});
  }
  /// For the laws that say nothing while the one before them is broken.
  void rest_not_checked() { not_checked("the laws that build on this one", "it is broken"); }
  const std::vector<Check>& all() const { return all_; }
  /// True where no law is broken, though some may not have been checked.
  bool kept() const;

 private:
  std::vector<Check> all_;
};

/// Plugin kind "conformance": the laws of those kinds that the command itself can't check, since it
/// doesn't link what they need (LibTorch). The plugin named after a kind has the laws of that kind.
class Conformance : public Component {
 public:
  static constexpr std::string_view kind = "conformance";
  static constexpr std::string_view abi = "";
  ~Conformance() override;

  /// Holds the plugin of a resolved block to the laws of its kind; false where it knows nothing of
  /// that kind.
  virtual bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
                     Checks& checks) const = 0;
};

/// A block that resolves: the plugin's name, and for each required parameter a stand-in of its
/// type.
Value stand_in(Registry& registry, const std::string& kind, const std::string& name);

/// Holds a plugin to the laws of every declaration, whatever its kind: summary, source, meanings;
/// defaults in their ranges; each range, choice and type enforced; unknown parameters refused; the
/// description beside the library is the library's own and goes through JSON unchanged; nothing
/// runs when the library is opened; it can be created. `block` resolves, as `stand_in` gives it.
void check_declaration(Registry& registry, const std::string& kind, const std::string& name,
                       const Value& block, Checks& checks);

}  // namespace metriclab
