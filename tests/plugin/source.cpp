// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <metriclab/plugin/shared_library.hpp>

using metriclab::normalized_source;

TEST_CASE("comments and white space do not change a source") {
  const std::string plain = normalized_source("int a = 1; int b;");
  CHECK(plain == "int a = 1; int b;");
  CHECK(normalized_source("int a = 1;\n\n\t int b;") == plain);
  CHECK(normalized_source("int a = 1;  // one\nint b;") == plain);
  CHECK(normalized_source("int a = 1; /* one\n // two */ int b;") == plain);
  CHECK(normalized_source("int a = 1;/**/int b;") == plain);
  CHECK(normalized_source("// first\nint a = 1; int b;").find("first") == std::string::npos);
}

TEST_CASE("everything else does") {
  CHECK(normalized_source("a = 1;") != normalized_source("a = 2;"));
  CHECK(normalized_source("a b") != normalized_source("ab"));
  CHECK(normalized_source("a/**/b") != normalized_source("ab"));
  // What looks like a comment in a literal is none.
  CHECK(normalized_source("f(\"http://a\");") != normalized_source("f(\"http://b\");"));
  CHECK(normalized_source("f(\"a  b\");") != normalized_source("f(\"a b\");"));
  CHECK(normalized_source(R"(f("\"//a");)") != normalized_source(R"(f("\"//b");)"));
  CHECK(normalized_source("'\"'; // a\nx") == normalized_source("'\"'; // b\nx"));
  CHECK(normalized_source("f(R\"(\" // a)\");") != normalized_source("f(R\"(\" // b)\");"));
  CHECK(normalized_source("f(R\"q()\" // a)q\"); // c\n;") == "f(R\"q()\" // a)q\"); ;");
  // A digit separator opens no literal.
  CHECK(normalized_source("n = 1'000'000; // a\nm") == "n = 1'000'000; m");
}

TEST_CASE("a source that ends in the middle ends there") {
  CHECK(normalized_source("").empty());
  CHECK(normalized_source("a // b") == "a ");
  CHECK(normalized_source("a /* b") == "a ");
  CHECK(normalized_source("/*").find('b') == std::string::npos);
  CHECK(normalized_source("\"a") == "\"a");
  CHECK(normalized_source("R\"(a") == "R\"(a");
  CHECK(normalized_source("R\"") == "R\"");
}
