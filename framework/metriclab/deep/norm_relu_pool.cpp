// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/Parallel.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <metriclab/data/wide.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/by_type.hpp>
#include <metriclab/deep/norm_relu_pool.hpp>
#include <type_traits>
#include <vector>

namespace metriclab {
namespace {

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
constexpr std::int32_t kNone = 4;  // no corner of the square has a gradient: the ReLU cut it off

template <class T>
using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

// Each kernel is a template that is inlined twice, so that only the float one need be cloned.
#define METRICLAB_KERNEL \
  template <class T>     \
  [[gnu::always_inline]] inline void

/// Adds Σ (x − pivot) and Σ (x − pivot)² over a row of w pixels of c channels.
METRICLAB_KERNEL sums_of_row(const T* x, std::int64_t w, std::int64_t c, const T* pivot,
                             T* __restrict sum, T* __restrict squares) {
  for (std::int64_t i = 0; i < w; ++i, x += c)
    for (std::int64_t k = 0; k < c; ++k) {
      const T d = x[k] - pivot[k];
      sum[k] += d;
      squares[k] += d * d;
    }
}

/// A row of w/2 squares, from two rows of x: the greatest of scale · x + shift, cut off at 0, and
/// for the way back which corner it is of, and its x.
METRICLAB_KERNEL pool_row(const T* upper, const T* lower, std::int64_t squares, std::int64_t c,
                          const T* scale, const T* shift, T* __restrict y, T* __restrict chosen,
                          std::int32_t* __restrict which) {
  for (std::int64_t i = 0; i < squares; ++i) {
    for (std::int64_t k = 0; k < c; ++k) {
      const T a = scale[k], b = shift[k];
      const T x0 = upper[k], x1 = upper[c + k], x2 = lower[k], x3 = lower[c + k];
      const T v0 = a * x0 + b, v1 = a * x1 + b, v2 = a * x2 + b, v3 = a * x3 + b;
      const T upper_best = v1 > v0 ? v1 : v0, lower_best = v3 > v2 ? v3 : v2;
      const std::int32_t in_upper = v1 > v0 ? 1 : 0, in_lower = v3 > v2 ? 3 : 2;
      const T upper_x = v1 > v0 ? x1 : x0, lower_x = v3 > v2 ? x3 : x2;
      const T best = lower_best > upper_best ? lower_best : upper_best;
      const std::int32_t corner = lower_best > upper_best ? in_lower : in_upper;
      const T at = lower_best > upper_best ? lower_x : upper_x;
      const bool cut = best <= 0;  // false for NaN, which is to be seen
      y[k] = cut ? T(0) : best;
      chosen[k] = at;
      which[k] = cut ? kNone : corner;
    }
    upper += 2 * c;
    lower += 2 * c;
    y += c;
    chosen += c;
    which += c;
  }
}

/// Adds Σ g and Σ g · (x − mean) over squares with a gradient, x being the chosen corner's.
METRICLAB_KERNEL gradient_sums(const T* gradient, const T* chosen, const std::int32_t* which,
                               std::int64_t squares, std::int64_t c, const T* mean,
                               T* __restrict sum, T* __restrict products) {
  for (std::int64_t i = 0; i < squares; ++i) {
    for (std::int64_t k = 0; k < c; ++k) {
      const T g = which[k] == kNone ? T(0) : gradient[k];
      sum[k] += g;
      products[k] += g * (chosen[k] - mean[k]);
    }
    gradient += c;
    chosen += c;
    which += c;
  }
}

/// The gradient of two rows of x: offset + slope · x, and scale · g at the chosen corners.
METRICLAB_KERNEL gradient_rows(const T* upper, const T* lower, const T* gradient,
                               const std::int32_t* which, std::int64_t squares, std::int64_t c,
                               const T* offset, const T* slope, const T* scale,
                               T* __restrict to_upper, T* __restrict to_lower) {
  for (std::int64_t i = 0; i < squares; ++i) {
    for (std::int64_t k = 0; k < c; ++k) {
      const T g = scale[k] * gradient[k], a = offset[k], b = slope[k];
      const std::int32_t corner = which[k];
      // By its bits, since the compiler makes a branch of a choice here, and then no wide loop.
      const auto of = [&](std::int32_t number) {
        return std::bit_cast<T>(std::bit_cast<Bits<T>>(g) &
                                -static_cast<Bits<T>>(corner == number));
      };
      const T x0 = upper[k], x1 = upper[c + k], x2 = lower[k], x3 = lower[c + k];
      to_upper[k] = a + b * x0 + of(0);
      to_upper[c + k] = a + b * x1 + of(1);
      to_lower[k] = a + b * x2 + of(2);
      to_lower[c + k] = a + b * x3 + of(3);
    }
    upper += 2 * c;
    lower += 2 * c;
    gradient += c;
    which += c;
    to_upper += 2 * c;
    to_lower += 2 * c;
  }
}

/// The gradient of pixels that are in no square.
METRICLAB_KERNEL gradient_beside(const T* x, std::int64_t pixels, std::int64_t c, const T* offset,
                                 const T* slope, T* __restrict to) {
  for (std::int64_t i = 0; i < pixels; ++i, x += c, to += c)
    for (std::int64_t k = 0; k < c; ++k) to[k] = offset[k] + slope[k] * x[k];
}

#undef METRICLAB_KERNEL

// What one image needs, channels last.
template <class T>
struct Images {
  std::int64_t n, h, w, c;
  std::int64_t squares() const { return (h / 2) * (w / 2); }
  std::int64_t row() const { return w * c; }
};

template <class T>
[[gnu::always_inline]] inline void image_sums(const Images<T>& is, const T* x, const T* pivot,
                                              T* scratch, double* sum, double* squares) {
  T *row_sum = scratch, *row_squares = scratch + is.c;
  for (std::int64_t row = 0; row < is.h; ++row) {
    std::fill_n(scratch, 2 * is.c, T(0));
    sums_of_row(x + row * is.row(), is.w, is.c, pivot, row_sum, row_squares);
    for (std::int64_t k = 0; k < is.c; ++k) {
      sum[k] += row_sum[k];
      squares[k] += row_squares[k];
    }
  }
}

template <class T>
[[gnu::always_inline]] inline void image_pool(const Images<T>& is, const T* x, const T* scale,
                                              const T* shift, T* y, T* chosen,
                                              std::int32_t* which) {
  const std::int64_t out = (is.w / 2) * is.c;
  for (std::int64_t row = 0; row < is.h / 2; ++row)
    pool_row(x + 2 * row * is.row(), x + (2 * row + 1) * is.row(), is.w / 2, is.c, scale, shift,
             y + row * out, chosen + row * out, which + row * out);
}

template <class T>
[[gnu::always_inline]] inline void image_gradient_sums(const Images<T>& is, const T* gradient,
                                                       const T* chosen, const std::int32_t* which,
                                                       const T* mean, T* scratch, double* sum,
                                                       double* products) {
  T *row_sum = scratch, *row_products = scratch + is.c;
  const std::int64_t out = (is.w / 2) * is.c;
  for (std::int64_t row = 0; row < is.h / 2; ++row) {
    std::fill_n(scratch, 2 * is.c, T(0));
    gradient_sums(gradient + row * out, chosen + row * out, which + row * out, is.w / 2, is.c, mean,
                  row_sum, row_products);
    for (std::int64_t k = 0; k < is.c; ++k) {
      sum[k] += row_sum[k];
      products[k] += row_products[k];
    }
  }
}

template <class T>
[[gnu::always_inline]] inline void image_gradient(const Images<T>& is, const T* x,
                                                  const T* gradient, const std::int32_t* which,
                                                  const T* offset, const T* slope, const T* scale,
                                                  T* to) {
  const std::int64_t out = (is.w / 2) * is.c, row = is.row(), even = (is.w / 2) * 2;
  for (std::int64_t pair = 0; pair < is.h / 2; ++pair) {
    const std::int64_t upper = 2 * pair * row, lower = upper + row;
    gradient_rows(x + upper, x + lower, gradient + pair * out, which + pair * out, is.w / 2, is.c,
                  offset, slope, scale, to + upper, to + lower);
    for (const std::int64_t at : {upper + even * is.c, lower + even * is.c})
      gradient_beside(x + at, is.w - even, is.c, offset, slope, to + at);
  }
  const std::int64_t rest = (is.h / 2) * 2 * row;
  gradient_beside(x + rest, (is.h % 2) * is.w, is.c, offset, slope, to + rest);
}

// The doors to them; only these are compiled several times.
METRICLAB_WIDE void sums(const Images<float>& is, const float* x, const float* pivot,
                         float* scratch, double* sum, double* squares) {
  image_sums(is, x, pivot, scratch, sum, squares);
}
void sums(const Images<double>& is, const double* x, const double* pivot, double* scratch,
          double* sum, double* squares) {
  image_sums(is, x, pivot, scratch, sum, squares);
}
METRICLAB_WIDE void pool(const Images<float>& is, const float* x, const float* scale,
                         const float* shift, float* y, float* chosen, std::int32_t* which) {
  image_pool(is, x, scale, shift, y, chosen, which);
}
void pool(const Images<double>& is, const double* x, const double* scale, const double* shift,
          double* y, double* chosen, std::int32_t* which) {
  image_pool(is, x, scale, shift, y, chosen, which);
}
METRICLAB_WIDE void sums_back(const Images<float>& is, const float* gradient, const float* chosen,
                              const std::int32_t* which, const float* mean, float* scratch,
                              double* sum, double* products) {
  image_gradient_sums(is, gradient, chosen, which, mean, scratch, sum, products);
}
void sums_back(const Images<double>& is, const double* gradient, const double* chosen,
               const std::int32_t* which, const double* mean, double* scratch, double* sum,
               double* products) {
  image_gradient_sums(is, gradient, chosen, which, mean, scratch, sum, products);
}
METRICLAB_WIDE void pool_back(const Images<float>& is, const float* x, const float* gradient,
                              const std::int32_t* which, const float* offset, const float* slope,
                              const float* scale, float* to) {
  image_gradient(is, x, gradient, which, offset, slope, scale, to);
}
void pool_back(const Images<double>& is, const double* x, const double* gradient,
               const std::int32_t* which, const double* offset, const double* slope,
               const double* scale, double* to) {
  image_gradient(is, x, gradient, which, offset, slope, scale, to);
}

template <class T>
Images<T> images_of(const at::Tensor& x) {
  return {x.size(0), x.size(2), x.size(3), x.size(1)};
}

/// f(image, row of 2c values to sum into) for every image; the rows are added up in order, so that
/// the sum does not depend on the number of threads.
template <class T, class F>
std::vector<double> summed(const Images<T>& is, F f) {
  const auto wide = static_cast<std::size_t>(2 * is.c);
  std::vector<double> parts(static_cast<std::size_t>(is.n) * wide, 0), total(wide, 0);
  at::parallel_for(0, is.n, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> scratch(wide);
    for (std::int64_t i = begin; i < end; ++i)
      f(i, scratch.data(), parts.data() + static_cast<std::size_t>(i) * wide);
  });
  for (std::size_t i = 0; i < parts.size(); ++i) total[i % wide] += parts[i];
  return total;
}

template <class T>
std::vector<double> as_doubles(const at::Tensor& tensor) {
  const at::Tensor here = tensor.contiguous();
  return {here.data_ptr<T>(), here.data_ptr<T>() + here.numel()};
}

/// Of each channel.
struct Statistics {
  std::vector<double> mean, variance;  // the 1/n form
};

template <class T>
Statistics statistics_of(const Images<T>& is, const T* x) {
  // Sums are about a value of the channel, since Σ x² − n mean² loses what digits the mean has.
  const std::vector<double> sum = summed(is, [&](std::int64_t i, T* scratch, double* to) {
    sums(is, x + i * is.h * is.row(), x, scratch, to, to + is.c);
  });
  Statistics found;
  const auto count = static_cast<double>(is.n * is.h * is.w);
  for (std::int64_t k = 0; k < is.c; ++k) {
    const double shift = sum[static_cast<std::size_t>(k)] / count,
                 square = sum[static_cast<std::size_t>(is.c + k)] / count;
    found.mean.push_back(static_cast<double>(x[k]) + shift);
    found.variance.push_back(std::max(square - shift * shift, 0.0));
    if (!std::isfinite(square)) found.variance.back() = square;
  }
  return found;
}

template <class T>
void move_running(const NormTensors& norm, const Statistics& batch, double count) {
  T *mean = norm.mean.data_ptr<T>(), *variance = norm.variance.data_ptr<T>();
  for (std::size_t k = 0; k < batch.mean.size(); ++k) {
    const double unbiased = batch.variance[k] * count / (count - 1);
    mean[k] = static_cast<T>((1 - kRunningShare) * mean[k] + kRunningShare * batch.mean[k]);
    variance[k] = static_cast<T>((1 - kRunningShare) * variance[k] + kRunningShare * unbiased);
  }
}

template <class T>
std::vector<T> rounded(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

template <class T>
at::Tensor channel_tensor(const std::vector<double>& values, const at::Tensor& like) {
  const at::Tensor tensor = at::empty_like(like);
  for (std::size_t k = 0; k < values.size(); ++k)
    tensor.data_ptr<T>()[k] = static_cast<T>(values[k]);
  return tensor;
}

template <class T>
at::Tensor fused(const at::Tensor& given, const NormTensors& norm) {
  const at::Tensor x = given.detach().contiguous(kChannelsLast);
  const Images<T> is = images_of<T>(x);
  const auto count = static_cast<double>(is.n * is.h * is.w);
  const Statistics batch = statistics_of(is, x.data_ptr<T>());
  move_running<T>(norm, batch, count);
  std::vector<double> weight = as_doubles<T>(norm.weight.detach()),
                      bias = as_doubles<T>(norm.bias.detach()), inverse, scale, shift;
  for (std::size_t k = 0; k < weight.size(); ++k) {
    inverse.push_back(1 / std::sqrt(batch.variance[k] + kNormEpsilon));
    scale.push_back(weight[k] * inverse[k]);
    shift.push_back(bias[k] - scale[k] * batch.mean[k]);
  }
  const std::vector<T> scales = rounded<T>(scale), shifts = rounded<T>(shift);
  const at::Tensor y = at::empty({is.n, is.c, is.h / 2, is.w / 2}, x.options(), kChannelsLast),
                   chosen = at::empty_like(y),
                   which = at::empty(y.sizes(), x.options().dtype(at::kInt), kChannelsLast);
  at::parallel_for(0, is.n, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t to = i * is.squares() * is.c;
      pool(is, x.data_ptr<T>() + i * is.h * is.row(), scales.data(), shifts.data(),
           y.data_ptr<T>() + to, chosen.data_ptr<T>() + to, which.data_ptr<std::int32_t>() + to);
    }
  });
  return with_backward(
      y, {given, norm.weight, norm.bias},
      [=, mean = rounded<T>(batch.mean), like = norm.weight.detach()](const at::Tensor& outer) {
        const at::Tensor gradient = outer.contiguous(kChannelsLast), to_x = at::empty_like(x);
        const auto at = [&](std::int64_t i) { return i * is.squares() * is.c; };
        std::vector<double> sum = summed(is, [&](std::int64_t i, T* scratch, double* to) {
          sums_back(is, gradient.data_ptr<T>() + at(i), chosen.data_ptr<T>() + at(i),
                    which.data_ptr<std::int32_t>() + at(i), mean.data(), scratch, to, to + is.c);
        });
        // dx = γ/σ (g − mean of g − x̂ · mean of g x̂), x̂ = (x − mean)/σ
        std::vector<double> offset, slope;
        const auto c = static_cast<std::size_t>(is.c);
        for (std::size_t k = 0; k < c; ++k) {
          sum[c + k] *= inverse[k];
          slope.push_back(-scale[k] * inverse[k] * sum[c + k] / count);
          offset.push_back(-scale[k] * sum[k] / count - slope[k] * mean[k]);
        }
        const std::vector<T> offsets = rounded<T>(offset), slopes = rounded<T>(slope);
        at::parallel_for(0, is.n, 1, [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t image = i * is.h * is.row();
            pool_back(is, x.data_ptr<T>() + image, gradient.data_ptr<T>() + at(i),
                      which.data_ptr<std::int32_t>() + at(i), offsets.data(), slopes.data(),
                      scales.data(), to_x.data_ptr<T>() + image);
          }
        });
        return std::vector<at::Tensor>{to_x,
                                       channel_tensor<T>({sum.begin() + is.c, sum.end()}, like),
                                       channel_tensor<T>({sum.begin(), sum.begin() + is.c}, like)};
      });
}

}  // namespace

bool uses_batch_statistics(const at::Tensor& x, bool training) {
  return training && x.numel() > x.size(1);
}

at::Tensor norm_relu_pool(const at::Tensor& x, const NormTensors& norm, bool training) {
  if (!x.is_cpu() || !uses_batch_statistics(x, training))
    return norm_relu_pool_plain(x, norm, training);
  return by_type(x, [&]<class T>(T) { return fused<T>(x, norm); });
}

at::Tensor norm_relu_pool_plain(const at::Tensor& x, const NormTensors& norm, bool training) {
  return at::max_pool2d(at::relu(at::batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance,
                                                uses_batch_statistics(x, training), kRunningShare,
                                                kNormEpsilon, false)),
                        2);
}

}  // namespace metriclab
