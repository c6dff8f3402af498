// SPDX-License-Identifier: BSD-3-Clause
// Losses whose terms are those of single pairs or of one anchor's pairs: against values and
// gradients of an independent implementation, and against plain formulations.
#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/plugin/file.hpp>

#include "reference.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
using Json = nlohmann::json;

const Reference kCircle{.file = "CircleLoss",
                        .loss = "circle",
                        .parameters = {{"m", "margin"}, {"gamma", "gamma"}},
                        .defaults = {{"margin", 0.4}, {"gamma", 80}}};

TEST_CASE("circle: reference values, and against a separate reference set") {
  check_cases(kCircle);
  const auto folder = deep_reference();
  if (!folder) return;
  const Json file = Json::parse(read_file(*folder / "losses/_ref_emb.json"));
  int checked = 0;
  for (const Json& is : file["cases"])
    if (is["loss_name"] == "CircleLoss") {
      check_case(kCircle, is);
      ++checked;
    }
  CHECK(checked == 1);
}

TEST_CASE("generalized_lifted_structure: reference values") {
  check_cases({.file = "GeneralizedLiftedStructureLoss",
               .loss = "generalized_lifted_structure",
               .parameters = {{"neg_margin", "negative_margin"}, {"pos_margin", "positive_margin"}},
               .defaults = {{"negative_margin", 1}, {"positive_margin", 0}}});
}

TEST_CASE("intra_pair_variance: reference values") {
  check_cases({.file = "IntraPairVarianceLoss",
               .loss = "intra_pair_variance",
               .parameters = {{"pos_eps", "positive_epsilon"}, {"neg_eps", "negative_epsilon"}},
               .defaults = {{"positive_epsilon", 0.01}, {"negative_epsilon", 0.01}}});
}

TEST_CASE("ranked_list: reference values, whose sums of weights have 1e-5 for each column more") {
  check_cases({.file = "RankedListLoss",
               .loss = "ranked_list",
               .parameters = {{"margin", "margin"},
                              {"alpha", "alpha"},
                              {"imbalance", "imbalance"},
                              {"Tp", "positive_temperature"},
                              {"Tn", "negative_temperature"}},
               .defaults = {{"imbalance", 0.5}, {"positive_temperature", 0}},
               .adapt = [](Json& block, const Json& is) {
                 block["weight_epsilon"] = 1e-5;
                 if (!is["params"].contains("alpha"))
                   block["alpha"] = 1 + is["params"]["margin"].get<double>() / 2;
               }});
}

TEST_CASE("margin: reference values, which go by triplets") {
  check_cases({.file = "MarginLoss",
               .loss = "margin",
               .parameters = {{"margin", "margin"},
                              {"beta", "beta"},
                              {"nu", "nu"},
                              {"learn_beta", "learn_beta"}},
               .defaults = {{"margin", 0.2}, {"beta", 1.2}, {"nu", 0}, {"learn_beta", false}},
               .adapt = [](Json& block, const Json& is) {
                 block["by_triplets"] = true;
                 block["beta_per_class"] = is["params"].contains("num_classes");
                 // There the divisor is the number of terms above 0.
                 block["reducer"] = "avg_non_zero";
               }});
}

TEST_CASE("n_pairs: reference values") {
  check_cases({.file = "NPairsLoss", .loss = "n_pairs", .parameters = {}});
}

TEST_CASE("signal_to_noise_contrastive: reference values") {
  check_cases({.file = "SignalToNoiseRatioContrastiveLoss",
               .loss = "signal_to_noise_contrastive",
               .parameters = {{"pos_margin", "positive_margin"}, {"neg_margin", "negative_margin"}},
               .defaults = {{"positive_margin", 0}, {"negative_margin", 1}}});
}

TEST_CASE("threshold_consistent_margin: reference values") {
  check_cases({.file = "ThresholdConsistentMarginLoss",
               .loss = "threshold_consistent_margin",
               .parameters = {{"margin_plus", "positive_margin"},
                              {"margin_minus", "negative_margin"},
                              {"lambda_plus", "positive_weight"},
                              {"lambda_minus", "negative_weight"}},
               .defaults = {{"positive_margin", 0.9},
                            {"negative_margin", 0.5},
                            {"positive_weight", 1},
                            {"negative_weight", 1}},
               // There the mean runs over the pairs beyond the margin, whatever the reducer.
               .adapt = [](Json& block, const Json&) { block["reducer"] = "avg_non_zero"; }});
}

using Row = std::vector<double>;

/// Cosines and Euclidean distances of normalised embeddings, by their definitions.
struct Plain {
  std::vector<Row> cosine, distance;
  std::vector<std::int64_t> labels;
  std::size_t n;

  explicit Plain(const Batch& batch) : labels(as_indices(batch.labels)), n(labels.size()) {
    const auto d = static_cast<std::size_t>(batch.embeddings.size(1));
    std::vector<Row> x;
    for (std::size_t i = 0; i < n; ++i) {
      const double* row = batch.embeddings.data_ptr<double>() + i * d;
      Row unit(row, row + d);
      double length = 0;
      for (const double v : unit) length += v * v;
      for (double& v : unit) v /= std::sqrt(length);
      x.push_back(unit);
    }
    cosine.assign(n, Row(n));
    distance.assign(n, Row(n));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        double square = 0;
        for (std::size_t k = 0; k < d; ++k) {
          cosine[i][j] += x[i][k] * x[j][k];
          square += (x[i][k] - x[j][k]) * (x[i][k] - x[j][k]);
        }
        distance[i][j] = std::sqrt(square);
      }
  }
  /// Of a matrix's row, the entries of the anchor's positives or negatives.
  Row of(const std::vector<Row>& matrix, std::size_t i, bool positive) const {
    Row values;
    for (std::size_t j = 0; j < n; ++j)
      if (i != j && (labels[i] == labels[j]) == positive) values.push_back(matrix[i][j]);
    return values;
  }
};

double mean(const Row& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}
Row above_zero(const Row& values) {
  Row kept;
  for (const double value : values)
    if (value > 0) kept.push_back(value);
  return kept;
}
double log_sum(const Row& z) {
  double sum = 0;
  for (const double value : z) sum += std::exp(value);
  return std::log(sum);
}

const std::vector<std::int64_t> kLabels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0, 1, 1};

/// `plain(batch)` against the shipped loss, for several batches.
template <class F>
void check_plain(const std::string& json, F plain) {
  CAPTURE(json);
  for (const std::uint64_t seed : {31, 32, 33})
    for (const std::vector<std::int64_t>& labels :
         {kLabels, std::vector<std::int64_t>{0, 0, 0, 0, 0, 1, 0, 0, 2, 0, 2, 1}}) {
      const Batch batch = law_batch(labels, 4, seed);
      const auto loss = make_loss(json);
      loss->prepare(law_setting(4, 4));
      CHECK(evaluate(*loss, batch).value == doctest::Approx(plain(Plain(batch))).epsilon(1e-12));
    }
}

TEST_CASE("circle by its formula") {
  check_plain(R"({"plugin": "circle", "margin": 0.3, "gamma": 7})", [](const Plain& is) {
    Row terms;
    for (std::size_t i = 0; i < is.n; ++i) {
      Row p = is.of(is.cosine, i, true), q = is.of(is.cosine, i, false);
      if (p.empty() || q.empty()) continue;
      for (double& s : p) s = -7 * std::max(0.0, 1.3 - s) * (s - 0.7);
      for (double& s : q) s = 7 * std::max(0.0, s + 0.3) * (s - 0.3);
      terms.push_back(std::log(1 + std::exp(log_sum(p) + log_sum(q))));
    }
    return mean(above_zero(terms));
  });
}

TEST_CASE("generalized_lifted_structure by its formula") {
  check_plain(
      R"({"plugin": "generalized_lifted_structure", "negative_margin": 0.2, "positive_margin": 1.5})",
      [](const Plain& is) {
        Row terms;
        for (std::size_t i = 0; i < is.n; ++i) {
          double sum = 0;
          Row p = is.of(is.distance, i, true), q = is.of(is.distance, i, false);
          for (double& d : p) d -= 1.5;
          for (double& d : q) d = 0.2 - d;
          if (!p.empty()) sum += log_sum(p);
          if (!q.empty()) sum += log_sum(q);
          terms.push_back(std::max(0.0, sum));
        }
        return mean(terms);
      });
}

TEST_CASE("intra_pair_variance by its formula") {
  for (const bool cosine : {true, false})
    check_plain(
        std::string(R"({"plugin": "intra_pair_variance", "positive_epsilon": 0.1,)") +
            R"("negative_epsilon": 0.2, "distance": )" +
            (cosine ? "\"cosine\"}" : "\"euclidean\"}"),
        [&](const Plain& is) {
          const std::vector<Row>& matrix = cosine ? is.cosine : is.distance;
          double loss = 0;
          for (const bool positive : {true, false}) {
            Row all;
            for (std::size_t i = 0; i < is.n; ++i)
              for (const double value : is.of(matrix, i, positive)) all.push_back(value);
            const double middle = mean(all);
            // Similarities of positives and distances of negatives are to be large.
            const bool is_large = positive == cosine;
            const double share = is_large ? 1 - (positive ? 0.1 : 0.2) : 1 + (positive ? 0.1 : 0.2);
            for (double& value : all)
              value = std::pow(std::max(0.0, (is_large ? 1 : -1) * (share * middle - value)), 2);
            loss += mean(all);
          }
          return loss;
        });
}

TEST_CASE("ranked_list by its formula") {
  check_plain(
      R"({"plugin": "ranked_list", "margin": 0.3, "alpha": 1.3, "imbalance": 0.3, "positive_temperature": 2, "negative_temperature": 5})",
      [](const Plain& is) {
        auto weighted = [](const Row& hinges, double temperature) {
          double sum = 0, weights = 0;
          for (const double h : above_zero(hinges)) {
            sum += std::exp(temperature * h) * h;
            weights += std::exp(temperature * h);
          }
          return weights > 0 ? sum / weights : 0;
        };
        Row terms;
        for (std::size_t i = 0; i < is.n; ++i) {
          Row p = is.of(is.distance, i, true), q = is.of(is.distance, i, false);
          for (double& d : p) d -= 1.0;
          for (double& d : q) d = 1.3 - d;
          terms.push_back(0.7 * weighted(p, 2) + 0.3 * weighted(q, 5));
        }
        return mean(terms);
      });
}

TEST_CASE("margin by its formula, over pairs and over triplets") {
  check_plain(R"({"plugin": "margin", "margin": 0.3, "beta": 1.1, "nu": 0.2})",
              [](const Plain& is) {
                Row terms;
                for (std::size_t i = 0; i < is.n; ++i) {
                  for (const double d : is.of(is.distance, i, true)) terms.push_back(d - 1.1 + 0.3);
                  for (const double d : is.of(is.distance, i, false))
                    terms.push_back(1.1 - d + 0.3);
                }
                return mean(above_zero(terms)) + 0.2 * 1.1;
              });
  for (const bool by_triplets : {false, true})
    check_plain(std::string(R"({"plugin": "margin", "margin": 0.3, "beta": 1.1, "nu": 0.2,)") +
                    R"("learn_beta": true, "beta_per_class": true, "by_triplets": )" +
                    (by_triplets ? "true}" : "false}"),
                [&](const Plain& is) {
                  double sum = 0, n = 0, borders = 0;
                  for (std::size_t i = 0; i < is.n; ++i) {
                    const Row p = is.of(is.distance, i, true), q = is.of(is.distance, i, false);
                    const double each_positive = by_triplets ? static_cast<double>(q.size()) : 1,
                                 each_negative = by_triplets ? static_cast<double>(p.size()) : 1;
                    for (const double d : p) {
                      borders += each_positive * 1.1;
                      if (d - 1.1 + 0.3 > 0)
                        sum += each_positive * (d - 1.1 + 0.3), n += each_positive;
                    }
                    for (const double d : q)
                      if (1.1 - d + 0.3 > 0)
                        sum += each_negative * (1.1 - d + 0.3), n += each_negative;
                  }
                  return (sum + 0.2 * borders) / n;
                });
}

TEST_CASE("n_pairs by its formula") {
  check_plain(R"({"plugin": "n_pairs", "distance": "cosine"})", [](const Plain& is) {
    // Each class's first two rows.
    std::vector<std::size_t> anchors, positives;
    for (std::int64_t label = 0; label < 4; ++label) {
      std::vector<std::size_t> rows;
      for (std::size_t i = 0; i < is.n; ++i)
        if (is.labels[i] == label) rows.push_back(i);
      if (rows.size() < 2) continue;
      anchors.push_back(rows[0]);
      positives.push_back(rows[1]);
    }
    Row terms;
    for (std::size_t a = 0; a < anchors.size(); ++a) {
      Row logits;
      for (const std::size_t p : positives) logits.push_back(is.cosine[anchors[a]][p]);
      terms.push_back(log_sum(logits) - logits[a]);
    }
    return mean(terms);
  });
}

TEST_CASE("threshold_consistent_margin by its formula") {
  check_plain(
      R"({"plugin": "threshold_consistent_margin", "positive_margin": 0.8, "negative_margin": -0.1, "positive_weight": 2, "negative_weight": 0.5})",
      [](const Plain& is) {
        Row p, q;
        for (std::size_t i = 0; i < is.n; ++i) {
          for (const double s : is.of(is.cosine, i, true)) p.push_back(0.8 - s);
          for (const double s : is.of(is.cosine, i, false)) q.push_back(s + 0.1);
        }
        return 2 * mean(above_zero(p)) + 0.5 * mean(above_zero(q));
      });
}

TEST_CASE("signal_to_noise_contrastive by its formula, on embeddings as they are") {
  const Batch batch = law_batch(kLabels, 4, 34);
  auto variance = [](const Row& x) {
    double sum = 0;
    for (const double value : x) sum += std::pow(value - mean(x), 2);
    return sum / static_cast<double>(x.size());
  };
  Row p, q;
  const double* values = batch.embeddings.data_ptr<double>();
  for (std::size_t i = 0; i < kLabels.size(); ++i)
    for (std::size_t j = 0; j < kLabels.size(); ++j) {
      if (i == j) continue;
      Row signal, noise;
      for (std::size_t k = 0; k < 4; ++k) {
        signal.push_back(values[4 * i + k]);
        noise.push_back(values[4 * i + k] - values[4 * j + k]);
      }
      const double d = variance(noise) / variance(signal);
      (kLabels[i] == kLabels[j] ? p : q).push_back(kLabels[i] == kLabels[j] ? d - 0.1 : 2 - d);
    }
  const auto loss = make_loss(
      R"({"plugin": "signal_to_noise_contrastive", "positive_margin": 0.1, "negative_margin": 2, "normalize_embeddings": false})");
  CHECK(evaluate(*loss, batch).value ==
        doctest::Approx(mean(above_zero(p)) + mean(above_zero(q))).epsilon(1e-12));
}

}  // namespace
