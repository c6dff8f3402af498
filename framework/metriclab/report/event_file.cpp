// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <ctime>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/event_file.hpp>
#include <metriclab/report/result_file.hpp>
#include <metriclab/report/run_details.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::uint32_t, 256> kCrcOfByte = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    // 0x82F63B78 is the polynomial with its bits reversed.
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
    table[byte] = crc;
  }
  return table;
}();

template <typename Unsigned>
void append_little_endian(std::string& bytes, Unsigned value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    bytes += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

void append_varint(std::string& bytes, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    bytes += static_cast<char>(static_cast<unsigned char>(value | 0x80));
  bytes += static_cast<char>(value);
}

// Types of fields on the wire.
enum : std::uint64_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

void append_key(std::string& bytes, std::uint64_t field, std::uint64_t type) {
  append_varint(bytes, field << 3 | type);
}

/// A string, or a message inside of another.
void append_delimited(std::string& bytes, std::uint64_t field, std::string_view content) {
  append_key(bytes, field, kDelimited);
  append_varint(bytes, content.size());
  bytes += content;
}

std::uint32_t masked(std::uint32_t crc) { return std::rotr(crc, 15) + 0xa282ead8u; }

/// Seconds since 1970 of "2026-11-26T03:47:03Z"; 0 where it is none.
double seconds_of(const std::string& time) {
  std::tm parts{};
  const char* end = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return end == nullptr || *end != '\0' ? 0 : static_cast<double>(::timegm(&parts));
}

/// A name as one step of a path.
std::string step_of(std::string name) {
  for (char& c : name)
    if (c == '/' || static_cast<unsigned char>(c) < ' ') c = '_';
  // TensorBoard passes over what is hidden.
  if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
  // File systems take 255 bytes.
  return name.size() <= 200 ? name : fmt::format("{}_{}", name.substr(0, 160), content_hash(name));
}

/// "knn/accuracy" of "knn.accuracy": TensorBoard puts together what has one name before the stroke.
std::string tag_of(std::string name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return "training/" + name;
  name[dot] = '/';
  return name;
}

bool is_of_steps(const RecordedCurve& curve) {
  return curve.unit == "epoch" || curve.unit == "step" || curve.unit == "iteration";
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (char byte : bytes)
    crc = kCrcOfByte[(crc ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

EventFile::EventFile(double wall_time) : wall_time_(wall_time) {
  std::string version;
  append_delimited(version, 3, "brain.Event:2");
  add_event(0, version);
}

void EventFile::add_scalar(std::string_view tag, std::int64_t step, double value) {
  std::string scalar, summary, what;
  append_delimited(scalar, 1, tag);
  append_key(scalar, 2, kFixed32);
  append_little_endian(scalar, std::bit_cast<std::uint32_t>(static_cast<float>(value)));
  append_delimited(summary, 1, scalar);
  append_delimited(what, 5, summary);
  add_event(step, what);
}

void EventFile::add_event(std::int64_t step, std::string_view what) {
  std::string event;
  append_key(event, 1, kFixed64);
  append_little_endian(event, std::bit_cast<std::uint64_t>(wall_time_));
  append_key(event, 2, kVarint);
  append_varint(event, static_cast<std::uint64_t>(step));
  event += what;
  std::string length;
  append_little_endian(length, static_cast<std::uint64_t>(event.size()));
  bytes_ += length;
  append_little_endian(bytes_, masked(crc32c(length)));
  bytes_ += event;
  append_little_endian(bytes_, masked(crc32c(event)));
}

void write_event_file(const Record& record, const fs::path& folder) {
  const RunDetails details = read_run_details(record.file);
  EventFile events(seconds_of(record.finished));
  std::int64_t last = 0;
  for (const RecordedCurve& curve : details.curves) {
    if (!is_of_steps(curve)) continue;
    for (std::size_t i = 0; i < curve.at.size(); ++i) {
      const std::int64_t step = std::llround(curve.at[i]);
      last = std::max(last, step);
      events.add_scalar(tag_of(curve.name), step, curve.values[i]);
    }
  }
  for (const RecordedMetric& each : record.measurements)
    if (std::isfinite(each.value)) events.add_scalar(tag_of(each.name), last, each.value);
  const fs::path place =
      folder / step_of(record.experiment) / step_of(record.dataset) / step_of(record.method) /
      step_of(fmt::format("{} seed {}{}", record.split, record.seed, details.trial));
  make_folder(place);
  write_file_whole(place / "events.out.tfevents.metriclab", events.bytes());
}

void write_event_file(const fs::path& result, const fs::path& folder) {
  write_event_file(
      read_result_file(result, {},
                       [](const std::string&, const std::optional<JsonSlice>&, bool) {}),
      folder);
}

std::size_t write_event_files(const Results& results, const fs::path& folder) {
  std::size_t written = 0;
  for (const Record& record : results.records) {
    if (record.status != "ok") continue;
    write_event_file(record, folder);
    ++written;
  }
  return written;
}

}  // namespace metriclab
