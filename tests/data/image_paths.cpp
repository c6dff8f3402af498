// SPDX-License-Identifier: BSD-3-Clause
#include "datasets.hpp"

namespace {

using namespace metriclab;
using namespace std::string_literals;
using Names = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;
using Counts = std::map<std::string, std::int64_t>;

const std::string kImage = "P5 1 1 255\n\x33"s;

std::string spec(const std::string& rest) {
  return R"({"plugin": "image_folder", "path": "set", )" + rest + "}";
}

TEST_CASE("image_folder: labels by a pattern on the path") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  for (const char* name : {"w10/2_paper_x.png.pgm", "w9/1_paper_y.pgm", "w9/2_tablet_y.pgm",
                           "w9/deeper/1_paper_y.pgm", "w9/1_paper.pgm", "w9/notes.txt"})
    folder.write("set/"s + name, kImage);
  const std::string pattern = R"("pattern": "w{writer}/{session}_{medium}_*.pgm")";
  const Data data = load(spec(pattern), places);
  REQUIRE(data.size() == 3);  // by their paths: w10 is before w9
  REQUIRE(data.columns.size() == 3);
  CHECK(data.columns[0].name == "writer");
  CHECK(data.columns[0].classes == Names{"9", "10"});
  CHECK(data.columns[0].values == Labels{1, 0, 0});
  CHECK(data.columns[1].name == "session");
  CHECK(data.columns[1].values == Labels{1, 0, 1});
  CHECK(data.columns[2].name == "medium");
  CHECK(data.columns[2].classes == Names{"paper", "tablet"});
  CHECK(data.columns[2].values == Labels{0, 0, 1});
  CHECK(make_dataset(spec(pattern))->files(places).size() == 3);
  // The first hole takes as little as it can; what has a meaning in regular expressions stands for
  // itself.
  folder.write("set/a.b+(1)_2_3.pgm", kImage);
  folder.write("set/c.b+(1)_2_3.pgm", kImage);
  CHECK(load(spec(R"_("pattern": "{x}.b+(1)_{y}.pgm")_"), places).columns.at(1).classes ==
        Names{"2_3"});
  CHECK(load(spec(R"("pattern": "{x}_{y}.pgm", "channels": "colour")"), places)
            .columns.at(1)
            .classes == Names{"2_3"});
}

TEST_CASE("image_folder: labels counted by a running number") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  for (int writer = 1; writer <= 2; ++writer)
    for (int image = 1; image <= 6; ++image)
      folder.write("set/" + std::to_string(writer) + "/" + std::to_string(image) + ".pgm", kImage);
  const std::string counted = R"("pattern": "{writer}/{image}.pgm", "counted": [
      {"column": "medium", "number": "image", "run": 3, "classes": ["paper", "tablet"]},
      {"column": "text", "number": "image", "cycle": 3}])";
  const Data data = load(spec(counted), places);
  REQUIRE(data.columns.size() == 4);
  CHECK(data.columns[2].name == "medium");
  CHECK(data.columns[3].classes == Names{"1", "2", "3"});
  for (std::size_t i = 0; i < 12; ++i) {
    const std::size_t image = i % 6;
    CHECK(data.columns[2].classes[static_cast<std::size_t>(data.columns[2].values[i])] ==
          (image < 3 ? "paper" : "tablet"));
    CHECK(data.columns[3].values[i] == static_cast<std::int32_t>(image % 3));
  }
  const std::string beyond = folder.write("set/1/7.pgm", kImage).string();
  CHECK(complaint(spec(counted), places) == beyond +
                                                ": number 7 is of class 3 of \"medium\", and there "
                                                "are names for 2");
  std::filesystem::remove(beyond);
  const std::string zero = folder.write("set/1/0.pgm", kImage).string();
  CHECK(complaint(spec(counted), places) ==
        zero + ": \"0\" is no number of an image from 1, and \"medium\" is told by it");
}

TEST_CASE("image_folder: what is wrong with a pattern") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("set/a/1.pgm", kImage);
  auto wrong = [&](const std::string& rest) { return complaint(spec(rest), places); };
  CHECK(wrong(R"("pattern": "{writer}.pgm")") ==
        "/pattern: " + (folder.path() / "set").string() +
            ": none of its 1 images is at a path like \"{writer}.pgm\"; the first is \"a/1.pgm\"");
  CHECK(wrong(R"("pattern": "{writer/1.pgm")") ==
        "/pattern: \"{writer/1.pgm\": a hole is a name in braces, such as {writer}");
  CHECK(wrong(R"("pattern": "{}/1.pgm")").starts_with("/pattern: \"{}/1.pgm\": a hole is a name"));
  CHECK(wrong(R"("pattern": "{a}/{a}.pgm")") == "/pattern: \"{a}/{a}.pgm\": {a} is there twice");
  CHECK(wrong(R"("pattern": "*/1.pgm")") ==
        "/pattern: \"*/1.pgm\": has no hole; name one at least, such as {class}");
  CHECK(wrong(R"("pattern": "{a}/*.pgm")").find("every example is of class \"a\"") !=
        std::string::npos);
  CHECK(wrong(R"("pattern": "{a}/{image}.pgm", "counted": [{"column": "b", "number": "imag"}])") ==
        "/counted/0/number: the pattern has no {imag}; did you mean \"image\"?");
  CHECK(wrong(R"("pattern": "{a}/{b}.pgm", "counted": [{"column": "a", "number": "b"}])") ==
        "/counted/0/column: there is a column \"a\" already");
}

TEST_CASE("image_folder: the ORL faces with their numbers") {
  if (!has_data()) return;
  const Data data = load(
      R"({"plugin": "image_folder", "path": "face/orl-faces", "pattern": "s{person}/{image}.pgm"})");
  CHECK(data.size() == 400);
  CHECK(data.examples.shape() == Shape{1, 112, 92});
  CHECK(data.n_classes() == 40);
  CHECK(data.columns.at(0).classes.front() == "1");
  for (const auto& [name, count] : counts(data.columns.at(1))) CHECK(count == 40);
}

TEST_CASE("image_folder: the cross-media signatures") {
  if (!has_data()) return;
  // Writers, media and texts: the README of the data.
  const Data data = load(
      R"({"plugin": "image_folder", "path": "signature/cross-media-signatures/experiment/bin",
          "pattern": "{writer}/{image}.png", "size": 28, "counted": [
            {"column": "medium", "number": "image", "run": 10,
             "classes": ["paper", "tablet", "phone in hand", "phone on table"]},
            {"column": "text", "number": "image", "cycle": 10}]})");
  CHECK(data.size() == 48 * 40);
  CHECK(data.n_classes() == 48);
  CHECK(counts(data.columns.at(2)) ==
        Counts{{"paper", 480}, {"tablet", 480}, {"phone in hand", 480}, {"phone on table", 480}});
  CHECK(data.columns.at(3).classes.size() == 10);
  for (const auto& [name, count] : counts(data.columns[3])) CHECK(count == 192);
}

}  // namespace
