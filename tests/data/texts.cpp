// SPDX-License-Identifier: BSD-3-Clause
// Terms, TF-IDF, hashing and latent semantics against plain formulas, and against scikit-learn and
// Python (tests/reference/texts.py).
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <metriclab/data/latent_semantics.hpp>
#include <metriclab/data/tfidf.hpp>
#include <metriclab/data/tokenizer.hpp>
#include <metriclab/plugin/random.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "datasets.hpp"

namespace {

using namespace metriclab;

const nlohmann::json& reference() {
  static const nlohmann::json values = [] {
    const char* source = std::getenv("METRICLAB_SOURCE");
    REQUIRE(source != nullptr);
    std::ifstream file(std::filesystem::path(source) / "tests/reference/texts.json");
    return nlohmann::json::parse(file);
  }();
  return values;
}

std::vector<Terms> terms_of_all(const std::vector<std::string>& texts, const TermSetting& setting) {
  std::vector<Terms> all;
  for (const std::string& text : texts) all.push_back(terms_of(text, setting));
  return all;
}

TEST_CASE("words are runs of letters, digits and underscores, in small letters") {
  CHECK(words_of("The CAT's 2 dogs_x -- don't; (a-b)\tEnd.") ==
        Terms{"the", "cat", "s", "2", "dogs_x", "don", "t", "a", "b", "end"});
  CHECK(words_of("").empty());
  CHECK(words_of(" \r\n.,;!?-\"").empty());
  CHECK(words_of("x") == Terms{"x"});
  // Dashes, quotation marks, no-break spaces and signs beyond ASCII part words; × does too.
  CHECK(words_of("naïve—ÉCOLE “Straße”\u00a05×7 10€ →µm") ==
        Terms{"naïve", "école", "straße", "5", "7", "10", "µm"});
  CHECK(words_of("ПРИВЕТ, Ґанок ΣΟΦΊΑ") == Terms{"привет", "ґанок", "σοφία"});
  CHECK(words_of("日本、東京。ＡＢ！") == Terms{"日本", "東京", "ＡＢ"});
  CHECK(words_of("cafe\u0301s 😀") == Terms{"cafe\u0301s", "😀"});
}

TEST_CASE("small letters are those of Unicode") {
  REQUIRE(reference()["small_letters"].size() > 400);
  for (const auto& pair : reference()["small_letters"]) {
    CAPTURE(pair[0].get<std::string>());
    CHECK(words_of(pair[0].get<std::string>()) == Terms{pair[1].get<std::string>()});
  }
}

TEST_CASE("what is no UTF-8 is known, and parts words") {
  for (const char* good : {"", "abc", "é", "€", "😀", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    CHECK(is_utf8(good));
  // A lone continuation, overlong forms, a surrogate, beyond the last code point, cut short.
  for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xED\xA0\x80",
                          "\xF4\x90\x80\x80", "\xF5", "\xC3", "\xE2\x82", "a\xE9z"})
    CHECK_FALSE(is_utf8(bad));
  CHECK(words_of("a\xE9z b\xC3") == Terms{"a", "z", "b"});
}

TEST_CASE("n-grams of words and of characters") {
  const Terms words = {"a", "bc", "d"};
  CHECK(word_ngrams(words, 1) == words);
  CHECK(word_ngrams(words, 2) == Terms{"a bc", "bc d"});
  CHECK(word_ngrams(words, 3) == Terms{"a bc d"});
  CHECK(word_ngrams(words, 4).empty());
  CHECK(word_ngrams({}, 1).empty());
  // Bojanowski et al., section 3.2: "where" gives <wh, whe, her, ere, re>.
  CHECK(character_ngrams("where", 3) == Terms{"#<wh", "#whe", "#her", "#ere", "#re>"});
  CHECK(character_ngrams("né", 2) == Terms{"#<n", "#né", "#é>"});
  CHECK(character_ngrams("né", 4) == Terms{"#<né>"});
  CHECK(character_ngrams("né", 5).empty());
  CHECK(terms_of("A bc", {2, {4, 3}}) == Terms{"a", "bc", "a bc", "#<bc>", "#<a>", "#<bc", "#bc>"});
  CHECK(terms_of("A bc", {0, {3}}) == Terms{"#<a>", "#<bc", "#bc>"});
  // XXH3 of "" is known: the same on every machine.
  CHECK(term_hash("") == 0x2D06800538D394C2u);
}

TEST_CASE("a vocabulary has the most frequent terms that are in texts enough") {
  const std::vector<Terms> texts = {{"b", "b", "b", "a"}, {"a", "c"}, {"c", "d"}, {}};
  const auto terms = [&](std::optional<std::int64_t> most, std::int64_t min_count) {
    return Vocabulary(texts, most, min_count).terms();
  };
  CHECK(terms({}, 1) == Terms{"a", "b", "c", "d"});
  CHECK(terms(9, 1) == Terms{"a", "b", "c", "d"});
  CHECK(terms(1, 1) == Terms{"b"});       // three times, if in one text
  CHECK(terms(2, 1) == Terms{"a", "b"});  // a and c are equal
  CHECK(terms({}, 2) == Terms{"a", "c"});
  CHECK(terms(1, 2) == Terms{"a"});
  CHECK(terms({}, 3).empty());
  const Vocabulary all(texts, {}, 1);
  CHECK(all.find("c") == 2);
  CHECK(all.find("x") == -1);
  CHECK(all.inverse_document_frequencies()[1] == doctest::Approx(std::log(5.0 / 2) + 1));
  CHECK(Vocabulary({}, {}, 1).size() == 0);
}

TEST_CASE("TF-IDF is its formula") {
  const std::vector<Terms> texts = {{"b", "a", "b"}, {"a"}, {"c", "a"}, {}, {"z"}};
  const Vocabulary vocabulary(std::span<const Terms>(texts).first(3), {}, 1);
  for (const bool sublinear : {false, true}) {
    const double a = 1, b = std::log(4.0 / 2) + 1, c = b,
                 bs = (sublinear ? 1 + std::log(2.0) : 2) * b;
    const double first = std::hypot(a, bs), third = std::hypot(a, c);
    const Matrix expected{
        {a / first, bs / first, 0}, {1, 0, 0}, {a / third, 0, c / third}, {0, 0, 0}, {0, 0, 0}};
    CHECK((Matrix(tfidf(texts, vocabulary, sublinear)) - expected).cwiseAbs().maxCoeff() < 1e-15);
  }
}

TEST_CASE("TF-IDF is scikit-learn's") {
  const auto texts = reference()["texts"].get<std::vector<std::string>>();
  const auto learned = reference()["learned"].get<std::size_t>();
  for (const auto& is : reference()["cases"]) {
    const auto& parameters = is["parameters"];
    CAPTURE(parameters.dump());
    const std::vector<Terms> terms =
        terms_of_all(texts, {parameters.value("word_ngrams", std::int64_t{1}), {}});
    const Vocabulary vocabulary(std::span<const Terms>(terms).first(learned), {},
                                parameters.value("min_count", std::int64_t{1}));
    CHECK(vocabulary.terms() == is["terms"].get<Terms>());
    const Matrix rows(tfidf(terms, vocabulary, parameters.value("sublinear", false)));
    REQUIRE(rows.rows() == static_cast<Eigen::Index>(is["rows"].size()));
    double worst = 0;
    for (Eigen::Index i = 0; i < rows.rows(); ++i)
      for (Eigen::Index j = 0; j < rows.cols(); ++j)
        worst = std::max(
            worst, std::abs(rows(i, j) -
                            is["rows"][static_cast<std::size_t>(i)][static_cast<std::size_t>(j)]
                                .get<double>()));
    CHECK(worst < 1e-11);
  }
}

/// So many different terms, seeded.
Terms names(std::size_t count, std::uint64_t seed) {
  Random random(seed, "terms");
  std::set<std::string> all;
  while (all.size() < count) all.insert("t" + std::to_string(random.next()));
  return {all.begin(), all.end()};
}

TEST_CASE("hashing is linear but for the length") {
  const Terms terms = names(6, 1);
  const std::vector<Terms> alone = {{terms[0]}, {terms[1]}, {terms[2]}},
                           together = {{terms[0], terms[1], terms[0], terms[2]}, {}};
  const Matrix each = hashed_counts(alone, 50).cast<double>(),
               sum = hashed_counts(together, 50).cast<double>();
  for (Eigen::Index i = 0; i < 3; ++i) {
    CHECK(each.row(i).cwiseAbs().sum() == 1);
    CHECK(each.row(i).cwiseAbs().maxCoeff() == 1);
  }
  const Vector plain = (2 * each.row(0) + each.row(1) + each.row(2)).transpose();
  CHECK((sum.row(0).transpose() - plain.normalized()).cwiseAbs().maxCoeff() < 1e-7);
  CHECK(sum.row(1).isZero(0));
}

TEST_CASE("hashing keeps inner products in the mean (seeded draws)") {
  constexpr Eigen::Index kTerms = 2000, kSize = 40;
  std::vector<Terms> alone;
  for (const std::string& term : names(kTerms, 2)) alone.push_back({term});
  const Matrix hashed = hashed_counts(alone, kSize).cast<double>();
  // Of different terms the inner product is ±1 with probability 1/size each half, and its mean is
  // 0: the sum over all pairs has the variance pairs / size.
  const Matrix products = hashed * hashed.transpose();
  const double sum = (products.sum() - products.trace()) / 2, pairs = kTerms * (kTerms - 1.0) / 2;
  CHECK(products.trace() == kTerms);
  CHECK(std::abs(sum) < 4 * std::sqrt(pairs / kSize));
  // They fall on each place alike: χ² with size − 1 degrees of freedom, mean 39, deviation 8.8.
  const Vector places = hashed.cwiseAbs().colwise().sum().transpose();
  const double expected = kTerms / static_cast<double>(kSize);
  CHECK((places.array() - expected).square().sum() / expected < 39 + 4 * 8.8);
  // And half of them have each sign: the deviation of the sum is √terms.
  CHECK(std::abs(hashed.sum()) < 4 * std::sqrt(kTerms));
}

/// A seeded sparse matrix with singular values that fall as `decay` to the power of their number,
/// more or less.
Matrix sparse_like(Eigen::Index n, Eigen::Index d, double decay, std::uint64_t seed) {
  Random random(seed);
  Matrix X = Matrix::Zero(n, d);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < d; ++j)
      if (random.uniform() < 0.2) X(i, j) = random.uniform() * std::pow(decay, j);
  return X;
}

TEST_CASE("the leading singular vectors are those of a dense decomposition") {
  for (const auto& [n, d, decay] :
       {std::tuple(60, 40, 0.8), std::tuple(30, 70, 0.9), std::tuple(80, 50, 1.0)}) {
    const Matrix X = sparse_like(n, d, decay, 3);
    const Eigen::JacobiSVD<Eigen::MatrixXd> dense(X, Eigen::ComputeThinV);
    for (const std::int64_t k : {std::int64_t{1}, std::int64_t{6}, std::min<std::int64_t>(n, d)}) {
      CAPTURE(d);
      CAPTURE(k);
      const LeadingSvd svd = leading_svd(X.sparseView(), k);
      REQUIRE(svd.V.cols() == k);
      const Vector expected = dense.singularValues().head(k);
      CHECK((svd.singular_values - expected).cwiseAbs().maxCoeff() < 1e-5 * expected(0));
      CHECK((svd.V.transpose() * svd.V - Matrix::Identity(k, k)).cwiseAbs().maxCoeff() < 1e-10);
      // What the projection keeps: Σ σ². Its error is of second order in that of the vectors.
      CHECK((X * svd.V).squaredNorm() == doctest::Approx(expected.squaredNorm()).epsilon(1e-7));
      for (std::int64_t j = 0; j < k; ++j) {
        CHECK(svd.V.col(j).maxCoeff() >= -svd.V.col(j).minCoeff());
        const bool is_apart =
            decay < 1 && k == 6 && expected(j) > 1.05 * dense.singularValues()(j + 1);
        if (is_apart && (j == 0 || expected(j - 1) > 1.05 * expected(j)))
          CHECK(std::abs(svd.V.col(j).dot(dense.matrixV().col(j))) > 1 - 1e-5);
      }
    }
  }
}

TEST_CASE("beyond the rank singular values and vectors are 0; the same bytes each time") {
  Random random(4);
  Matrix A(40, 3), B(3, 30);
  for (Matrix* is : {&A, &B})
    for (double& value : is->reshaped()) value = random.normal();
  const Matrix X = A * B;
  const LeadingSvd svd = leading_svd(X.sparseView(), 6);
  const Vector expected = Eigen::JacobiSVD<Eigen::MatrixXd>(X).singularValues();
  CHECK((svd.singular_values.head(3) - expected.head(3)).cwiseAbs().maxCoeff() <
        1e-10 * expected(0));
  CHECK(svd.singular_values.tail(3).isZero(0));
  CHECK(svd.V.rightCols(3).isZero(0));
  CHECK((X * svd.V * svd.V.transpose() - X).cwiseAbs().maxCoeff() < 1e-9);
  CHECK(leading_svd(X.sparseView(), 6).V == svd.V);
  CHECK(leading_svd(SparseRows(5, 4), 2).V.isZero(0));
}

}  // namespace
