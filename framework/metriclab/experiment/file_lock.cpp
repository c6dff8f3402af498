// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/experiment/file_lock.hpp>
#include <metriclab/plugin/error.hpp>
#include <thread>
#include <utility>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

// Somebody who only looks who holds a lock has it for a moment.
constexpr int kTries = 10;
constexpr std::chrono::milliseconds kBetween{20};

/// Whether the path still leads to the file that is open: who held the lock may have removed it.
bool is_at(int descriptor, const fs::path& file) {
  struct stat open {
  }, there{};
  return ::fstat(descriptor, &open) == 0 && ::stat(file.c_str(), &there) == 0 &&
         open.st_ino == there.st_ino && open.st_dev == there.st_dev;
}

std::string text_in(int descriptor) {
  std::array<char, 256> text{};
  const ssize_t count = ::pread(descriptor, text.data(), text.size(), 0);
  return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : "unknown process";
}

}  // namespace

std::optional<FileLock> FileLock::take(const fs::path& file, Mode mode, After after, bool wait) {
  const int kind = mode == Mode::shared ? LOCK_SH : LOCK_EX;
  for (int tries = 0;;) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0)
      throw Error(fmt::format("{}: can't be opened: {}", file.string(), std::strerror(errno)));
    FileLock lock(file, descriptor, After::keep);
    if (::flock(descriptor, wait ? kind : kind | LOCK_NB) == 0) {
      if (!is_at(descriptor, file)) continue;
      lock.after_ = after;
      return lock;
    }
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK)
      throw Error(
          fmt::format("{}: can't be locked: {}; results need a file system with locks "
                      "(flock), give another --results",
                      file.string(), std::strerror(errno)));
    if (++tries == kTries) return std::nullopt;
    std::this_thread::sleep_for(kBetween);
  }
}

std::optional<FileLock> FileLock::take(const fs::path& file, Mode mode, After after) {
  return take(file, mode, after, false);
}
FileLock FileLock::wait(const fs::path& file, Mode mode, After after) {
  return *take(file, mode, after, true);
}

std::optional<std::string> FileLock::holder(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::optional<std::string> other;
  if (::flock(descriptor, LOCK_SH | LOCK_NB) != 0) other = text_in(descriptor);
  ::close(descriptor);
  return other;
}

void FileLock::tell_holder(const std::string& what) const {
  const std::string self = fmt::format("{}process {} on {}", what, ::getpid(), host_name());
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, self.data(), self.size(), 0) != static_cast<ssize_t>(self.size()))
    throw Error(fmt::format("{}: can't be written: {}", file_.string(), std::strerror(errno)));
}

FileLock::FileLock(FileLock&& other) noexcept
    : file_(std::move(other.file_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      after_(other.after_) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this == &other) return *this;
  release();
  file_ = std::move(other.file_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  after_ = other.after_;
  return *this;
}

FileLock::~FileLock() { release(); }

void FileLock::release() {
  if (descriptor_ < 0) return;
  // Removed while it is still held, so that nobody's lock is on a file that is gone.
  if (after_ == After::remove && is_at(descriptor_, file_)) ::unlink(file_.c_str());
  ::close(std::exchange(descriptor_, -1));
}

}  // namespace metriclab
