// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/probe.hpp>
#include <metriclab/data/deep_probe.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

struct Options {
  std::string name, parameters;
  std::vector<std::string> state;
  std::string embeddings, labels, examples, targets, label_sets, reference, reference_labels,
      tuples, gradients, state_after;

  DeepProbe::Request request() const {
    DeepProbe::Request request{.embeddings = embeddings,
                               .labels = labels,
                               .examples = examples,
                               .targets = targets,
                               .label_sets = label_sets,
                               .reference = reference,
                               .reference_labels = reference_labels,
                               .tuples = tuples,
                               .state = {},
                               .gradients = gradients,
                               .state_after = state_after};
    for (const std::string& one : state) {
      const auto equals = one.find('=');
      if (equals == 0 || equals == std::string::npos || equals + 1 == one.size())
        throw Error(fmt::format(
            "--state {}: give the tensor's name and its file, as in proxies=W.npy", one));
      request.state.emplace_back(one.substr(0, equals), one.substr(equals + 1));
    }
    return request;
  }
};

void add_arrays(CLI::App& command, Options& options) {
  command.add_option("name", options.name, "the plugin's name")->required();
  command
      .add_option("--embeddings", options.embeddings,
                  "(B × d), float32 or float64; (T × B × d): T batches, one after the other")
      ->required()
      ->type_name("E.npy");
  command
      .add_option("--labels", options.labels,
                  "(B) integers; (B × L): the class, then coarser levels; none: each its own class")
      ->type_name("y.npy");
  command
      .add_option("--examples", options.examples,
                  "(B) integers: rows of one number are views of one example")
      ->type_name("e.npy");
  command.add_option("--targets", options.targets, "(B) real targets")->type_name("t.npy");
  command.add_option("--label-sets", options.label_sets, "(B × C) of 0 and 1: sets of classes")
      ->type_name("S.npy");
  command.add_option("--parameters", options.parameters, "the plugin's parameters, as in a spec")
      ->type_name("JSON");
  auto* reference = command
                        .add_option("--reference", options.reference,
                                    "(R × d): the second side of tuples, instead of the batch")
                        ->type_name("R.npy");
  auto* labels = command.add_option("--reference-labels", options.reference_labels, "(R) integers")
                     ->type_name("r.npy");
  reference->needs(labels);
  labels->needs(reference);
}

}  // namespace

void add_probe_loss(CLI::App& probe, Globals& globals, int&) {
  auto* command = probe.add_subcommand("loss", "a loss and its gradients");
  command->footer(
      "Example: metriclab probe loss triplet --embeddings E.npy --labels y.npy --gradients "
      "gradients");
  auto options = std::make_shared<Options>();
  add_arrays(*command, *options);
  command->add_option("--state", options->state, "a trained tensor of the loss, by its name")
      ->type_name("PARAM=W.npy");
  command
      ->add_option("--tuples", options->tuples,
                   "the tuples to look at, as `metriclab probe miner` prints them; otherwise all")
      ->type_name("T.json");
  command->add_option("--gradients", options->gradients, "the folder to write the gradients to")
      ->type_name("DIR");
  command
      ->add_option("--state-after", options->state_after,
                   "the folder to write the loss's own tensors to, as they are afterwards")
      ->type_name("DIR");
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    const Value resolved =
        registry.resolve("loss", probe_block(options->name, options->parameters));
    const auto deep = registry.make<DeepProbe>(Value("deep"));
    fmt::print("{}\n", to_json_text(deep->loss(resolved, options->request(), registry)));
  });
}

void add_probe_miner(CLI::App& probe, Globals& globals, int&) {
  auto* command = probe.add_subcommand("miner", "the tuples that a miner picks");
  command->footer("Example: metriclab probe miner semihard --embeddings E.npy --labels y.npy");
  auto options = std::make_shared<Options>();
  add_arrays(*command, *options);
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    const Value resolved =
        registry.resolve("miner", probe_block(options->name, options->parameters));
    const auto deep = registry.make<DeepProbe>(Value("deep"));
    fmt::print("{}\n", to_json_text(deep->mine(resolved, options->request(), registry), -1));
  });
}

}  // namespace metriclab
