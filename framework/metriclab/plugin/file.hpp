// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/plugin/error.hpp>
#include <string>
#include <string_view>

namespace metriclab {

/// What the machine refuses: a file that can't be written, for want of room or of rights. Nothing
/// is wrong with what was to be written; it can be tried again.
class FileError : public Error {
 public:
  using Error::Error;
  ~FileError() override;
};

/// The whole of a file; throws Error naming it.
std::string read_file(const std::filesystem::path& file);
/// Writes a file so that it appears whole or not at all, after a power cut too (a temporary name in
/// the same folder, fsync, rename, fsync of the folder). A link stays one; a device or a pipe is
/// written to as it is. Throws FileError naming the file, the reason and a way out.
void write_file_whole(const std::filesystem::path& file, const std::string& content);
/// Makes a folder, with those it is in; throws FileError naming it.
void make_folder(const std::filesystem::path& folder);

/// XXH3 of 128 bits, as 32 hexadecimal digits: tells contents apart, not a protection against
/// malice.
std::string content_hash(std::string_view bytes);
/// The same of a file's bytes, read in blocks; throws Error naming it.
std::string file_hash(const std::filesystem::path& file);

}  // namespace metriclab
