// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/distance.hpp>
#include <metriclab/plugin/random.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// What a method ends as: examples in, embeddings out.
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model();

  /// (n × d) float32, a row an example.
  virtual MatrixF embed(const Examples& examples) const = 0;
  /// How the embeddings are to be compared.
  virtual Distance distance() const { return Distance::euclidean; }
  /// Writes what `Method::restore` needs into an existing folder.
  virtual void save(const std::filesystem::path& folder) const = 0;
};

/// A quantity over the course of another: one value a step or an epoch of a training; a ROC.
struct Curve {
  std::string name;  // "loss", "validation.map_at_r", "roc", …
  std::string unit;  // what `at` is: "epoch", "step", "iteration", "false accept rate"
  std::vector<double> at, values;
};

/// As results have it: {"name": …, "unit": …, "at": […], "values": […]}.
Value to_value(const Curve& curve);

/// What a method is given. Everything is about the training part; the test part is out of reach.
struct Training {
  const Data& data;
  Random random;          // this run's own stream
  Random initialization;  // the stream of initial weights: the same for all methods of a seed
  int threads = 1;
  std::filesystem::path checkpoints;  // a folder for interrupted work to go on from; "" for none
  std::function<void(double done, const std::string& what)>
      progress;  // done in 0 … 1; may be empty
};

/// What a method gives.
struct Fit {
  std::unique_ptr<Model> model;
  Value report = Value::object();  // {"objective": …, "iterations": …, "stopped": "converged"}
  std::vector<Curve> curves;
};

/// What learns a distance: a classical solver, or a deep method composed of architecture, loss and
/// so on.
class Method : public Component {
 public:
  static constexpr std::string_view kind = "method";
  static constexpr std::string_view abi = kEigenAbi;
  ~Method() override;

  /// Why this method can't be used on such data by its nature ("conv4 takes images, these are
  /// vectors of 13"), or nullopt. The run is then skipped, not failed.
  virtual std::optional<std::string> unsuitable(const Data&) const { return std::nullopt; }
  /// Whether it takes examples that are ids; one that doesn't is never given such.
  virtual bool takes_ids() const { return false; }
  /// Learns. Throws Error where the data or the parameters don't allow it, `by_nature` where it
  /// turns out here that it can't be used on such data.
  virtual Fit fit(const Training& training) = 0;
  /// The model that `Model::save` wrote.
  virtual std::unique_ptr<Model> restore(const std::filesystem::path& folder) const = 0;
};

}  // namespace metriclab
