// SPDX-License-Identifier: BSD-3-Clause
// Against scikit-learn 1.2.1 and SciPy 1.10.1: tests/reference/space.py made space.json.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <metriclab/evaluation/agglomerative.hpp>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/evaluation/density.hpp>
#include <metriclab/evaluation/dispersion.hpp>
#include <metriclab/evaluation/logistic_regression.hpp>
#include <metriclab/evaluation/matching.hpp>
#include <metriclab/evaluation/neighborhood.hpp>
#include <metriclab/plugin/file.hpp>

#include "evaluate.hpp"

namespace {

using namespace metriclab;
using Labels = std::vector<std::int32_t>;

const Value& reference() {
  static const Value values = [] {
    const char* source = std::getenv("METRICLAB_SOURCE");
    REQUIRE(source != nullptr);
    return parse_json(
        read_file(std::filesystem::path(source) / "tests" / "reference" / "space.json"));
  }();
  return values;
}

Matrix matrix(const Value& rows) {
  const auto& list = rows.as_list();
  Matrix X(static_cast<std::int64_t>(list.size()),
           static_cast<std::int64_t>(list.front().as_list().size()));
  for (std::int64_t i = 0; i < X.rows(); ++i)
    for (std::int64_t t = 0; t < X.cols(); ++t)
      X(i, t) =
          list[static_cast<std::size_t>(i)].as_list()[static_cast<std::size_t>(t)].as_number();
  return X;
}

Labels labels(const Value& list) {
  Labels result;
  for (const Value& label : list.as_list())
    result.push_back(static_cast<std::int32_t>(label.as_integer()));
  return result;
}

TEST_CASE("agglomerative clusters, and the heights of their merges") {
  const Matrix X = matrix(reference().at("points"));
  for (const Value::Member& is : reference().at("agglomerative").as_object()) {
    CAPTURE(is.key);
    const std::vector<Merge> merges = agglomerate(X, linkage_from_string(is.key));
    const auto& heights = is.value.at("heights").as_list();
    REQUIRE(merges.size() == heights.size());
    for (std::size_t i = 0; i < merges.size(); ++i)
      CHECK(std::abs(merges[i].height - heights[i].as_number()) < 1e-9);
    CHECK(adjusted_rand_index(cut(merges, 5), labels(is.value.at("labels"))) == doctest::Approx(1));
  }
  const Labels clusters = cut(agglomerate(X, Linkage::average), 5),
               classes = labels(reference().at("labels"));
  const Value& due = reference().at("matching");
  CHECK(matched_accuracy(classes, clusters) == doctest::Approx(due.at("accuracy").as_number()));
  CHECK(purity(classes, clusters) == doctest::Approx(due.at("purity").as_number()));
  CHECK(pairwise_f1(classes, clusters) == doctest::Approx(due.at("f1").as_number()));
}

TEST_CASE("dbscan: the same core rows in the same clusters, and the same noise") {
  const Value& is = reference().at("dbscan");
  const Labels due = labels(is.at("labels")),
               found = dbscan(matrix(is.at("points")), is.at("eps").as_number(),
                              is.at("min_samples").as_integer());
  REQUIRE(found.size() == due.size());
  for (std::size_t i = 0; i < due.size(); ++i) CHECK((found[i] < 0) == (due[i] < 0));
  Labels core_due, core_found;
  for (const Value& row : is.at("core").as_list()) {
    core_due.push_back(due[static_cast<std::size_t>(row.as_integer())]);
    core_found.push_back(found[static_cast<std::size_t>(row.as_integer())]);
  }
  CHECK(adjusted_rand_index(core_found, core_due) == doctest::Approx(1));
  CHECK(std::count(due.begin(), due.end(), -1) > 3);
}

TEST_CASE("spectral clustering parts the rings as scikit-learn does") {
  const Value& is = reference().at("spectral");
  const Embedded test = embedded(matrix(is.at("points")).cast<float>(), labels(is.at("labels")));
  CHECK(evaluate("clustering", test, {}, R"({"method": "spectral"})").at("ari").value ==
        doctest::Approx(1));
  CHECK(evaluate("clustering", test).at("ari").value < 0.2);
}

TEST_CASE("logistic regression: weights, and what they predict") {
  const Value& is = reference().at("logistic_regression");
  const auto n = is.at("train").as_integer();
  const MatrixF points = matrix(reference().at("points")).cast<float>();
  const Labels all = labels(reference().at("labels"));
  const Labels y(all.begin(), all.begin() + n), y_test(all.begin() + n, all.end());
  Matrix X = points.cast<double>();
  const Matrix mean = X.topRows(n).colwise().mean();
  X.rowwise() -= mean.row(0);
  for (std::int64_t t = 0; t < X.cols(); ++t)
    X.col(t) /= X.col(t).head(n).norm() / std::sqrt(static_cast<double>(n));
  LogisticRegression model{.weights = Matrix::Zero(4, 3), .biases = Vector::Zero(4)};
  fit(model, X.topRows(n), y, is.at("lambda").as_number(), 1e-8, 1000);
  CHECK(model.converged);
  CHECK((model.weights - matrix(is.at("weights"))).cwiseAbs().maxCoeff() < 1e-5);
  CHECK(model.predict(X.bottomRows(60 - n)) == labels(is.at("predicted")));
  CHECK(evaluate("linear_probe", embedded(points.bottomRows(60 - n), y_test),
                 embedded(points.topRows(n), y), R"({"regularization": 0.02})")
            .at("accuracy")
            .value == doctest::Approx(is.at("accuracy").as_number()));
}

TEST_CASE("silhouette, and the skewness of k-occurrences") {
  const MatrixF points = matrix(reference().at("points")).cast<float>();
  const Labels classes = labels(reference().at("labels"));
  CHECK(pair_means(points, classes).silhouette ==
        doctest::Approx(reference().at("silhouette").as_number()).epsilon(1e-9));
  CHECK(hubness(nearest_neighbors(points, 10)).skewness ==
        doctest::Approx(reference().at("hubness").as_number()).epsilon(1e-9));
}

}  // namespace
