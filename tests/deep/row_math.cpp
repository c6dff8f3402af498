// SPDX-License-Identifier: BSD-3-Clause
// The vector primitives against one value at a time, and losses in tensor operations against their
// kernels for every reducer.
#include <cmath>
#include <limits>
#include <metriclab/deep/pair_rows.hpp>
#include <metriclab/deep/row_math.hpp>
#include <metriclab/deep/tuple_loss.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class T>
std::vector<T> normals(std::size_t n, double deviation) {
  Random random(n, "row");
  std::vector<T> x(n);
  for (T& value : x) value = static_cast<T>(deviation * random.normal());
  return x;
}

// Lengths below, at and above the width of a vector register, and beyond a block of sums.
const std::vector<std::size_t> kLengths = {0, 1, 7, 31, 32, 33, 100, 1024, 1025, 3000};

template <class T>
void check_close(double got, double expected, std::size_t n) {
  const double digits = sizeof(T) == 4 ? 1e-6 : 1e-14;
  CHECK(std::abs(got - expected) <=
        digits * (10 + std::sqrt(static_cast<double>(n))) * std::max(1.0, std::abs(expected)));
}

template <class T>
void check_terms(double low, double high) {
  const T slope = T(-1.5), shift = T(0.25), factor = T(0.75);
  for (const std::size_t n : kLengths) {
    CAPTURE(n);
    const std::vector<T> x = normals<T>(n, 2);
    const Kept<T> kept{static_cast<T>(low), static_cast<T>(high)};
    struct Plain {
      double sum = 0;
      std::int64_t n_kept = 0, n_active = 0;
      std::vector<double> gradient;
    };
    auto plain = [&](auto term, auto derivative) {
      Plain is;
      for (const T value : x) {
        const double z = double{slope} * double{value} + double{shift};
        const double t = term(z);
        const bool is_kept = t > low && t < high;
        if (is_kept) is.sum += t, ++is.n_kept;
        if (is_kept && t > 0) ++is.n_active;
        is.gradient.push_back(is_kept ? derivative(z) : 0);
      }
      return is;
    };
    const Plain hinge = plain([](double z) { return std::max(z, 0.0); },
                              [](double z) { return z > 0 ? 1.0 : 0.0; });
    const KeptSum sum = hinge_sum<T>(x, slope, shift, kept);
    check_close<T>(sum.sum, hinge.sum, n);
    CHECK(sum.n_kept == hinge.n_kept);
    std::vector<T> gradient(n, T(2));
    CHECK(add_hinge_gradient<T>(x, slope, shift, kept, factor, gradient) == hinge.n_active);
    for (std::size_t j = 0; j < n; ++j)
      check_close<T>(gradient[j], 2 + double{factor} * double{slope} * hinge.gradient[j], 1);

    const Plain squared = plain([](double z) { return 0.5 * std::max(z, 0.0) * std::max(z, 0.0); },
                                [](double z) { return std::max(z, 0.0); });
    const KeptSum squares = squared_hinge_sum<T>(x, slope, shift, kept);
    check_close<T>(squares.sum, squared.sum, n);
    CHECK(squares.n_kept == squared.n_kept);
    gradient.assign(n, T(2));
    add_squared_hinge_gradient<T>(x, slope, shift, kept, factor, gradient);
    for (std::size_t j = 0; j < n; ++j)
      check_close<T>(gradient[j], 2 + double{factor} * double{slope} * squared.gradient[j], 1);

    const Plain soft = plain([](double z) { return std::log1p(std::exp(z)); },
                             [](double z) { return 1 / (1 + std::exp(-z)); });
    std::vector<T> slopes(n);
    const KeptSum smooth = softplus_sum<T>(x, slope, shift, kept, slopes);
    check_close<T>(smooth.sum, soft.sum, n);
    CHECK(smooth.n_kept == soft.n_kept);
    for (std::size_t j = 0; j < n; ++j) check_close<T>(slopes[j], soft.gradient[j], 1);
  }
}

TEST_CASE_TEMPLATE("hinges, squared and soft ones: sums, counts and gradients", T, float, double) {
  check_terms<T>(-kInfinity, kInfinity);
  check_terms<T>(0, kInfinity);
  check_terms<T>(0.5, 2.5);
  check_terms<T>(-kInfinity, 1);
}

TEST_CASE_TEMPLATE("log Σ exp and its shares, without overflow", T, float, double) {
  for (const std::size_t n : kLengths)
    for (const double spread : {0.1, 3.0, 400.0})
      for (const bool with_one : {false, true}) {
        CAPTURE(n);
        CAPTURE(spread);
        const std::vector<T> x = normals<T>(n, spread);
        std::vector<T> shares(n);
        const double got = log_sum_exp<T>(x, T(-2), T(0.5), with_one, shares);
        double top = with_one ? 0 : -kInfinity;
        for (const T value : x) top = std::max(top, -2 * double{value} + 0.5);
        double sum = with_one ? std::exp(-top) : 0;
        for (const T value : x) sum += std::exp(-2 * double{value} + 0.5 - top);
        if (n == 0) {
          CHECK(got == (with_one ? 0 : -kInfinity));
          continue;
        }
        check_close<T>(got, top + std::log(sum), n);
        for (std::size_t j = 0; j < n; ++j) {
          // In T a z of some hundred has fewer digits behind the point.
          const double expected = std::exp(-2 * double{x[j]} + 0.5 - top) / sum;
          CHECK(std::abs(shares[j] - expected) <=
                (sizeof(T) == 4 ? 1e-6 : 1e-13) * (1 + 10 * spread));
        }
      }
}

TEST_CASE_TEMPLATE("a step that is nowhere below the step function", T, float, double) {
  for (const std::size_t n : kLengths) {
    CAPTURE(n);
    const std::vector<T> x = normals<T>(n, 2);
    std::vector<T> slopes(n);
    double sum = 0;
    std::vector<double> expected;
    for (const T value : x) {
      const double t = 0.5 - double{value}, v = 1 / (1 + std::exp(-std::min(t, 0.75) / 0.25));
      sum += v + (t > 0 ? 0.5 : 0) + (t > 0.75 ? 3 * (t - 0.75) : 0);
      expected.push_back(t > 0.75 ? 3 : v * (1 - v) / 0.25);
    }
    check_close<T>(upper_step_sum<T>(x, T(0.5), T(0.25), T(0.75), T(3), slopes), sum, n);
    for (std::size_t j = 0; j < n; ++j) check_close<T>(slopes[j], expected[j], 1);
  }
}

TEST_CASE_TEMPLATE("means of groups by softmax weights, and their slopes", T, float, double) {
  for (const std::size_t k : {1, 3, 10, 40})
    for (const double spread : {0.1, 3.0, 400.0}) {
      CAPTURE(k);
      CAPTURE(spread);
      constexpr std::size_t kGroups = 7;
      const std::vector<T> x = normals<T>(kGroups * k, spread);
      std::vector<T> means(kGroups), slopes(kGroups * k);
      softmax_means<T>(x, static_cast<std::int64_t>(k), T(-2), means, slopes);
      for (std::size_t g = 0; g < kGroups; ++g) {
        const double least = *std::min_element(&x[g * k], &x[g * k] + k);
        double sum = 0, weighted = 0;
        for (std::size_t j = g * k; j < (g + 1) * k; ++j) {
          sum += std::exp(-2 * (double{x[j]} - least));
          weighted += std::exp(-2 * (double{x[j]} - least)) * double{x[j]};
        }
        const double mean = weighted / sum, tolerance = (sizeof(T) == 4 ? 1e-6 : 1e-13) * spread;
        CHECK(std::abs(means[g] - mean) <= 20 * tolerance);
        for (std::size_t j = g * k; j < (g + 1) * k; ++j) {
          const double weight = std::exp(-2 * (double{x[j]} - least)) / sum;
          CHECK(std::abs(slopes[j] - weight * (1 - 2 * (double{x[j]} - mean))) <=
                (sizeof(T) == 4 ? 1e-6 : 1e-13) * (20 + 100 * spread));
        }
      }
    }
}

TEST_CASE_TEMPLATE("sigmoids, sums, extremes and minima", T, float, double) {
  for (const std::size_t n : kLengths) {
    CAPTURE(n);
    const std::vector<T> x = normals<T>(n, 5), y = normals<T>(n + 1, 5);
    std::vector<T> values(n), gradient(n, T(1)), smaller(n), to_x(n, T(0)), to_y(n, T(0));
    double sum = 0, total = 0, product = 0;
    T least = std::numeric_limits<T>::infinity(), most = -least;
    for (std::size_t j = 0; j < n; ++j) {
      sum += 1 / (1 + std::exp(-3 * double{x[j]} - 1));
      total += double{x[j]};
      product += double{x[j]} * double{y[j]};
      least = std::min(least, x[j]);
      most = std::max(most, x[j]);
    }
    check_close<T>(sigmoid_sum<T>(x, T(3), T(1), values), sum, n);
    double slopes = 0;
    for (const T v : values) slopes += 2 * double{v} * (1 - double{v});
    check_close<T>(add_sigmoid_gradient<T>(values, T(2), gradient), slopes, n);
    const std::span<const T> other(y.data(), n);
    smaller_of<T>(x, other, smaller);
    add_to_smaller<T>(x, other, values, to_x, to_y);
    for (std::size_t j = 0; j < n; ++j) {
      const double v = 1 / (1 + std::exp(-3 * double{x[j]} - 1));
      check_close<T>(values[j], v, 1);
      check_close<T>(gradient[j], 1 + 2 * v * (1 - v), 1);
      CHECK(smaller[j] == std::min(x[j], y[j]));
      CHECK(to_x[j] == (y[j] < x[j] ? T(0) : values[j]));
      CHECK(to_y[j] == (y[j] < x[j] ? values[j] : T(0)));
    }
    check_close<T>(sum_of<T>(x), total, 4 * n);
    check_close<T>(dot_of<T>(x, other), product, 100 * n);
    CHECK(minimum_of<T>(x) == least);
    CHECK(maximum_of<T>(x) == most);
    std::vector<T> scaled = x;
    multiply_by<T>(scaled, T(2));
    add_scaled<T>(x, T(-2), scaled);
    for (const T value : scaled) CHECK(value == 0);
  }
}

TEST_CASE("a kernel and its formula in tensor operations reduce alike") {
  const Batch batch =
      law_batch({0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3, 1, 2, 3, 3, 4}, 4, 22);
  for (
      const char* reducer :
      {R"("mean")", R"("sum")", R"("avg_non_zero")", R"("divisor")", R"("per_anchor")",
       R"({"plugin": "per_anchor", "reducer": "avg_non_zero"})",
       R"({"plugin": "threshold", "low": 0.1, "high": 0.4})",
       R"({"plugin": "threshold", "low": null, "high": 0.2})",
       R"({"plugin": "class_weighted", "weights": [1, 0, 2.5, 3, 0.5]})",
       R"({"plugin": "per_anchor", "reducer": {"plugin": "threshold", "low": 0.05, "high": 0.3}})",
       R"({"plugin": "per_anchor", "reducer": {"plugin": "class_weighted", "weights": [1, 0, 2.5, 3, 1]}})"})
    for (const char* loss :
         {R"("plugin": "contrastive")", R"("plugin": "contrastive", "squared": true)",
          R"("plugin": "triplet")", R"("plugin": "triplet", "smooth": true)",
          R"("plugin": "triplet", "swap": true)", R"("plugin": "multi_similarity")",
          R"("plugin": "ntxent")", R"("plugin": "proxy_anchor")"}) {
      CAPTURE(reducer);
      CAPTURE(loss);
      const auto made =
          make_loss("{" + std::string(loss) + R"(, "reducer": )" + std::string(reducer) + "}");
      made->prepare(law_setting(5, 4));
      auto& is = dynamic_cast<TupleLoss&>(*made);
      const Tuples triplets =
          Tuples::triplets(integers({0, 0, 0, 5, 5, 11, 19}), integers({1, 1, 2, 15, 15, 16, 19}),
                           integers({5, 11, 14, 0, 1, 17, 3}));
      const Tuples pairs = Tuples::pairs(integers({0, 0, 1, 5}), integers({1, 1, 2, 15}),
                                         integers({0, 3, 5, 5}), integers({5, 11, 11, 11}));
      for (const Tuples& tuples : {Tuples::all(), triplets, pairs}) {
        const Outcome kernel = evaluate(is, batch, tuples);
        Batch own = batch;
        own.embeddings = batch.embeddings.clone().requires_grad_(true);
        const at::Tensor value = is.forward_in_tensors(own, tuples);
        CHECK(std::abs(value.item<double>() - kernel.value) <=
              1e-12 * std::max(1.0, std::abs(kernel.value)));
        CHECK(largest_difference(gradients_or_zeros(value, {own.embeddings})[0],
                                 kernel.embeddings) <= 1e-12);
      }
    }
}

TEST_CASE("a grouped batch has its classes together, and its own rows with them") {
  Batch batch = law_batch({2, 0, 1, 2, 0}, 3, 4);
  batch.reference = random_rows(4, 3, 5);
  batch.reference_labels = integers({2, 0, 2, 1});
  batch.own = integers({2, 1, -1, 0, -1});
  const Batch is = grouped(batch);
  CHECK(as_indices(is.labels) == std::vector<std::int64_t>{0, 0, 1, 2, 2});
  CHECK(as_indices(is.reference_labels) == std::vector<std::int64_t>{0, 1, 2, 2});
  // Rows 1, 4, 2, 0, 3 of the batch; rows 1, 3, 0, 2 of the reference set.
  CHECK(as_indices(is.own) == std::vector<std::int64_t>{0, -1, -1, 3, 2});
  CHECK(same_bytes(is.embeddings, batch.embeddings.index_select(0, integers({1, 4, 2, 0, 3}))));
  CHECK(same_bytes(is.targets, batch.targets.index_select(0, integers({1, 4, 2, 0, 3}))));
  const PairPlaces places(is, Tuples::all());
  // The last anchor is the reference's row 2: of its class remains row 3.
  CHECK(places.positive_ranges(4).size() == 1);
  CHECK(places.positive(4, 0) == 3);
  CHECK(places.negative_ranges(4).size() == 2);
  CHECK(places.positive_ranges(0).size() == 0);
  CHECK(places.positive_ranges(1).size() == 1);
}

}  // namespace
