// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
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

constexpr const char* kLock = ".lock";

std::string holder(int lock) {
  std::array<char, 256> text{};
  const ssize_t count = ::pread(lock, text.data(), text.size(), 0);
  return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : "unknown process";
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
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.path().filename().string().front() == '.' && entry.path().filename() != kLock)
      fs::remove_all(entry.path(), ignored);
}

}  // namespace

ResultStore::ResultStore(fs::path folder) : folder_(std::move(folder)) {
  make_folder(folder_ / "runs");
  require_writable(folder_ / "runs");
  // The lock is the kernel's: it goes with its process, however that ends.
  const fs::path file = folder_ / kLock;
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0)
    throw Error(fmt::format("{}: can't be opened: {}", file.string(), std::strerror(errno)));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    const std::string other = holder(lock_);
    ::close(lock_);
    throw Error(fmt::format(
        "{}: another runner is at work there ({}); wait for it, or give another --results",
        folder_.string(), other));
  }
  std::array<char, 128> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string self = fmt::format("process {} on {}", ::getpid(), host.data());
  if (::ftruncate(lock_, 0) != 0 ||
      ::pwrite(lock_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size()))
    throw Error(fmt::format("{}: can't be written: {}", file.string(), std::strerror(errno)));
  for (const char* part : {"", "runs", "exhibits", "models", "checkpoints"}) remove_leftovers(folder_ / part);
}

ResultStore::~ResultStore() {
  if (lock_ >= 0) ::close(lock_);
}

std::optional<std::string> ResultStore::runner_at(const fs::path& folder) {
  const int lock = ::open((folder / kLock).c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return std::nullopt;
  std::optional<std::string> other;
  if (::flock(lock, LOCK_SH | LOCK_NB) != 0) other = holder(lock);
  ::close(lock);
  return other;
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
