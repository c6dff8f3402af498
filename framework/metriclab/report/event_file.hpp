// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <metriclab/report/results.hpp>
#include <string>
#include <string_view>

namespace metriclab {

/// The cyclic redundancy check of Castagnoli's polynomial 0x1EDC6F41, bits reflected. RFC 3720,
/// appendix B.4.
std::uint32_t crc32c(std::string_view bytes);

/// The bytes of an event file of TensorBoard: records of TensorFlow (TFRecord), each an `Event`
/// message of protocol buffers:
///
///     record = length (uint64), masked CRC-32C of these 8 bytes, data, masked CRC-32C of the data
///     masked(c) = ((c >> 15) | (c << 17)) + 0xa282ead8
///     Event = 1: wall_time (double), 2: step (int64), 3: file_version (string) or 5: Summary
///     Summary = 1: Value, repeated;  Value = 1: tag (string), 2: simple_value (float)
///
/// All numbers little-endian. The sources are tensorflow/core/util/event.proto,
/// framework/summary.proto and lib/io/record_writer.cc.
class EventFile {
 public:
  /// Begins with the version's record. `wall_time`: seconds since 1970, of all events.
  explicit EventFile(double wall_time);
  void add_scalar(std::string_view tag, std::int64_t step, double value);
  const std::string& bytes() const { return bytes_; }

 private:
  void add_event(std::int64_t step, std::string_view what);

  double wall_time_;
  std::string bytes_;
};

/// Writes what TensorBoard shows of a run that is done as
/// `<folder>/<experiment>/<dataset>/<method>/<split> seed <seed>/events.out.tfevents.metriclab`:
/// the curves over epochs, steps and iterations ("training/loss", "validation/map_at_r"), and at
/// their last step metrics and seconds ("knn/accuracy", "seconds/fit"). Trials of searches add
/// their number and part. Written again, the file is the same. Throws Error where the result can't
/// be read or the file can't be written.
void write_event_file(const Record& record, const std::filesystem::path& folder);
/// The same of a result's file.
void write_event_file(const std::filesystem::path& result, const std::filesystem::path& folder);

/// Of all runs that are done; how many there are.
std::size_t write_event_files(const Results& results, const std::filesystem::path& folder);

}  // namespace metriclab
