// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <metriclab/data/method.hpp>
#include <metriclab/data/normalize.hpp>
#include <metriclab/plugin/registry.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// A model that was learned in a run, with all that stands between raw examples and its embeddings.
struct SavedModel {
  std::unique_ptr<Method> method;  // what restored the model, and lives as long
  std::unique_ptr<Model> model;
  Normalizer normalizer;
  Shape input;                 // the shape of one example
  std::int64_t dimension = 0;  // d of an embedding
  Distance distance = Distance::euclidean;
  std::vector<std::string> classes;  // those it was trained with, by number; empty without labels
  Value description;                 // the whole of model.json

  /// Normalises and embeds: (n × d) float32. Throws Error, `what` in front, where the examples are
  /// of another shape; those given flat are taken to be of the model's where the number of values
  /// is the same.
  MatrixF embed(const Examples& examples, const std::string& what) const;
};

/// The schema of model.json; raised when what it holds changes its meaning.
inline constexpr std::int64_t kModelSchema = 1;

/// Writes a folder that appears whole or not at all: `model.json` (the schema, the resolved method,
/// the normalisation, the input, the classes) and the model's own files. One that is there already
/// is replaced. `kind` is "solver" or "method", `resolved` its resolved block, `train` the training
/// part as it was before the normalisation. One writer at a time to a folder.
void save_model(const std::filesystem::path& folder, const std::string& kind, const Value& resolved,
                const Data& train, const Normalizer& normalizer, const Model& model);

/// The model that `save_model` wrote, to the last bit. Throws Error, naming the file, where there
/// is no model, it is of a newer schema, its plugin is not there or declares other parameters, or
/// its files don't fit each other.
SavedModel load_model(const std::filesystem::path& folder, Registry& registry);

}  // namespace metriclab
