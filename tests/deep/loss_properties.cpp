// SPDX-License-Identifier: BSD-3-Clause
// What holds for every loss is held by the conformance suite; here is what losses refuse.
#include <metriclab/deep/anchors.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

const std::vector<std::int64_t> kLabels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0};

TEST_CASE("what does not fit is refused in one line") {
  const auto loss = make_loss("\"contrastive\"");
  Batch batch = law_batch(kLabels, 5, 20);
  batch.labels = integers({0, 1});
  CHECK_THROWS_WITH_AS(loss->forward(batch, Tuples::all()),
                       "there are 10 embeddings and 2 labels for them; each needs one", Error);
  batch = law_batch(kLabels, 5, 20);
  CHECK_THROWS_WITH_AS(
      loss->forward(batch, Tuples::triplets(integers({0}), integers({3}), integers({10}))),
      "a tuple's negative is 10, outside of 0 … 9", Error);
  const auto anchored = make_loss("\"proxy_anchor\"");
  anchored->prepare(
      {.n_classes = 3, .embedding_size = 5, .type = at::kDouble, .random = Random(1)});
  CHECK_THROWS_WITH_AS(anchored->forward(batch, Tuples::all()),
                       "an example of the batch has label 3; there are proxies for 0 … 2", Error);
}

}  // namespace
