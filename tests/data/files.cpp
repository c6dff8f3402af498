// SPDX-License-Identifier: BSD-3-Clause
#include <zlib.h>

#include <cmath>
#include <metriclab/data/image_file.hpp>
#include <metriclab/data/npy.hpp>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using namespace std::string_literals;
using Names = std::vector<std::string>;
using Counts = std::map<std::string, std::int64_t>;

std::string gzipped(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST_CASE("libsvm: sparse lines, comments, a dimension") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string file = folder.write("t", "+1 1:0.5 3:-2 # a comment\n\n-1 2:1e1\r\n").string();
  const Data data = load(R"({"plugin": "libsvm", "path": "t"})", places);
  CHECK(data.examples.as_double() == Matrix{{0.5, 0, -2}, {0, 10, 0}});
  CHECK(data.columns.at(0).classes == Names{"-1", "+1"});
  CHECK(data.labels() == std::vector<std::int32_t>{1, 0});
  CHECK(load(R"({"plugin": "libsvm", "path": "t", "dimension": 5})", places).examples.dimension() ==
        5);
  CHECK(complaint(R"({"plugin": "libsvm", "path": "t", "dimension": 2})", places) ==
        file + ":1: index 3 is above the \"dimension\" 2");
  auto wrong = [&](const std::string& text) {
    folder.write("t", text);
    return complaint(R"({"plugin": "libsvm", "path": "t"})", places);
  };
  CHECK(wrong("1 1:1\n2 2:1 2:3\n") == file + ":2: index 2 after 2; indices have to rise");
  CHECK(wrong("1 0:1\n") == file + ":1: index 0; indices count from 1");
  CHECK(wrong("1 1:a\n") == file + ":1: feature 1 is not a number: \"a\"");
  CHECK(wrong("1 1:nan\n").starts_with(file + ":1: feature 1 is not a finite number: \"nan\""));
  CHECK(wrong("1 7\n") == file + ":1: \"7\" is not index:value");
  CHECK(wrong("1 x:7\n") == file + ":1: \"x\" is not the index of a feature");
  CHECK(wrong("a 1:7\n") == file + ":1: the label is not a number: \"a\"");
  CHECK(wrong("1 1:1\n1 1:2\n").starts_with(file + ": every example is of class \"1\""));
  CHECK(wrong("\n") == file + ": is empty; a line for each example was expected");
}

TEST_CASE("npy: arrays of any shape with one or more label columns") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string x = (folder.path() / "x.npy").string(), y = (folder.path() / "y.npy").string();
  write_npy(x, {3, 1, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  write_npy(y, {3, 2}, std::vector<std::int64_t>{10, 1, 9, 1, 10, 2});
  const std::string spec = R"({"plugin": "npy", "features": "x.npy", "labels": "y.npy"})";
  const Data data = load(spec, places);
  CHECK(data.examples.shape() == Shape{1, 2});
  CHECK_FALSE(data.examples.is_double());
  CHECK(data.columns.size() == 2);
  CHECK(data.columns[0].classes == Names{"9", "10"});
  CHECK(data.labels() == std::vector<std::int32_t>{1, 0, 1});
  CHECK(load(R"({"plugin": "npy", "features": "x.npy"})", places).columns.empty());
  write_npy(y, {2}, std::vector<std::int64_t>{1, 2});
  CHECK(complaint(spec, places) == y + ": has 2 labels for 3 examples");
  write_npy(y, {3}, std::vector<double>{1, 2, 3});
  CHECK(complaint(spec, places) ==
        y + ": labels are integers, these are floating-point; convert them with astype(int64)");
  write_npy(x, {2, 2}, std::vector<double>{1, 2, 3, std::nan("")});
  CHECK(complaint(spec, places) ==
        x + ": example 2 has a value that is not finite: nan; fill it in or leave the example out");
  write_npy(x, {0, 2}, std::vector<double>{});
  CHECK(complaint(spec, places) ==
        x + ": its shape is (0, 2); examples lie along the first axis, and there are none");
}

TEST_CASE("npy: mapped into memory, the values are those that reading gives") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::vector<float> values = {1.5f, -2, 3, 4, 5.25f, 6, 7, 8};
  write_npy(folder.path() / "float.npy", {4, 2}, values);
  write_npy(folder.path() / "double.npy", {2, 2, 2},
            std::vector<double>(values.begin(), values.end()));
  write_npy(folder.path() / "integer.npy", {4, 2}, std::vector<std::int64_t>(8, 3));
  const auto mapped = map_npy_examples(folder.path() / "float.npy");
  REQUIRE(mapped);
  CHECK(mapped->as_float() == MatrixF{{1.5f, -2}, {3, 4}, {5.25f, 6}, {7, 8}});
  CHECK(map_npy_examples(folder.path() / "double.npy")->shape() == Shape{2, 2});
  CHECK_FALSE(map_npy_examples(folder.path() / "integer.npy"));
  CHECK_FALSE(map_npy_examples(folder.path() / "none.npy"));
  CHECK(read_npy_shape(folder.path() / "double.npy") == Shape{2, 2, 2});
  // The file may be gone while the examples are in use, and parts of them share its bytes.
  Examples part = mapped->subset({1, 2});
  std::filesystem::remove(folder.path() / "float.npy");
  CHECK(part.floats().data() == mapped->floats().data() + 2);
  CHECK(part.as_double() == Matrix{{3, 4}, {5.25, 6}});
  CHECK(mapped->subset({2, 0, 2}).as_double() == Matrix{{5.25, 6}, {1.5, -2}, {5.25, 6}});
  CHECK(mapped->rows(1, 2) == Matrix{{3, 4}, {5.25, 6}});
  CHECK(mapped->rows({3, 0}) == Matrix{{7, 8}, {1.5, -2}});
  CHECK(mapped->subset({}).size() == 0);
}

TEST_CASE("constrained: constraints from files go with the examples") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("t", "1 1:0\n2 1:1\n1 1:2\n2 1:3\n");
  folder.write("pairs", "0,1,-1\n2,0,1\n3,1,1\n");
  folder.write("triplets", "0,2,1\n1,3,0\n");
  folder.write("quadruplets", "0,2,1,3\n");
  folder.write("chunks", "7\n-1\n7\n2\n");
  auto spec = [](const std::string& rest) {
    return R"({"plugin": "constrained", "data": {"plugin": "libsvm", "path": "t"}, )" + rest + "}";
  };
  const std::string all = spec(
      R"("pairs": "pairs", "triplets": "triplets", "quadruplets": "quadruplets", "chunks": "chunks")");
  const Data data = load(all, places);
  REQUIRE(data.constraints.pairs.size() == 3);
  CHECK(data.constraints.pairs[0].first == 0);
  CHECK(data.constraints.pairs[0].second == 1);
  CHECK_FALSE(data.constraints.pairs[0].similar);
  CHECK(data.constraints.chunks == std::vector<std::int64_t>{7, -1, 7, 2});
  CHECK(data.labels().size() == 4);
  // Of a part, the constraints among its examples, by their numbers there.
  const Data part = data.subset({2, 0, 1});
  REQUIRE(part.constraints.pairs.size() == 2);
  CHECK(part.constraints.pairs[1].first == 0);
  CHECK(part.constraints.pairs[1].second == 1);
  CHECK(part.constraints.pairs[1].similar);
  REQUIRE(part.constraints.triplets.size() == 1);
  CHECK(part.constraints.triplets[0] == std::array<std::int64_t, 3>{1, 0, 2});
  CHECK(part.constraints.quadruplets.empty());
  CHECK(part.constraints.chunks == std::vector<std::int64_t>{7, 7, -1});
  CHECK(load(spec(R"("pairs": "pairs", "keep_labels": false)"), places).columns.empty());

  folder.write("pairs", "0,1,-1\n0,4,1\n");
  CHECK(complaint(all, places).find("names example 4; there are 0 to 3") != std::string::npos);
  folder.write("pairs", "0,1,2\n");
  CHECK(complaint(all, places).find("2 stands for a pair's kind; 1 is similar, -1 dissimilar") !=
        std::string::npos);
  folder.write("pairs", "0,1\n");
  CHECK(complaint(all, places).find("has 2 columns; 3 are needed") != std::string::npos);
  folder.write("pairs", "0,1,1\n");
  folder.write("chunks", "1\n1\n");
  CHECK(complaint(all, places).find("has 2 rows for 4 examples") != std::string::npos);
}

TEST_CASE("idx: types, gzip, and files cut short") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string images = "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\x00\xff\x33\x66"s,
                    labels = "\0\0\x08\x01\0\0\0\x02\x07\x03"s;
  const std::string file = folder.write("x", gzipped(images)).string();
  folder.write("y", labels);
  const std::string spec = R"({"plugin": "idx", "images": "x", "labels": "y"})";
  const Data data = load(spec, places);
  CHECK(data.examples.shape() == Shape{1, 1, 2});
  CHECK(data.examples.as_float() == MatrixF{{0.0f, 1.0f}, {0.2f, 0.4f}});
  CHECK(data.columns.at(0).classes == Names{"3", "7"});
  folder.write("x", images);
  CHECK(load(spec, places).examples.as_float() == data.examples.as_float());
  folder.write("x", "\0\0\x0b\x02\0\0\0\x02\0\0\0\x01\xff\xfe\x01\x00"s);  // int16: −2, 256
  CHECK(load(spec, places).examples.as_float() == MatrixF{{-2.0f}, {256.0f}});
  folder.write("x", "\0\0\x0d\x01\0\0\0\x02\x3f\x80\0\0\xc0\0\0\0"s);  // float32: 1, −2
  CHECK(load(spec, places).examples.as_float() == MatrixF{{1.0f}, {-2.0f}});
  folder.write("x",
               "\0\0\x0e\x01\0\0\0\x02\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0"s);  // float64: 1, −2
  CHECK(load(spec, places).examples.as_double() == Matrix{{1}, {-2}});

  folder.write("x", images.substr(0, images.size() - 1));
  CHECK(complaint(spec, places) == file + ": has 3 bytes of values instead of 4; fetch it again");
  folder.write("x", gzipped(images).substr(0, 20));
  CHECK(complaint(spec, places) == file + ": can't be unpacked: it is cut short; fetch it again");
  folder.write("x", "hello");
  CHECK(complaint(spec, places).starts_with(file + ": is not an IDX file"));
  folder.write("x", "\0\0\x08\x01\0\0\0\x03\1\2\3"s);
  CHECK(complaint(spec, places).find("has 2 labels in 1 axes for 3 examples") != std::string::npos);
}

TEST_CASE("idx: MNIST's test part") {
  if (!has_data()) return;
  const Data data =
      load(R"({"plugin": "idx", "images": "retrieval/mnist-t10k/t10k-images-idx3-ubyte.gz",
                             "labels": "retrieval/mnist-t10k/t10k-labels-idx1-ubyte.gz"})");
  CHECK(data.size() == 10000);
  CHECK(data.examples.shape() == Shape{1, 28, 28});
  // LeCun et al.'s test part, known by its class sizes.
  CHECK(counts(data.columns.at(0)) == Counts{{"0", 980},
                                             {"1", 1135},
                                             {"2", 1032},
                                             {"3", 1010},
                                             {"4", 982},
                                             {"5", 892},
                                             {"6", 958},
                                             {"7", 1028},
                                             {"8", 974},
                                             {"9", 1009}});
}

TEST_CASE("csv: UCI's optdigits, whose test part is the digits that come with metriclab") {
  if (!has_data()) return;
  const Data data = load(R"({"plugin": "csv", "path": "classification/optdigits/optdigits.tes"})"),
             digits = load(R"("digits")");
  CHECK(data.examples.as_double() == digits.examples.as_double());
  CHECK(data.labels() == digits.labels());
  CHECK(
      load(
          R"({"plugin": "csv", "path": "classification/letter/letter-recognition.data", "label": "first", "header": "yes"})")
          .n_classes() == 26);
}

}  // namespace
