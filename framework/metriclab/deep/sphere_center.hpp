// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <ATen/core/Tensor.h>

namespace metriclab {

/// The centre of the sphere of deep SVDD: the mean of embeddings, (n × d) to (d), its values being
/// kept away from 0 by 0.1, since a network could meet a 0 with all weights 0 (Ruff et al. Deep
/// one-class classification. ICML 2018, section 3.3, and the authors' program).
at::Tensor sphere_center(const at::Tensor& embeddings);

}  // namespace metriclab
