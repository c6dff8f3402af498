// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// As framework/metriclab/precompiled.hpp.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <Eigen/Core>
#include <filesystem>
#include <map>
#include <string>
#include <vector>
