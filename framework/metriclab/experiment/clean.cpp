// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/experiment/clean.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

std::uintmax_t size_of(const fs::path& path) {
  std::error_code ignored;
  const auto size = [&](const fs::path& file) -> std::uintmax_t {
    const std::uintmax_t bytes =
        fs::is_regular_file(file, ignored) ? fs::file_size(file, ignored) : 0;
    return bytes == static_cast<std::uintmax_t>(-1) ? 0 : bytes;
  };
  if (!fs::is_directory(path, ignored)) return size(path);
  std::uintmax_t bytes = 0;
  for (fs::recursive_directory_iterator at(path, ignored), end; !ignored && at != end;
       at.increment(ignored))
    bytes += size(at->path());
  return bytes;
}

std::string method_of(const fs::path& file) {
  try {
    const Value result = parse_json(read_file(file));
    if (const Value* run = result.find("run"))
      if (const Value* method = run->find("method"); method != nullptr && method->is_string())
        return method->as_string();
  } catch (const Error&) {  // it is of no use, but may be removed
  }
  return "?";
}

}  // namespace

NotAskedFor not_asked_for(const fs::path& folder) {
  require_results(folder);
  if (std::error_code ignored; !fs::exists(folder / "plan.json", ignored))
    throw Error(fmt::format(
        "{}: has no plan.json, so that it is not known what is asked for; metriclab run writes it",
        folder.string()));
  const std::set<std::string> asked = asked_ids(read_plan(folder));
  if (asked.empty())
    throw Error(fmt::format("{}: asks for no run; metriclab run writes it anew",
                            (folder / "plan.json").string()));
  NotAskedFor what;
  for (RunFile& file : files_of_runs(folder)) {
    const bool result = file.part == "runs";
    if (asked.contains(file.id)) {
      what.kept += result ? 1 : 0;
      continue;
    }
    what.bytes += size_of(file.path);
    ++what.parts[file.part];
    if (result) ++what.methods[method_of(file.path)];
    what.files.push_back(std::move(file));
  }
  return what;
}

void remove_files(const NotAskedFor& what) {
  for (const RunFile& file : what.files) {
    std::error_code error;
    fs::remove_all(file.path, error);
    if (error)
      throw FileError(fmt::format("{}: can't be removed: {}", file.path.string(), error.message()));
  }
}

}  // namespace metriclab
