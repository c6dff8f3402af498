// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <metriclab/cli/command.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/memory.hpp>
#include <metriclab/version.hpp>

int main(int argc, char** argv) {
  metriclab::keep_freed_memory();
  CLI::App app{"metriclab: a research framework for metric learning", "metriclab"};
  app.set_version_flag("--version", std::string(metriclab::kVersion));
  app.require_subcommand(1);
  app.fallthrough();
  metriclab::Globals globals;
  if (argc > 0) globals.command = argv[0];
  app.add_option("--plugin-path", globals.plugin_path, "folders with further plugins, searched first")->type_name("DIR");
  int exit_code = 0;
  metriclab::add_commands(app, globals, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version are no mistakes; any other parse error is a wrong request.
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const metriclab::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 2;
  }
  return exit_code;
}
