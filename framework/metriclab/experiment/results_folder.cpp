// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <metriclab/experiment/results_folder.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kPlanSchema = 1;

/// As `content_hash` writes them.
bool is_id(const std::string& text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    entries.push_back(at->path());
  if (error) throw Error(fmt::format("{}: can't be read: {}", folder.string(), error.message()));
  std::ranges::sort(entries);
  return entries;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

}  // namespace

Value read_or_null(const fs::path& file) {
  try {
    return parse_json(read_file(file));
  } catch (const Error&) {
    return {};
  }
}

Value read_plan(const fs::path& folder) {
  const fs::path file = folder / "plan.json";
  const std::string text = read_file(file);
  const auto wrong = [&](const std::string& what) {
    return Error(fmt::format("{}: {}; metriclab run writes it anew", file.string(), what));
  };
  Value plan;
  try {
    plan = parse_json(text);
  } catch (const Error& error) {
    throw wrong(error.what());
  }
  const Value *schema = plan.find("schema"), *runs = plan.find("runs");
  if (schema == nullptr || !schema->is_integer() || runs == nullptr || !runs->is_list())
    throw wrong("is not a plan of metriclab");
  if (schema->as_integer() > kPlanSchema)
    throw Error(
        fmt::format("{}: was written by a later metriclab: schema {}, this one reads up to "
                    "{}",
                    file.string(), schema->as_integer(), kPlanSchema));
  return plan;
}

std::set<std::string> asked_ids(const Value& plan) {
  std::set<std::string> ids;
  for (const char* part : {"runs", "trials"})
    if (const Value* list = plan.find(part); list != nullptr && list->is_list())
      for (const Value& run : list->as_list())
        if (const Value* id = run.find("id"); id != nullptr && id->is_string())
          ids.insert(id->as_string());
  return ids;
}

std::vector<RunFile> files_of_runs(const fs::path& folder) {
  std::vector<RunFile> files;
  for (const fs::path& part : entries_of(folder)) {
    if (!is_folder(part) || part.filename().string().front() == '.') continue;
    for (const fs::path& path : entries_of(part)) {
      const std::string name = path.filename().string();
      if (std::string id = name.substr(0, name.find('.')); is_id(id))
        files.push_back({.part = part.filename().string(), .id = std::move(id), .path = path});
    }
  }
  return files;
}

std::string coordinates_text(const Value& run) {
  const auto text = [&](const char* key) {
    const Value* value = run.find(key);
    return value != nullptr && value->is_string() ? value->as_string() : std::string("?");
  };
  std::string all = fmt::format("{}, {}, {}", text("dataset"), text("split"), text("method"));
  if (const Value* trial = run.find("trial"); trial != nullptr && trial->is_object())
    if (const Value* number = trial->find("number"); number != nullptr && number->is_integer())
      return fmt::format("{}, trial {}", all, number->as_integer());
  if (const Value* seed = run.find("seed"); seed != nullptr && seed->is_integer())
    all += fmt::format(", seed {}", seed->as_integer());
  return all;
}

void require_results(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw Error(error && error != std::errc::no_such_file_or_directory
                    ? fmt::format("{}: can't be read: {}", folder.string(), error.message())
                    : fmt::format("{}: there is no such folder", folder.string()));
  if (fs::exists(folder / "plan.json", error) || is_folder(folder / "runs")) return;
  std::vector<std::string> near;
  for (const fs::path& entry : entries_of(folder))
    if (is_folder(entry / "runs")) near.push_back(entry.string());
  throw Error(fmt::format(
      "{}: no results here; {}", folder.string(),
      near.empty() ? "give a folder that \"metriclab run\" wrote, such as results/quickstart"
                   : fmt::format("did you mean {}?", fmt::join(near, ", "))));
}

}  // namespace metriclab
