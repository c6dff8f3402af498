// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <metriclab/deep/sampler.hpp>
#include <metriclab/plugin/error.hpp>
#include <optional>

namespace {

using namespace metriclab;

/// Batches of a few super-classes: their classes lie near each other and are hard to tell apart.
///
/// A batch has `super_classes` different super-classes of the label column `column`, of each
/// `classes` different classes, and of each class `per_class` different examples; all are drawn
/// anew for each batch among the super-classes with enough classes with enough examples. Fewer of
/// them than wanted is an Error. The classes of a super-class are those whose examples are in it.
/// Cost: O(n
/// + examples shown) time and O(n) memory an epoch.
class Hierarchical final : public Sampler {
 public:
  static void describe(Description<Hierarchical>& is) {
    is.summary("batches of classes of a few super-classes, which lie near each other");
    is.source(
        "Yang, Bastan, Zhu, Gray, Samaras. Hierarchical proxy-based loss for deep metric learning. "
        "WACV 2022 (section 4.2)");
    is.cost("O(n + examples shown) time and O(n) memory an epoch");
    is.parameter("column", &Hierarchical::column,
                 "the label column of the super-classes; empty: the first after the class");
    is.parameter("super_classes", &Hierarchical::super_classes, "super-classes in a batch")
        .at_least(1);
    is.parameter("classes", &Hierarchical::classes, "classes of each super-class").at_least(1);
    is.parameter("per_class", &Hierarchical::per_class, "examples of each class").at_least(1);
    is.parameter("batches", &Hierarchical::batches,
                 "batches in an epoch; null: so many that it shows about as many examples as "
                 "there are")
        .at_least(1);
  }

  void prepare(const SamplingSetting& setting) override {
    const std::vector<std::int64_t>& levels = setting.columns[column_of(setting)];
    std::map<std::int64_t, std::map<std::int64_t, std::vector<std::int64_t>>> tree;
    for (std::size_t i = 0; i < setting.labels.size(); ++i)
      tree[levels[i]][setting.labels[i]].push_back(static_cast<std::int64_t>(i));
    groups_.clear();
    for (auto& [level, members_of] : tree) {
      std::vector<std::vector<std::int64_t>> group;
      for (auto& [label, members] : members_of)
        if (static_cast<std::int64_t>(members.size()) >= per_class) group.push_back(members);
      if (static_cast<std::int64_t>(group.size()) >= classes) groups_.push_back(std::move(group));
    }
    if (static_cast<std::int64_t>(groups_.size()) < super_classes)
      throw Error(fmt::format("{} super-classes in a batch, and the training part has {} with {} "
                              "classes of {} examples; give at most as many",
                              super_classes, groups_.size(), classes, per_class))
          .in("super_classes");
    const std::int64_t shown = super_classes * classes * per_class,
                       n = static_cast<std::int64_t>(setting.labels.size());
    if (shown < 2) throw Error("a batch of 1 example; it needs at least 2").in("per_class");
    n_batches_ = batches.value_or(std::max<std::int64_t>(1, (n + shown / 2) / shown));
  }

  std::vector<SampledBatch> epoch(Random random, const EmbeddedExamples&) const override {
    std::vector<SampledBatch> result(static_cast<std::size_t>(n_batches_));
    auto drawn = [&](const auto& of, std::int64_t count, auto visit) {
      for (const std::int64_t k : random.sample(static_cast<std::int64_t>(of.size()), count))
        visit(of[static_cast<std::size_t>(k)]);
    };
    for (SampledBatch& batch : result)
      drawn(groups_, super_classes, [&](const auto& group) {
        drawn(group, classes, [&](const std::vector<std::int64_t>& members) {
          drawn(members, per_class, [&](std::int64_t i) { batch.examples.push_back(i); });
        });
      });
    return result;
  }

 private:
  std::size_t column_of(const SamplingSetting& setting) const {
    const std::vector<std::string>& names = setting.column_names;
    if (names.empty())
      throw Error("needs a label column of super-classes, and the data set has the class alone");
    if (column.empty()) return 0;
    const auto found = std::find(names.begin(), names.end(), column);
    if (found == names.end())
      throw Error(
          fmt::format("there is no label column \"{}\"{}", column, suggestion(column, names)))
          .in("column");
    return static_cast<std::size_t>(found - names.begin());
  }

  // The examples of each class of each super-class, of those that are large enough.
  std::vector<std::vector<std::vector<std::int64_t>>> groups_;
  std::int64_t n_batches_ = 0;

  std::string column;
  std::int64_t super_classes = 4;
  std::int64_t classes = 4;
  std::int64_t per_class = 4;
  std::optional<std::int64_t> batches;
};

METRICLAB_PLUGIN(Hierarchical, "hierarchical");

}  // namespace
