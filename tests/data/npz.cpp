// SPDX-License-Identifier: BSD-3-Clause
#include <tuple>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using Names = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;

// Written by tests/data/archives/make.py.
Places here() {
  const char* source = std::getenv("METRICLAB_SOURCE");
  REQUIRE(source != nullptr);
  return {std::filesystem::path(source) / "tests/data/archives", ""};
}

std::string of_types(const std::string& rest) {
  return R"({"plugin": "npz", "path": "types.npz", )" + rest + "}";
}

TEST_CASE("npz: every type of either byte order, and both orders of axes") {
  for (const char* name : {"f2",     "f4",     "f8",     "i1",     "i2",     "i4",     "i8",
                           "u1",     "u2",     "u4",     "u8",     "big_f2", "big_f4", "big_f8",
                           "big_i2", "big_i4", "big_i8", "big_u2", "big_u4", "big_u8", "fortran"}) {
    CAPTURE(name);
    const Data data =
        load(of_types(R"("features": ")" + std::string(name) + R"(", "labels": "bool")"), here());
    CHECK(data.examples.as_double() == Matrix{{0, 1, 2}, {3, 40, 100}});
    CHECK(data.columns.at(0).classes == Names{"0", "1"});
  }
  CHECK(load(of_types(R"("features": "negative", "labels": null)"), here()).examples.as_double() ==
        Matrix{{0, -1, -2}, {-3, -40, -100}});
  // 1/3 in 11 bits is 1365 / 4096.
  CHECK(load(of_types(R"("features": "half", "labels": null)"), here()).examples.as_double() ==
        Matrix{{65504, -1.0 / 16384, 1.0 / 16777216}, {-0.5, 1365.0 / 4096, 1}});
  CHECK(load(of_types(R"("features": "cube", "labels": null)"), here()).examples.shape() ==
        Shape{2, 3});
}

TEST_CASE("npz: labels, their names, further columns, a target; a stored archive") {
  const Data data =
      load(of_types(R"("features": "f8", "labels": "real", "classes": ["normal", "anomaly"],
                  "columns": ["column"], "target": "broken")"),
           here());
  CHECK(data.labels() == Labels{1, 0});
  CHECK(data.columns.at(0).name == "class");
  CHECK(data.columns.at(0).classes == Names{"normal", "anomaly"});
  CHECK(data.columns.at(1).name == "column");
  CHECK(data.columns.at(1).classes == Names{"5", "7"});
  CHECK(data.targets == std::vector<double>{1.5, 0});
  const Data stored = load(R"({"plugin": "npz", "path": "stored.npz"})", here());
  CHECK(stored.examples.as_double() == Matrix{{0, 1, 2}, {3, 40, 100}});
  CHECK(stored.labels() == Labels{1, 0});
}

TEST_CASE("npz: what is wrong is named with the archive and the array") {
  const std::string file = (here().spec / "types.npz").string();
  auto wrong = [&](const std::string& rest) { return complaint(of_types(rest), here()); };
  CHECK(wrong(R"("features": "fortrn")") ==
        file + ": has no array \"fortrn\"; did you mean \"fortran\"?");
  CHECK(wrong(R"("features": "text")").starts_with(file + ": text: type '<U1' is not read"));
  CHECK(
      wrong(R"("features": "nan")").starts_with(file + ": nan: example 2 has a value that is not"));
  CHECK(wrong(R"("features": "huge")") ==
        file + ": huge: 9223372036854775808 is beyond the integers that are read, of 63 bits");
  CHECK(wrong(R"("features": "f8", "labels": "three")") ==
        file + ": three: its shape is (3); for 2 examples it should be (2)");
  CHECK(wrong(R"("features": "f8", "labels": "i4")") ==
        file + ": i4: its shape is (2, 3); for 2 examples it should be (2)");
  CHECK(wrong(R"("features": "f8", "labels": "broken")") ==
        file + ": broken: a label is a whole number, 1.500000 is not");
  CHECK(wrong(R"("features": "f8", "labels": "bool", "target": "nan")") ==
        file + ": nan: target 2 is not finite; fill it in or leave the example out");
  CHECK(wrong(R"("features": "f8", "labels": "bool", "classes": ["a"])") ==
        "/classes: " + file + ": bool: has 2 classes, and there are 1 names for them");
  CHECK(wrong(R"("features": "f8", "labels": "bool", "classes": ["a", "a"])") ==
        "/classes: \"a\" names two classes; each has a name of its own");
}

TEST_CASE("npz: an archive cut short or damaged") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string whole = read_file(here().spec / "types.npz");
  const std::string spec =
      R"({"plugin": "npz", "path": "t.npz", "features": "f8", "labels": "bool"})";
  const std::string file = folder.write("t.npz", whole.substr(0, whole.size() / 2)).string();
  CHECK(complaint(spec, places).starts_with(file + ": is not a whole zip file: "));
  std::string damaged = whole;
  const std::size_t member = damaged.find("f8.npy") + 60;
  for (std::size_t i = member; i < member + 30; ++i) damaged[i] = static_cast<char>(~damaged[i]);
  folder.write("t.npz", damaged);
  CHECK(complaint(spec, places) == file + ": f8 can't be unpacked; fetch the file again");
}

TEST_CASE("npz: the twelve sets of ADBench") {
  if (!has_data()) return;
  // n, d and anomalies: the README of the data.
  const std::vector<std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>> sets = {
      {"2_annthyroid", 7200, 6, 534},
      {"4_breastw", 683, 9, 239},
      {"6_cardio", 1831, 21, 176},
      {"15_Hepatitis", 80, 19, 13},
      {"23_mammography", 11183, 6, 260},
      {"26_optdigits", 5216, 64, 150},
      {"29_Pima", 768, 8, 268},
      {"31_satimage-2", 5803, 36, 71},
      {"38_thyroid", 3772, 6, 93},
      {"40_vowels", 1456, 12, 50},
      {"42_WBC", 223, 9, 10},
      {"45_wine", 129, 13, 10}};
  for (const auto& [name, n, d, anomalies] : sets) {
    CAPTURE(name);
    const Data data = load(R"({"plugin": "npz", "path": "anomaly/adbench/)" + name +
                           R"(.npz", "classes": ["normal", "anomaly"]})");
    CHECK(data.size() == n);
    CHECK(data.examples.dimension() == d);
    CHECK(counts(data.columns.at(0))["anomaly"] == anomalies);
  }
}

}  // namespace
