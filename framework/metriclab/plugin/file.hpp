// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace metriclab {

/// The whole of a file; throws Error naming it.
std::string read_file(const std::filesystem::path& file);
/// Writes a file so that it appears whole or not at all (a temporary name in the same folder,
/// fsync, rename).
void write_file_whole(const std::filesystem::path& file, const std::string& content);

/// XXH3 of 128 bits, as 32 hexadecimal digits: tells contents apart, not a protection against
/// malice.
std::string content_hash(std::string_view bytes);
/// The same of a file's bytes, read in blocks; throws Error naming it.
std::string file_hash(const std::filesystem::path& file);

}  // namespace metriclab
