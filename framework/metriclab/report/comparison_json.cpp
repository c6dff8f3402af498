// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/comparison_text.hpp>
#include <metriclab/report/conclusions.hpp>

namespace metriclab {
namespace {

Value list_of(const std::vector<std::string>& items) {
  return Value(Value::List(items.begin(), items.end()));
}

Value number_or_null(double value) { return std::isfinite(value) ? Value(value) : Value(); }

Value interval_of(double low, double high) {
  return Value(Value::List{number_or_null(low), number_or_null(high)});
}

Value counts_of(const WinTieLoss& counts) {
  Value json = Value::object();
  json.set("wins", counts.wins);
  json.set("ties", counts.ties);
  json.set("losses", counts.losses);
  return json;
}

Value aside_of(const std::vector<LeftAside>& items) {
  Value json = Value::object();
  for (const LeftAside& each : items) json.set(each.name, each.reason);
  return json;
}

Value friedman_of(const FriedmanTest& test) {
  Value json = Value::object();
  json.set("chi_squared", test.chi_squared);
  json.set("p_chi_squared", test.p_chi_squared);
  json.set("iman_davenport_f", number_or_null(test.f));
  json.set("p", test.p);
  return json;
}

Value methods_of(const Comparison& comparison) {
  Value::List list;
  for (std::size_t method : comparison.order) {
    Value& one = list.emplace_back(Value::object());
    one.set("name", comparison.scores.methods[method]);
    one.set("average_rank", comparison.average_ranks[method]);
  }
  return Value(std::move(list));
}

Value scores_of(const Comparison& comparison) {
  const Scores& scores = comparison.scores;
  Value::List list;
  for (std::size_t d = 0; d < scores.datasets.size(); ++d)
    for (std::size_t m = 0; m < scores.methods.size(); ++m) {
      const Score& score = scores.of(d, m);
      const Interval& interval = comparison.intervals[d * scores.methods.size() + m];
      Value& one = list.emplace_back(Value::object());
      one.set("dataset", scores.datasets[d]);
      one.set("method", scores.methods[m]);
      one.set("mean", score.mean);
      one.set("deviation", number_or_null(score.deviation));
      one.set("interval", interval_of(interval.low, interval.high));
      one.set("interval_is", std::isnan(interval.low)  ? Value()
                             : interval.bias_corrected ? Value("BCa")
                                                       : Value("percentile"));
      one.set("splits", static_cast<std::int64_t>(score.splits.size()));
      one.set("runs", static_cast<std::int64_t>(score.runs.size()));
    }
  return Value(std::move(list));
}

template <class Pair>
Value pair_of(const Comparison& comparison, const Pair& pair, double difference) {
  Value json = Value::object();
  json.set("a", comparison.scores.methods[pair.a]);
  json.set("b", comparison.scores.methods[pair.b]);
  json.set("a_against_b", counts_of(pair.counts));
  json.set("a_better_by", number_or_null(difference));
  json.set("cohens_d", number_or_null(pair.d));
  json.set("cliffs_delta", number_or_null(pair.delta));
  json.set("a12", number_or_null(pair.a12));
  return json;
}

Value pairs_over(const Comparison& comparison) {
  Value::List list;
  for (const PairOverDatasets& pair : comparison.pairs) {
    Value& one = list.emplace_back(pair_of(comparison, pair, pair.difference));
    one.set("p", pair.p);
    one.set("p_adjusted", pair.adjusted);
    Value& wilcoxon = one.set("wilcoxon", Value::object());
    wilcoxon.set("positive_ranks", pair.wilcoxon.positive);
    wilcoxon.set("negative_ranks", pair.wilcoxon.negative);
    wilcoxon.set("exact", pair.wilcoxon.exact);
    wilcoxon.set("p", pair.wilcoxon.p);
    one.set("p_sign_test", pair.p_sign);
    one.set("p_mean_ranks", pair.p_ranks);
    one.set("p_nemenyi", pair.p_nemenyi);
    Value& beliefs = one.set("bayesian", Value::object());
    beliefs.set("a_better", pair.beliefs.a_better);
    beliefs.set("equivalent", pair.beliefs.equivalent);
    beliefs.set("b_better", pair.beliefs.b_better);
  }
  return Value(std::move(list));
}

Value within_of(const Comparison& comparison) {
  Value::List list;
  for (const OnDataset& on : comparison.within) {
    Value& one = list.emplace_back(Value::object());
    one.set("dataset", comparison.scores.datasets[on.dataset]);
    one.set("splits", on.splits);
    one.set("seeds", on.seeds);
    const bool tested = on.untested.empty();
    one.set("test", tested ? Value("corrected resampled t-test") : Value());
    one.set("untested_because", tested ? Value() : Value(on.untested));
    one.set("test_over_train", tested ? Value(on.test_over_train) : Value());
    Value::List pairs;
    for (const PairOnDataset& pair : on.pairs) {
      Value& of_pair = pairs.emplace_back(pair_of(comparison, pair, pair.test.difference));
      of_pair.set("interval", interval_of(pair.test.low, pair.test.high));
      of_pair.set("t", number_or_null(pair.test.t));
      of_pair.set("degrees", number_or_null(pair.test.degrees));
      of_pair.set("p", number_or_null(pair.test.p));
      of_pair.set("p_adjusted", number_or_null(pair.adjusted));
    }
    one.set("pairs", Value(std::move(pairs)));
  }
  return Value(std::move(list));
}

}  // namespace

std::string json_of(const Comparison& comparison) {
  const Scores& scores = comparison.scores;
  Value json = Value::object();
  json.set("experiments", list_of(scores.experiments));
  json.set("metric", scores.metric);
  json.set("higher_is_better", scores.better == Better::higher);
  json.set("alpha", comparison.options.alpha);
  json.set("rope", comparison.options.rope);
  json.set("test", pair_test_names()[static_cast<std::size_t>(comparison.options.test)]);
  json.set("correction", correction_names()[static_cast<std::size_t>(comparison.correction)]);
  json.set("control", comparison.control ? Value(scores.methods[*comparison.control]) : Value());
  json.set("conclusions", list_of(conclusions_of(comparison)));
  json.set("warnings", list_of(comparison.warnings));
  json.set("datasets", list_of(scores.datasets));
  json.set("methods", methods_of(comparison));
  json.set("methods_left_aside", aside_of(scores.methods_aside));
  json.set("datasets_left_aside", aside_of(scores.datasets_aside));
  json.set("scores", scores_of(comparison));
  json.set("friedman", comparison.friedman ? friedman_of(*comparison.friedman) : Value());
  json.set("critical_difference", number_or_null(comparison.critical_difference));
  json.set("smallest_p", comparison.smallest_p);
  json.set("smallest_p_adjusted", comparison.smallest_adjusted);
  json.set("pairs", pairs_over(comparison));
  json.set("on_datasets", within_of(comparison));
  json.set("left_out", comparison.left_out);
  json.set("problems", list_of(comparison.problems));
  return to_json_text(json) + "\n";
}

}  // namespace metriclab
