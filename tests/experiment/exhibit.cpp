// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/experiment/exhibit.hpp>
#include <metriclab/experiment/thumbnail.hpp>
#include <numeric>
#include <set>

namespace {

using namespace metriclab;

struct Png {
  std::uint32_t width = 0, height = 0;
  int colour_type = -1;
  std::string rows;  // unpacked, each with its filter's byte
};

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Reads what the recommendation says a file has, sums of chunks included.
Png read_png(const std::string& file) {
  Png png;
  REQUIRE(file.substr(0, 8) == "\x89PNG\r\n\x1a\n");
  std::string packed;
  std::size_t at = 8;
  std::string type;
  while (at < file.size()) {
    const std::uint32_t size = number_at(file, at);
    type = file.substr(at + 4, 4);
    const std::string content = file.substr(at + 8, size);
    const std::string checked = type + content;
    CHECK(number_at(file, at + 8 + size) == ::crc32(0,
                                                    reinterpret_cast<const Bytef*>(checked.data()),
                                                    static_cast<uInt>(checked.size())));
    if (type == "IHDR") {
      png.width = number_at(content, 0);
      png.height = number_at(content, 4);
      CHECK(content[8] == 8);
      png.colour_type = content[9];
    }
    if (type == "IDAT") packed += content;
    at += 12 + size;
  }
  CHECK(type == "IEND");
  png.rows.resize(1 << 16);
  uLongf size = png.rows.size();
  REQUIRE(::uncompress(reinterpret_cast<Bytef*>(png.rows.data()), &size,
                       reinterpret_cast<const Bytef*>(packed.data()), packed.size()) == Z_OK);
  png.rows.resize(size);
  return png;
}

TEST_CASE("base64: the vectors of RFC 4648, section 10") {
  CHECK(base64_of("") == "");
  CHECK(base64_of("f") == "Zg==");
  CHECK(base64_of("fo") == "Zm8=");
  CHECK(base64_of("foo") == "Zm9v");
  CHECK(base64_of("foob") == "Zm9vYg==");
  CHECK(base64_of("fooba") == "Zm9vYmE=");
  CHECK(base64_of("foobar") == "Zm9vYmFy");
  CHECK(base64_of("\xff\xfe\xfd") == "//79");
}

TEST_CASE("a picture is its pixels, from black to white, channels side by side") {
  // Two of 2 × 3 pixels in three channels; the greatest value is white.
  std::vector<float> values(2 * 18, 0.0f);
  for (std::size_t i = 0; i < 18; ++i) values[i] = static_cast<float>(i) / 17;
  Data data;
  data.examples = Examples({3, 2, 3}, values);
  const Thumbnails thumbnails(data);
  REQUIRE(thumbnails.are_pictures());
  const Png png = read_png(thumbnails.png(0));
  CHECK(png.width == 3);
  CHECK(png.height == 2);
  CHECK(png.colour_type == 2);
  REQUIRE(png.rows.size() == 2 * (1 + 9));
  for (std::size_t y = 0; y < 2; ++y)
    for (std::size_t x = 0; x < 3; ++x)
      for (std::size_t c = 0; c < 3; ++c) {
        const double value = values[c * 6 + y * 3 + x];
        CHECK(static_cast<unsigned char>(png.rows[y * 10 + 1 + x * 3 + c]) ==
              std::lround(255 * value));
      }
  CHECK(read_png(thumbnails.png(1)).rows == std::string(20, '\0'));
}

TEST_CASE("a large picture is averaged, and features that are named as pixels are one") {
  std::vector<float> values;
  for (int y = 0; y < 64; ++y)
    for (int x = 0; x < 128; ++x) values.push_back(x % 4 < 2 ? 1.0f : 0.0f);
  Data data;
  data.examples = Examples({1, 64, 128}, values);
  const Png png = read_png(Thumbnails(data).png(0));
  CHECK(png.width == 32);
  CHECK(png.height == 16);
  CHECK(png.colour_type == 0);
  for (std::size_t i = 0; i < png.rows.size(); ++i)
    CHECK(static_cast<unsigned char>(png.rows[i]) == (i % 33 == 0 ? 0 : 128));  // half of 255

  Data named;
  named.examples = Examples({4}, std::vector<double>{-1, 1, 0, 1});
  CHECK_FALSE(Thumbnails(named).are_pictures());
  named.feature_names = {"pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1"};
  REQUIRE(Thumbnails(named).are_pictures());
  const std::string rows = read_png(Thumbnails(named).png(0)).rows;
  CHECK(rows == std::string("\0\x00\xff\0\x80\xff", 6));  // −1 is black, 1 white
  named.feature_names[3] = "pixel_2_2";
  CHECK_FALSE(Thumbnails(named).are_pictures());
}

/// n points in d dimensions of `classes` classes, with the embedding being the features.
struct Given {
  Given(std::int64_t n, std::int64_t d, std::int32_t classes, std::uint64_t seed = 1) {
    Random random(seed);
    std::vector<float> values;
    for (std::int64_t i = 0; i < n * d; ++i) values.push_back(static_cast<float>(random.normal()));
    embedded.embeddings = Eigen::Map<const MatrixF>(values.data(), n, d);
    data.examples = Examples({d}, std::move(values));
    LabelColumn column{"class", {}, {}};
    for (std::int32_t c = 0; c < classes; ++c) column.classes.push_back(fmt::format("c{}", c));
    for (std::int64_t i = 0; i < n; ++i)
      column.values.push_back(static_cast<std::int32_t>(i % std::max(classes, 1)));
    if (classes > 0) data.columns = {column};
    embedded.columns = data.columns;
    for (std::int64_t i = 0; i < n; ++i) positions.push_back(1000 + i);
  }
  Value exhibit(std::int64_t count, Distance distance = Distance::euclidean) const {
    return exhibit_of({.test = data,
                       .positions = positions,
                       .embedded = embedded,
                       .distance = distance,
                       .count = count,
                       .random = Random(7)});
  }
  Data data;
  Embedded embedded;
  Indices positions;
};

std::int64_t index_of(const Value& exhibit, std::int64_t number) {
  return exhibit.at("examples")
             .as_list()[static_cast<std::size_t>(number)]
             .at("index")
             .as_integer() -
         1000;
}

TEST_CASE("an exhibit's coordinates have the distances of the embeddings") {
  const Given given(30, 6, 3);
  const Value exhibit = given.exhibit(20);
  const auto& rows = exhibit.at("coordinates").as_list();
  REQUIRE(rows.size() == 20);
  CHECK(exhibit.at("explained").as_number() == doctest::Approx(1));
  CHECK(exhibit.at("n_test").as_integer() == 30);
  std::vector<double> variances(6);
  for (std::size_t a = 0; a < rows.size(); ++a) {
    for (std::size_t c = 0; c < 6; ++c)
      variances[c] += std::pow(rows[a].as_list()[c].as_number(), 2);
    for (std::size_t b = 0; b < a; ++b) {
      double squared = 0;
      for (std::size_t c = 0; c < 6; ++c)
        squared += std::pow(rows[a].as_list()[c].as_number() - rows[b].as_list()[c].as_number(), 2);
      const auto i = index_of(exhibit, static_cast<std::int64_t>(a));
      const auto j = index_of(exhibit, static_cast<std::int64_t>(b));
      const double is =
          (given.embedded.embeddings.row(i) - given.embedded.embeddings.row(j)).norm();
      CHECK(std::sqrt(squared) == doctest::Approx(is).epsilon(1e-3));
    }
  }
  CHECK(std::is_sorted(variances.rbegin(), variances.rend()));
}

TEST_CASE("an exhibit's neighbours are the nearest of the whole part, and precision counts them") {
  const Given given(60, 5, 4);
  for (const Distance distance : {Distance::euclidean, Distance::manhattan}) {
    const Value exhibit = given.exhibit(40, distance);
    const auto& queries = exhibit.at("queries").as_list();
    CHECK(queries.size() == 36);
    std::set<std::int64_t> seen;
    for (const Value& query : queries) {
      const std::int64_t q = index_of(exhibit, query.at("example").as_integer());
      CHECK(seen.insert(q).second);
      std::vector<std::pair<double, std::int64_t>> all;
      for (std::int64_t i = 0; i < 60; ++i) {
        if (i == q) continue;
        const Vector difference =
            (given.embedded.embeddings.row(i) - given.embedded.embeddings.row(q)).cast<double>();
        all.emplace_back(
            distance == Distance::euclidean ? difference.norm() : difference.lpNorm<1>(), i);
      }
      std::sort(all.begin(), all.end());
      const auto& neighbors = query.at("neighbors").as_list();
      REQUIRE(neighbors.size() == 8);
      double right = 0;
      for (std::size_t j = 0; j < 8; ++j) {
        const std::int64_t i = index_of(exhibit, neighbors[j].as_integer());
        CHECK(i == all[j].second);
        CHECK(query.at("distances").as_list()[j].as_number() ==
              doctest::Approx(all[j].first).epsilon(1e-4));
        right += i % 4 == q % 4 ? 1 : 0;
      }
      CHECK(query.at("precision").as_number() == right / 8);
    }
    // The 24 at random first, then the worst of the others.
    for (std::size_t i = 0; i < queries.size(); ++i)
      CHECK(queries[i].at("chosen").as_string() == (i < 24 ? "at random" : "among the worst"));
  }
}

TEST_CASE("an exhibit of many classes shows twelve, or so many that half the examples are there") {
  const Value large = Given(2000, 2, 100).exhibit(100);
  CHECK(large.at("classes").as_integer() == 100);
  CHECK(large.at("shown_classes").as_integer() == 12);
  CHECK(large.at("coordinates").as_list().size() == 100);
  const Value pairs = Given(400, 2, 200).exhibit(100);
  CHECK(pairs.at("shown_classes").as_integer() == 25);
  CHECK(pairs.at("coordinates").as_list().size() == 50);
}

TEST_CASE("an exhibit of odd parts") {
  CHECK(Given(0, 3, 0).exhibit(10).at("examples").as_list().empty());
  const Value one = Given(1, 3, 1).exhibit(10);
  CHECK(one.at("coordinates").as_list().size() == 1);
  CHECK(one.find("queries") == nullptr);
  const Value unlabelled = Given(20, 3, 0).exhibit(10);
  CHECK(unlabelled.find("classes") == nullptr);
  REQUIRE(unlabelled.at("queries").as_list().size() == 10);
  CHECK(unlabelled.at("queries").as_list()[0].at("precision").is_null());
  CHECK(unlabelled.at("examples").as_list()[0].find("label") == nullptr);

  Given broken(20, 3, 2);
  broken.embedded.embeddings(4, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK(broken.exhibit(10).at("reason").as_string() == "there are embeddings that are not finite");
  CHECK(broken.exhibit(10).find("coordinates") == nullptr);

  Given named(3, 2, 1);
  named.data.examples = Examples({2}, std::vector<double>{1.5, -2, 0, 0, 7, 1});
  named.data.feature_names = {"width", "height"};
  const Value texts = named.exhibit(3);
  for (const Value& example : texts.at("examples").as_list())
    if (example.at("index").as_integer() == 1000)
      CHECK(example.at("text").as_string() == "width 1.5, height -2");
}

}  // namespace
