// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/deep/interaction_loss.hpp>

namespace metriclab {

InteractionLoss::~InteractionLoss() = default;

void InteractionLoss::prepare(const LossSetting& setting) {
  if (!item_column) return;
  const auto found = std::ranges::find(setting.column_names, *item_column);
  if (found == setting.column_names.end())
    throw Error(fmt::format("there is no label column \"{}\"{}", *item_column,
                            suggestion(*item_column, setting.column_names)))
        .in("item_column");
  column_ = static_cast<std::size_t>(found - setting.column_names.begin());
}

Batch InteractionLoss::sides(const Batch& batch, const Tuples& tuples) const {
  if (!item_column || tuples.form != Tuples::Form::all || batch.has_reference()) return batch;
  METRICLAB_CHECK(column_ < batch.columns.size(), "a batch without the columns of its data set");
  const std::vector<std::int64_t> kinds = as_indices(batch.columns[column_]);
  std::vector<std::int64_t> users, items;
  for (std::size_t i = 0; i < kinds.size(); ++i)
    (kinds[i] == 0 ? users : items).push_back(static_cast<std::int64_t>(i));
  Batch seen = rows_of(batch, index_tensor(users));
  const Batch second = rows_of(batch, index_tensor(items));
  seen.reference = second.embeddings;
  seen.reference_labels = second.labels;
  return seen;
}

}  // namespace metriclab
