// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/dataset.hpp>
#include <metriclab/data/tfidf.hpp>
#include <metriclab/data/tokenizer.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// How data sets of texts represent them; a base that holds the parameters which these have in
/// common. All values are float32.
///
/// "tfidf": see `tfidf`, (vocabulary); with `components` its projection to the leading right
/// singular vectors, (components), see `leading_svd`. "hashed": see `hashed_counts`, (size).
/// "tokens": see `tokens`, (length). Vocabulary, document frequencies and singular vectors are
/// those of the texts that a data set says are to be learned from, which don't include texts that
/// are there for testing alone.
class TextFeatures {
 public:
  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("representation", &TextFeatures::representation,
                 "\"tfidf\": weighted counts of terms; \"hashed\": signed counts in `size` "
                 "dimensions; \"tokens\": ids of terms in their order, 0 behind the last")
        .one_of({"tfidf", "hashed", "tokens"});
    is.parameter("word_ngrams", &TextFeatures::word_ngrams,
                 "words, and n-grams of up to so many successive ones, are terms; 0: they are not")
        .at_least(0);
    is.parameter("character_ngrams", &TextFeatures::character_ngrams,
                 "lengths of the n-grams of the characters of each word, in angle brackets, that "
                 "are terms, such as [3, 4, 5]")
        .at_least(1);
    is.parameter("max_features", &TextFeatures::max_features,
                 "how many terms the vocabulary has at most, the most frequent ones (of "
                 "\"tokens\", words alone); null: all")
        .at_least(1)
        .unused_when("representation", "hashed");
    is.parameter("min_count", &TextFeatures::min_count,
                 "terms that are in fewer texts are not in the vocabulary")
        .at_least(1)
        .unused_when("representation", "hashed");
    is.parameter("sublinear", &TextFeatures::sublinear,
                 "1 + ln(count) in place of the count of a term")
        .unused_when("representation", Value::List{"hashed", "tokens"});
    is.parameter("components", &TextFeatures::components,
                 "dimensions that TF-IDF is projected to (latent semantic analysis); null: none, "
                 "all of the vocabulary")
        .at_least(1)
        .unused_when("representation", Value::List{"hashed", "tokens"});
    is.parameter("size", &TextFeatures::size, "dimensions that terms are hashed to")
        .at_least(1)
        .unused_when("representation", Value::List{"tfidf", "tokens"});
    is.parameter("buckets", &TextFeatures::buckets,
                 "how many ids the n-grams share, to which they are hashed, behind `max_features` "
                 "ids of words")
        .at_least(1)
        .at_most(kLargestId)
        .unused_when("representation", Value::List{"tfidf", "hashed"});
    is.parameter("length", &TextFeatures::length,
                 "so many tokens a text, the first; null: as many as the longest text has")
        .at_least(1)
        .unused_when("representation", Value::List{"tfidf", "hashed"});
  }

 protected:
  struct Represented {
    Examples examples;
    std::vector<std::string> names;  // of the features: the vocabulary's terms, or empty
    bool ids = false;                // of tokens
  };
  /// What is to be learned is learned from the first `n_learned` texts. Throws Error: parameters
  /// that allow no terms, texts without any, more components than texts or terms.
  Represented represented(const std::vector<std::string>& texts, std::size_t n_learned) const;

 private:
  /// Every integer up to this one is a float32.
  static constexpr std::int64_t kLargestId = std::int64_t{1} << 24;

  Represented weighted(const std::vector<std::string>& texts, std::size_t n_learned) const;
  /// (texts × length). A word of the vocabulary has its place there, from 1; others have none. The
  /// n-grams of words, by hash, and then those of characters have an id in m + 1 … m + buckets, m =
  /// `max_features`, or the size of the vocabulary where that is null. The words come first, in
  /// their order, so that of a text that is too long the n-grams are left out first. The largest id
  /// that can be is m + buckets. Source: Joulin, Grave, Bojanowski, Mikolov. Bag of tricks for
  /// efficient text classification. EACL 2017.
  Represented tokens(const std::vector<std::string>& texts, std::size_t n_learned) const;
  std::vector<Terms> terms_of_all(const std::vector<std::string>& texts) const;

  std::string representation = "tfidf";
  std::int64_t word_ngrams = 1;
  std::vector<std::int64_t> character_ngrams;
  std::optional<std::int64_t> max_features = 5000;
  std::int64_t min_count = 1;
  bool sublinear = false;
  std::optional<std::int64_t> components;
  std::int64_t size = 1000;
  std::int64_t buckets = 20000;
  std::optional<std::int64_t> length;
};

}  // namespace metriclab
