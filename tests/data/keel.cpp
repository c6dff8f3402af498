// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <tuple>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using Names = std::vector<std::string>;

const std::string kHeader =
    "@relation toy\n@attribute size real[0,9]\n@attribute colour {red, green}\n@attribute "
    "Class{b,none,a}\n"
    "@inputs size,colour\n@outputs Class\n@data\n";

/// Two folds of four examples.
void write_folds(const TemporaryFolder& folder,
                 const std::string& first_train = "3,red,a\n4,green,b\n") {
  folder.write("toy/toy-2cv-1tst.dat", kHeader + "1, red, a\n2, green, b\n");
  folder.write("toy/toy-2cv-2tst.dat", kHeader + "3, red, a\n4.0, green, b\n");
  folder.write("toy/toy-2cv-1tra.dat", kHeader + first_train);
  folder.write("toy/toy-2cv-2tra.dat", kHeader + "2,green,b\n1.0,red,a\n");
}

TEST_CASE("keel: the union of the test parts, classes and nominal values in the header's order") {
  const TemporaryFolder folder;
  write_folds(folder);
  const Places places{folder.path(), ""};
  const auto keel = make_dataset(R"({"plugin": "keel", "path": "toy"})");
  CHECK(keel->split_names(places) == Names{"fold 1", "fold 2"});
  CHECK(keel->files(places).size() == 4);
  const Data data = keel->load(places);
  CHECK(data.examples.as_double() == Matrix{{1, 0}, {2, 1}, {3, 0}, {4, 1}});
  CHECK(data.columns.at(0).classes == Names{"b", "a"});
  CHECK(data.labels() == std::vector<std::int32_t>{1, 0, 1, 0});
  CHECK(data.feature_names == Names{"size", "colour"});
  REQUIRE(data.splits.size() == 2);
  CHECK(data.splits[0].train == Indices{2, 3});
  CHECK(data.splits[0].test == Indices{0, 1});
  CHECK(data.splits[1].name == "fold 2");
  CHECK(load(R"({"plugin": "keel", "path": "toy/toy-2cv"})", places).size() == 4);
}

TEST_CASE("keel: what is wrong is named with its file and line") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string spec = R"({"plugin": "keel", "path": "toy"})";
  const std::string train = (folder.path() / "toy/toy-2cv-1tra.dat").string();
  auto complains = [&](const std::string& rows) {
    write_folds(folder, rows);
    return complaint(spec, places);
  };
  CHECK(complains("3,red,a\n5,green,b\n") ==
        train +
            ":9: this example is not in the test part of another fold, or not as often; "
            "the folds have to divide one data set");
  CHECK(complains("3,red,a\n") == train +
                                      ": has 1 examples, the test parts of the other folds have 2; "
                                      "the folds have to divide one data set");
  CHECK(complains("3,red,a\n4,green\n") == train + ":9: has 2 values, the header has 3 attributes");
  CHECK(complains("3,red,a\n4,gren,b\n") ==
        train + ":9: \"gren\" is not a value of \"colour\"; did you mean \"green\"?");
  CHECK(complains("?,red,a\n4,green,b\n") ==
        train +
            ":8: \"size\" is missing: \"?\"; missing values have to be filled in, or their "
            "examples left out, first");
  write_folds(folder);
  folder.write("toy/toy-5cv-1tra.dat", kHeader);
  CHECK(complaint(spec, places).find("has several sets of folds: \"toy-2cv\", \"toy-5cv\"") !=
        std::string::npos);
  CHECK(complaint(R"({"plugin": "keel", "path": "toy/toy-5cv"})", places)
            .find("toy-5cv-1tst.dat\", the test part of") != std::string::npos);
  CHECK(complaint(R"({"plugin": "keel", "path": "none"})", places).starts_with("there is no \""));
  folder.write("other/x.txt", "");
  CHECK(complaint(R"({"plugin": "keel", "path": "other"})", places)
            .find("has no folds; they are called") != std::string::npos);
}

TEST_CASE("keel: the ten published sets") {
  if (!has_data()) return;
  // n, d and classes: the README of the data.
  const std::vector<std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>> sets = {
      {"appendicitis", 106, 7, 2}, {"balance", 625, 4, 3}, {"bupa", 345, 6, 2},
      {"cleveland", 297, 13, 5},   {"glass", 214, 9, 6},   {"hepatitis", 80, 19, 2},
      {"ionosphere", 351, 33, 2},  {"iris", 150, 4, 3},    {"sonar", 208, 60, 2},
      {"wine", 178, 13, 3}};
  for (const auto& [name, n, d, classes] : sets) {
    CAPTURE(name);
    const auto keel = make_dataset(R"({"plugin": "keel", "path": "keel/)" + name + "\"}");
    const Data data = keel->load(Places::beside(""));
    CHECK(data.size() == n);
    CHECK(data.examples.dimension() == d);
    CHECK(data.n_classes() == classes);
    CHECK(data.splits.size() == 10);
    CHECK(keel->split_names(Places::beside("")).size() == 10);
    for (const Split& split : data.splits)
      CHECK(static_cast<std::int64_t>(split.train.size() + split.test.size()) == n);
  }
}

}  // namespace
