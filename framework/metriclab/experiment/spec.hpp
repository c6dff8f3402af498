// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/data/normalize.hpp>
#include <metriclab/data/split.hpp>
#include <metriclab/experiment/search_space.hpp>
#include <metriclab/experiment/tune_settings.hpp>
#include <metriclab/plugin/registry.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// A data set of a spec, every default filled in.
struct DatasetSpec {
  std::string name;              // unique in its spec
  std::string pointer;           // where the spec has it, for messages
  Value grid = Value::object();  // the grid's values that made it: pointer → value
  Value block;                   // resolved, of kind "dataset"
  Value split;                   // resolved Splitting
  Splitting splitting;           // the same as a struct
  Normalization normalize = Normalization::none;
};

/// A method of a spec, every default filled in.
struct MethodSpec {
  std::string name;              // unique in its spec; a point of a grid has its values in it
  std::string base;              // as the spec has it
  Value grid = Value::object();  // as above
  std::string kind;              // "solver" or "method"
  Value block;                   // resolved, of that kind
  bool baseline = false;         // added by metriclab, not asked for
  /// What is searched for; `block` has the middle of it then.
  SearchSpace space = {};
  bool is_searched() const { return !space.dimensions.empty(); }
  /// The steps from `block` to what a pointer names from the method as the spec has it on; nullopt
  /// where it names nothing there.
  std::optional<std::vector<std::string>> steps_in_block(const std::string& pointer) const;
  /// The first integer of `resources` that the method has: its steps from `block` on; none: empty.
  std::vector<std::string> resource_steps(const Halving& halving) const;
};

/// An evaluator of a spec; metrics are called "name.metric".
struct EvaluatorSpec {
  std::string name;
  Value block;  // resolved
};

/// Of one run.
struct Limits {
  std::optional<double> time_limit = {};          // seconds
  std::optional<std::int64_t> memory_limit = {};  // MiB
  static void describe(Description<Limits>& is);
};

/// What a spec says beside its data sets, methods and evaluators.
struct SpecSettings {
  std::string name;
  std::vector<std::int64_t> seeds = {1};
  Limits limits;
  bool save_models = false;
  std::optional<std::int64_t> exhibit = {};  // examples; where it is given, results must have them
  bool baselines = true;
  std::optional<TuneSettings> tune = {};
  static void describe(Description<SpecSettings>& is);
};

/// A spec that has been checked as a whole.
struct Spec {
  Value document;  // as written, with what --set changed
  Places places;   // where its data are looked for
  SpecSettings settings;
  std::vector<DatasetSpec> datasets;
  std::vector<MethodSpec> methods;
  std::vector<EvaluatorSpec> evaluators;
  Value validation;  // resolved Splitting of `tune`; null without it
};

/// The keys of a spec, in the order in which the guide explains them.
const std::vector<std::string>& spec_keys();

/// The document of a spec file with what it extends and defines (document.hpp), and with settings
/// "POINTER=VALUE" applied (VALUE is JSON, or a string without its quotes). Throws Error: no such
/// file, "LINE:COLUMN: …" of a syntax error, a setting that can't be applied. Keys that appear
/// twice are added to `problems`.
Value read_document(const std::filesystem::path& file, const std::vector<std::string>& settings,
                    Problems& problems);

/// Checks and fills in all of a document, with grids expanded and baselines added. Problems come
/// in the order of the document; with any, the result is not to be used.
Spec make_spec(Value document, Places places, Registry& registry, Problems& problems);

}  // namespace metriclab
