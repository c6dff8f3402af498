// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <metriclab/classical/lbfgs.hpp>

namespace metriclab {
namespace {

using Function = std::function<double(const Matrix&, Matrix&)>;

double inner(const Matrix& a, const Matrix& b) { return a.cwiseProduct(b).sum(); }

struct Point {
  Matrix x, gradient;
  double value = 0;
};

struct Step {
  Matrix s, y;
  double rho = 0;  // 1 / sᵀy
};

/// −H·gradient by the two-loop recursion (Nocedal, Wright. Numerical Optimization, 2006,
/// algorithm 7.4).
Matrix direction(const std::deque<Step>& memory, const Matrix& gradient) {
  Matrix q = -gradient;
  if (memory.empty()) return q;
  std::vector<double> alpha(memory.size());
  for (std::size_t i = memory.size(); i-- > 0;) {
    alpha[i] = memory[i].rho * inner(memory[i].s, q);
    q -= alpha[i] * memory[i].y;
  }
  q *= 1 / (memory.back().rho * memory.back().y.squaredNorm());
  for (std::size_t i = 0; i < memory.size(); ++i)
    q += (alpha[i] - memory[i].rho * inner(memory[i].y, q)) * memory[i].s;
  return q;
}

/// Moves `to` along p from `from`; false when no step of a sensible length lowers f.
bool line_search(const Function& f, const Point& from, const Matrix& p, double t, Point& to,
                 std::int64_t& evaluations) {
  constexpr double kDecrease = 1e-4;
  constexpr double kCurvature = 0.9;
  constexpr int kMostTrials = 40;  // halving that often leaves nothing of a step
  const double slope = inner(from.gradient, p);
  double low = 0, low_value = from.value, low_slope = slope;
  double high = std::numeric_limits<double>::infinity();
  Point best;
  for (int trial = 0; trial < kMostTrials; ++trial) {
    to.x = from.x + t * p;
    to.value = f(to.x, to.gradient);
    ++evaluations;
    const bool finite = std::isfinite(to.value) && to.gradient.allFinite();
    if (!finite || to.value > from.value + kDecrease * t * slope) {
      high = t;
      const double width = high - low;
      // The minimum of the parabola through both ends and the slope at the lower one, kept inside.
      const double curve = to.value - low_value - low_slope * width;
      const double step = finite && curve > 0 ? -low_slope * width * width / (2 * curve) : 0;
      t = low + std::clamp(step, 0.1 * width, 0.5 * width);
      continue;
    }
    const double here = inner(to.gradient, p);
    if (here >= kCurvature * slope) return true;
    low = t;
    low_value = to.value;
    low_slope = here;
    best = to;
    t = std::isinf(high) ? 4 * t : (low + high) / 2;
  }
  if (low == 0) return false;
  to = std::move(best);
  return true;
}

}  // namespace

Minimum minimize_lbfgs(const Function& f, Matrix x, const LbfgsOptions& options) {
  Point at{std::move(x), {}, 0};
  at.gradient.resize(at.x.rows(), at.x.cols());
  at.value = f(at.x, at.gradient);
  METRICLAB_CHECK(std::isfinite(at.value) && at.gradient.allFinite(),
                  "a minimisation that starts where the function is not finite");
  Minimum minimum;
  minimum.evaluations = 1;
  minimum.values.push_back(at.value);
  minimum.stopped = "iterations";
  std::deque<Step> memory;
  Point next = at;
  while (minimum.iterations < options.max_iterations) {
    Matrix p = direction(memory, at.gradient);
    if (inner(at.gradient, p) >= 0) {
      memory.clear();
      p = -at.gradient;
    }
    const double length = p.norm();
    if (length == 0) {
      minimum.stopped = "converged";
      break;
    }
    const double scale = at.x.norm();
    const double first = memory.empty() ? (scale > 0 ? 0.1 * scale : 1) / length : 1;
    if (!line_search(f, at, p, first, next, minimum.evaluations)) {
      if (memory.empty()) {
        minimum.stopped = "converged";
        break;
      }
      memory.clear();
      continue;
    }
    Step step{next.x - at.x, next.gradient - at.gradient, 0};
    const double curvature = inner(step.s, step.y);
    if (curvature > 1e-12 * step.y.squaredNorm()) {
      step.rho = 1 / curvature;
      memory.push_back(std::move(step));
      if (static_cast<std::int64_t>(memory.size()) > options.memory) memory.pop_front();
    }
    std::swap(at, next);
    ++minimum.iterations;
    minimum.values.push_back(at.value);
    const bool in_time = !options.go_on || options.go_on(at.value);
    const auto count = static_cast<std::int64_t>(minimum.values.size());
    bool done = options.converged && options.converged(at.x, at.gradient);
    if (count > options.window) {
      const double before = minimum.values[static_cast<std::size_t>(count - 1 - options.window)];
      const double tolerance = options.converged ? 0 : options.tolerance;
      // A minimum of 0 is come near to by ever smaller steps of about the same part.
      const double size = std::max(std::abs(at.value), tolerance * std::abs(minimum.values[0]));
      done = done || before - at.value <= tolerance * size;
    }
    if (done) {
      minimum.stopped = "converged";
      break;
    }
    if (!in_time) {
      minimum.stopped = "time";
      break;
    }
  }
  minimum.x = std::move(at.x);
  minimum.value = at.value;
  return minimum;
}

}  // namespace metriclab
