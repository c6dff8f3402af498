// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <metriclab/cli/diagnosis.hpp>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/plugin/eigen_abi.hpp>
#include <metriclab/version.hpp>
#include <sstream>
#include <thread>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

/// "eigen=3.4.0 alignment 16\n" without its key.
std::string eigen_version() {
  const std::string_view text = kEigenAbi;
  return std::string(text.substr(text.find('=') + 1, text.size() - text.find('=') - 2));
}

/// Of the CPU's flags, those that decide how fast matrix products are.
Value instruction_sets() {
  static constexpr std::array<std::string_view, 9> telling = {
      "sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve"};
  Value found = Value::list();
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string word; words >> word;)
      if (std::find(telling.begin(), telling.end(), word) != telling.end())
        found.as_list().push_back(word);
    break;
  }
  return found;
}

Value variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? Value() : Value(value);
}

Value versions() {
  Value is = Value::object();
  const Value known = environment(1, true);
  for (const char* key : {"metriclab", "commit", "compiler"}) is.set(key, known.at(key));
  is.set("standard_library", detail::kStandardLibrary);
  is.set("eigen", eigen_version());
  is.set("blas", known.at("blas"));
  is.set("libtorch", kLibTorchVersion);
  is.set("sanitizers", detail::kSanitizers);
  return is;
}

Value machine() {
  Value is = Value::object();
  is.set("cpu", cpu_model());
  is.set("instruction_sets", instruction_sets());
  is.set("cores", static_cast<std::int64_t>(std::thread::hardware_concurrency()));
  is.set("usable_cores", available_cores());
  is.set("memory_mib", machine_memory());
  return is;
}

Value threads() {
  Value is = Value::object();
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    is.set(name, variable(name));
  return is;
}

Value refusal(const fs::path& library, const std::string& reason) {
  Value is = Value::object();
  is.set("library", library.string());
  is.set("reason", reason);
  return is;
}

/// Opens every plugin; what can't be used is added to `refused`.
Value deep_part(Registry& registry, Value& refused) {
  bool opened = false;
  for (const std::string& kind : registry.kinds())
    for (const std::string& name : registry.names(kind)) {
      const LibraryFile& library = registry.library(kind, name);
      try {
        registry.library_description(kind, name);
        opened = opened || library.stamp.contains("libtorch");
      } catch (const Error& error) {
        std::string reason = error.what();
        if (const std::string start = library.path.string() + ": "; reason.starts_with(start))
          reason = reason.substr(start.size());
        refused.as_list().push_back(refusal(library.path, reason));
      }
    }
  Value is = Value::object();
  is.set("works", opened);
  is.set("reason", opened                       ? ""
                   : kLibTorchVersion == "none" ? "built without LibTorch (-Ddeep=disabled)"
                                                : "no plugin that needs LibTorch opens");
  return is;
}

Value folders(const Registry& registry) {
  Value all = Value::list();
  for (const fs::path& folder : registry.folders()) {
    std::int64_t count = 0;
    for (const std::string& kind : registry.kinds())
      for (const std::string& name : registry.names(kind)) {
        const fs::path place = registry.library(kind, name).path.parent_path();
        count += place == folder || place.parent_path() == folder ? 1 : 0;
      }
    Value is = Value::object();
    is.set("folder", folder.string());
    is.set("plugins", count);
    all.as_list().push_back(std::move(is));
  }
  return all;
}

Value data_folder() {
  Value is = Value::object();
  is.set("METRICLAB_DATA", variable("METRICLAB_DATA"));
  const char* folder = std::getenv("METRICLAB_DATA");
  std::error_code ignored;
  is.set("is_folder", folder != nullptr && fs::is_directory(folder, ignored));
  return is;
}

Value results_folder() {
  std::error_code ignored;
  const fs::path results = fs::current_path(ignored) / "results";
  const fs::path there = fs::exists(results, ignored) ? results : results.parent_path();
  Value is = Value::object();
  is.set("folder", results.string());
  const fs::space_info space = fs::space(there, ignored);
  is.set("free_mib", ignored ? Value() : Value(static_cast<std::int64_t>(space.available >> 20)));
  is.set("writable", fs::is_directory(there, ignored) && ::access(there.c_str(), W_OK | X_OK) == 0);
  return is;
}

}  // namespace

Value diagnose(Registry& registry) {
  Value refused = Value::list();
  for (const PluginFailure& failure : registry.failures())
    refused.as_list().push_back(refusal(failure.library, failure.reason));
  Value deep = deep_part(registry, refused);
  Value is = Value::object();
  is.set("versions", versions());
  is.set("library", running_library().string());
  is.set("machine", machine());
  is.set("threads", threads());
  is.set("plugins", folders(registry));
  is.set("refused", std::move(refused));
  is.set("deep", std::move(deep));
  is.set("data", data_folder());
  is.set("results", results_folder());
  return is;
}

}  // namespace metriclab
