// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <metriclab/report/event_file.hpp>

#include "fixture.hpp"

namespace {

using namespace metriclab;

TEST_CASE("CRC-32C: the vectors of RFC 3720, appendix B.4") {
  std::string up, down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  // The RFC lists the bytes of the CRC in the order of the wire, the least first.
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c(up) == 0x46dd794e);
  CHECK(crc32c(down) == 0x113fdb5c);
  // An iSCSI SCSI Read (10) command PDU.
  std::string read(48, '\0');
  for (const auto& [at, byte] : {std::pair(0, 0x01),
                                 {1, 0xc0},
                                 {16, 0x14},
                                 {22, 0x04},
                                 {27, 0x14},
                                 {31, 0x18},
                                 {32, 0x28},
                                 {40, 0x02}})
    read[static_cast<std::size_t>(at)] = static_cast<char>(byte);
  CHECK(crc32c(read) == 0xd9963a56);
  // The check value of catalogues of CRCs.
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c("") == 0);
}

TEST_CASE("an event file is a row of records") {
  EventFile file(1.5);
  const std::size_t head = file.bytes().size();
  // Event{wall_time 1.5, step 0, file_version "brain.Event:2"}: 9 + 2 + 2 + 13 bytes between 12 and
  // 4 of the frame.
  CHECK(head == 12 + (9 + 2 + 2 + 13) + 4);
  CHECK(file.bytes().substr(0, 8) == std::string("\x1a\0\0\0\0\0\0\0", 8));
  CHECK(file.bytes().substr(12, 13) == std::string("\x09\0\0\0\0\0\0\xf8\x3f\x10\0\x1a\x0d", 13));
  CHECK(file.bytes().substr(25, 13) == "brain.Event:2");
  file.add_scalar("a", 300, 0.5);
  // step 300 is the varint ac 02; Summary{Value{"a", 0.5f}} is 10 bytes in a Value of 8.
  CHECK(file.bytes().substr(head + 12).substr(0, 24) ==
        std::string("\x09\0\0\0\0\0\0\xf8\x3f\x10\xac\x02\x2a\x0a\x0a\x08\x0a\x01"
                    "a\x15\0\0\0\x3f",
                    24));
}

TEST_CASE("event files: one a run, in folders that names can't leave") {
  const report_test::Folder folder("names");
  folder.write_all(
      {{.dataset = "../d", .method = "a/b", .split = "fold 1", .metrics = {{"knn.accuracy", 0.5}}},
       {.dataset = "../d",
        .method = "a/b",
        .split = "fold 2",
        .metrics = {{"knn.accuracy", 0.5}},
        .status = "failed"},
       {.dataset = ".",
        .method = std::string(300, 'm'),
        .split = "s",
        .metrics = {{"knn.accuracy", 0.5}}}});
  const auto out = folder.results() / "tensorboard";
  CHECK(write_event_files(read_results({folder.results()}), out) == 2);
  CHECK(std::filesystem::exists(out / "names" / "_.._d" / "a_b" / "fold 1 seed 1" /
                                "events.out.tfevents.metriclab"));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(out))
    files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 2);
}

}  // namespace
