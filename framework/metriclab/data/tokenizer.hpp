// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

// From texts, in UTF-8, to terms. Nothing here depends on the locale.

/// Whether a text is UTF-8, without overlong forms and surrogates (RFC 3629).
bool is_utf8(std::string_view text);

/// The words of a text, in order, in lower case.
///
/// A word is a run, as long as can be, of letters, digits and underscores. Outside of ASCII every
/// character counts as a letter but for the signs and punctuation of U+0080 … U+00BF (ª, µ and º
/// are letters), × and ÷, U+2000 … U+206F, U+20A0 … U+20CF, U+2190 … U+2BFF, U+3000 … U+303F, and
/// of the full-width forms those that are neither letters nor digits, U+FF00 … U+FF65. Letters of
/// ASCII, Latin-1, Latin Extended-A, modern Greek and Cyrillic become small ones; others stay as
/// they are. Bytes that are no UTF-8 part words.
std::vector<std::string> words_of(std::string_view text);

/// Which terms a text has: 0 stands for none of that sort.
struct TermSetting {
  std::int64_t word_ngrams = 1;                     // up to so many successive words
  std::vector<std::int64_t> character_ngrams = {};  // their lengths, each at least 1
};

/// Words joined by blanks: n-grams of `n` successive ones, (words − n + 1) of them.
std::vector<std::string> word_ngrams(const std::vector<std::string>& words, std::int64_t n);

/// The n-grams of characters of a word in angle brackets, "<word>", in order, each with "#" in
/// front, so that none is a word: of "cat" for n = 3 "#<ca", "#cat", "#at>". None where the word is
/// shorter. Source: Bojanowski, Grave, Joulin, Mikolov. Enriching word vectors with subword
/// information. TACL 2017, section 3.2.
std::vector<std::string> character_ngrams(std::string_view word, std::int64_t n);

/// All terms of a text, repeats included: the words, then the n-grams of 2, 3, … words, then those
/// of characters, in the order of their lengths.
std::vector<std::string> terms_of(std::string_view text, const TermSetting& setting);

/// XXH3 of 64 bits: the same on every machine.
std::uint64_t term_hash(std::string_view term);

}  // namespace metriclab
