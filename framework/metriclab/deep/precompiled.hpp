// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// As framework/metriclab/precompiled.hpp.
#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <functional>
#include <metriclab/data/examples.hpp>
#include <string>
#include <vector>
