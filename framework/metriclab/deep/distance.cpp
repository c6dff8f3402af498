// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/by_type.hpp>
#include <metriclab/deep/distance.hpp>
#include <metriclab/deep/distance_kernels.hpp>
#include <optional>

namespace metriclab {

BatchDistance::~BatchDistance() = default;

at::Tensor BatchDistance::pairs(const at::Tensor& x, const at::Tensor& y) const {
  constexpr std::int64_t kBlock = 32;
  const std::int64_t n = x.size(0);
  if (n == 0) return x.sum(1);
  std::vector<at::Tensor> parts;
  for (std::int64_t start = 0; start < n; start += kBlock) {
    const std::int64_t count = std::min(kBlock, n - start);
    parts.push_back(matrix(x.narrow(0, start, count), y.narrow(0, start, count)).diagonal());
  }
  return at::cat(parts);
}

Distance evaluation_distance(const BatchDistance& distance, bool normalized) {
  if (distance.ignores_length()) return Distance::cosine;
  const Distance learned = distance.for_evaluation();
  if (!normalized) return learned;
  switch (learned) {
    case Distance::euclidean:
    case Distance::squared_euclidean:
    case Distance::cosine:
    case Distance::dot:
    case Distance::poincare:
      return Distance::cosine;
    case Distance::bilinear:
    case Distance::by_class:
    case Distance::chi_squared:
    case Distance::manhattan:
      break;
  }
  return learned;
}

namespace {

/// √d; where the root has no slope, neither has the distance.
at::Tensor root(const at::Tensor& d) {
  const at::Tensor apart = d.gt(0);
  return at::where(apart, at::where(apart, d, d.new_ones({})).sqrt(), d.new_zeros({}));
}

/// For a device of its own.
at::Tensor euclidean_in_tensors(const at::Tensor& x, const at::Tensor& y, bool squared) {
  const at::Tensor centre = y.detach().mean(0, true), a = x.sub(centre),
                   b = x.is_same(y) ? a : y.sub(centre);
  at::Tensor d = a.square().sum(1, true).add(b.square().sum(1, true).t());
  d = at::addmm(d, a, b.t(), 1, -2).clamp_min(0);
  if (x.is_same(y)) d = d.mul(at::eye(x.size(0), d.options().requires_grad(false)).neg().add(1));
  return squared ? d : root(d);
}

/// Which of two sides needs a gradient; of the other, a memory or a reference set, it is a product
/// for nothing.
struct Needed {
  Needed(const at::Tensor& left, const at::Tensor& right)
      : x(needs_gradient(left)), y(needs_gradient(right)) {}
  bool x, y;
};

std::vector<at::Tensor> euclidean_gradients(const at::Tensor& outer, const at::Tensor& distances,
                                            const at::Tensor& x, const at::Tensor& y, bool squared,
                                            const Needed& needed) {
  // h = 2 ∂/∂(d²), so that the gradient of row i is Σ_j h_ij (x_i − y_j).
  at::Tensor h = at::empty_like(outer), rows = at::empty_like(x);
  if (x.is_same(y)) {
    by_type(outer, [&]<class T>(T) {
      symmetric_slopes(outer.data_ptr<T>(), squared ? nullptr : distances.data_ptr<T>(),
                       outer.size(0), T(2), h.data_ptr<T>());
      rows_by_sums(h.data_ptr<T>(), h.size(0), h.size(1), x.data_ptr<T>(), x.size(1),
                   rows.data_ptr<T>());
    });
    return {at::addmm(rows, h, x, 1, -1)};
  }
  std::vector<at::Tensor> gradients(2);
  by_type(outer, [&]<class T>(T) {
    slopes(outer.data_ptr<T>(), squared ? nullptr : distances.data_ptr<T>(), outer.numel(), T(2),
           h.data_ptr<T>());
    if (needed.x) {
      rows_by_sums(h.data_ptr<T>(), h.size(0), h.size(1), x.data_ptr<T>(), x.size(1),
                   rows.data_ptr<T>());
      gradients[0] = at::addmm(rows, h, y, 1, -1);
    }
    if (needed.y) {
      at::Tensor columns = at::empty_like(y);
      rows_by_column_sums(h.data_ptr<T>(), h.size(0), h.size(1), y.data_ptr<T>(), y.size(1),
                          columns.data_ptr<T>());
      gradients[1] = at::addmm(columns, h.t(), x, 1, -1);
    }
  });
  return gradients;
}

/// slope · x·y + shift
at::Tensor products(const at::Tensor& x, const at::Tensor& y, double slope, double shift) {
  if (!x.is_cpu()) return at::mm(x, y.t()).mul(slope).add(shift);
  const bool same = x.is_same(y);
  const at::Tensor a = x.detach().contiguous(), b = same ? a : y.detach().contiguous();
  at::Tensor value;
  {
    const WithoutAutograd off;
    value = at::mm(a, b.t());
    by_type(value, [&]<class T>(T) {
      affine(value.data_ptr<T>(), value.numel(), static_cast<T>(slope), static_cast<T>(shift));
    });
  }
  std::vector<at::Tensor> inputs = {x};
  if (!same) inputs.push_back(y);
  return with_backward(value, inputs, [=, needed = Needed(x, y)](const at::Tensor& outer_any) {
    const at::Tensor outer = outer_any.contiguous();
    if (!same)
      return std::vector<at::Tensor>{needed.x ? at::mm(outer, b).mul_(slope) : at::Tensor(),
                                     needed.y ? at::mm(outer.t(), a).mul_(slope) : at::Tensor()};
    at::Tensor both = at::empty_like(outer);
    by_type(outer, [&]<class T>(T) {
      symmetric_slopes<T>(outer.data_ptr<T>(), nullptr, outer.size(0), static_cast<T>(slope),
                          both.data_ptr<T>());
    });
    return std::vector<at::Tensor>{at::mm(both, a)};
  });
}

}  // namespace

at::Tensor euclidean_matrix(const at::Tensor& x, const at::Tensor& y, bool squared) {
  if (x.size(0) == 0 || y.size(0) == 0) return at::mm(x, y.t());
  if (!x.is_cpu()) return euclidean_in_tensors(x, y, squared);
  const bool same = x.is_same(y);
  at::Tensor centred_x, centred_y, distances;
  {
    const WithoutAutograd off;
    // Distances don't change, but products of centred vectors lose fewer digits.
    const at::Tensor centre = y.detach().mean(0, true);
    centred_x = x.detach().sub(centre).contiguous();
    centred_y = same ? centred_x : y.detach().sub(centre).contiguous();
    distances = at::mm(centred_x, centred_y.t());
    by_type(distances, [&]<class T>(T) {
      distances_from_products(centred_x.data_ptr<T>(), centred_x.size(0), centred_y.data_ptr<T>(),
                              centred_y.size(0), centred_x.size(1), same, squared,
                              distances.data_ptr<T>());
    });
  }
  std::vector<at::Tensor> inputs = {x};
  if (!same) inputs.push_back(y);
  return with_backward(
      distances, inputs,
      [=, held = distances.detach(), needed = Needed(x, y)](const at::Tensor& outer) {
        return euclidean_gradients(outer.contiguous(), held, centred_x, centred_y, squared, needed);
      });
}

at::Tensor euclidean_pairs(const at::Tensor& x, const at::Tensor& y, bool squared) {
  const at::Tensor d = x.sub(y).square().sum(1);
  return squared ? d : root(d);
}

at::Tensor cosine_pairs(const at::Tensor& x, const at::Tensor& y) {
  return dot_pairs(normalized_rows(x), normalized_rows(y)).add(1);
}

at::Tensor dot_pairs(const at::Tensor& x, const at::Tensor& y) { return x.mul(y).sum(1).neg(); }

at::Tensor cosine_matrix(const at::Tensor& x, const at::Tensor& y) {
  const at::Tensor unit_x = normalized_rows(x);
  return products(unit_x, x.is_same(y) ? unit_x : normalized_rows(y), -1, 1);
}

at::Tensor manhattan_matrix(const at::Tensor& x, const at::Tensor& y) {
  constexpr std::int64_t kDirectly = 2;  // cdist's mode that never goes by way of a product
  if (!x.is_cpu()) return at::cdist(x, y, 1, kDirectly);
  const bool same = x.is_same(y);
  const at::Tensor a = x.detach().contiguous(), b = same ? a : y.detach().contiguous();
  const std::int64_t n = a.size(0), m = b.size(0), d = a.size(1);
  at::Tensor distances = a.new_empty({n, m});
  by_type(a, [&]<class T>(T) {
    city_block_distances(a.data_ptr<T>(), n, b.data_ptr<T>(), m, d, distances.data_ptr<T>());
  });
  std::vector<at::Tensor> inputs = {x};
  if (!same) inputs.push_back(y);
  return with_backward(distances, inputs, [=, needed = Needed(x, y)](const at::Tensor& outer) {
    at::Tensor h = outer.contiguous();
    // Of a pair of rows either order counts.
    if (same) h = h.add(h.t());
    std::vector<at::Tensor> gradients(same ? 1 : 2);
    by_type(h, [&]<class T>(T) {
      const T *of_x = a.data_ptr<T>(), *of_y = b.data_ptr<T>();
      if (needed.x) {
        gradients[0] = at::empty_like(a);
        city_block_rows(h.data_ptr<T>(), of_x, n, of_y, m, d, gradients[0].data_ptr<T>());
      }
      if (!same && needed.y) {
        gradients[1] = at::empty_like(b);
        city_block_columns(h.data_ptr<T>(), of_x, n, of_y, m, d, gradients[1].data_ptr<T>());
      }
    });
    return gradients;
  });
}

at::Tensor dot_matrix(const at::Tensor& x, const at::Tensor& y) { return products(x, y, -1, 0); }

namespace {
/// Longer vectors are shortened to this before the map (Guo, Wang, Chen, Yu. Clipped hyperbolic
/// classifiers are super-hyperbolic classifiers. CVPR 2022, with this length): near the border
/// gradients vanish, and an embedding farther in is nearer to all others than their own class.
constexpr double kLongestTangent = 1;
}  // namespace

at::Tensor into_ball(const at::Tensor& x) {
  constexpr double kLeastLength = 1e-12;
  // Its gradient at 0 is that of the identity: tanh(a)/a is 1 there.
  const at::Tensor lengths = x.norm(2, {1}, true).clamp_min(kLeastLength);
  return x.mul(lengths.clamp_max(kLongestTangent).tanh().div(lengths));
}

at::Tensor room_in_ball(const at::Tensor& x) {
  // 1 − tanh² = 1/cosh².
  return x.norm(2, {1}).clamp_max(kLongestTangent).cosh().square().reciprocal();
}

at::Tensor normalized_rows(const at::Tensor& x) {
  constexpr double kLeastLength = 1e-12;
  if (!x.is_cpu()) return x.div(x.norm(2, {1}, true).clamp_min(kLeastLength));
  const at::Tensor from = x.detach().contiguous();
  at::Tensor unit = at::empty_like(from), lengths = from.new_empty({from.size(0)});
  const std::int64_t n = from.size(0), d = from.size(1);
  by_type(from, [&]<class T>(T) {
    normalize(from.data_ptr<T>(), n, d, static_cast<T>(kLeastLength), unit.data_ptr<T>(),
              lengths.data_ptr<T>());
  });
  return with_backward(unit, {x}, [=, held = unit.detach()](const at::Tensor& outer_any) {
    const at::Tensor outer = outer_any.contiguous();
    at::Tensor gradient = at::empty_like(outer);
    by_type(outer, [&]<class T>(T) {
      normalize_backward(outer.data_ptr<T>(), held.data_ptr<T>(), lengths.data_ptr<T>(), n, d,
                         static_cast<T>(kLeastLength), gradient.data_ptr<T>());
    });
    return std::vector<at::Tensor>{gradient};
  });
}

}  // namespace metriclab
