// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/plugin/plugin.hpp>
#include <string>

namespace metriclab {

/// How the learning rate changes in the course of training: at time t, in epochs, of T epochs it is
/// learning_rate · factor(t), with
///
///     constant   1
///     step       step_factor ^ ⌊t / step_epochs⌋
///     cosine     f + (1 − f) · (1 + cos(π (t − w) / (T − w))) / 2,     f = final_factor
///
/// and, during the first w = warm_up epochs, t / w times what it is at their end (for `step`, at
/// t). The t of a step is its middle: step s of the n of epoch e (both from 0) is at e + (s + ½) /
/// n. Sources: cosine: Loshchilov, Hutter. SGDR. ICLR 2017, Eq. 5, without restarts; warm-up: Goyal
/// et al. Accurate, large minibatch SGD. 2017.
struct Schedule {
  std::string schedule = "constant";
  std::int64_t step_epochs = 10;
  double step_factor = 0.1;
  double final_factor = 0;
  double warm_up = 0;

  double factor(double t, double epochs) const;

  template <class T>
  static void describe_common(Description<T>& is) {
    is.parameter("schedule", &Schedule::schedule,
                 "the learning rate stays, falls in steps, or falls along half a cosine")
        .one_of({"constant", "step", "cosine"});
    is.parameter("step_epochs", &Schedule::step_epochs, "epochs between the steps of \"step\"")
        .at_least(1)
        .unused_when("schedule", Value::List{"constant", "cosine"});
    is.parameter("step_factor", &Schedule::step_factor,
                 "by what each step multiplies the learning rate")
        .above(0)
        .at_most(1)
        .unused_when("schedule", Value::List{"constant", "cosine"});
    is.parameter("final_factor", &Schedule::final_factor,
                 "where \"cosine\" ends, as a part of the learning rate")
        .at_least(0)
        .at_most(1)
        .unused_when("schedule", Value::List{"constant", "step"});
    is.parameter("warm_up", &Schedule::warm_up,
                 "epochs, also a part of one, in which the learning rate rises from 0")
        .at_least(0);
  }
};

}  // namespace metriclab
