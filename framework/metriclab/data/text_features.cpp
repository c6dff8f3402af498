// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/data/latent_semantics.hpp>
#include <metriclab/data/text_features.hpp>

namespace metriclab {
namespace {

const char* const kNoTerms = "no text has a term, so that there is nothing to compare them by";

Examples examples_of(const MatrixF& rows) {
  return {{rows.cols()}, std::vector<float>(rows.data(), rows.data() + rows.size())};
}

std::span<const Terms> first(const std::vector<Terms>& all, std::size_t n) {
  return std::span(all).first(n);
}

}  // namespace

TextFeatures::Represented TextFeatures::represented(const std::vector<std::string>& texts,
                                                    std::size_t n_learned) const {
  if (word_ngrams == 0 && character_ngrams.empty())
    throw Error("texts have no terms: neither words nor n-grams of characters; let one be above 0")
        .in("word_ngrams");
  if (representation == "tokens") return tokens(texts, n_learned);
  if (representation == "tfidf") return weighted(texts, n_learned);
  const std::vector<Terms> terms = terms_of_all(texts);
  if (std::ranges::all_of(terms, &Terms::empty)) throw Error(kNoTerms);
  return {.examples = examples_of(hashed_counts(terms, size)), .names = {}};
}

std::vector<Terms> TextFeatures::terms_of_all(const std::vector<std::string>& texts) const {
  std::vector<Terms> terms;
  for (const std::string& text : texts)
    terms.push_back(terms_of(text, {word_ngrams, character_ngrams}));
  return terms;
}

TextFeatures::Represented TextFeatures::weighted(const std::vector<std::string>& texts,
                                                 std::size_t n_learned) const {
  const std::vector<Terms> terms = terms_of_all(texts);
  const Vocabulary vocabulary(first(terms, n_learned), max_features, min_count);
  if (vocabulary.size() == 0)
    throw Error(min_count > 1 ? fmt::format("no term is in {} texts (\"min_count\")", min_count)
                              : kNoTerms);
  const SparseRows rows = tfidf(terms, vocabulary, sublinear);
  if (!components)
    return {.examples = examples_of(MatrixF(rows.cast<float>())), .names = vocabulary.terms()};
  const auto n = static_cast<std::int64_t>(n_learned);
  if (*components > std::min(n, vocabulary.size()))
    throw Error(fmt::format("{} components of {} texts with {} different terms; at most {} can be",
                            *components, n, vocabulary.size(), std::min(n, vocabulary.size())))
        .in("components");
  const LeadingSvd svd = leading_svd(rows.topRows(n), *components);
  return {.examples = examples_of(Matrix(rows * svd.V).cast<float>()), .names = {}};
}

TextFeatures::Represented TextFeatures::tokens(const std::vector<std::string>& texts,
                                               std::size_t n_learned) const {
  std::vector<Terms> words;
  for (const std::string& text : texts) words.push_back(words_of(text));
  const Vocabulary vocabulary(first(words, word_ngrams > 0 ? n_learned : 0), max_features,
                              min_count);
  const std::int64_t n_words = max_features.value_or(vocabulary.size());
  if (n_words + buckets > kLargestId)
    throw Error(fmt::format("{} ids of words and {} of n-grams; ids go up to {}", n_words, buckets,
                            kLargestId))
        .in("buckets");
  std::vector<std::vector<float>> ids(texts.size());
  std::size_t longest = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (const std::string& word : words[i])
      if (const std::int64_t place = vocabulary.find(word); place >= 0)
        ids[i].push_back(static_cast<float>(place + 1));
    const auto add = [&](const std::vector<std::string>& ngrams) {
      for (const std::string& ngram : ngrams)
        ids[i].push_back(static_cast<float>(
            n_words + 1 +
            static_cast<std::int64_t>(term_hash(ngram) % static_cast<std::uint64_t>(buckets))));
    };
    for (std::int64_t n = 2; n <= word_ngrams; ++n) add(metriclab::word_ngrams(words[i], n));
    for (const std::int64_t n : character_ngrams)
      for (const std::string& word : words[i]) add(metriclab::character_ngrams(word, n));
    longest = std::max(longest, ids[i].size());
  }
  if (longest == 0) throw Error(kNoTerms);
  const std::size_t width = length ? static_cast<std::size_t>(*length) : longest;
  std::vector<float> values(texts.size() * width);
  for (std::size_t i = 0; i < texts.size(); ++i)
    std::copy_n(ids[i].begin(), std::min(width, ids[i].size()),
                values.begin() + static_cast<std::ptrdiff_t>(i * width));
  return {.examples = {{static_cast<std::int64_t>(width)}, std::move(values)},
          .names = {},
          .ids = true};
}

}  // namespace metriclab
