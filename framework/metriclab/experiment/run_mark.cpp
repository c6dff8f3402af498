// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/experiment/run_mark.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

/// What it says, as far as it can be read.
GoingOn read_mark(int file) {
  GoingOn is;
  std::array<char, 1024> text{};
  const ssize_t count = ::pread(file, text.data(), text.size(), 0);
  if (count <= 0) return is;
  std::string line(text.data(), static_cast<std::size_t>(count));
  // What stands behind the first line is of a longer one before it.
  line.resize(std::min(line.find('\n'), line.size()));
  try {
    const Value value = parse_json(line);
    if (const Value* done = value.find("done"); done != nullptr && done->is_number())
      is.done = done->as_number();
    if (const Value* doing = value.find("doing"); doing != nullptr && doing->is_string())
      is.doing = doing->as_string();
    if (const Value* process = value.find("process"); process != nullptr && process->is_integer())
      is.process = process->as_integer();
    if (const Value* host = value.find("host"); host != nullptr && host->is_string())
      is.host = host->as_string();
  } catch (const Error&) {  // it is being written
  }
  return is;
}

}  // namespace

RunMark::RunMark(const fs::path& checkpoints) {
  make_folder(checkpoints);
  file_ = ::open((checkpoints / kFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ >= 0) ::flock(file_, LOCK_EX | LOCK_NB);
  tell(0, "");
}

RunMark::~RunMark() {
  if (file_ >= 0) ::close(file_);
}

void RunMark::tell(double done, const std::string& doing) {
  constexpr std::chrono::seconds kEvery{1};
  const Clock::time_point now = Clock::now();
  if (file_ < 0 || (told_ != Clock::time_point() && now - told_ < kEvery)) return;
  told_ = now;
  Value value = Value::object();
  value.set("process", static_cast<std::int64_t>(::getpid()));
  value.set("host", host_name());
  value.set("done", done);
  value.set("doing", doing);
  const std::string line = to_json_text(value, -1) + "\n";
  const auto length = static_cast<ssize_t>(line.size());
  if (::pwrite(file_, line.data(), line.size(), 0) == length && ::ftruncate(file_, length) == 0)
    return;
  ::close(file_);  // no room, or no such file system: nobody needs it
  file_ = -1;
}

std::optional<GoingOn> RunMark::at(const fs::path& checkpoints) {
  const int file = ::open((checkpoints / kFile).c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::optional<GoingOn> is;
  if (::flock(file, LOCK_SH | LOCK_NB) != 0) is = read_mark(file);
  ::close(file);
  return is;
}

}  // namespace metriclab
