// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/experiment/search_space.hpp>
#include <metriclab/plugin/random.hpp>
#include <optional>
#include <vector>

namespace metriclab {

/// A point of a search space that was tried.
struct Tried {
  std::vector<double> u;
  std::optional<double> loss;  // smaller is better; nullopt: it failed
};

/// Where to try next, by a tree-structured Parzen estimator: of some candidates drawn from l, that
/// with the greatest l(u)/g(u), which is that of the greatest expected improvement,
///
///     l, g: the densities of the best ⌈0.15 n⌉ of the n points tried, and of the others
///
/// products over the dimensions. Of an ordered one: a mixture of normal distributions around its
/// points, cut off at 0 and 1, of which each is as wide as the greater gap to its neighbours, and
/// of the uniform one. Of an unordered one: its counts, and one more spread over all values. Points
/// that failed are among the others. Without two points it is uniform. Source: Bergstra, Bardenet,
/// Bengio, Kégl. Algorithms for hyper-parameter optimization. NIPS 2011, section 4.
std::vector<double> propose(const SearchSpace& space, const std::vector<Tried>& tried,
                            Random random);

}  // namespace metriclab
