// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <metriclab/plugin/registry.hpp>

namespace CLI {
class App;
}

namespace metriclab {

/// What every command is given.
struct Globals {
  std::string command = "metriclab";  // as it was called
  std::vector<std::filesystem::path> plugin_path;
  Registry registry() const { return Registry(Registry::standard_folders(plugin_path)); }
};

// One function and one file for each command: it adds its subcommand, whose callback sets `exit_code`
// (0 all done, 1 some run failed, 2 the request is wrong; a thrown Error becomes 2).
void add_run(CLI::App& app, Globals& globals, int& exit_code);
void add_check(CLI::App& app, Globals& globals, int& exit_code);
void add_status(CLI::App& app, Globals& globals, int& exit_code);
void add_merge(CLI::App& app, Globals& globals, int& exit_code);
void add_clean(CLI::App& app, Globals& globals, int& exit_code);
void add_table(CLI::App& app, Globals& globals, int& exit_code);
void add_compare(CLI::App& app, Globals& globals, int& exit_code);
void add_report(CLI::App& app, Globals& globals, int& exit_code);
void add_plot(CLI::App& app, Globals& globals, int& exit_code);
void add_list(CLI::App& app, Globals& globals, int& exit_code);
void add_describe(CLI::App& app, Globals& globals, int& exit_code);
void add_schema(CLI::App& app, Globals& globals, int& exit_code);
void add_new(CLI::App& app, Globals& globals, int& exit_code);
void add_test(CLI::App& app, Globals& globals, int& exit_code);
void add_embed(CLI::App& app, Globals& globals, int& exit_code);
void add_search(CLI::App& app, Globals& globals, int& exit_code);
void add_probe(CLI::App& app, Globals& globals, int& exit_code);
void add_doctor(CLI::App& app, Globals& globals, int& exit_code);
void add_worker(CLI::App& app, Globals& globals, int& exit_code);

/// All of them, in the order of `metriclab --help`.
void add_commands(CLI::App& app, Globals& globals, int& exit_code);

}  // namespace metriclab
