// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// Compiled once for each library, since parsing these costs more than what most files do with them.
// Every file includes what it needs all the same: -Db_pch=false builds without this.
#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
