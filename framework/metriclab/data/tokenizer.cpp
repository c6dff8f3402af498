// SPDX-License-Identifier: BSD-3-Clause
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <metriclab/data/tokenizer.hpp>
#include <utility>

namespace metriclab {
namespace {

constexpr char32_t kNone = 0xFFFFFFFF;  // no code point

/// The code point at the front and how many bytes it takes; kNone, and 1, where there is none.
std::pair<char32_t, std::size_t> front_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {kNone, 1};
  char32_t point = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kNone, 1};
    point = point << 6 | (byte(i) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (point < kLeast[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
    return {kNone, 1};
  return {point, length};
}

void append(std::string& text, char32_t point) {
  const auto rest = [&](int shift) { text += static_cast<char>(0x80 | (point >> shift & 0x3Fu)); };
  if (point < 0x80) {
    text += static_cast<char>(point);
  } else if (point < 0x800) {
    text += static_cast<char>(0xC0 | point >> 6);
    rest(0);
  } else if (point < 0x10000) {
    text += static_cast<char>(0xE0 | point >> 12);
    rest(6);
    rest(0);
  } else {
    text += static_cast<char>(0xF0 | point >> 18);
    rest(12);
    rest(6);
    rest(0);
  }
}

bool is_in(char32_t point, char32_t first, char32_t last) {
  return point >= first && point <= last;
}

bool is_of_word(char32_t point) {
  if (point < 0x80)
    return is_in(point, 'a', 'z') || is_in(point, 'A', 'Z') || is_in(point, '0', '9') ||
           point == '_';
  if (point <= 0xBF) return point == 0xAA || point == 0xB5 || point == 0xBA;
  return point != kNone && point != 0xD7 && point != 0xF7 && !is_in(point, 0x2000, 0x206F) &&
         !is_in(point, 0x20A0, 0x20CF) && !is_in(point, 0x2190, 0x2BFF) &&
         !is_in(point, 0x3000, 0x303F) &&
         (!is_in(point, 0xFF00, 0xFF65) || is_in(point, 0xFF10, 0xFF19) ||
          is_in(point, 0xFF21, 0xFF3A) || is_in(point, 0xFF41, 0xFF5A));
}

/// first, first + step, … last are capitals, whose small letters are `offset` further on.
struct Capitals {
  char32_t first, last;
  std::int32_t offset;
  char32_t step = 1;
};

// The simple lower-case mappings of the Unicode Character Database in these blocks. Signs in the
// ranges (×, U+03A2) are no letters, and so never looked up.
constexpr Capitals kCapitals[] = {
    {0x41, 0x5A, 32},     {0xC0, 0xDE, 32},     {0x100, 0x12E, 1, 2}, {0x130, 0x130, -199},
    {0x132, 0x136, 1, 2}, {0x139, 0x147, 1, 2}, {0x14A, 0x176, 1, 2}, {0x178, 0x178, -121},
    {0x179, 0x17D, 1, 2}, {0x386, 0x386, 38},   {0x388, 0x38A, 37},   {0x38C, 0x38C, 64},
    {0x38E, 0x38F, 63},   {0x391, 0x3AB, 32},   {0x400, 0x40F, 80},   {0x410, 0x42F, 32},
    {0x460, 0x480, 1, 2}, {0x48A, 0x4BE, 1, 2}, {0x4C0, 0x4C0, 15},   {0x4C1, 0x4CD, 1, 2},
    {0x4D0, 0x52E, 1, 2},
};

char32_t lower(char32_t point) {
  for (const Capitals& are : kCapitals)
    if (is_in(point, are.first, are.last) && (point - are.first) % are.step == 0)
      return static_cast<char32_t>(static_cast<std::int32_t>(point) + are.offset);
  return point;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto [point, length] = front_of(text);
    if (point == kNone) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  while (!text.empty()) {
    const auto [point, length] = front_of(text);
    text.remove_prefix(length);
    if (is_of_word(point))
      append(word, lower(point));
    else if (!word.empty())
      words.push_back(std::exchange(word, {}));
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> word_ngrams(const std::vector<std::string>& words, std::int64_t n) {
  std::vector<std::string> ngrams;
  const auto length = static_cast<std::size_t>(n);
  for (std::size_t begin = 0; begin + length <= words.size(); ++begin) {
    std::string& ngram = ngrams.emplace_back(words[begin]);
    for (std::size_t i = begin + 1; i < begin + length; ++i) ngram += ' ' + words[i];
  }
  return ngrams;
}

std::vector<std::string> character_ngrams(std::string_view word, std::int64_t n) {
  const std::string whole = "<" + std::string(word) + ">";
  std::vector<std::size_t> begins;  // of the characters, and the end
  for (std::size_t at = 0; at < whole.size();
       at += front_of(std::string_view(whole).substr(at)).second)
    begins.push_back(at);
  begins.push_back(whole.size());
  std::vector<std::string> ngrams;
  const auto length = static_cast<std::size_t>(n);
  for (std::size_t i = 0; i + length < begins.size(); ++i)
    ngrams.push_back("#" + whole.substr(begins[i], begins[i + length] - begins[i]));
  return ngrams;
}

std::vector<std::string> terms_of(std::string_view text, const TermSetting& setting) {
  const std::vector<std::string> words = words_of(text);
  std::vector<std::string> terms;
  const auto add = [&](std::vector<std::string> more) {
    std::ranges::move(more, std::back_inserter(terms));
  };
  for (std::int64_t n = 1; n <= setting.word_ngrams; ++n) add(word_ngrams(words, n));
  for (const std::int64_t n : setting.character_ngrams)
    for (const std::string& word : words) add(character_ngrams(word, n));
  return terms;
}

std::uint64_t term_hash(std::string_view term) { return XXH3_64bits(term.data(), term.size()); }

}  // namespace metriclab
