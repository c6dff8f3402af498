// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/hypersphere_loss.hpp>

namespace metriclab {

HypersphereLoss::~HypersphereLoss() = default;

void HypersphereLoss::prepare(const LossSetting& setting) {
  center_ = buffer("center", at::zeros({setting.embedding_size}, setting.type));
  is_set_ = buffer("center_is_set", at::zeros({1}, at::kLong));
}

void HypersphereLoss::see(const Snapshot& snapshot) {
  if (is_set_.data_ptr<std::int64_t>()[0] == 1) return;
  constexpr double kLeast = 0.1;
  const at::Tensor x = snapshot.embeddings.to(at::kDouble);
  const at::Tensor counts =
      indicator(snapshot.labels, x, [&](std::int64_t label) { return makes_center(label); });
  if (counts.sum().item<double>() == 0)
    throw Error("no training example is normal, so that there is no centre; say which labels are");
  const at::Tensor mean = x.mul(counts.unsqueeze(1)).sum(0).div(counts.sum());
  const at::Tensor moved = at::where(mean.lt(0), mean.clamp_max(-kLeast), mean.clamp_min(kLeast));
  center_.copy_(moved);
  is_set_.fill_(1);
}

at::Tensor HypersphereLoss::squared_distances(const at::Tensor& x) const {
  METRICLAB_CHECK(center_.defined(), "a loss that was not prepared");
  return x.sub(center_.to(x.device(), x.scalar_type())).square().sum(1);
}

at::Tensor HypersphereLoss::indicator(const at::Tensor& labels, const at::Tensor& like,
                                      const std::function<bool(std::int64_t)>& is) {
  std::vector<double> values;
  for (const std::int64_t label : as_indices(labels)) values.push_back(is(label) ? 1 : 0);
  return double_tensor(values).to(like.device(), like.scalar_type());
}

}  // namespace metriclab
