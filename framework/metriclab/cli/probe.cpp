// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/probe.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/plugin/json.hpp>
#include <variant>

namespace metriclab {

void add_probe(CLI::App& app, Globals& globals, int& exit_code) {
  auto* probe = app.add_subcommand("probe", "one plugin by itself on arrays: .npy in, JSON out");
  probe->footer("Example: metriclab probe evaluator retrieval --embeddings E.npy --labels y.npy");
  probe->require_subcommand(1);
  add_probe_loss(*probe, globals, exit_code);
  add_probe_miner(*probe, globals, exit_code);
  add_probe_evaluator(*probe, globals, exit_code);
  add_probe_solver(*probe, globals, exit_code);
}

Value probe_block(const std::string& name, const std::string& parameters) {
  Value block = Value::object();
  block.set("plugin", name);
  if (parameters.empty()) return block;
  try {
    const Value given = parse_json(parameters);
    if (!given.is_object())
      throw Error(
          fmt::format("is {}; give an object, such as {{\"margin\": 0.2}}", given.type_name()));
    if (given.find("plugin")) throw Error("has \"plugin\"; the plugin is named before the options");
    for (const Value::Member& member : given.as_object()) block.set(member.key, member.value);
  } catch (const Error& error) {
    throw Error(fmt::format("--parameters: {}", error.what()));
  }
  return block;
}

MatrixF read_embeddings(const std::filesystem::path& file) {
  const NpyArray array = read_npy(file);
  if (array.shape.size() != 2)
    throw Error(
        fmt::format("{}: its shape is ({}); embeddings have two axes, (examples, dimensions)",
                    file.string(), fmt::join(array.shape, ", ")));
  const std::vector<float> values = array.as_float();
  return Eigen::Map<const MatrixF>(values.data(), array.shape[0], array.shape[1]);
}

std::vector<std::int64_t> read_labels(const std::filesystem::path& file, std::int64_t n,
                                      const std::filesystem::path& of) {
  const NpyArray array = read_npy(file);
  if (array.shape.size() != 1 || array.shape[0] != n)
    throw Error(fmt::format("{}: its shape is ({}); {} has {} examples, so ({}) is needed",
                            file.string(), fmt::join(array.shape, ", "), of.string(), n, n));
  const bool whole = !std::holds_alternative<std::vector<float>>(array.values) &&
                     !std::holds_alternative<std::vector<double>>(array.values);
  if (!whole)
    throw Error(
        fmt::format("{}: holds floating-point numbers; labels are integers", file.string()));
  return array.as_integers();
}

}  // namespace metriclab
