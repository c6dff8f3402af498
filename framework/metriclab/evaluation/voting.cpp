// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/evaluation/by_class.hpp>
#include <metriclab/evaluation/voting.hpp>

namespace metriclab {
namespace {

bool leave_one_out(const Evaluation& input) { return input.train.embeddings.rows() == 0; }

}  // namespace

const Embedded& voters_of(const Evaluation& input) {
  return leave_one_out(input) ? input.test : input.train;
}

void require_voters(const Evaluation& input, std::int64_t n_neighbors, std::string_view evaluator) {
  const std::int64_t n = voters_of(input).embeddings.rows();
  const std::int64_t least = n_neighbors + (leave_one_out(input) ? 1 : 0);
  if (n < least)
    throw Error(fmt::format(
        "{}: n_neighbors = {} asks for at least {} examples in the {} part, which has {}; lower "
        "n_neighbors",
        evaluator, n_neighbors, least, leave_one_out(input) ? "test" : "training", n));
}

Neighbors<float> nearest_voters(const Evaluation& input, std::int64_t n_neighbors) {
  const Embedded& voters = voters_of(input);
  if (input.distance == Distance::by_class)
    return nearest_by_class(input.test, voters, n_neighbors);
  if (leave_one_out(input))
    return nearest_neighbors(input.test.embeddings, n_neighbors, input.distance, input.threads);
  return nearest_neighbors(input.test.embeddings, voters.embeddings, n_neighbors, input.distance,
                           input.threads);
}

std::vector<double> vote_weights(const Neighbors<float>& found, std::int64_t query,
                                 const std::string& weights) {
  const std::int64_t k = found.distances.cols();
  std::vector<double> counts(static_cast<std::size_t>(k), 1);
  // The first is the nearest. One that float can't hold leaves nothing to tell them apart by.
  const double least = found.distances(query, 0);
  if (weights == "uniform" || !std::isfinite(least)) return counts;
  for (std::int64_t rank = 0; rank < k; ++rank) {
    const double distance = found.distances(query, rank);
    // By the ratio to the nearest, since 1/distance may overflow.
    counts[static_cast<std::size_t>(rank)] =
        least > 0 ? least / distance : static_cast<double>(distance == 0);
  }
  return counts;
}

std::optional<std::string> unweighable(const std::string& weights, Distance distance) {
  if (weights == "uniform" || (distance != Distance::dot && distance != Distance::bilinear))
    return std::nullopt;
  return fmt::format(
      "weights \"distance\" are inverse distances, and those of \"{}\" may be negative; "
      "\"uniform\" takes them",
      to_string(distance));
}

}  // namespace metriclab
