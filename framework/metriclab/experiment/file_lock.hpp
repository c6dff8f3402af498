// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace metriclab {

/// A lock on a file, which tells who holds it. It is the kernel's (flock, which NFS and the like
/// pass on between machines): it goes with its process, however that ends.
class FileLock {
 public:
  enum class Mode { shared, exclusive };
  /// What becomes of the file when the lock is given up.
  enum class After { keep, remove };

  /// Takes the lock, making the file; nullopt where somebody else holds it. Throws Error where the
  /// file can't be opened, or the file system knows no locks.
  static std::optional<FileLock> take(const std::filesystem::path& file, Mode mode, After after);
  /// The same; waits for whoever holds it.
  static FileLock wait(const std::filesystem::path& file, Mode mode, After after);
  /// Who holds it exclusively, as `tell_holder` wrote; nullopt where nobody does.
  static std::optional<std::string> holder(const std::filesystem::path& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  /// Writes "process 123 on host" into the file, with `what` in front.
  void tell_holder(const std::string& what) const;

 private:
  FileLock(std::filesystem::path file, int descriptor, After after)
      : file_(std::move(file)), descriptor_(descriptor), after_(after) {}
  static std::optional<FileLock> take(const std::filesystem::path& file, Mode mode, After after,
                                      bool wait);
  void release();

  std::filesystem::path file_;
  int descriptor_;
  After after_;
};

}  // namespace metriclab
