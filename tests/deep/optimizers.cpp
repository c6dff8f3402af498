// SPDX-License-Identifier: BSD-3-Clause
// Each optimiser against its papers' update, number by number, on a problem with seeded gradients;
// schedules against their formulas.
#include <ATen/ops/full.h>

#include <cmath>
#include <metriclab/deep/optimizer.hpp>
#include <metriclab/deep/schedule.hpp>
#include <metriclab/plugin/json.hpp>
#include <numbers>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// One number, as the papers move it.
struct Plain {
  OptimizerSettings is;
  double m = 0, v = 0, t = 0;

  double moved(double theta, double g, double rate) {
    ++t;
    const double decay = is.weight_decay;
    if (is.optimizer == "adamw")
      theta -= rate * decay * theta;
    else
      g += decay * theta;
    if (is.optimizer == "sgd") {
      m = is.momentum * m + g;
      return theta - rate * m;
    }
    if (is.optimizer == "rmsprop") {
      v = is.rho * v + (1 - is.rho) * g * g;
      return theta - rate * g / (std::sqrt(v) + is.epsilon);
    }
    m = is.beta1 * m + (1 - is.beta1) * g;
    v = is.beta2 * v + (1 - is.beta2) * g * g;
    const double m_hat = m / (1 - std::pow(is.beta1, t)), v_hat = v / (1 - std::pow(is.beta2, t));
    return theta - rate * m_hat / (std::sqrt(v_hat) + is.epsilon);
  }
};

struct Parameters final : Trainable {
  Parameters() {
    Random random(1);
    parameter("a", normal_tensor({3, 2}, 1, random, at::kDouble));
    parameter("b", normal_tensor({4}, 1, random, at::kDouble));
  }
};

TEST_CASE("each optimiser makes its papers' steps") {
  for (const std::string name : {"sgd", "adam", "adamw", "rmsprop"})
    for (const double decay : {0.0, 0.1})
      for (const double momentum : {0.0, 0.8}) {
        CAPTURE(name);
        OptimizerSettings settings;
        settings.optimizer = name;
        settings.weight_decay = decay;
        settings.momentum = momentum;
        settings.epsilon = 1e-3;  // large enough to be seen where it stands
        const Parameters held;
        std::vector<double> expected;
        for (const NamedTensor& parameter : held.parameters())
          for (std::int64_t i = 0; i < parameter.tensor.numel(); ++i)
            expected.push_back(parameter.tensor.contiguous().data_ptr<double>()[i]);
        std::vector<Plain> plain(expected.size(), Plain{settings});
        Optimizer optimizer(settings, held.parameters());
        Random random(2);
        for (int step = 0; step < 7; ++step) {
          const double rate = 0.05 / (step + 1);
          const at::Tensor a = normal_tensor({3, 2}, 1, random, at::kDouble),
                           b = normal_tensor({4}, 1, random, at::kDouble);
          const bool has_b = step != 3;  // a parameter without a part in the loss has no gradient
          optimizer.set_gradients({a, has_b ? b : at::Tensor()});
          optimizer.step(rate);
          for (std::size_t i = 0; i < expected.size(); ++i) {
            const double g = i < 6   ? a.data_ptr<double>()[i]
                             : has_b ? b.data_ptr<double>()[i - 6]
                                     : 0;
            expected[i] = plain[i].moved(expected[i], g, rate);
          }
        }
        CHECK(optimizer.steps() == 7);
        std::size_t i = 0;
        for (const NamedTensor& parameter : held.parameters())
          for (std::int64_t k = 0; k < parameter.tensor.numel(); ++k)
            CHECK(parameter.tensor.contiguous().data_ptr<double>()[k] ==
                  doctest::Approx(expected[i++]).epsilon(1e-12));
      }
}

TEST_CASE("the gradient's length is over the whole group, and scaling it scales the step") {
  OptimizerSettings settings;
  settings.optimizer = "sgd";
  settings.momentum = 0;
  const Parameters held;
  Optimizer optimizer(settings, held.parameters());
  const at::Tensor before = held.parameters()[1].tensor.detach().clone();
  optimizer.set_gradients({at::full({3, 2}, 2.0, at::kDouble), at::full({4}, 1.0, at::kDouble)});
  CHECK(optimizer.squared_norm() == 6 * 4 + 4 * 1);
  optimizer.scale_gradients(0.25);
  optimizer.step(0.1);
  CHECK(largest_difference(held.parameters()[1].tensor.detach(), before.sub(0.1 * 0.25)) < 1e-15);
}

TEST_CASE("a group of no parameters is no error") {
  Optimizer optimizer({}, {});
  optimizer.set_gradients({});
  CHECK(optimizer.squared_norm() == 0);
  optimizer.scale_gradients(2);
  optimizer.step(1);
  CHECK(optimizer.state().empty());
}

TEST_CASE("schedules are their formulas") {
  Schedule schedule;
  CHECK(schedule.factor(3.7, 10) == 1);

  schedule.schedule = "step";
  schedule.step_epochs = 3;
  schedule.step_factor = 0.5;
  CHECK(schedule.factor(2.99, 10) == 1);
  CHECK(schedule.factor(3.01, 10) == 0.5);
  CHECK(schedule.factor(9.5, 10) == 0.125);

  schedule.schedule = "cosine";
  schedule.final_factor = 0.2;
  for (const double t : {0.0, 1.3, 5.0, 9.9, 10.0})
    CHECK(schedule.factor(t, 10) ==
          doctest::Approx(0.2 + 0.8 * (1 + std::cos(std::numbers::pi * t / 10)) / 2));

  schedule.warm_up = 2;
  CHECK(schedule.factor(0.5, 10) == doctest::Approx(0.25));
  CHECK(schedule.factor(2, 10) == 1);
  CHECK(schedule.factor(6, 10) ==
        doctest::Approx(0.2 + 0.8 / 2));  // half of the eight that are left
  CHECK(schedule.factor(10, 10) == doctest::Approx(0.2));
  // Warm-up of all there is, or more.
  CHECK(schedule.factor(0.5, 1) == doctest::Approx(0.25));

  schedule.schedule = "constant";
  CHECK(schedule.factor(1, 10) == 0.5);
  CHECK(schedule.factor(5, 10) == 1);
}

}  // namespace
