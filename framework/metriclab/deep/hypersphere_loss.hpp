// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <metriclab/deep/loss.hpp>

namespace metriclab {

/// What losses have in common that describe what is normal by a sphere around a centre, which is
/// the mean of the normal training examples as the network embeds them before it is trained, and
/// fixed from then on. Entries of it nearer to 0 than 0.1 are moved there, since a network whose
/// weights are 0 would reach 0 for whatever input (the authors' program).
///
/// Kept: center (d), at first 0, and center_is_set (1).
class HypersphereLoss : public Loss {
 public:
  ~HypersphereLoss() override;

  void prepare(const LossSetting& setting) override;
  bool wants_snapshot(const Progress& progress) const override { return progress.step == 0; }
  void see(const Snapshot& snapshot) override;

 protected:
  /// Whether the centre is the mean of examples of that label, among others.
  virtual bool makes_center(std::int64_t label) const = 0;
  /// ‖x − c‖² of rows, (n).
  at::Tensor squared_distances(const at::Tensor& x) const;
  /// 1 for the labels that `is` says, otherwise 0, (n) of that tensor's type on its device.
  static at::Tensor indicator(const at::Tensor& labels, const at::Tensor& like,
                              const std::function<bool(std::int64_t)>& is);

 private:
  at::Tensor center_, is_set_;
};

}  // namespace metriclab
