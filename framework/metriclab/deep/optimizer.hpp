// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/deep/trainable.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Which step is taken. With gradient g, parameters θ, learning rate η, weight decay λ:
///
///     sgd      g ← g + λθ;  u ← momentum·u + g;  θ ← θ − η u                  (Polyak's momentum)
///     adam     g ← g + λθ;  m ← β₁m + (1 − β₁) g;  v ← β₂v + (1 − β₂) g²;
///              θ ← θ − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)      (Kingma, Ba. Algorithm 1)
///     adamw    θ ← θ − ηλθ; then Adam's step with the bare g     (Loshchilov, Hutter. Algorithm 2)
///     rmsprop  g ← g + λθ;  v ← ρv + (1 − ρ) g²;  θ ← θ − η g / (√v + ε)    (Tieleman, Hinton)
///
/// t counts the steps from 1; all else starts at 0. Differs from the papers: AdamW's decay is
/// multiplied by η, as is usual, where Algorithm 2 has only the schedule's factor; RMSprop adds ε.
struct OptimizerSettings {
  std::string optimizer = "adam";
  double momentum = 0.9;
  double beta1 = 0.9, beta2 = 0.999;
  double rho = 0.99;
  double epsilon = 1e-8;
  double weight_decay = 0;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("optimizer", &OptimizerSettings::optimizer, "which step is taken")
        .one_of({"sgd", "adam", "adamw", "rmsprop"});
    is.parameter("momentum", &OptimizerSettings::momentum,
                 "how much of the last step's direction stays, for \"sgd\"")
        .at_least(0)
        .below(1)
        .unused_when("optimizer", Value::List{"adam", "adamw", "rmsprop"});
    is.parameter("beta1", &OptimizerSettings::beta1, "decay of Adam's mean of gradients")
        .at_least(0)
        .below(1)
        .unused_when("optimizer", Value::List{"sgd", "rmsprop"});
    is.parameter("beta2", &OptimizerSettings::beta2, "decay of Adam's mean of squared gradients")
        .at_least(0)
        .below(1)
        .unused_when("optimizer", Value::List{"sgd", "rmsprop"});
    is.parameter("rho", &OptimizerSettings::rho, "decay of RMSprop's mean of squared gradients")
        .at_least(0)
        .below(1)
        .unused_when("optimizer", Value::List{"sgd", "adam", "adamw"});
    is.parameter("epsilon", &OptimizerSettings::epsilon,
                 "added to the root that the step is divided by")
        .above(0)
        .unused_when("optimizer", "sgd");
    is.parameter("weight_decay", &OptimizerSettings::weight_decay,
                 "pulls all parameters to 0; through the gradient, for \"adamw\" beside it")
        .at_least(0);
  }
};

/// Moves one group of parameters. They are brought together into one vector, which their handles
/// then look into, so that a step is a few passes over contiguous memory.
class Optimizer {
 public:
  /// Parameters of one type on one device; may be none.
  Optimizer(const OptimizerSettings& settings, const std::vector<NamedTensor>& parameters);

  /// In the order of the parameters; an undefined one is 0.
  void set_gradients(const std::vector<at::Tensor>& gradients);
  /// ‖g‖² over the whole group.
  double squared_norm() const;
  /// g ← factor · g.
  void scale_gradients(double factor);
  void step(double learning_rate);

  /// All that a next step depends on besides parameters and gradients.
  std::vector<NamedTensor> state() const;
  /// How many steps there were, and for `state()` read back.
  std::int64_t steps() const { return steps_; }
  void set_steps(std::int64_t steps) { steps_ = steps; }

 private:
  OptimizerSettings settings_;
  std::vector<at::Tensor> gradient_views_;
  at::Tensor values_, gradient_;   // (number of parameters)
  at::Tensor direction_, square_;  // u or m; v
  std::int64_t steps_ = 0;
};

}  // namespace metriclab
