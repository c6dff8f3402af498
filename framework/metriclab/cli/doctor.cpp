// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/diagnosis.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

void line(std::string_view what, const std::string& text) { fmt::print("{:<12} {}\n", what, text); }

void print(const Value& is) {
  const auto text = [](const Value& group, const char* key) { return group.at(key).as_string(); };
  const Value& versions = is.at("versions");
  line("metriclab", fmt::format("{}, commit {}, {}", text(versions, "metriclab"),
                                text(versions, "commit"), text(is, "library")));
  line("compiler",
       fmt::format("{}, {}{}", text(versions, "compiler"), text(versions, "standard_library"),
                   text(versions, "sanitizers") == "none"
                       ? ""
                       : ", sanitizers: " + text(versions, "sanitizers")));
  line("Eigen", text(versions, "eigen"));
  line("BLAS", text(versions, "blas"));
  const bool deep = is.at("deep").at("works").as_boolean();
  line("LibTorch", fmt::format("{}: {}", text(versions, "libtorch"),
                               deep ? "works" : "does not work: " + text(is.at("deep"), "reason")));
  const Value& machine = is.at("machine");
  std::vector<std::string> sets;
  for (const Value& set : machine.at("instruction_sets").as_list()) sets.push_back(set.as_string());
  line("CPU", fmt::format("{}: {}", text(machine, "cpu"), fmt::join(sets, " ")));
  line("cores", fmt::format("{}, usable {}", machine.at("cores").as_integer(),
                            machine.at("usable_cores").as_integer()));
  line("memory", fmt::format("{} MiB", machine.at("memory_mib").as_integer()));
  std::vector<std::string> variables;
  for (const Value::Member& member : is.at("threads").as_object())
    variables.push_back(member.key +
                        (member.value.is_null() ? " not set" : "=" + member.value.as_string()));
  line("threads", fmt::format("{}", fmt::join(variables, ", ")));
  for (const Value& folder : is.at("plugins").as_list())
    line("plugins",
         fmt::format("{:>3} in {}", folder.at("plugins").as_integer(), text(folder, "folder")));
  const Value& data = is.at("data");
  line("data", data.at("METRICLAB_DATA").is_null()
                   ? "METRICLAB_DATA is not set"
                   : fmt::format("METRICLAB_DATA={}{}", text(data, "METRICLAB_DATA"),
                                 data.at("is_folder").as_boolean() ? "" : ", which is no folder"));
  const Value& results = is.at("results");
  line("results",
       fmt::format("{}: {}{}", text(results, "folder"),
                   results.at("writable").as_boolean() ? "can be written" : "can't be written",
                   results.at("free_mib").is_null()
                       ? ""
                       : fmt::format(", {} MiB free", results.at("free_mib").as_integer())));
  for (const Value& refused : is.at("refused").as_list())
    line("refused", fmt::format("{}: {}", text(refused, "library"), text(refused, "reason")));
}

}  // namespace

void add_doctor(CLI::App& app, Globals& globals, int& exit_code) {
  auto* command =
      app.add_subcommand("doctor", "versions, threads, plugin folders, what does not load and why");
  command->footer("Example: metriclab --plugin-path my_loss/build doctor");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "JSON on stdout");
  command->callback([&globals, &exit_code, json] {
    Registry registry = globals.registry();
    const Value found = diagnose(registry);
    if (*json)
      fmt::print("{}\n", to_json_text(found));
    else
      print(found);
    if (!found.at("refused").as_list().empty()) exit_code = 1;
  });
}

}  // namespace metriclab
