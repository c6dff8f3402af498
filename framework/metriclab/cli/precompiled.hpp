// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// As framework/metriclab/precompiled.hpp.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/plugin/registry.hpp>
