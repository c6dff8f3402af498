// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <metriclab/report/fold.hpp>

namespace {

using namespace metriclab;
using Lines = std::vector<std::string>;

TEST_CASE("widths on a terminal") {
  CHECK(width_of("") == 0);
  CHECK(width_of("a ± b") == 5);
  CHECK(width_of("距離") == 4);
  CHECK(width_of("e\u0301") == 1);  // e and a combining accent
  CHECK(width_of("ß") == 1);
  CHECK(width_of("🙂") == 2);
  CHECK(width_of("\xff\xfe") == 2);  // no UTF-8: a byte is a character
}

TEST_CASE("lines are broken at spaces, and words only where they are longer than a line") {
  CHECK(fold("one two three", 0) == Lines{"one two three"});
  CHECK(fold("one two three", 13) == Lines{"one two three"});
  CHECK(fold("one two three", 12) == Lines{"one two", "three"});
  CHECK(fold("one two three", 8, "  ") == Lines{"one two", "  three"});
  CHECK(fold("abcdefgh", 3) == Lines{"abc", "def", "gh"});
  CHECK(fold("a bcdefgh", 4) == Lines{"a", "bcde", "fgh"});
  CHECK(fold("距離学習", 5) == Lines{"距離", "学習"});
  CHECK(fold("", 5) == Lines{""});
}

TEST_CASE("folding loses nothing, and no line is longer than asked for") {
  CHECK(rc::check([] {
    std::string text;
    for (int length : *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 12)))
      text += (text.empty() ? "" : " ") + std::string(static_cast<std::size_t>(length), 'x');
    const auto width = static_cast<std::size_t>(*rc::gen::inRange(4, 30));
    std::string joined;
    for (const std::string& line : fold(text, width, "  ")) {
      RC_ASSERT(width_of(line) <= width);
      joined += line;
    }
    std::erase(joined, ' ');
    std::erase(text, ' ');
    RC_ASSERT(joined == text);
  }));
}

}  // namespace
