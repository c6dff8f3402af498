// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/cli/command.hpp>
#include <metriclab/data/examples.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

// `metriclab probe KIND NAME`: one function and one file for each kind; it adds its subcommand to
// `probe`.
void add_probe_loss(CLI::App& probe, Globals& globals, int& exit_code);
void add_probe_miner(CLI::App& probe, Globals& globals, int& exit_code);
void add_probe_evaluator(CLI::App& probe, Globals& globals, int& exit_code);
void add_probe_solver(CLI::App& probe, Globals& globals, int& exit_code);

/// The plugin block {"plugin": name, …} that a spec would have: `parameters` is the JSON text of
/// the rest, or "". Throws Error: a syntax error, not an object, a key twice.
Value probe_block(const std::string& name, const std::string& parameters);

/// The (n × d) float32 array of an .npy file of two axes. Throws Error naming the file.
MatrixF read_embeddings(const std::filesystem::path& file);

/// One label for each of the `n` examples that `of` holds. Throws Error naming both files when the
/// shapes don't fit.
std::vector<std::int64_t> read_labels(const std::filesystem::path& file, std::int64_t n,
                                      const std::filesystem::path& of);

}  // namespace metriclab
