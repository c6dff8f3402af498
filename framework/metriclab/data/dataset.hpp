// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <filesystem>
#include <metriclab/data/examples.hpp>
#include <metriclab/plugin/plugin.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// One column of class labels: int32, dense from 0, with the classes' own names.
struct LabelColumn {
  std::string name;
  std::vector<std::int32_t> values;  // (n), each in 0 … classes.size() − 1
  std::vector<std::string> classes;  // the name of each class
};

/// A few-shot task. Indices count the examples of the split's test part; labels are ways, 0 … ways
/// − 1.
struct Episode {
  Indices support, query;
  std::vector<std::int32_t> support_labels, query_labels;
};

/// Which examples train and which test.
struct Split {
  std::string name;  // "fold 1", "repeat 2 fold 1", "holdout 1", …
  Indices train, test;
  std::vector<Episode> episodes;  // for few-shot evaluation; may be empty
};

/// A pair of examples that is to be near (similar) or far.
struct LabelledPair {
  std::int64_t first = 0, second = 0;
  bool similar = true;
};

/// How similar two examples are, on a scale of the data set's own; the greater the more.
struct RatedPair {
  std::int64_t first = 0, second = 0;
  double similarity = 0;
};

/// What is known of nearness beside labels, or in their place; each may be empty. Numbers are those
/// of examples.
struct Constraints {
  std::vector<LabelledPair> pairs;
  std::vector<RatedPair> ratings;
  std::vector<std::array<std::int64_t, 3>> triplets;     // d(0, 1) < d(0, 2)
  std::vector<std::array<std::int64_t, 4>> quadruplets;  // d(0, 1) < d(2, 3)
  std::vector<std::int64_t> chunks;  // (n) the chunk of each example, −1 for none; or empty
};

/// A data set in memory.
struct Data {
  Examples examples;
  bool ids = false;  // values are numbers of things (words, users), without a meaning as quantities
  std::vector<LabelColumn> columns;  // the class first; further ones: coarser levels, camera, user
  std::vector<double> targets;       // (n) for regression labels, or empty
  std::vector<std::vector<std::int32_t>>
      label_sets;  // (n) the classes that each belongs to, ascending; or empty
  std::vector<std::string> set_classes;  // the names of the classes of `label_sets`
  Constraints constraints;
  std::vector<std::string> feature_names;  // (dimension) or empty
  std::vector<Split> splits;  // predefined ones, in the order of Dataset::split_names()

  std::int64_t size() const { return examples.size(); }
  /// The class labels: the first column, which must be there.
  const std::vector<std::int32_t>& labels() const;
  std::int64_t n_classes() const;
  /// The examples of those indices with their labels, and the constraints among them; classes keep
  /// their numbers; predefined splits are dropped.
  Data subset(const Indices& indices) const;
};

/// Where files are looked for: as given if absolute, then beside the spec, then under
/// $METRICLAB_DATA.
struct Places {
  std::filesystem::path spec;  // the folder of the spec; "" for the working directory
  std::filesystem::path data;  // $METRICLAB_DATA, or ""

  /// The path of an existing file or folder; throws Error naming every place that was tried.
  std::filesystem::path find(const std::string& name) const;
  /// From the environment.
  static Places beside(const std::filesystem::path& spec_folder);
};

/// Plugin kind "dataset": reads or generates examples.
class Dataset : public Component {
 public:
  static constexpr std::string_view kind = "dataset";
  static constexpr std::string_view abi = kEigenAbi;
  ~Dataset() override;

  /// The files that `load` will read; their bytes are part of a run's identity. Empty where data is
  /// generated.
  virtual std::vector<std::filesystem::path> files(const Places&) const { return {}; }
  /// The names of the predefined splits that `load` will give, found without reading the data.
  virtual std::vector<std::string> split_names(const Places&) const { return {}; }
  /// Reads or generates all. Throws Error naming file and line, or example, where the data is not
  /// what it should be.
  virtual Data load(const Places&) const = 0;
};

}  // namespace metriclab
