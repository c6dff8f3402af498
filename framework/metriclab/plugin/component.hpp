// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/value.hpp>
#include <string>
#include <string_view>

namespace metriclab {

/// What every plugin interface derives from.
class Component {
 public:
  Component() = default;
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;
  virtual ~Component();

  /// The folder of the library this came from; a plugin finds the files shipped with it there.
  const std::filesystem::path& folder() const { return folder_; }
  void set_folder(std::filesystem::path folder) { folder_ = std::move(folder); }

 private:
  std::filesystem::path folder_;
};

/// Makes components from resolved plugin blocks (`{"plugin": "triplet", "margin": 0.2, …}`, every
/// parameter present). The Registry is the one implementation; plugins get it as an argument.
class Factory {
 public:
  virtual ~Factory();
  virtual std::unique_ptr<Component> create(std::string_view kind, const Value& resolved) = 0;

  /// The same as an interface: `create_as<Loss>(block)`. Another kind may have that interface too:
  /// `create_as<Method>(block, "solver")`.
  template <class I>
  std::unique_ptr<I> create_as(const Value& resolved, std::string_view kind = I::kind) {
    auto component = create(kind, resolved);
    auto* as_interface = dynamic_cast<I*>(component.get());
    METRICLAB_CHECK(as_interface != nullptr, "a plugin that is not of its kind");
    static_cast<void>(component.release());
    return std::unique_ptr<I>(as_interface);
  }
};

}  // namespace metriclab
