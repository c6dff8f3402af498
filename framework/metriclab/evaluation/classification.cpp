// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/classification.hpp>

namespace metriclab {

std::vector<Metric> classification_metrics(std::span<const std::int32_t> truth,
                                           std::span<const std::int32_t> predicted) {
  METRICLAB_CHECK(!truth.empty() && truth.size() == predicted.size(),
                  "a predicted label for each of at least one");
  struct Counts {
    double there = 0, predicted = 0, right = 0;
  };
  std::map<std::int32_t, Counts> classes;
  double right = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    ++classes[truth[i]].there;
    ++classes[predicted[i]].predicted;
    if (predicted[i] != truth[i]) continue;
    ++classes[truth[i]].right;
    ++right;
  }
  double recalls = 0, tested = 0, f1 = 0;
  for (const auto& [label, is] : classes) {
    if (is.there > 0) {
      recalls += is.right / is.there;
      ++tested;
    }
    f1 += 2 * is.right / (is.there + is.predicted);
  }
  return {{.name = "accuracy", .value = right / static_cast<double>(truth.size()), .reason = {}},
          {.name = "balanced_accuracy", .value = recalls / tested, .reason = {}},
          {.name = "macro_f1", .value = f1 / static_cast<double>(classes.size()), .reason = {}}};
}

std::vector<Metric> unclassified(const std::string& reason) {
  return {undefined("accuracy", reason), undefined("balanced_accuracy", reason),
          undefined("macro_f1", reason)};
}

std::optional<std::string> unclassifiable(const Embedded& test, const Embedded& train) {
  if (test.embeddings.rows() == 0) return "the test part is empty";
  if (train.embeddings.rows() == 0) return "the training part is empty";
  const auto trained = members_by_class(train.labels());
  for (const auto& entry : members_by_class(test.labels()))
    if (trained.contains(entry.first)) return std::nullopt;
  return "the training part has none of the test part's classes";
}

}  // namespace metriclab
