// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <metriclab/plugin/file.hpp>
#include <vector>

namespace metriclab {

std::string read_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Error(fmt::format("{}: {}", file.string(), std::strerror(errno)));
  // The size is a hint: pipes have none, and a file may grow meanwhile. One byte more than it, so
  // that the end is met without growing.
  struct ::stat state {};
  const bool sized = ::fstat(descriptor, &state) == 0 && state.st_size > 0;
  std::string content(sized ? static_cast<std::size_t>(state.st_size) + 1 : 4096, '\0');
  std::size_t length = 0;
  for (;;) {
    if (length == content.size()) content.resize(2 * length);
    const ssize_t count = ::read(descriptor, content.data() + length, content.size() - length);
    if (count == 0) break;
    if (count > 0) {
      length += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      const std::string reason = std::strerror(errno);
      ::close(descriptor);
      throw Error(fmt::format("{}: can't be read: {}", file.string(), reason));
    }
  }
  ::close(descriptor);
  content.resize(length);
  return content;
}

FileError::~FileError() = default;

namespace {

const char* way_out(int reason) {
  switch (reason) {
    case ENOSPC:
    case EDQUOT:
      return "; make room there";
    case EFBIG:
      return "; files may not be that large here (ulimit -f)";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; it takes the right to write there";
    case ENOENT:
      return "; is its folder gone?";
    default:
      return "";
  }
}

FileError file_error(const std::filesystem::path& file, const char* what, int reason) {
  return FileError(
      fmt::format("{}: {}: {}{}", file.string(), what, std::strerror(reason), way_out(reason)));
}

/// Whether all could be written; otherwise errno says why not.
bool write_all(int descriptor, const std::string& content) {
  for (std::size_t written = 0; written < content.size();) {
    const ssize_t count = ::write(descriptor, content.data() + written, content.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    written += static_cast<std::size_t>(count);
  }
  return true;
}

void write_to_device(const std::filesystem::path& file, const std::string& content) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) throw file_error(file, "can't be opened", errno);
  const bool written = write_all(descriptor, content);
  const int reason = errno;
  ::close(descriptor);
  if (!written) throw file_error(file, "can't be written", reason);
}

/// Makes names in a folder outlast a power cut, where its file system can do that.
void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

void write_file_whole(const std::filesystem::path& given, const std::string& content) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status is = fs::status(given, ignored);
  if (fs::exists(is) && !fs::is_regular_file(is) && !fs::is_directory(is))
    return write_to_device(given, content);
  fs::path file = given;
  if (fs::is_symlink(given, ignored))
    if (fs::path end = fs::weakly_canonical(given, ignored); !ignored) file = std::move(end);
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::string name = (folder / ("." + file.filename().string() + ".XXXXXX")).string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) throw file_error(given, "can't be created", errno);
  const auto failed = [&](const char* what) {
    const int reason = errno;
    ::close(descriptor);
    ::unlink(name.c_str());
    return file_error(given, what, reason);
  };
  if (!write_all(descriptor, content)) throw failed("can't be written");
  // mkostemp's 0600 is for secrets; a result is to be read by colleagues.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor, 0666 & ~mask) != 0 || ::fsync(descriptor) != 0)
    throw failed("can't be written");
  if (::rename(name.c_str(), file.c_str()) != 0) throw failed("can't be put in place");
  ::close(descriptor);
  sync_folder(folder);
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw file_error(folder, "can't be made", error.value());
}

namespace {

std::string hexadecimal(const XXH128_hash_t& hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

std::string content_hash(std::string_view bytes) {
  return hexadecimal(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string file_hash(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream)
    throw Error(fmt::format("{}: can't be opened: {}", file.string(), std::strerror(errno)));
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_128bits_reset(state.get());
  std::vector<char> block(std::size_t{1} << 20);
  do {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    XXH3_128bits_update(state.get(), block.data(), static_cast<std::size_t>(stream.gcount()));
  } while (stream);
  if (stream.bad()) throw Error(fmt::format("{}: can't be read", file.string()));
  return hexadecimal(XXH3_128bits_digest(state.get()));
}

}  // namespace metriclab
