// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/data/latent_semantics.hpp>
#include <metriclab/data/tokenizer.hpp>
#include <set>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using Names = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;

/// The block of a plugin with further parameters.
std::string block(const std::string& plugin, const std::string& rest) {
  return R"({"plugin": ")" + plugin + R"(", )" + rest + "}";
}

TEST_CASE("text: tables by number, by name, quoted and between tabs") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("t.csv", "\"Red, green\",colour\n\nblue,colour\n\"a \"\"cat\"\"\",animal\r\n");
  const Data data = load(block("text", R"("path": "t.csv")"), places);
  CHECK(data.size() == 3);
  CHECK_FALSE(data.examples.is_double());
  CHECK(data.feature_names == Names{"a", "blue", "cat", "green", "red"});
  CHECK(data.columns.at(0).classes == Names{"animal", "colour"});
  CHECK(data.labels() == Labels{1, 1, 0});
  CHECK(data.splits.empty());
  const float half = std::sqrt(0.5f);
  CHECK((data.examples.as_float() -
         MatrixF{{0, 0, 0, half, half}, {0, 1, 0, 0, 0}, {half, 0, half, 0, 0}})
            .cwiseAbs()
            .maxCoeff() < 1e-6f);

  folder.write("t.tsv", "id\tkind\twords\n1\tx\t\"a\n2\ty\tb \"c\"\n");
  const Data named = load(
      block("text", R"("path": "t.tsv", "delimiter": "tab", "text": "words", "label": "kind")"),
      places);
  CHECK(named.feature_names == Names{"a", "b", "c"});
  CHECK(named.columns.at(0).classes == Names{"x", "y"});
  const Data unlabelled = load(
      block("text",
            R"("path": "t.tsv", "delimiter": "tab", "text": "3", "label": null, "header": "yes")"),
      places);
  CHECK(unlabelled.columns.empty());
  CHECK(unlabelled.examples.as_float() == named.examples.as_float());
}

TEST_CASE("text: lines as fastText has them, and folders") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("t.txt", "__label__b red green\n__label__a blue\n...  __label__b\n");
  const Data lines = load(block("text", R"("path": "t.txt", "format": "lines")"), places);
  CHECK(lines.columns.at(0).classes == Names{"a", "b"});
  CHECK(lines.labels() == Labels{1, 0, 1});
  CHECK(lines.feature_names == Names{"blue", "green", "red"});
  CHECK(lines.examples.as_float().row(2).isZero(0));  // no term
  folder.write("u.txt", "red green\nblue\n");
  CHECK(load(block("text", R"("path": "u.txt", "format": "lines")"), places).columns.empty());

  folder.write("f/b/2.txt", "green\n\nred");
  folder.write("f/b/1.txt", "blue");
  folder.write("f/a/x", "");
  folder.write("f/.git/x", "hidden");
  folder.write("f/a/.x", "hidden");
  folder.write("f/readme", "of no class");
  const std::string spec = block("text", R"("path": "f", "format": "folder")");
  const Data files = load(spec, places);
  CHECK(files.columns.at(0).classes == Names{"a", "b"});
  CHECK(files.labels() == Labels{0, 1, 1});
  CHECK(files.feature_names == Names{"blue", "green", "red"});
  CHECK(make_dataset(spec)->files(places).size() == 3);
}

TEST_CASE("text: a test file is not learned from") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("train.csv", "red red,x\nred green,y\n");
  folder.write("test.csv", "green blue,z\nblue,x\n");
  const std::string spec = block("text", R"("path": "train.csv", "test": "test.csv")");
  CHECK(make_dataset(spec)->split_names(places) == Names{"test"});
  const Data data = load(spec, places);
  REQUIRE(data.splits.size() == 1);
  CHECK(data.splits[0].train == Indices{0, 1});
  CHECK(data.splits[0].test == Indices{2, 3});
  CHECK(data.feature_names == Names{"green", "red"});
  CHECK(data.columns.at(0).classes == Names{"x", "y", "z"});
  // ln(3 / 2) + 1 and ln(3 / 3) + 1.
  const double green = std::log(1.5) + 1, length = std::hypot(green, 1);
  CHECK((data.examples.as_double() - Matrix{{0, 1}, {green / length, 1 / length}, {1, 0}, {0, 0}})
            .cwiseAbs()
            .maxCoeff() < 1e-7);
  CHECK(load(block("text", R"("path": "train.csv", "max_features": 1)"), places).feature_names ==
        Names{"red"});
}

TEST_CASE("text: components are TF-IDF times the singular vectors of what is learned from") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("train.csv", "a b c,x\nb c d,y\na d e f,x\nf f b,y\n");
  folder.write("test.csv", "a f q,x\n");
  const std::string files = R"("path": "train.csv", "test": "test.csv")";
  const Matrix full = load(block("text", files), places).examples.as_double();
  const Data data = load(block("text", files + R"(, "components": 3)"), places);
  CHECK(data.examples.shape() == Shape{3});
  CHECK(data.feature_names.empty());
  const Matrix V = leading_svd(full.topRows(4).sparseView(), 3).V;
  CHECK((data.examples.as_double() - full * V).cwiseAbs().maxCoeff() < 1e-6);
  CHECK(complaint(block("text", files + R"(, "components": 5)"), places) ==
        "/components: 5 components of 4 texts with 6 different terms; at most 4 can be");
}

TEST_CASE("text: tokens are ids of words, then of n-grams, then padding") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("train.csv", "b a b,x\n!,y\n");
  folder.write("test.csv", "c a b,x\n");
  const std::string files =
      R"("path": "train.csv", "test": "test.csv", "representation": "tokens")";
  const Data words = load(block("text", files), places);
  // Of the vocabulary a, b; c is not in it.
  CHECK(words.examples.as_float() == MatrixF{{2, 1, 2}, {0, 0, 0}, {1, 2, 0}});
  CHECK(load(block("text", files + R"(, "max_features": 1, "length": 2)"), places)
            .examples.as_float() == MatrixF{{1, 1}, {0, 0}, {1, 0}});
  const auto bucket = [](const std::string& term, std::int64_t from) {
    return static_cast<float>(from + 1 + static_cast<std::int64_t>(term_hash(term) % 100));
  };
  const std::string both = files + R"(, "word_ngrams": 2, "character_ngrams": [3], "buckets": 100)";
  for (const auto& [most, from] : {std::pair("7", 7), std::pair("null", 2)}) {
    const MatrixF rows =
        load(block("text", both + R"(, "max_features": )" + most), places).examples.as_float();
    CHECK(rows.row(0) ==
          MatrixF{{2, 1, 2, bucket("b a", from), bucket("a b", from), bucket("#<b>", from),
                   bucket("#<a>", from), bucket("#<b>", from)}});
    CHECK(rows.row(2) ==
          MatrixF{{1, 2, bucket("c a", from), bucket("a b", from), bucket("#<c>", from),
                   bucket("#<a>", from), bucket("#<b>", from), 0}});
  }
  // Without words their ids are free when no number is kept for them.
  CHECK(load(block("text", files + R"(, "word_ngrams": 0, "character_ngrams": [3],
                                       "buckets": 100, "max_features": null)"),
             places)
            .examples.as_float()
            .row(2) == MatrixF{{bucket("#<c>", 0), bucket("#<a>", 0), bucket("#<b>", 0)}});
  CHECK(complaint(block("text", files + R"(, "max_features": 10000000, "buckets": 10000000)"),
                  places) ==
        "/buckets: 10000000 ids of words and 10000000 of n-grams; ids go up to 16777216");
}

TEST_CASE("text: what is wrong is said") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string file = (folder.path() / "t").string();
  const auto wrong = [&](const std::string& content, const std::string& rest = "") {
    folder.write("t", content);
    return complaint(block("text", R"("path": "t")" + rest), places);
  };
  CHECK(wrong("") == file + ": is empty; a row a line was expected");
  CHECK(wrong("a,x\nb\n") ==
        file +
            ":2: has 1 fields, the first row has 2; texts with the delimiter in them have to "
            "be quoted, or another be chosen");
  CHECK(wrong("a,x\n\nb,\n") == file + ":3: the class in column 2 is empty");
  CHECK(wrong("a,x\nb,x\n").starts_with(file + ": every example is of class \"x\""));
  CHECK(wrong("a,x\n\"b,y\n") ==
        file + ":2: the quote that opens field 1 is not closed in its line");
  CHECK(wrong("a,x\nb\xE9,y\n") == file + ":2: is not UTF-8; convert the file (iconv -t UTF-8)");
  CHECK(wrong("...,x\n,y\n") ==
        file + ": no text has a term, so that there is nothing to compare them by");
  CHECK(wrong("a,x\nb,y\n", R"(, "min_count": 2)") ==
        file + ": no term is in 2 texts (\"min_count\")");
  CHECK(wrong("a,x\nb,y\n", R"(, "word_ngrams": 0)").starts_with("/word_ngrams: "));
  CHECK(wrong("a\nb\n") ==
        file + ": column 1 is the text and the class; say which is which, or \"label\": null");
  CHECK(wrong("a,x\nb,y\n", R"(, "text": "3")") ==
        file + ": there is no column 3; columns count from 1 to 2");
  CHECK(wrong("words,kind\nb,y\n", R"(, "text": "word")") ==
        file + ": there is no column \"word\"; did you mean \"words\"?");
  CHECK(wrong("words,kind\n", R"(, "text": "words")") == file + ": has a header and nothing else");
  CHECK(wrong("a,x\n", R"(, "delimiter": " ")") ==
        "/delimiter: \" \" can't part texts; give \"tab\", or one character that is no blank");
  CHECK(wrong("a,x\n", R"(, "format": "folder")") ==
        "/path: " + file + ": is a file; choose another \"format\"");
  const std::string lines = R"(, "format": "lines")";
  CHECK(wrong("__label__x a\nb\n", lines) ==
        file + ":2: has no class, unlike the lines before it; all have one, or none has");
  CHECK(wrong("b\n__label__x a\n", lines) ==
        file + ":2: has a class, unlike the lines before it; all have one, or none has");
  CHECK(wrong("__label__x __label__y a\n", lines) ==
        file + ":1: has 2 classes; a text has one class");
  CHECK(wrong("__label__ a\n", lines) ==
        file + ":1: has a class without a name; a text has one class");
  CHECK(wrong("\n", lines) == file + ": is empty; a text a line was expected");
  folder.write("e/a/.hidden", "");
  CHECK(complaint(block("text", R"("path": "e", "format": "folder")"), places) ==
        "/path: " + (folder.path() / "e").string() +
            ": has no folder with files; each class has one");
  CHECK(complaint(block("text", R"("path": "e")"), places) ==
        "/path: " + (folder.path() / "e").string() + ": is a folder; choose another \"format\"");
  folder.write("t", "__label__x a\n");
  folder.write("u", "a\n");
  CHECK(complaint(block("text", R"("path": "t", "test": "u")" + lines), places) ==
        "/test: " + (folder.path() / "u").string() + ": has no classes, and " + file + " has its");
}

/// Three files of pairs as SICK's, of which the trial part alone has a header.
void write_pairs(const TemporaryFolder& folder) {
  folder.write("train", "1\ta b\ta c\t4.0\tENTAILMENT\n2\tb\tc\t2.5\tNEUTRAL\n3\ta\tb c\t3\tX\n");
  folder.write("trial", "pair_ID\tsentence_A\tsentence_B\trelatedness\n4\td\ta\t5\n");
  folder.write("test", "5\te\ta\t1\tX\n6\t\tb\t4.5\tX\n");
}

TEST_CASE("text_pairs: successive examples, ratings, pairs and splits") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  write_pairs(folder);
  const std::string files = R"("train": "train", "trial": "trial", "test": "test")";
  const std::string spec = block("text_pairs", files);
  const Data data = load(spec, places);
  CHECK(data.size() == 12);
  CHECK(data.columns.empty());
  CHECK(data.feature_names == Names{"a", "b", "c"});
  CHECK(make_dataset(spec)->split_names(places) == Names{"trial", "test"});
  REQUIRE(data.splits.size() == 2);
  CHECK(data.splits[0].train == Indices{0, 1, 2, 3, 4, 5});
  CHECK(data.splits[0].test == Indices{6, 7});
  CHECK(data.splits[1].train == data.splits[0].train);
  CHECK(data.splits[1].test == Indices{8, 9, 10, 11});
  const double similarities[] = {4, 2.5, 3, 5, 1, 4.5};
  REQUIRE(data.constraints.ratings.size() == 6);
  for (std::int64_t i = 0; i < 6; ++i) {
    const RatedPair& pair = data.constraints.ratings[static_cast<std::size_t>(i)];
    CHECK(pair.first == 2 * i);
    CHECK(pair.second == 2 * i + 1);
    CHECK(pair.similarity == similarities[i]);
  }
  REQUIRE(data.constraints.pairs.size() == 5);  // 3 is neither
  for (const auto& [k, first, similar] : {std::tuple(0, 0, true), std::tuple(1, 2, false),
                                          std::tuple(2, 6, true), std::tuple(3, 8, false)}) {
    CHECK(data.constraints.pairs[static_cast<std::size_t>(k)].first == first);
    CHECK(data.constraints.pairs[static_cast<std::size_t>(k)].similar == similar);
  }
  CHECK(data.subset(data.splits[1].test).constraints.ratings.size() == 2);
  const Matrix rows = data.examples.as_double();
  CHECK(rows.row(6).isZero(0));   // d was not learned
  CHECK(rows.row(10).isZero(0));  // an empty text

  const std::string both = block("text_pairs", files + R"(, "train_on_trial": true)");
  const Data more = load(both, places);
  CHECK(make_dataset(both)->split_names(places) == Names{"test"});
  REQUIRE(more.splits.size() == 1);
  CHECK(more.splits[0].train == Indices{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(more.splits[0].test == Indices{8, 9, 10, 11});
  CHECK(more.feature_names == Names{"a", "b", "c", "d"});

  const Data alone = load(block("text_pairs", R"("train": "train", "similar_from": 3,
                                                "dissimilar_to": 2)"),
                          places);
  CHECK(alone.splits.empty());
  CHECK(alone.constraints.pairs.size() == 2);
}

TEST_CASE("text_pairs: what is wrong is said") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  const std::string file = (folder.path() / "t").string();
  const auto wrong = [&](const std::string& content, const std::string& rest = "") {
    folder.write("t", content);
    return complaint(block("text_pairs", R"("train": "t")" + rest), places);
  };
  CHECK(wrong("1\ta\tb\t3\n2\ta\tb\tno\n") == file + ":2: the relatedness is not a number: \"no\"");
  CHECK(wrong("1\ta\tb\t3\n2\ta\tb\t\n").starts_with(file + ":2: the relatedness is empty"));
  CHECK(wrong("1\ta\tb\n") == file + ": there is no column 4; columns count from 1 to 3");
  CHECK(wrong("1,a,b,3\n") ==
        file + ": there is no column 4; columns count from 1 to 1 (is \"delimiter\" another?)");
  CHECK(wrong("id\ta\tb\tscore\n") == file + ": has a header and nothing else");
  CHECK(wrong("1\ta\tb\t3\n", R"(, "second": "2")") ==
        file + ": the columns 2, 2 and 4 of the two texts and the relatedness are not three");
  CHECK(wrong("1\ta\tb\t3\n", R"(, "similar_from": 2.5)") ==
        "/dissimilar_to: 2.5 is not below \"similar_from\", 2.5; a pair can't be similar and "
        "dissimilar");
}

TEST_CASE("text_pairs: SICK") {
  if (!has_data()) return;
  const std::filesystem::path sick =
      std::filesystem::path(std::getenv("METRICLAB_DATA")) / "text/sick";
  if (!std::filesystem::exists(sick)) {
    MESSAGE("skipped: " << sick.string() << " is not there");
    return;
  }
  const Data data = load(block("text_pairs", R"("train": "text/sick/SICK_train.txt",
    "trial": "text/sick/SICK_trial.txt", "test": "text/sick/SICK_test_annotated.txt")"));
  // Marelli et al. 2014: 4500, 500 and 4927 pairs; relatedness from 1 to 5.
  REQUIRE(data.splits.size() == 2);
  CHECK(data.size() == 2 * (4500 + 500 + 4927));
  CHECK(data.splits[0].train.size() == 2 * 4500);
  CHECK(data.splits[0].test.size() == 2 * 500);
  CHECK(data.splits[1].test.size() == 2 * 4927);
  REQUIRE(data.constraints.ratings.size() == 4500 + 500 + 4927);
  for (const RatedPair& pair : data.constraints.ratings) {
    CHECK(pair.similarity >= 1);
    CHECK(pair.similarity <= 5);
  }
  CHECK(data.subset(data.splits[1].train).constraints.ratings.size() == 4500);
}

}  // namespace
