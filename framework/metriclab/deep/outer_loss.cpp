// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/deep/outer_loss.hpp>

namespace metriclab {

OuterLoss::~OuterLoss() = default;

bool OuterLoss::needs_labels() const {
  return std::ranges::any_of(inner(), [](const Loss* loss) { return loss->needs_labels(); });
}

bool OuterLoss::wants_snapshot(const Progress& progress) const {
  wanted_.clear();
  for (const Loss* loss : inner()) wanted_.push_back(loss->wants_snapshot(progress));
  return std::ranges::count(wanted_, true) > 0;
}

void OuterLoss::see(const Snapshot& snapshot) {
  const std::vector<Loss*> losses = inner();
  for (std::size_t k = 0; k < losses.size(); ++k)
    if (k < wanted_.size() && wanted_[k]) losses[k]->see(seen_by(k, snapshot));
}

}  // namespace metriclab
