// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <metriclab/experiment/result_store.hpp>
#include <metriclab/experiment/run.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

// Of the whole folder: a runner of all holds it alone, those of shards hold it together, and each
// the one of its shard beside it.
constexpr const char* kLock = ".lock";
constexpr const char* kShardLock = ".lock-";
// Held while spec.json and plan.json are written.
constexpr const char* kTurn = ".turn";
// Of one run, in runs/.
constexpr const char* kClaim = ".lock";
// What there is of runs, each called by its id.
constexpr std::array kParts = {"runs", "exhibits", "models", "checkpoints"};

std::string shard_lock(const Shard& shard) {
  return fmt::format("{}{}-of-{}", kShardLock, shard.index, shard.count);
}

std::vector<fs::path> hidden(const fs::path& folder) {
  std::vector<fs::path> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().filename().string().front() == '.') all.push_back(entry.path());
  std::ranges::sort(all);
  return all;
}

/// Of which run a hidden file is: they are called .ID and an ending.
std::string id_in(const fs::path& hidden_file) {
  const std::string name = hidden_file.filename().string();
  return name.substr(1, name.find('.', 1) - 1);
}

/// Before anything is run, rather than when its result is to be kept.
void require_writable(const fs::path& folder) {
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
    throw FileError(
        fmt::format("{}: can't be written to: {}; it takes the right to write there, or another "
                    "--results",
                    folder.string(), std::strerror(errno)));
}

/// Whether a table can take it. What a later metriclab wrote is left alone.
bool is_whole(const Value& result) {
  const Value* schema = result.find("schema");
  if (schema == nullptr || !schema->is_integer()) return false;
  if (schema->as_integer() > kResultSchema) return true;
  const Value *id = result.find("id"), *metrics = result.find("metrics");
  return id != nullptr && id->is_string() && result.find("run") != nullptr && metrics != nullptr &&
         metrics->is_object() &&
         std::ranges::all_of(metrics->as_object(), [](const Value::Member& metric) {
           return metric.value.is_number() || metric.value.is_null();
         });
}

/// What a killed writer left half-done: names that begin with a dot.
void remove_leftovers(const fs::path& folder) {
  std::error_code ignored;
  for (const fs::path& file : hidden(folder))
    if (file.filename() != kLock) fs::remove_all(file, ignored);
}

/// Runners of shards that are at work there, but for one.
std::optional<std::string> shards_at(const fs::path& folder, const std::string& but) {
  std::string all;
  for (const fs::path& file : hidden(folder))
    if (const std::string name = file.filename().string();
        name.starts_with(kShardLock) && name != but)
      if (const auto one = FileLock::holder(file)) all += (all.empty() ? "" : "; ") + *one;
  return all.empty() ? std::nullopt : std::optional(all);
}

Error is_busy(const fs::path& folder, const std::string& who) {
  return Error(fmt::format(
      "{}: another runner is at work there ({}); wait for it, or give another --results",
      folder.string(), who));
}

}  // namespace

ResultStore::ResultStore(fs::path folder, std::optional<Shard> shard)
    : folder_(std::move(folder)), shard_(shard) {
  make_folder(folder_ / "runs");
  for (const fs::path& part : {folder_, folder_ / "runs"}) require_writable(part);
  const fs::path file = folder_ / kLock;
  auto whole = FileLock::take(file, shard ? FileLock::Mode::shared : FileLock::Mode::exclusive,
                              FileLock::After::keep);
  if (!whole) throw is_busy(folder_, runner_at(folder_).value_or("it is just ending"));
  locks_.push_back(std::move(*whole));
  if (shard) {
    const fs::path own = folder_ / shard_lock(*shard);
    auto lock = FileLock::take(own, FileLock::Mode::exclusive, FileLock::After::remove);
    if (!lock) throw is_busy(folder_, FileLock::holder(own).value_or("it is just ending"));
    lock->tell_holder(fmt::format("shard {}, ", to_string(*shard)));
    locks_.push_back(std::move(*lock));
  } else {
    locks_.front().tell_holder("");
    for (const char* part : {"", "runs", "exhibits", "models", "checkpoints"})
      remove_leftovers(folder_ / part);
  }
}

std::optional<std::string> ResultStore::runner_at(const fs::path& folder) {
  if (const auto shards = shards_at(folder, "")) return shards;
  return FileLock::holder(folder / kLock);
}

std::optional<std::string> ResultStore::others() const {
  return shards_at(folder_, shard_ ? shard_lock(*shard_) : "");
}

FileLock ResultStore::turn() const {
  FileLock turn =
      FileLock::wait(folder_ / kTurn, FileLock::Mode::exclusive, FileLock::After::remove);
  std::error_code ignored;
  for (const fs::path& file : hidden(folder_))
    if (const std::string name = file.filename().string();
        name.starts_with(".spec.json.") || name.starts_with(".plan.json."))
      fs::remove(file, ignored);
  return turn;
}

std::optional<FileLock> ResultStore::claim(const std::string& id) const {
  return FileLock::take(folder_ / "runs" / ("." + id + kClaim), FileLock::Mode::exclusive,
                        FileLock::After::remove);
}

void ResultStore::clear_leftovers(const std::set<std::string>& ids) const {
  std::set<std::string> met;
  for (const char* part : kParts)
    for (const fs::path& file : hidden(folder_ / part))
      if (const std::string id = id_in(file); ids.contains(id)) met.insert(id);
  for (const std::string& id : met)
    if (const auto claimed = claim(id)) clear_leftovers(id);
}

void ResultStore::clear_leftovers(const std::string& id) const {
  std::error_code ignored;
  for (const char* part : kParts)
    for (const fs::path& file : hidden(folder_ / part))
      if (id_in(file) == id && file.extension() != kClaim) fs::remove_all(file, ignored);
}

void ResultStore::clear_finished(const std::set<std::string>& ids) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_ / "checkpoints", ignored))
    if (ids.contains(entry.path().filename().string())) fs::remove_all(entry.path(), ignored);
  for (const auto& entry : fs::directory_iterator(folder_ / "logs", ignored))
    if (ids.contains(entry.path().stem().string()) && entry.file_size(ignored) == 0)
      fs::remove(entry.path(), ignored);
}

fs::path ResultStore::result(const std::string& id) const {
  return folder_ / "runs" / (id + ".json");
}
fs::path ResultStore::model(const std::string& id) const { return folder_ / "models" / id; }
fs::path ResultStore::checkpoints(const std::string& id) const {
  return folder_ / "checkpoints" / id;
}
fs::path ResultStore::exhibit(const std::string& id) const {
  return folder_ / "exhibits" / (id + ".json");
}
fs::path ResultStore::log(const std::string& id) const { return folder_ / "logs" / (id + ".txt"); }

std::optional<ResultStore::Stored> ResultStore::find(const std::string& id) const {
  std::error_code ignored;
  if (!fs::exists(result(id), ignored)) return std::nullopt;
  try {
    const Value value = parse_json(read_file(result(id)));
    const Value* status = value.find("status");
    if (status == nullptr || !status->is_string() || !is_whole(value)) return std::nullopt;
    const Value* outside = value.find("from_outside");
    Stored stored{
        .status = status->as_string(),
        .from_outside = outside != nullptr && outside->is_boolean() && outside->as_boolean()};
    if (const Value* seconds = value.find("seconds"))
      if (const Value* total = seconds->find("total"); total != nullptr && total->is_number())
        stored.seconds = total->as_number();
    if (const Value* memory = value.find("peak_memory_mib");
        memory != nullptr && memory->is_number())
      stored.memory = memory->as_number();
    return stored;
  } catch (const Error&) {  // damaged: the run is made again
    return std::nullopt;
  }
}

void ResultStore::write(const std::string& id, const Value& value) const {
  write_file_whole(result(id), to_json_text(value) + "\n");
}
void ResultStore::write_spec(const Value& document) const {
  write_file_whole(folder_ / "spec.json", to_json_text(document) + "\n");
}
void ResultStore::write_plan(const Value& plan) const {
  write_file_whole(folder_ / "plan.json", to_json_text(plan) + "\n");
}

}  // namespace metriclab
