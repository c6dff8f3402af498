// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <metriclab/classical/solver.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace metriclab {

/// Holds a solver to the promises of its interface, on small generated data with labels: L finite,
/// (r × d) with 1 ≤ r ≤ d; an objective, but for closed forms; the same bytes from the same stream;
/// a metric that depends neither on the order of examples nor on the names of classes, unless the
/// solver draws at random; what can't be learned from refused with an Error; a saved model that
/// embeds alike. `properties`: "labels_are_ordered" for one that learns from the classes' order, or
/// takes them for numbers; "non_negative_features" for one that takes no others.
void check_solver(const std::function<std::unique_ptr<Solver>()>& make,
                  const std::vector<std::string>& properties, Checks& checks);

/// Holds a kernel to its promises, on small generated data: finite values, k(x, y) = k(y, x), the
/// diagonal what k has for an example and itself, no eigenvalue below 0 but for rounding, and the
/// same values whatever the other rows are.
void check_kernel(const Kernel& kernel, Checks& checks);

}  // namespace metriclab
