// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/classification.hpp>
#include <metriclab/evaluation/logistic_regression.hpp>

namespace {

using namespace metriclab;

/// What a linear classifier reads off the embeddings: multinomial logistic regression on the
/// training part,
///
///     min over W, b of  −(1/n) Σ_i log p(y_i | x_i) + λ/2 ‖W‖²
///     p(c | x) ∝ exp(w_c·x + b_c)
///
/// n examples in training; x: each dimension less its mean, by its deviation (by n) over the
/// training part, where it has any. Measured on the test part: accuracy, balanced_accuracy,
/// macro_f1 (their definitions: evaluation/classification.hpp).
///
/// `regularization` is λ, 1/(C·n) of scikit-learn's C. Null: that of `choose_from` with the best
/// accuracy on a fifth of each class's training examples, drawn from the evaluation's stream, after
/// training on the others; ties: the greatest. It is given as the metric `regularization`, which
/// ranks nothing, and all of the training part is then trained on. A class with a single example is
/// not held out.
///
/// Solved until no partial derivative is beyond ±1e-6 (evaluation/logistic_regression.hpp); where
/// max_iterations steps don't reach that there is no value. The classifier takes embeddings as
/// plain features, whatever distance they are compared by, but for cosine they are first scaled to
/// length 1.
///
/// An empty part, or a test part that shares no class with the training part: NaN. Throws Error
/// where choose_from is empty but asked for, or given though regularization is not null. Differs
/// from the papers: they train on augmented images by stochastic gradients, or choose among 45
/// values of λ; the features of Alain and Bengio are those of every layer.
class LinearProbe final : public Evaluator {
 public:
  static void describe(Description<LinearProbe>& is) {
    is.summary("logistic regression on the embeddings: accuracy, balanced accuracy, macro F1");
    is.source(
        "Alain, Bengio. Understanding intermediate layers using linear classifier probes. ICLR "
        "workshop 2017 (arXiv 1610.01644, 2016)");
    is.source(
        "Chen, Kornblith, Norouzi, Hinton. A simple framework for contrastive learning of visual "
        "representations. ICML 2020");
    is.cost(
        "O(steps · n_train · d · classes) time as matrix products, for each λ tried; O((n_train + "
        "n_test) · d) memory in double");
    is.property("one_when_separated");
    is.parameter(
          "regularization", &LinearProbe::regularization,
          "λ, the weight of the squared weights; null: chosen on a part of the training part")
        .above(0);
    is.parameter("choose_from", &LinearProbe::choose_from,
                 "what a null regularization is chosen from")
        .above(0);
    is.parameter("max_iterations", &LinearProbe::max_iterations, "steps of the solver, at most")
        .at_least(1);
  }

  bool compares(Distance) const override { return true; }
  Measurement evaluate(const Evaluation& input) const override {
    if (regularization && choose_from != LinearProbe().choose_from)
      throw Error(
          fmt::format("linear_probe: choose_from is what a null regularization is chosen from, and "
                      "regularization is {}; set it to null, or leave choose_from out",
                      *regularization));
    if (!regularization && choose_from.empty())
      throw Error(
          "linear_probe: choose_from is empty and regularization null; give one value at least");
    require_finite(input);
    if (const auto reason = unclassifiable(input.test, input.train)) return without_values(*reason);

    Matrix X = features(input.train, input.distance), X_test = features(input.test, input.distance);
    const Eigen::Array<bool, 1, Eigen::Dynamic> constant =
        X.colwise().maxCoeff().array() == X.colwise().minCoeff().array();
    const Matrix mean = X.colwise().mean();
    X.rowwise() -= mean.row(0);
    X_test.rowwise() -= mean.row(0);
    for (std::int64_t j = 0; j < X.cols(); ++j) {
      if (constant[j]) {
        X.col(j).setZero();  // what rounding left of it; its weights then stay 0
        continue;
      }
      const double deviation = X.col(j).norm() / std::sqrt(static_cast<double>(X.rows()));
      X.col(j) /= deviation;
      X_test.col(j) /= deviation;
    }

    std::vector<std::int32_t> names, y(input.train.labels().size());
    const auto members = members_by_class(input.train.labels());
    for (const auto& [label, of_class] : members) {
      for (std::int64_t i : of_class)
        y[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(names.size());
      names.push_back(label);
    }
    const auto classes = static_cast<std::int64_t>(names.size());
    const double lambda =
        regularization ? *regularization : chosen(X, y, classes, members, input.random);
    LogisticRegression model = untrained(classes, X.cols());
    fit(model, X, y, lambda, kTolerance, max_iterations);
    if (!model.converged)
      return without_values(fmt::format(
          "{} steps left a partial derivative of {:.2g}, above {:g}, for λ = {:g}; raise "
          "max_iterations or regularization",
          model.steps, model.gradient, kTolerance, lambda));

    std::vector<std::int32_t> predicted = model.predict(X_test);
    for (std::int32_t& label : predicted) label = names[static_cast<std::size_t>(label)];
    std::vector<Metric> metrics = classification_metrics(input.test.labels(), predicted);
    if (!regularization)
      metrics.push_back(
          {.name = "regularization", .value = lambda, .better = Better::neither, .reason = {}});
    return metrics;
  }

 private:
  static constexpr double kTolerance = 1e-6;

  std::vector<Metric> without_values(const std::string& reason) const {
    std::vector<Metric> metrics = unclassified(reason);
    if (!regularization) metrics.push_back(undefined("regularization", reason, Better::neither));
    return metrics;
  }

  static Matrix features(const Embedded& part, Distance distance) {
    Matrix X = part.embeddings.cast<double>();
    if (distance == Distance::cosine)
      for (std::int64_t i = 0; i < X.rows(); ++i)
        if (const double norm = X.row(i).norm(); norm > 0) X.row(i) /= norm;
    return X;
  }

  static LogisticRegression untrained(std::int64_t classes, std::int64_t d) {
    return {.weights = Matrix::Zero(classes, d), .biases = Vector::Zero(classes)};
  }

  /// The λ of choose_from that does best on what is held out.
  double chosen(const Matrix& X, const std::vector<std::int32_t>& y, std::int64_t classes,
                const std::map<std::int32_t, Indices>& members, const Random& random) const {
    Indices trained, held_out;
    for (auto [label, of_class] : members) {
      random.child("held out").child(static_cast<std::uint64_t>(label)).shuffle(of_class);
      const std::size_t n = of_class.size(), held = n > 1 ? std::max<std::size_t>(n / 5, 1) : 0;
      for (std::size_t at = 0; at < n; ++at)
        (at < held ? held_out : trained).push_back(of_class[at]);
    }
    std::vector<double> falling = choose_from;
    std::sort(falling.begin(), falling.end(), std::greater<>());
    if (held_out.empty()) return falling.front();
    const auto labels_of = [&](const Indices& indices) {
      std::vector<std::int32_t> labels;
      for (std::int64_t i : indices) labels.push_back(y[static_cast<std::size_t>(i)]);
      return labels;
    };
    const Matrix X_trained = X(trained, Eigen::all), X_held_out = X(held_out, Eigen::all);
    const auto y_trained = labels_of(trained), y_held_out = labels_of(held_out);
    double best = falling.front();
    std::int64_t most = -1;
    LogisticRegression model = untrained(classes, X.cols());  // each goes on from the one before
    for (double lambda : falling) {
      fit(model, X_trained, y_trained, lambda, kTolerance, max_iterations);
      const auto predicted = model.predict(X_held_out);
      std::int64_t right = 0;
      for (std::size_t i = 0; i < predicted.size(); ++i) right += predicted[i] == y_held_out[i];
      if (right <= most) continue;
      most = right;
      best = lambda;
    }
    return best;
  }

  std::optional<double> regularization;
  std::vector<double> choose_from = {1e-4, 1e-3, 1e-2, 1e-1, 1};
  std::int64_t max_iterations = 1000;
};

METRICLAB_PLUGIN(LinearProbe, "linear_probe");

}  // namespace
