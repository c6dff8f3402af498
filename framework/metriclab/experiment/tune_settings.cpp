// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/experiment/tune_settings.hpp>

namespace metriclab {

void Halving::describe(Description<Halving>& is) {
  is.parameter("resources", &Halving::resources,
               "parameters that are integers and cost time, by their JSON pointers from a method "
               "on; the first that a method has counts");
  is.parameter("least", &Halving::least, "what no trial gets less of").at_least(1);
  is.parameter("factor", &Halving::factor, "one in so many goes on, with so many times as much")
      .at_least(2);
}

void TuneSettings::describe(Description<TuneSettings>& is) {
  is.parameter("metric", &TuneSettings::metric,
               "what trials are compared by, as \"retrieval.map_at_r\"; higher or lower is better "
               "as its evaluator says")
      .required();
  is.parameter("search", &TuneSettings::search,
               "\"random\"; \"grid\", all points of spaces made of choices and integers; \"tpe\", "
               "where earlier trials tell the next (Bergstra et al. 2011)")
      .one_of({"random", "grid", "tpe"});
  is.parameter("trials", &TuneSettings::trials, "how many each method gets, for each split")
      .at_least(1);
  is.parameter("seconds", &TuneSettings::seconds,
               "no further trial begins when those of a method have taken so long together; null: "
               "all are made")
      .above(0);
  is.parameter("validation", &TuneSettings::validation,
               "how the training part is split to score trials; null: a fifth of its examples");
  is.parameter("halving", &TuneSettings::halving,
               "trials that look hopeless are given up; null: none is");
}

Splitting TuneSettings::split() const {
  if (validation) return *validation;
  Splitting fifth;
  fifth.holdout = 0.2;
  return fifth;
}

}  // namespace metriclab
