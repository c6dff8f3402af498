// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/data/image_file.hpp>
#include <set>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using namespace std::string_literals;
using Names = std::vector<std::string>;

TEST_CASE("image_folder: a folder a class, pixels in [0, 1]") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("set/b/1.pgm", "P5\n# a comment\n2 1\n255\n\x00\xff"s);
  folder.write("set/a/1.pgm", "P5 2 1 255\n\x33\x66"s);
  folder.write("set/a/notes.txt", "not an image");
  const std::string spec = R"({"plugin": "image_folder", "path": "set"})";
  const Data data = load(spec, places);
  CHECK(data.examples.shape() == Shape{1, 1, 2});
  CHECK((data.examples.as_float() - MatrixF{{0.2f, 0.4f}, {0.0f, 1.0f}}).cwiseAbs().maxCoeff() <
        1e-6f);
  CHECK(data.columns.at(0).classes == Names{"a", "b"});
  CHECK(make_dataset(spec)->files(places).size() == 2);

  folder.write("set/b/2.ppm", "P6 2 1 255\n\xff\x00\x00\x00\x00\xff"s);
  const Data colour =
      load(R"({"plugin": "image_folder", "path": "set", "channels": "colour"})", places);
  CHECK(colour.examples.shape() == Shape{3, 1, 2});
  CHECK(colour.examples.as_float().row(2) ==
        Eigen::Matrix<float, 1, 6>(1, 0, 0, 0, 0, 1));  // red, then green, then blue
  const Data small = load(R"({"plugin": "image_folder", "path": "set", "size": 1})", places);
  CHECK(std::abs(small.examples.as_float()(0, 0) - 0.3f) < 1e-6f);  // the mean of 0.2 and 0.4
}

TEST_CASE("image_folder: what is wrong is named") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string spec = R"({"plugin": "image_folder", "path": "set"})";
  folder.write("set/a/1.pgm", "P5 2 1 255\n\x33\x66"s);
  CHECK(complaint(spec, places).find("every example is of class \"a\"") != std::string::npos);
  const std::string bad = folder.write("set/b/1.pgm", "P5 2 1 255\n\x33"s).string();
  CHECK(complaint(spec, places) == bad + ": this PNM image is cut short; fetch or write it again");
  folder.write("set/b/1.pgm", "hello");
  CHECK(complaint(spec, places) == bad + ": is not a PNG, JPEG or PNM image");
  folder.write("set/b/1.pgm", "");
  CHECK(complaint(spec, places) == bad + ": is empty; an image was expected");
  folder.write("set/b/1.pgm", "P5 1 2 255\n\x33\x66"s);
  CHECK(complaint(spec, places) == bad + ": is 2 x 1 pixels, " +
                                       (folder.path() / "set/a/1.pgm").string() +
                                       " is 1 x 2; give a \"size\" that all are resized to");
  folder.write("set/c/readme.txt", "");
  CHECK(complaint(spec, places).find("set/c: has no image") != std::string::npos);
  folder.write("none/readme.txt", "");
  CHECK(complaint(R"({"plugin": "image_folder", "path": "none"})", places)
            .find("has no folder of images") != std::string::npos);
}

TEST_CASE("image_folder: JPEG") {
  // 8 x 8 pixels of grey 51, that is 0.2.
  const std::string digits =
      "ffd8ffe000104a46494600010100000100010000ffdb004300020101010101020101010202020202"
      "0403020202020504040304060506060605060606070908060709070606080b08090a0a0a0a0a0608"
      "0b0c0b0a0c090a0a0affc0000b080008000801011100ffc400140001000000000000000000000000"
      "00000009ffc40014100100000000000000000000000000000000ffda0008010100003f0032dfffd9";
  std::string jpeg;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    jpeg += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("set/a/1.jpg", jpeg);
  const std::string second = folder.write("set/b/1.JPG", jpeg).string();
  const std::string spec = R"({"plugin": "image_folder", "path": "set"})";
  const Data data = load(spec, places);
  CHECK(data.examples.shape() == Shape{1, 8, 8});
  CHECK((data.examples.as_double().array() - 0.2).abs().maxCoeff() < 0.005);
  for (std::size_t size : {jpeg.size() - 1, jpeg.size() / 2, std::size_t{30}}) {
    folder.write("set/b/1.JPG", jpeg.substr(0, size));
    CHECK(complaint(spec, places) ==
          second + ": this JPEG image is cut short; fetch or write it again");
  }
}

TEST_CASE("an image cut short anywhere is found out") {
  const std::string png = "\x89PNG\r\n\x1a\n....IEND\xae\x42\x60\x82"s,
                    jpeg = "\xff\xd8\xff\xe1 \xff\xda thumb \xff\xd9 \xff\xda scan \xff\xd9"s;
  const std::string pgm = "P5 2 2 255\nabcd", deep = "P6 1 1 65535\nabcdef", bits = "P4 9 1\nab";
  for (const std::string& whole : {png, jpeg, pgm, deep, bits}) {
    CHECK_NOTHROW(check_image_whole(whole, "x"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A JPEG cut right behind its thumbnail's own end can't be told from a whole one by its
      // markers alone.
      if (whole == jpeg && size >= whole.find("\xff\xd9") + 2 && size < whole.rfind("\xff\xda") + 2)
        continue;
      CHECK_THROWS_AS(check_image_whole(whole.substr(0, size), "x"), Error);
    }
  }
}

TEST_CASE("image_folder: the ORL faces") {
  if (!has_data()) return;
  const Data data = load(R"({"plugin": "image_folder", "path": "face/orl-faces"})");
  CHECK(data.size() == 400);
  CHECK(data.examples.shape() == Shape{1, 112, 92});
  CHECK(data.n_classes() == 40);
  for (const auto& [name, count] : counts(data.columns.at(0))) CHECK(count == 10);
}

TEST_CASE("omniglot: the small sets and the official runs") {
  if (!has_data()) return;
  // Characters and runs: the README of the data.
  for (const auto& [name, characters] :
       std::map<std::string, std::int64_t>{{"small1", 136}, {"small2", 156}}) {
    const auto omniglot =
        make_dataset(R"({"plugin": "omniglot", "background": [")" + name + "\"]}");
    const Places places = Places::beside("");
    const Data data = omniglot->load(places);
    CHECK(omniglot->split_names(places) == Names{name});
    CHECK(omniglot->files(places).size() == 2);
    CHECK(data.examples.shape() == Shape{1, 28, 28});
    CHECK(data.size() == characters * 20 + 800);
    REQUIRE(data.columns.size() == 3);
    CHECK(data.columns[0].classes.size() == static_cast<std::size_t>(characters + 400));
    CHECK(data.columns[1].classes.size() == 5 + 20);
    CHECK(data.columns[2].classes.size() == 20 + 40);
    REQUIRE(data.splits.size() == 1);
    const Split& split = data.splits[0];
    CHECK(split.train.size() == static_cast<std::size_t>(characters * 20));
    CHECK(split.test.size() == 800);
    std::map<std::int32_t, int> trained, tested;
    for (std::int64_t i : split.train) ++trained[data.labels()[static_cast<std::size_t>(i)]];
    for (std::int64_t i : split.test) ++tested[data.labels()[static_cast<std::size_t>(i)]];
    for (const auto& [label, count] : trained) {
      CHECK(count == 20);
      CHECK_FALSE(tested.contains(label));
    }
    for (const auto& [label, count] : tested) CHECK(count == 2);
    REQUIRE(split.episodes.size() == 20);
    std::set<std::int64_t> used;
    for (const Episode& episode : split.episodes) {
      CHECK(episode.support.size() == 20);
      CHECK(
          std::set<std::int32_t>(episode.query_labels.begin(), episode.query_labels.end()).size() ==
          20);
      auto label = [&](std::int64_t i) {
        return data.labels()[static_cast<std::size_t>(split.test[static_cast<std::size_t>(i)])];
      };
      for (std::size_t k = 0; k < 20; ++k) {
        const auto way = static_cast<std::size_t>(episode.query_labels[k]);
        CHECK(label(episode.query[k]) == label(episode.support[way]));
        used.insert({episode.support[k], episode.query[k]});
      }
    }
    CHECK(used.size() == 800);
    const MatrixF images = data.examples.as_float();
    CHECK(images.minCoeff() >= 0);
    CHECK(images.maxCoeff() <= 1);
    // Nearest pixels are right far more often than 1 time in 20, so the runs' truth is read as
    // meant.
    std::int64_t right = 0;
    for (const Episode& episode : split.episodes)
      for (std::size_t q = 0; q < 20; ++q) {
        auto image = [&](std::int64_t i) {
          return images.row(split.test[static_cast<std::size_t>(i)]);
        };
        auto away = [&](std::size_t k) {
          return (image(episode.support[k]) - image(episode.query[q])).squaredNorm();
        };
        std::size_t nearest = 0;
        for (std::size_t k = 1; k < 20; ++k)
          if (away(k) < away(nearest)) nearest = k;
        right += episode.support_labels[nearest] == episode.query_labels[q];
      }
    CHECK(right > 60);
    CHECK(images.mean() < 0.3);  // ink is 1, and most of a page is paper
  }
}

TEST_CASE("omniglot: the minimal setting is two splits, which share their test part") {
  if (!has_data()) return;
  const auto omniglot = make_dataset(R"({"plugin": "omniglot", "size": 14})");
  const Places places = Places::beside("");
  const Data data = omniglot->load(places);
  CHECK(omniglot->split_names(places) == Names{"small1", "small2"});
  CHECK(omniglot->files(places).size() == 3);
  REQUIRE(data.splits.size() == 2);
  CHECK(data.size() == (136 + 156) * 20 + 800);
  CHECK(data.splits[0].train.size() == 136 * 20);
  CHECK(data.splits[1].train.size() == 156 * 20);
  CHECK(data.splits[0].test == data.splits[1].test);
  CHECK(data.splits[1].episodes.size() == 20);
  CHECK(complaint(R"({"plugin": "omniglot", "background": []})", places) ==
        "/background: there is no background set; give one at least");
}

TEST_CASE("omniglot: a zip file cut short or of something else") {
  if (!has_data()) return;
  const TemporaryFolder folder;
  const Places places{folder.path(), std::getenv("METRICLAB_DATA")};
  const std::string whole = read_file(places.find("omniglot/all_runs.zip"));
  const std::string file = folder.write("runs.zip", whole.substr(0, whole.size() / 2)).string();
  const std::string spec = R"({"plugin": "omniglot", "runs": "runs.zip"})";
  CHECK(complaint(spec, places).starts_with(file + ": is not a whole zip file: "));
  std::string damaged = whole;
  const std::size_t image = damaged.find("class01.png");
  for (std::size_t i = 60; i < 120; ++i)
    damaged[image + i] = static_cast<char>(~damaged[image + i]);
  folder.write("runs.zip", damaged);
  CHECK(complaint(spec, places).find("class01.png") != std::string::npos);
  CHECK(complaint(R"({"plugin": "omniglot", "background": ["small3.zip"]})", places)
            .starts_with("there is no \""));
  CHECK(complaint(R"({"plugin": "omniglot", "runs": "omniglot/images_background_small1.zip"})",
                  places)
            .find("has no run01/class_labels.txt; fetch it again") != std::string::npos);
}

TEST_CASE("glyphs: sizes, labels, determinism") {
  const std::string spec =
      R"({"plugin": "glyphs", "alphabets": 3, "characters": 4, "drawers": 5, "size": 20)";
  const Data data = load(spec + "}");
  CHECK(data.size() == 60);
  CHECK(data.examples.shape() == Shape{1, 20, 20});
  REQUIRE(data.columns.size() == 3);
  CHECK(data.columns[0].name == "character");
  CHECK(data.n_classes() == 12);
  for (const auto& [name, count] : counts(data.columns[0])) CHECK(count == 5);
  for (const auto& [name, count] : counts(data.columns[1])) CHECK(count == 20);
  for (const auto& [name, count] : counts(data.columns[2])) CHECK(count == 12);
  const MatrixF images = data.examples.as_float();
  CHECK(load(spec + "}").examples.as_float() == images);
  CHECK(load(spec + R"(, "seed": 2})").examples.as_float() != images);
  CHECK(images.minCoeff() >= 0);
  CHECK(images.maxCoeff() <= 1);
  CHECK(images.rowwise().maxCoeff().minCoeff() > 0.5f);  // no blank page
  // More drawers draw the same characters: the drawings of the first ones stay.
  const MatrixF more =
      load(R"({"plugin": "glyphs", "alphabets": 3, "characters": 4, "drawers": 6, "size": 20})")
          .examples.as_float();
  CHECK(more.topRows(5) == images.topRows(5));
  // Without variation all drawings of a character are one.
  const MatrixF same = load(spec + R"(, "variation": 0})").examples.as_float();
  CHECK(same.row(0) == same.row(4));
  CHECK(same.row(0) != same.row(5));
}

TEST_CASE("glyphs: drawings of a character are nearer to each other than to others'") {
  const Data data =
      load(R"({"plugin": "glyphs", "alphabets": 5, "characters": 10, "drawers": 10})");
  const MatrixF images = data.examples.as_float();
  std::int64_t right = 0;
  for (Eigen::Index i = 0; i < images.rows(); ++i) {
    Eigen::VectorXf away = (images.rowwise() - images.row(i)).rowwise().squaredNorm();
    away[i] = INFINITY;
    Eigen::Index nearest = 0;
    away.minCoeff(&nearest);
    right += data.labels()[static_cast<std::size_t>(i)] ==
             data.labels()[static_cast<std::size_t>(nearest)];
  }
  // Chance is 1 in 50; a task with nothing to learn would be near 1.
  const double accuracy = static_cast<double>(right) / static_cast<double>(data.size());
  CHECK(accuracy > 0.2);
  CHECK(accuracy < 0.95);
}

}  // namespace
