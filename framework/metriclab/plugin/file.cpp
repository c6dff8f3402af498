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
#include <metriclab/plugin/error.hpp>
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

void write_file_whole(const std::filesystem::path& file, const std::string& content) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::string name = (folder / ("." + file.filename().string() + ".XXXXXX")).string();
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  auto failed = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    if (descriptor >= 0) ::close(descriptor);
    if (descriptor >= 0) ::unlink(name.c_str());
    return Error(fmt::format("{}: {}: {}", file.string(), what, reason));
  };
  if (descriptor < 0) throw failed("can't be created");
  for (std::size_t written = 0; written < content.size();) {
    const ssize_t count = ::write(descriptor, content.data() + written, content.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failed("can't be written");
    written += static_cast<std::size_t>(count);
  }
  // mkostemp's 0600 is for secrets; a result is to be read by colleagues.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(descriptor, 0666 & ~mask) != 0 || ::fsync(descriptor) != 0)
    throw failed("can't be written");
  if (::rename(name.c_str(), file.c_str()) != 0) throw failed("can't be put in place");
  ::close(descriptor);
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
