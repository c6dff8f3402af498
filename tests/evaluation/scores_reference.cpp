// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cstdlib>
#include <metriclab/evaluation/anomaly_scores.hpp>
#include <metriclab/evaluation/correlation.hpp>
#include <metriclab/evaluation/roc.hpp>
#include <metriclab/plugin/file.hpp>

#include "evaluate.hpp"
#include "parts.hpp"

namespace {

using namespace metriclab;

/// What tests/reference/pairs_and_scores.py wrote of scikit-learn 1.2.1 and SciPy 1.10.1.
const Value& reference() {
  static const Value values = [] {
    const char* source = std::getenv("METRICLAB_SOURCE");
    REQUIRE(source != nullptr);
    return parse_json(
        read_file(std::filesystem::path(source) / "tests/reference/pairs_and_scores.json"));
  }();
  return values;
}

std::vector<double> numbers(const Value& list) {
  std::vector<double> result;
  for (const Value& value : list.as_list()) result.push_back(value.as_number());
  return result;
}

template <class Integer>
std::vector<Integer> integers(const Value& list) {
  std::vector<Integer> result;
  for (const Value& value : list.as_list())
    result.push_back(static_cast<Integer>(value.as_integer()));
  return result;
}

MatrixF matrix(const Value& rows) {
  MatrixF result(static_cast<std::int64_t>(rows.as_list().size()),
                 static_cast<std::int64_t>(rows.as_list().front().as_list().size()));
  for (std::int64_t i = 0; i < result.rows(); ++i) {
    const std::vector<double> row = numbers(rows.as_list()[static_cast<std::size_t>(i)]);
    for (std::int64_t t = 0; t < result.cols(); ++t)
      result(i, t) = static_cast<float>(row[static_cast<std::size_t>(t)]);
  }
  return result;
}

doctest::Approx near(const Value& value) {
  return doctest::Approx(value.as_number()).epsilon(1e-10);
}

void check_rates(const Roc& roc, const Value& due) {
  CHECK(roc.area() == near(due.at("area")));
  CHECK(roc.average_precision() == near(due.at("average_precision")));
  CHECK(roc.equal_error_rate() == near(due.at("equal_error_rate")));
  for (const Value::Member& at : due.at("tpr_at_fpr").as_object())
    CHECK(roc.greatest_tpr(std::stod(at.key)) == near(at.value));
  for (const Value::Member& at : due.at("fpr_at_tpr").as_object())
    CHECK(roc.least_fpr(std::stod(at.key)) == near(at.value));
}

TEST_CASE("ROC: area, average precision, equal error rate and rates as scikit-learn has them") {
  for (const Value& is : reference().at("rocs").as_list())
    check_rates(Roc(numbers(is.at("positives")), numbers(is.at("negatives"))), is);
}

TEST_CASE("verification of given pairs as scikit-learn has it") {
  for (const Value& is : reference().at("rocs").as_list()) {
    // A point at each score beyond the least, and a pair of it with that.
    std::vector<LabelledPair> pairs;
    std::vector<double> scores = {-16};
    for (const char* kind : {"positives", "negatives"})
      for (double score : numbers(is.at(kind))) {
        pairs.push_back({0, static_cast<std::int64_t>(scores.size()), kind[0] == 'p'});
        scores.push_back(score);
      }
    MatrixF points(static_cast<std::int64_t>(scores.size()), 1);
    for (std::size_t i = 0; i < scores.size(); ++i)
      points(static_cast<std::int64_t>(i), 0) = static_cast<float>(scores[i]);
    const auto found =
        evaluate("verification", with_pairs(points, pairs), {},
                 R"({"pairs": "data", "folds": 2, "tar_at_far": [0, 0.01, 0.1, 0.5]})");
    CHECK(found.at("roc_auc").value == near(is.at("area")));
    CHECK(found.at("eer").value == near(is.at("equal_error_rate")));
    for (const Value::Member& at : is.at("tpr_at_fpr").as_object())
      CHECK(found.at("tar_at_far_" + at.key).value == near(at.value));
  }
}

TEST_CASE("correlations as SciPy has them") {
  for (const Value& is : reference().at("correlations").as_list()) {
    const std::vector<double> x = numbers(is.at("x")), y = numbers(is.at("y"));
    CHECK(spearman(x, y) == near(is.at("spearman")));
    CHECK(pearson(x, y) == near(is.at("pearson")));
    CHECK(kendall_tau_b(x, y) == near(is.at("kendall")));
  }
}

TEST_CASE("similarity as SciPy's correlations and scikit-learn's regression have it") {
  const Value& is = reference().at("similarity");
  const auto part = [&](const char* name) {
    const Value& of = is.at(name);
    Embedded result{.embeddings = matrix(of.at("embeddings")), .columns = {}};
    const auto first = integers<std::int64_t>(of.at("first")),
               second = integers<std::int64_t>(of.at("second"));
    const std::vector<double> ratings = numbers(of.at("rating"));
    for (std::size_t k = 0; k < ratings.size(); ++k)
      result.constraints.ratings.push_back({first[k], second[k], ratings[k]});
    return result;
  };
  for (Distance distance : {Distance::euclidean, Distance::cosine}) {
    const auto found = evaluate("similarity", part("test"), part("train"), "{}", distance);
    for (const Value::Member& metric : is.at(to_string(distance)).as_object()) {
      CAPTURE(metric.key);
      CHECK(found.at(metric.key).value == near(metric.value));
    }
  }
}

TEST_CASE("anomaly scores and their rates as scikit-learn has them") {
  const Value& is = reference().at("anomalies");
  const MatrixF train = matrix(is.at("train")), test = matrix(is.at("test"));
  const auto train_labels = integers<std::int32_t>(is.at("train_labels")),
             test_labels = integers<std::int32_t>(is.at("test_labels"));
  const std::int64_t k = is.at("k").as_integer();
  Indices rows;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < train_labels.size(); ++i) {
    if (train_labels[i] == 1) continue;
    rows.push_back(static_cast<std::int64_t>(i));
    labels.push_back(train_labels[i]);
  }
  const MatrixF normal = train(rows, Eigen::all);
  const std::map<std::string, AnomalyScores> scores = {
      {"kth_neighbor", kth_neighbor_scores(test, normal, k, Distance::euclidean)},
      {"local_outlier_factor", local_outlier_factors(test, normal, k, Distance::euclidean)},
      {"mahalanobis", mahalanobis_scores(test, normal, labels, 0, Distance::euclidean)},
      {"center", center_scores(test, normal, Distance::euclidean)}};
  for (const auto& [name, found] : scores) {
    CAPTURE(name);
    const Value& due = is.at("scores").at(name);
    const std::vector<double> values = numbers(due.at("values"));
    REQUIRE(found.values.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
      CHECK(found.values[i] == doctest::Approx(values[i]).epsilon(1e-9));
    const bool searches = name == "kth_neighbor" || name == "local_outlier_factor";
    const std::string parameters =
        R"({"normal": ["0", "2"], "score": ")" + name + "\"" +
        (searches ? R"(, "n_neighbors": )" + std::to_string(k) : std::string()) + "}";
    const auto metrics =
        evaluate("anomaly", embedded(test, test_labels), embedded(train, train_labels), parameters);
    CHECK(metrics.at("auroc").value == near(due.at("area")));
    CHECK(metrics.at("average_precision").value == near(due.at("average_precision")));
    CHECK(metrics.at("fpr_at_95_tpr").value == near(due.at("fpr_at_tpr").at("0.95")));
  }
}

TEST_CASE("recommendation: nDCG and average precision as scikit-learn has them") {
  const Value& is = reference().at("recommendation");
  const MatrixF points = matrix(is.at("embeddings"));
  const std::int64_t users = is.at("users").as_integer(), k = is.at("k").as_integer();
  const auto part = [&](const char* name) {
    Embedded result{.embeddings = points, .columns = {}};
    for (const Value& pair : is.at(name).as_list())
      result.constraints.pairs.push_back(
          {pair.as_list()[0].as_integer(), pair.as_list()[1].as_integer()});
    std::vector<std::int32_t> kinds, identities;
    for (std::int32_t i = 0; i < points.rows(); ++i) {
      kinds.push_back(i < users ? 0 : 1);
      identities.push_back(i);
    }
    result.columns = {{.name = "kind", .values = kinds, .classes = {"user", "item"}},
                      {.name = "identity", .values = identities, .classes = {}}};
    return result;
  };
  const std::int64_t all = points.rows() - users;
  const auto found =
      evaluate("recommendation", part("took"), part("known"),
               R"({"at": [)" + std::to_string(k) + ", " + std::to_string(all) + "]}");
  CHECK(found.at("ndcg_at_" + std::to_string(k)).value == near(is.at("ndcg")));
  CHECK(found.at("map_at_" + std::to_string(all)).value == near(is.at("average_precision")));
  CHECK(found.at("users_left_out").value ==
        static_cast<double>(users - is.at("measured").as_integer()));
}

}  // namespace
