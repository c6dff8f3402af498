// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/evaluation/evaluator.hpp>

namespace metriclab {

/// The schema of exhibits; raised when what they hold changes its meaning.
inline constexpr std::int64_t kExhibitSchema = 1;

/// What of a run's test part people look at, besides its numbers.
struct ExhibitInput {
  const Data& test;          // as it was before the normalisation
  const Indices& positions;  // of each of its examples in the data set
  const Embedded& embedded;
  Distance distance = Distance::euclidean;
  std::int64_t count = 0;  // examples to show, at most
  Random random;           // the same for all methods, so that they show the same examples
  int threads = 1;
};

/// Some examples of the test part with their embeddings and nearest neighbours, as a run's file
/// exhibits/<id>.json has them (besides "id", "experiment" and "run"):
///
///     {"schema": 1, "distance": "euclidean", "n_test": 597, "classes": 10, "shown_classes": 10,
///      "examples": [{"index": 17, "label": "3", "picture": "iVBOR…" | "text": "width 1.5, …"}, …],
///      "coordinates": [[…], …], "explained": 0.98,
///      "queries": [{"example": 0, "chosen": "at random", "precision": 0.75,
///                   "neighbors": [12, …], "distances": [0.31, …]}, …]}
///
/// The first examples have a row of `coordinates`: their embeddings in the principal components of
/// the examples shown, 50 at most, which hold the part `explained` of their variance; of length 1
/// before, where the distance is the cosine. Those that follow are there as neighbours alone.
/// Examples are of at most 12 classes, more where those have not half of `count` examples,
/// drawn at random, then examples of these. Queries are 24 of the examples at random and up to 12
/// others with the least precision; `neighbors` are their 8 nearest in the whole test part, as
/// numbers in `examples`. Without labels there is no precision, without an order by distance (by
/// class) no query; "reason" says so. Pictures are PNG in base64.
///
/// O(count² · d + count · n · d) time.
Value exhibit_of(const ExhibitInput& input);

}  // namespace metriclab
