// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/regression_tree.hpp>

namespace metriclab {

void RegressionTrees::add_to(Matrix& sum, const Matrix& X, std::size_t first) const {
  for (Eigen::Index i = 0; i < X.rows(); ++i)
    for (std::size_t t = first; t < roots.size(); ++t) {
      const Node* at = &nodes[static_cast<std::size_t>(roots[t])];
      while (at->feature >= 0) {
        const std::int64_t next = at->child + (X(i, at->feature) <= at->threshold ? 0 : 1);
        at = &nodes[static_cast<std::size_t>(next)];
      }
      sum.row(i) += values.row(at->child);
    }
}

std::int64_t RegressionTrees::last_leaves() const {
  return std::count_if(nodes.begin() + roots.back(), nodes.end(),
                       [](const Node& node) { return node.feature < 0; });
}

void RegressionTrees::drop_last() {
  values.conservativeResize(values.rows() - last_leaves(), values.cols());
  nodes.resize(static_cast<std::size_t>(roots.back()));
  roots.pop_back();
}

void RegressionTrees::scale_last(double scale) { values.bottomRows(last_leaves()) *= scale; }

RegressionTreeGrower::RegressionTreeGrower(const Matrix& X, std::int64_t depth)
    : n_(X.rows()), d_(X.cols()), depth_(depth) {
  constexpr std::size_t kBins = 256;
  bins_.resize(static_cast<std::size_t>(n_ * d_));
  for (std::int64_t j = 0; j < d_; ++j) {
    std::vector<double> sorted(X.col(j).begin(), X.col(j).end());
    std::sort(sorted.begin(), sorted.end());
    // Groups end where the value changes, as near to equal sizes as that allows.
    std::vector<double> thresholds;
    const double group = static_cast<double>(n_) / kBins;
    double due = group;
    for (std::size_t k = 1; k < sorted.size(); ++k) {
      if (sorted[k] == sorted[k - 1] || static_cast<double>(k) < due) continue;
      const double middle = sorted[k - 1] + (sorted[k] - sorted[k - 1]) / 2;
      // Between neighbouring doubles the middle may be the upper one.
      thresholds.push_back(middle < sorted[k] ? middle : sorted[k - 1]);
      due = std::max(due, static_cast<double>(k)) + group;
      if (thresholds.size() == kBins - 1) break;
    }
    for (std::int64_t i = 0; i < n_; ++i)
      bins_[static_cast<std::size_t>(j * n_ + i)] = static_cast<std::uint8_t>(
          std::lower_bound(thresholds.begin(), thresholds.end(), X(i, j)) - thresholds.begin());
    thresholds_.push_back(std::move(thresholds));
  }
}

void RegressionTreeGrower::grow(const Matrix& outputs, RegressionTrees& trees) const {
  struct Open {
    std::size_t node;
    Indices examples;
  };
  Indices all(static_cast<std::size_t>(n_));
  for (std::int64_t i = 0; i < n_; ++i) all[static_cast<std::size_t>(i)] = i;
  trees.roots.push_back(static_cast<std::int64_t>(trees.nodes.size()));
  trees.nodes.emplace_back();
  std::vector<Open> level{{trees.nodes.size() - 1, std::move(all)}};
  std::vector<Eigen::RowVectorXd> values;
  for (std::int64_t depth = 0; !level.empty(); ++depth) {
    std::vector<Open> next;
    for (Open& open : level) {
      const Split split = depth < depth_ ? best_split(outputs, open.examples) : Split{};
      if (split.feature < 0) {
        trees.nodes[open.node].child =
            trees.values.rows() + static_cast<std::int64_t>(values.size());
        values.emplace_back(outputs(open.examples, Eigen::all).colwise().mean());
        continue;
      }
      Indices left, right;
      for (const std::int64_t i : open.examples)
        (bins_[static_cast<std::size_t>(split.feature * n_ + i)] <= split.bin ? left : right)
            .push_back(i);
      const std::size_t child = trees.nodes.size();
      trees.nodes[open.node] = {
          split.feature,
          thresholds_[static_cast<std::size_t>(split.feature)][static_cast<std::size_t>(split.bin)],
          static_cast<std::int64_t>(child)};
      trees.nodes.resize(child + 2);
      next.push_back({child, std::move(left)});
      next.push_back({child + 1, std::move(right)});
    }
    level = std::move(next);
  }
  const Eigen::Index before = trees.values.rows();
  trees.values.conservativeResize(before + static_cast<Eigen::Index>(values.size()),
                                  outputs.cols());
  for (std::size_t k = 0; k < values.size(); ++k)
    trees.values.row(before + static_cast<Eigen::Index>(k)) = values[k];
}

RegressionTreeGrower::Split RegressionTreeGrower::best_split(const Matrix& outputs,
                                                             const Indices& examples) const {
  constexpr double kTie = 1 + 1e-9;
  const auto count = static_cast<double>(examples.size());
  const Matrix own = outputs(examples, Eigen::all);
  const Eigen::RowVectorXd total = own.colwise().sum();
  // A split that gains no more than rounding is none.
  const double whole = total.squaredNorm() / count;
  Split best{whole + 1e-12 * own.squaredNorm(), -1, 0};
  Matrix sums;
  std::vector<std::int64_t> counts;
  for (std::int64_t j = 0; j < d_; ++j) {
    const auto splits = static_cast<std::int64_t>(thresholds_[static_cast<std::size_t>(j)].size());
    sums.setZero(splits + 1, outputs.cols());
    counts.assign(static_cast<std::size_t>(splits + 1), 0);
    const std::uint8_t* bins = bins_.data() + j * n_;
    for (std::size_t k = 0; k < examples.size(); ++k) {
      const std::uint8_t bin = bins[examples[k]];
      sums.row(bin) += own.row(static_cast<Eigen::Index>(k));
      ++counts[bin];
    }
    Eigen::RowVectorXd left = Eigen::RowVectorXd::Zero(outputs.cols());
    std::int64_t n_left = 0;
    for (std::int64_t bin = 0; bin < splits; ++bin) {
      if (counts[static_cast<std::size_t>(bin)] == 0) continue;
      left += sums.row(bin);
      n_left += counts[static_cast<std::size_t>(bin)];
      const std::int64_t n_right = static_cast<std::int64_t>(examples.size()) - n_left;
      if (n_right == 0) break;
      const double gain = left.squaredNorm() / static_cast<double>(n_left) +
                          (total - left).squaredNorm() / static_cast<double>(n_right);
      if (gain > kTie * best.gain) best = {gain, j, bin};
    }
  }
  return best;
}

}  // namespace metriclab
