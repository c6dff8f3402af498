// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/neighbors/search.hpp>

namespace metriclab {

/// How wide each class's block of the embeddings is: their dimensions by the number of classes in
/// the label column. Throws Error where that is no whole number.
std::int64_t block_width(const Embedded& gallery);

/// The k nearest of each query in the gallery under Distance::by_class: an example of class c is as
/// far as it is in block c of the embeddings, which are one block of equal width for each class of
/// the gallery's label column. Where query and gallery are the same object, an example is not its
/// own neighbour. Order and ties as nearest_neighbors; k ≤ n, or n − 1 within one set. Throws Error
/// as block_width. Cost: one search.
Neighbors<float> nearest_by_class(const Embedded& query, const Embedded& gallery, std::int64_t k);

}  // namespace metriclab
