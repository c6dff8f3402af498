// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <metriclab/evaluation/logistic_regression.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

constexpr std::int64_t kBlock = 1024;

/// The objective at weights and, in the last column, biases: (classes × (d + 1)), row after row.
class Objective {
 public:
  Objective(const Matrix& X, std::span<const std::int32_t> y, double lambda, std::int64_t classes)
      : X_(X), y_(y), lambda_(lambda), classes_(classes) {}

  double operator()(const Vector& at, Vector& gradient) const {
    const std::int64_t n = X_.rows(), d = X_.cols();
    const Eigen::Map<const Matrix> parameters(at.data(), classes_, d + 1);
    gradient.resize(at.size());
    Eigen::Map<Matrix> slope(gradient.data(), classes_, d + 1);
    slope.setZero();
    double loss = 0;
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const auto rows = X_.middleRows(begin, std::min(kBlock, n - begin));
      Matrix scores = rows * parameters.leftCols(d).transpose();
      scores.rowwise() += parameters.col(d).transpose();
      for (std::int64_t i = 0; i < scores.rows(); ++i) {
        const std::int32_t label = y_[static_cast<std::size_t>(begin + i)];
        const double own = scores(i, label), greatest = scores.row(i).maxCoeff();
        scores.row(i) = (scores.row(i).array() - greatest).exp();
        const double sum = scores.row(i).sum();
        loss += std::log(sum) + greatest - own;
        scores.row(i) /= sum;
        scores(i, label) -= 1;
      }
      slope.leftCols(d).noalias() += scores.transpose() * rows;
      slope.col(d) += scores.colwise().sum().transpose();
    }
    slope /= static_cast<double>(n);
    slope.leftCols(d) += lambda_ * parameters.leftCols(d);
    return loss / static_cast<double>(n) + lambda_ / 2 * parameters.leftCols(d).squaredNorm();
  }

 private:
  const Matrix& X_;
  std::span<const std::int32_t> y_;
  double lambda_;
  std::int64_t classes_;
};

/// An approximation of the inverse Hessian from the last steps and what they changed of the
/// gradient.
class History {
 public:
  void add(const Vector& step, const Vector& change) {
    if (step.dot(change) <= 0) return;  // by rounding alone, of a convex function
    pairs_.push_back({step, change, 1 / step.dot(change)});
    if (pairs_.size() > 10) pairs_.pop_front();
  }
  Vector direction(const Vector& gradient) const {
    Vector q = -gradient;
    std::vector<double> parts(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      parts[i] = pairs_[i].inverse * pairs_[i].step.dot(q);
      q -= parts[i] * pairs_[i].change;
    }
    if (!pairs_.empty()) q /= pairs_.back().inverse * pairs_.back().change.squaredNorm();
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      q += (parts[i] - pairs_[i].inverse * pairs_[i].change.dot(q)) * pairs_[i].step;
    return q;
  }

 private:
  struct Pair {
    Vector step, change;
    double inverse;  // 1 / step·change
  };
  std::deque<Pair> pairs_;
};

}  // namespace

void fit(LogisticRegression& model, const Matrix& X, std::span<const std::int32_t> y, double lambda,
         double tolerance, std::int64_t max_iterations) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9;
  constexpr int kTrials = 60;
  const std::int64_t classes = model.weights.rows(), d = X.cols();
  METRICLAB_CHECK(X.rows() > 0 && static_cast<std::int64_t>(y.size()) == X.rows() &&
                      model.weights.cols() == d && model.biases.size() == classes,
                  "a label for each example, and weights for each class and dimension");
  Vector at(classes * (d + 1));
  Eigen::Map<Matrix> parameters(at.data(), classes, d + 1);
  parameters << model.weights, model.biases;

  const Objective objective(X, y, lambda, classes);
  Vector gradient, next, next_gradient;
  double value = objective(at, gradient);
  History history;
  bool stuck = false;
  for (model.steps = 0; !stuck && model.steps < max_iterations; ++model.steps) {
    if (gradient.lpNorm<Eigen::Infinity>() <= tolerance) break;
    const Vector direction = history.direction(gradient);
    const double slope = direction.dot(gradient);
    double least = 0, most = std::numeric_limits<double>::infinity(), length = 1, next_value = 0;
    stuck = true;
    for (int trial = 0; trial < kTrials; ++trial) {
      next = at + length * direction;
      next_value = objective(next, next_gradient);
      if (!(next_value <= value + kDecrease * length * slope))
        most = length;
      else if (next_gradient.dot(direction) < kCurvature * slope)
        least = length;
      else {
        stuck = false;
        break;
      }
      length = std::isfinite(most) ? (least + most) / 2 : 2 * least;
    }
    if (stuck) break;
    history.add(next - at, next_gradient - gradient);
    at = next;
    gradient = next_gradient;
    value = next_value;
  }
  model.gradient = gradient.lpNorm<Eigen::Infinity>();
  model.converged = model.gradient <= tolerance;
  model.weights = parameters.leftCols(d);
  model.biases = parameters.col(d);
}

std::vector<std::int32_t> LogisticRegression::predict(const Matrix& X) const {
  std::vector<std::int32_t> labels;
  for (std::int64_t begin = 0; begin < X.rows(); begin += kBlock) {
    Matrix scores = X.middleRows(begin, std::min(kBlock, X.rows() - begin)) * weights.transpose();
    scores.rowwise() += biases.transpose();
    for (std::int64_t i = 0; i < scores.rows(); ++i) {
      std::int64_t label = 0;
      scores.row(i).maxCoeff(&label);
      labels.push_back(static_cast<std::int32_t>(label));
    }
  }
  return labels;
}

}  // namespace metriclab
