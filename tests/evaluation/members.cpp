// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <metriclab/evaluation/members.hpp>

namespace {

using namespace metriclab;

TEST_CASE("examples are selected by column and class") {
  Embedded part{
      .embeddings = MatrixF::Zero(4, 1),
      .columns = {{.name = "class", .values = {2, 0, 2, 1}, .classes = {}},
                  {.name = "kind", .values = {0, 1, 1, 0}, .classes = {"user", "item", "a=b"}}}};
  CHECK(members_of(part, "kind=user") == Indices{0, 3});
  CHECK(members_of(part, "kind=item") == Indices{1, 2});
  CHECK(members_of(part, "kind=a=b").empty());
  // A column without names of classes goes by their numbers.
  CHECK(members_of(part, "class=2") == Indices{0, 2});
  CHECK_THROWS_WITH_AS(
      members_of(part, "user"),
      R"("user" selects no examples; give a column and a class, as in "kind=user")", Error);
  CHECK_THROWS_WITH_AS(
      members_of(part, "=user"),
      R"("=user" selects no examples; give a column and a class, as in "kind=user")", Error);
  CHECK_THROWS_WITH_AS(members_of(part, "camera=1"),
                       R"(there is no label column "camera"; there is "class" and "kind")", Error);
  CHECK_THROWS_WITH_AS(members_of(part, "kind=users"),
                       R"(column "kind" has no class "users"; did you mean "user"?)", Error);
  CHECK_THROWS_WITH_AS(members_of(part, "class=7"),
                       R"(column "class" has no class "7"; there is "0", "1" and "2")", Error);
  part.columns.clear();
  CHECK_THROWS_WITH_AS(members_of(part, "kind=user"),
                       R"(there is no label column "kind"; there is none)", Error);
}

}  // namespace
