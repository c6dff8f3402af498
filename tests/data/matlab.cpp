// SPDX-License-Identifier: BSD-3-Clause
#include <matio.h>

#include <array>
#include <cmath>
#include <set>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using Names = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;
using Dims = std::vector<std::size_t>;

template <class T>
constexpr std::pair<matio_classes, matio_types> kType = {MAT_C_DOUBLE, MAT_T_DOUBLE};
template <>
constexpr std::pair<matio_classes, matio_types> kType<float> = {MAT_C_SINGLE, MAT_T_SINGLE};
template <>
constexpr std::pair<matio_classes, matio_types> kType<std::uint8_t> = {MAT_C_UINT8, MAT_T_UINT8};
template <>
constexpr std::pair<matio_classes, matio_types> kType<std::int16_t> = {MAT_C_INT16, MAT_T_INT16};
template <>
constexpr std::pair<matio_classes, matio_types> kType<std::int64_t> = {MAT_C_INT64, MAT_T_INT64};

/// An array of numbers, its first axis fastest.
template <class T>
matvar_t* array(const std::string& name, Dims dims, std::vector<T> values, int flags = 0) {
  matvar_t* made = Mat_VarCreate(name.c_str(), kType<T>.first, kType<T>.second,
                                 static_cast<int>(dims.size()), dims.data(), values.data(), flags);
  REQUIRE(made != nullptr);
  return made;
}

matvar_t* text(const std::string& name, Dims dims, std::string letters) {
  return Mat_VarCreate(name.c_str(), MAT_C_CHAR, MAT_T_UINT8, 2, dims.data(), letters.data(), 0);
}

matvar_t* cells(const std::string& name, std::vector<matvar_t*> members) {
  members.push_back(nullptr);
  Dims dims = {1, members.size() - 1};
  return Mat_VarCreate(name.c_str(), MAT_C_CELL, MAT_T_CELL, 2, dims.data(), members.data(), 0);
}

matvar_t* strings(const std::string& name, const Names& all) {
  std::vector<matvar_t*> members;
  for (const std::string& one : all) members.push_back(text("", {1, one.size()}, one));
  return cells(name, members);
}

/// An array of structures from the arrays of each field.
matvar_t* structures(const std::string& name,
                     const std::vector<std::pair<const char*, std::vector<matvar_t*>>>& fields) {
  std::vector<const char*> names;
  for (const auto& field : fields) names.push_back(field.first);
  const Dims dims = {1, fields.front().second.size()};
  matvar_t* made = Mat_VarCreateStruct(name.c_str(), 2, const_cast<std::size_t*>(dims.data()),
                                       names.data(), static_cast<unsigned>(names.size()));
  for (const auto& [field, values] : fields)
    for (std::size_t i = 0; i < values.size(); ++i)
      Mat_VarSetStructFieldByName(made, field, i, values[i]);
  return made;
}

std::string write(const TemporaryFolder& folder, const std::string& name,
                  const std::vector<matvar_t*>& variables,
                  matio_compression compression = MAT_COMPRESSION_ZLIB,
                  mat_ft version = MAT_FT_MAT5) {
  const std::string file = (folder.path() / name).string();
  mat_t* mat = Mat_CreateVer(file.c_str(), nullptr, version);
  REQUIRE(mat != nullptr);
  for (matvar_t* variable : variables) {
    CHECK(Mat_VarWrite(mat, variable, compression) == 0);
    Mat_VarFree(variable);
  }
  Mat_Close(mat);
  return file;
}

std::string spec(const std::string& rest = "") {
  return R"({"plugin": "matlab", "path": "t.mat")" + rest + "}";
}

TEST_CASE("matlab: examples along either axis, of every type") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  // [1 2 3; 4 5 6] in MATLAB's order.
  auto check = [&](auto type, bool is_double) {
    using T = decltype(type);
    const std::vector<T> values = {1, 4, 2, 5, 3, 6};
    for (matio_compression compression : {MAT_COMPRESSION_NONE, MAT_COMPRESSION_ZLIB}) {
      write(folder, "t.mat", {array<T>("X", {2, 3}, values)}, compression);
      const Data data = load(spec(), places);
      CHECK(data.examples.as_double() == Matrix{{1, 2, 3}, {4, 5, 6}});
      CHECK(data.examples.is_double() == is_double);
      CHECK(load(spec(R"(, "examples_along": "last")"), places).examples.as_double() ==
            Matrix{{1, 4}, {2, 5}, {3, 6}});
    }
  };
  check(double{}, true);
  check(float{}, false);
  check(std::uint8_t{}, false);
  check(std::int16_t{}, true);
  check(std::int64_t{}, true);
  write(folder, "t.mat", {array<double>("X", {2, 3}, {1, 4, 2, 5, 3, 6})}, MAT_COMPRESSION_NONE,
        MAT_FT_MAT4);
  CHECK(load(spec(), places).examples.as_double() == Matrix{{1, 2, 3}, {4, 5, 6}});
}

TEST_CASE("matlab: a sparse array is filled") {
  const TemporaryFolder folder;
  // [0 7; 5 0; 6 0]
  std::array<double, 3> values = {5, 6, 7};
  std::array<mat_uint32_t, 3> rows = {1, 2, 0};
  std::array<mat_uint32_t, 3> starts = {0, 2, 3};
  mat_sparse_t sparse{};
  sparse.nzmax = sparse.nir = sparse.ndata = 3;
  sparse.njc = 3;
  sparse.ir = rows.data();
  sparse.jc = starts.data();
  sparse.data = values.data();
  Dims dims = {3, 2};
  write(folder, "t.mat",
        {Mat_VarCreate("X", MAT_C_SPARSE, MAT_T_DOUBLE, 2, dims.data(), &sparse,
                       MAT_F_DONT_COPY_DATA)});
  CHECK(load(spec(), Places{folder.path(), ""}).examples.as_double() ==
        Matrix{{0, 7}, {5, 0}, {6, 0}});
}

TEST_CASE("matlab: images, with channels before height and width") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  // Height 2, width 3, 2 channels, 2 images: the value tells its place, "nchw".
  std::vector<double> values;
  for (int n = 1; n <= 2; ++n)
    for (int c = 1; c <= 2; ++c)
      for (int w = 1; w <= 3; ++w)
        for (int h = 1; h <= 2; ++h) values.push_back(1000 * n + 100 * c + 10 * h + w);
  write(folder, "t.mat",
        {array<double>("X", {2, 3, 2, 2}, values), array<double>("grey", {2, 3, 4}, values)});
  const Data data = load(spec(R"(, "examples_along": "last")"), places);
  CHECK(data.examples.shape() == Shape{2, 2, 3});
  CHECK(data.examples.as_double().row(1) == Eigen::Matrix<double, 1, 12>(2111, 2112, 2113, 2121,
                                                                         2122, 2123, 2211, 2212,
                                                                         2213, 2221, 2222, 2223));
  const Data grey = load(spec(R"(, "features": "grey", "examples_along": "last")"), places);
  CHECK(grey.examples.shape() == Shape{1, 2, 3});
  CHECK(grey.examples.as_double().row(1) ==
        Eigen::Matrix<double, 1, 6>(1211, 1212, 1213, 1221, 1222, 1223));
}

TEST_CASE("matlab: labels as numbers, strings in cells and rows of characters") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  write(folder, "t.mat",
        {array<double>("X", {3, 1}, {1, 2, 3}), array<double>("y", {3, 1}, {2, 10, 2}),
         strings("kind", {"oak", "ash", "oak"}), text("letters", {3, 2}, "oaok k"),
         strings("names", {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}),
         array<double>("t", {1, 3}, {0.5, -1, 2}), array<double>("half", {1, 3}, {0.5, -1, 2}),
         structures("data", {{"X", {array<double>("", {3, 1}, {7, 8, 9})}}})});
  const Data data =
      load(spec(R"(, "labels": "y", "columns": ["kind", "letters"], "target": "t")"), places);
  CHECK(data.columns.at(0).name == "class");
  CHECK(data.columns[0].classes == Names{"2", "10"});
  CHECK(data.labels() == Labels{0, 1, 0});
  CHECK(data.columns.at(1).name == "kind");
  CHECK(data.columns[1].classes == Names{"ash", "oak"});
  CHECK(data.columns[1].values == Labels{1, 0, 1});
  CHECK(data.columns.at(2).classes == Names{"a", "ok"});  // 'ok'; 'a '; 'ok'
  CHECK(data.columns[2].values == Labels{1, 0, 1});
  CHECK(data.targets == std::vector<double>{0.5, -1, 2});
  CHECK(load(spec(R"(, "labels": "y", "class_names": "names")"), places).columns.at(0).classes ==
        Names{"b", "j"});
  CHECK(load(spec(R"(, "features": "data.X")"), places).examples.as_double() ==
        Matrix{{7}, {8}, {9}});
  CHECK(complaint(spec(R"(, "labels": "half")"), places) ==
        (folder.path() / "t.mat").string() +
            ": variable \"half\": 0.500000 is not a whole number; a label is");
}

TEST_CASE("matlab: views of the same things, and splits of them") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  write(folder, "t.mat",
        {array<double>("X", {1, 6}, {11, 12, 13, 21, 22, 23}),
         array<double>("y", {3, 1}, {5, 6, 5})});
  write(folder, "runs.mat",
        {structures(
            "runs",
            {{"train", {array<double>("", {1, 1}, {2}), array<double>("", {1, 2}, {3, 1})}},
             {"test", {array<double>("", {1, 2}, {3, 1}), array<double>("", {1, 1}, {2})}}})});
  const std::string views =
      R"(, "examples_along": "last", "views": {"column": "camera", "names": ["a", "b"]})";
  const std::string all = spec(
      views +
      R"(, "splits": {"path": "runs.mat", "train": "runs.train", "test": "runs.test", "of": "classes"})");
  const auto matlab = make_dataset(all);
  CHECK(matlab->files(places) == std::vector{folder.path() / "t.mat", folder.path() / "runs.mat"});
  CHECK(matlab->split_names(places) == Names{"split 1", "split 2"});
  const Data data = matlab->load(places);
  CHECK(data.columns.at(0).classes == Names{"1", "2", "3"});
  CHECK(data.labels() == Labels{0, 1, 2, 0, 1, 2});
  CHECK(data.columns.at(1).name == "camera");
  CHECK(data.columns[1].classes == Names{"a", "b"});
  CHECK(data.columns[1].values == Labels{0, 0, 0, 1, 1, 1});
  REQUIRE(data.splits.size() == 2);
  CHECK(data.splits[0].train == Indices{1, 4});
  CHECK(data.splits[0].test == Indices{0, 2, 3, 5});
  CHECK(data.splits[1].train == Indices{0, 2, 3, 5});
  CHECK(data.splits[1].test == Indices{1, 4});
  // Labels of one view stand for each.
  const Data labelled = load(spec(views + R"(, "labels": "y")"), places);
  CHECK(labelled.columns.at(0).classes == Names{"5", "6"});
  CHECK(labelled.labels() == Labels{0, 1, 0, 0, 1, 0});
  CHECK(complaint(spec(R"(, "examples_along": "last", "views": {"names": ["a", "b", "c", "d"]})"),
                  places)
            .starts_with("/views/names: 6 examples can't be 4 views"));
  CHECK(complaint(spec(R"(, "examples_along": "last", "views": {"names": ["a", "a"]})"), places) ==
        "/views/names: \"a\" names two views");
}

TEST_CASE("matlab: splits from cells, rows, vectors and logical arrays") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string file =
      write(folder, "t.mat",
            {array<double>("X", {4, 1}, {1, 2, 3, 4}),
             cells("cells", {array<double>("", {1, 2}, {4, 1}), array<double>("", {1, 1}, {2})}),
             array<double>("rows", {2, 2}, {1, 2, 3, 4}),  // [1 3; 2 4]
             array<double>("vector", {3, 1}, {1, 2, 3}),
             array<std::uint8_t>("mask", {4, 1}, {0, 1, 0, 1}, MAT_F_LOGICAL),
             array<double>("beyond", {1, 2}, {1, 5}), array<double>("twice", {1, 2}, {1, 1}),
             array<double>("all", {1, 4}, {1, 2, 3, 4}), array<double>("none", {1, 0}, {})});
  auto splits = [&](const std::string& rest) {
    return load(spec(R"(, "splits": {)" + rest + "}"), places).splits;
  };
  auto wrong = [&](const std::string& rest) {
    return complaint(spec(R"(, "splits": {)" + rest + "}"), places);
  };
  const auto of_cells = splits(R"("train": "cells")");
  REQUIRE(of_cells.size() == 2);
  CHECK(of_cells[0].train == Indices{0, 3});
  CHECK(of_cells[0].test == Indices{1, 2});
  CHECK(of_cells[1].test == Indices{0, 2, 3});
  const auto of_rows = splits(R"("train": "rows")");
  REQUIRE(of_rows.size() == 2);
  CHECK(of_rows[0].train == Indices{0, 2});
  CHECK(of_rows[1].train == Indices{1, 3});
  CHECK(splits(R"("train": "rows", "count": 1)").size() == 1);
  CHECK(splits(R"("train": "vector")").at(0).test == Indices{3});
  CHECK(splits(R"("train": "mask")").at(0).train == Indices{1, 3});
  CHECK(wrong(R"("train": "beyond")") ==
        file + ": variable \"beyond\", split 1: there is no example 5; they count from 1 to 4");
  CHECK(wrong(R"("train": "twice")") ==
        file +
            ": variable \"twice\", split 1: has 1 twice; a split trains or tests on an example "
            "once");
  CHECK(wrong(R"("train": "vector", "test": "mask")").find("has 2 twice") != std::string::npos);
  CHECK(wrong(R"("train": "all")") ==
        file + ": variable \"all\", split 1: nothing is left to test");
  CHECK(wrong(R"("train": "none")") ==
        file + ": variable \"none\", split 1: nothing is left to train");
  CHECK(wrong(R"("train": "rows", "test": "vector")") ==
        file + ": variable \"vector\" has 1 splits, \"rows\" has 2");
  CHECK(wrong(R"("train": "rows", "count": 3)") ==
        "/splits/count: " + file + ": variable \"rows\" has 2 splits, not 3");
  CHECK(
      wrong(R"("train": "rows", "of": "classes")").starts_with("/splits/of: there are no labels"));
}

TEST_CASE("matlab: what is wrong is named with its file and variable") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  std::vector<double> real = {1, 2}, imaginary = {0, 1};
  mat_complex_split_t both{real.data(), imaginary.data()};
  Dims dims = {2, 1};
  const std::string file = write(
      folder, "t.mat",
      {array<double>("X", {2, 2}, {1, 2, 3, 4}), strings("words", {"a", "b"}),
       Mat_VarCreate("z", MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims.data(), &both, MAT_F_COMPLEX),
       array<double>("nan", {2, 1}, {1, std::nan("")}), array<double>("empty", {0, 3}, {}),
       array<double>("three", {3, 1}, {1, 2, 3}), array<double>("same", {2, 1}, {1, 1}),
       structures("s", {{"x", {array<double>("", {1, 1}, {1}), array<double>("", {1, 1}, {1})}}})});
  auto wrong = [&](const std::string& rest) { return complaint(spec(", " + rest), places); };
  CHECK(wrong(R"("features": "Y")") ==
        file +
            ": has no variable \"Y\"; it has \"X\", \"words\", \"z\", \"nan\", \"empty\", "
            "\"three\", \"same\", \"s\"");
  CHECK(wrong(R"("features": "words")") ==
        file + ": variable \"words\" is not an array of numbers");
  CHECK(wrong(R"("features": "z")") ==
        file + ": variable \"z\" has complex numbers; real ones are read");
  CHECK(wrong(R"("features": "nan")")
            .starts_with(file + ": variable \"nan\": example 2 has a value that is not finite"));
  CHECK(wrong(R"("features": "empty")") ==
        file + ": variable \"empty\" is 0 x 3; there are no examples");
  CHECK(wrong(R"("labels": "three")") == file + ": variable \"three\" has 3 values for 2 examples");
  CHECK(wrong(R"("labels": "same")")
            .starts_with(file + ": variable \"same\": every example is of class \"1\""));
  CHECK(wrong(R"("features": "X.x")") == file + ": variable \"X.x\": \"X\" is not a structure");
  CHECK(
      wrong(R"("features": "s.y")").starts_with(file + ": variable \"s.y\": \"s\" has no field "));
  CHECK(wrong(R"("features": "s.x")").find("is 2 arrays, one of each structure") !=
        std::string::npos);
  folder.write("t.mat", "hello");
  CHECK(complaint(spec(), places).starts_with(file + ": is not a MATLAB file"));
}

TEST_CASE("matlab: a file cut short anywhere is found out") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  for (matio_compression compression : {MAT_COMPRESSION_NONE, MAT_COMPRESSION_ZLIB}) {
    const std::string file = write(
        folder, "t.mat", {array<double>("X", {20, 2}, std::vector<double>(40, 1.5))}, compression);
    const std::string whole = read_file(file);
    CHECK(complaint(spec(), places).empty());
    for (std::size_t size = 0; size < whole.size(); size += 7) {
      folder.write("t.mat", whole.substr(0, size));
      CAPTURE(size);
      CHECK(complaint(spec(), places).starts_with(file + ": "));
    }
  }
}

TEST_CASE("matlab: an array that says it is larger than its file can hold") {
  const TemporaryFolder folder;
  const std::string file =
      write(folder, "t.mat", {array<double>("X", {7, 9}, std::vector<double>(63, 1))},
            MAT_COMPRESSION_NONE);
  std::string bytes = read_file(file);
  const std::size_t dims = bytes.find(std::string("\7\0\0\0\11\0\0\0", 8));
  REQUIRE(dims != std::string::npos);
  bytes[dims + 3] = '\x10';
  folder.write("t.mat", bytes);
  CHECK(complaint(spec(), Places{folder.path(), ""}) ==
        file + ": variable \"X\" can't be read; fetch or write the file again");
}

TEST_CASE("matlab: VIPeR's features and its hundred splits") {
  if (!has_data()) return;
  const auto matlab = make_dataset(
      R"({"plugin": "matlab", "path": "reid/viper-mdf/viper_features_MDF.mat",
          "features": "ux2", "examples_along": "last",
          "views": {"column": "camera", "names": ["a", "b"]},
          "splits": {"path": "reid/viper-mdf/viper_runs100.mat", "train": "runs.idxtrain",
                     "test": "runs.idxtest", "of": "classes"}})");
  const Places places = Places::beside("");
  const Data data = matlab->load(places);
  CHECK(data.size() == 1264);
  CHECK(data.examples.dimension() == 76);
  CHECK(data.n_classes() == 632);
  CHECK(counts(data.columns.at(1)) == std::map<std::string, std::int64_t>{{"a", 632}, {"b", 632}});
  REQUIRE(data.splits.size() == 100);
  CHECK(matlab->split_names(places).back() == "split 100");
  for (const Split& split : data.splits) {
    std::set<std::int32_t> train, test;
    for (std::int64_t i : split.train) train.insert(data.labels()[static_cast<std::size_t>(i)]);
    for (std::int64_t i : split.test) test.insert(data.labels()[static_cast<std::size_t>(i)]);
    CHECK(split.train.size() == 632);
    CHECK(split.test.size() == 632);
    CHECK(train.size() == 316);
    CHECK(test.size() == 316);
    for (std::int32_t person : test) CHECK_FALSE(train.contains(person));
  }
  // The README of the data: among the first 316 pairs the nearest of camera b is the same person
  // for 16.5 % of camera a; the file's order is told by it.
  const Matrix points = data.examples.as_double();
  std::int64_t right = 0;
  for (Eigen::Index i = 0; i < 316; ++i) {
    Eigen::Index nearest = 0;
    (points.middleRows(632, 316).rowwise() - points.row(i))
        .rowwise()
        .squaredNorm()
        .minCoeff(&nearest);
    right += nearest == i;
  }
  CHECK(std::abs(static_cast<double>(right) / 316 - 0.165) < 0.001);
}

}  // namespace
