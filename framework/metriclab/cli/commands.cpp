// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/cli/command.hpp>

namespace metriclab {

void add_commands(CLI::App& app, Globals& globals, int& exit_code) {
  add_run(app, globals, exit_code);
  add_check(app, globals, exit_code);
  add_status(app, globals, exit_code);
  add_merge(app, globals, exit_code);
  add_clean(app, globals, exit_code);
  add_table(app, globals, exit_code);
  add_compare(app, globals, exit_code);
  add_report(app, globals, exit_code);
  add_plot(app, globals, exit_code);
  add_list(app, globals, exit_code);
  add_describe(app, globals, exit_code);
  add_schema(app, globals, exit_code);
  add_new(app, globals, exit_code);
  add_test(app, globals, exit_code);
  add_embed(app, globals, exit_code);
  add_search(app, globals, exit_code);
  add_probe(app, globals, exit_code);
  add_doctor(app, globals, exit_code);
  add_worker(app, globals, exit_code);
}

}  // namespace metriclab
