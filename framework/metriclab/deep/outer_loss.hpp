// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/loss.hpp>
#include <vector>

namespace metriclab {

/// A loss made of others. What it doesn't say itself is theirs: it needs labels where one of them
/// does; each sees the snapshots that it asks for; what is learned is what the first one learns.
class OuterLoss : public Loss {
 public:
  ~OuterLoss() override;

  Distance learned_distance() const override { return inner().front()->learned_distance(); }
  at::Tensor learned_scale() const override { return inner().front()->learned_scale(); }
  bool needs_labels() const override;
  bool wants_snapshot(const Progress& progress) const override;
  void see(const Snapshot& snapshot) override;

 protected:
  /// One or more.
  virtual std::vector<Loss*> inner() const = 0;
  /// What the k-th of them sees of a snapshot.
  virtual Snapshot seen_by(std::size_t, const Snapshot& snapshot) const { return snapshot; }

 private:
  mutable std::vector<bool> wanted_;  // by whom the snapshot that comes next is
};

}  // namespace metriclab
