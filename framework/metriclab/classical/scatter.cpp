// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>

namespace metriclab {
namespace {

// Of sums of many products rounding leaves about this part where it should leave nothing.
constexpr double kLeastVariance = 1e-13;
constexpr std::int64_t kBlock = 2048;  // examples that are held in double at a time

/// Sets to 0 the scatter of features that are constant but for rounding: below 10⁻¹³ of their
/// magnitude, `squares` being the sums of their squares.
void clear_constant(Matrix& A, const Vector& squares) {
  for (std::int64_t j = 0; j < A.rows(); ++j) {
    if (A(j, j) > 1e-26 * squares[j]) continue;
    A.row(j).setZero();
    A.col(j).setZero();
  }
}

/// `count` examples of a group, from its begin-th on.
Matrix rows_of(const SolverProblem& problem, const Indices& group, std::int64_t begin,
               std::int64_t count) {
  const auto first = group.begin() + begin, last = first + count;
  // Successive ones need no gathering.
  if (*(last - 1) - *first == count - 1 && std::is_sorted(first, last))
    return problem.rows(*first, count);
  return problem.rows(Indices(first, last));
}

std::int64_t size_of(const Indices& group) { return static_cast<std::int64_t>(group.size()); }

}  // namespace

GroupScatter scatter_within(const SolverProblem& problem, const std::vector<Indices>& groups,
                            const std::vector<std::function<double(std::int64_t size)>>& weights) {
  const std::int64_t d = problem.d();
  const auto n_groups = static_cast<std::int64_t>(groups.size());
  GroupScatter scatter{std::vector<Matrix>(weights.size(), Matrix::Zero(d, d)),
                       Matrix::Zero(n_groups, d)};
  // Groups of one size have one weight and share their products; small ones share blocks as well.
  std::vector<std::size_t> order(groups.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return groups[a].size() < groups[b].size();
  });
  Matrix sum = Matrix::Zero(d, d);
  for (std::size_t begin = 0; begin < order.size();) {
    const std::int64_t size = size_of(groups[order[begin]]);
    METRICLAB_CHECK(size > 0, "the scatter of an empty group");
    std::size_t end = begin;
    while (end < order.size() && size_of(groups[order[end]]) == size) ++end;
    sum.setZero();
    if (size <= kBlock) {
      const auto at_once = static_cast<std::size_t>(kBlock / size);
      for (; begin < end; begin += std::min(at_once, end - begin)) {
        const std::size_t count = std::min(at_once, end - begin);
        Indices examples;
        for (std::size_t g = begin; g < begin + count; ++g)
          examples.insert(examples.end(), groups[order[g]].begin(), groups[order[g]].end());
        Matrix rows = problem.rows(examples);
        for (std::size_t g = 0; g < count; ++g) {
          auto own = rows.middleRows(static_cast<std::int64_t>(g) * size, size);
          const Eigen::RowVectorXd m = own.colwise().mean();
          own.rowwise() -= m;
          scatter.means.row(static_cast<std::int64_t>(order[begin + g])) = m;
        }
        sum += gram(rows);
      }
    } else {
      for (; begin < end; ++begin) {
        const Indices& group = groups[order[begin]];
        auto m = scatter.means.row(static_cast<std::int64_t>(order[begin]));
        for (std::int64_t done = 0; done < size;) {
          const std::int64_t count = std::min(kBlock, size - done);
          Matrix rows = rows_of(problem, group, done, count);
          const Eigen::RowVectorXd block = rows.colwise().mean();
          rows.rowwise() -= block;
          sum += gram(rows);
          const Eigen::RowVectorXd apart = block - m;
          const double part = static_cast<double>(count) / static_cast<double>(done + count);
          if (done > 0) sum += part * static_cast<double>(done) * (apart.transpose() * apart);
          m += part * apart;
          done += count;
        }
      }
    }
    for (std::size_t k = 0; k < weights.size(); ++k) scatter.sums[k] += weights[k](size) * sum;
  }
  for (std::size_t k = 0; k < weights.size(); ++k) {
    Vector squares = Vector::Zero(d);
    for (std::int64_t g = 0; g < n_groups; ++g) {
      const std::int64_t size = size_of(groups[static_cast<std::size_t>(g)]);
      squares += weights[k](size) * static_cast<double>(size) *
                 scatter.means.row(g).cwiseAbs2().transpose();
    }
    clear_constant(scatter.sums[k], squares);
  }
  return scatter;
}

Matrix scatter_between(const Matrix& means, const Vector& sizes) {
  const Eigen::RowVectorXd m = sizes.transpose() * means / sizes.sum();
  const Matrix rows = sizes.cwiseSqrt().asDiagonal() * (means.rowwise() - m);
  Matrix S = rows.transpose() * rows;
  clear_constant(S, means.cwiseAbs2().transpose() * sizes);
  return S;
}

Matrix pair_differences(const SolverProblem& problem, const std::vector<LabelledPair>& pairs,
                        bool similar) {
  const std::int64_t count =
      std::count_if(pairs.begin(), pairs.end(),
                    [&](const LabelledPair& pair) { return pair.similar == similar; });
  Matrix V(count, problem.d());
  std::int64_t row = 0;
  if (problem.examples == nullptr) {
    for (const LabelledPair& pair : pairs)
      if (pair.similar == similar)
        V.row(row++) = problem.X.row(pair.first) - problem.X.row(pair.second);
    return V;
  }
  Indices first, second;
  for (const LabelledPair& pair : pairs) {
    if (pair.similar != similar) continue;
    first.push_back(pair.first);
    second.push_back(pair.second);
  }
  return problem.rows(first) - problem.rows(second);
}

PairScatter pair_scatter(const SolverProblem& problem, const std::vector<LabelledPair>& pairs) {
  const std::int64_t d = problem.d();
  PairScatter scatter{Matrix::Zero(d, d), Matrix::Zero(d, d)};
  for (std::size_t begin = 0; begin < pairs.size(); begin += kBlock) {
    const std::vector<LabelledPair> block(
        pairs.begin() + static_cast<std::ptrdiff_t>(begin),
        pairs.begin() +
            static_cast<std::ptrdiff_t>(std::min<std::size_t>(begin + kBlock, pairs.size())));
    for (const bool similar : {true, false}) {
      const Matrix V = pair_differences(problem, block, similar);
      (similar ? scatter.similar : scatter.dissimilar) += gram(V);
      (similar ? scatter.n_similar : scatter.n_dissimilar) += static_cast<double>(V.rows());
    }
  }
  return scatter;
}

PairScatter pair_scatter(const SolverProblem& problem, const std::vector<Indices>& members) {
  Vector sizes(static_cast<std::int64_t>(members.size()));
  for (std::int64_t c = 0; c < sizes.size(); ++c)
    sizes[c] = static_cast<double>(members[static_cast<std::size_t>(c)].size());
  const double n = sizes.sum();
  GroupScatter within =
      scatter_within(problem, members,
                     {[](std::int64_t size) { return static_cast<double>(size); },
                      [&](std::int64_t size) { return n - static_cast<double>(size); }});
  PairScatter scatter{std::move(within.sums[0]), std::move(within.sums[1])};
  scatter.dissimilar += n * scatter_between(within.means, sizes);
  scatter.n_similar = (sizes.squaredNorm() - n) / 2;
  scatter.n_dissimilar = (n * n - sizes.squaredNorm()) / 2;
  return scatter;
}

PairScatter require_pair_scatter(const SolverProblem& problem,
                                 const std::optional<std::int64_t>& n_constraints,
                                 std::string_view solver) {
  PairScatter scatter;
  if (problem.pairs.empty() && !problem.y.empty() && !n_constraints)
    scatter = pair_scatter(problem, require_classes(problem, solver));
  else
    scatter = pair_scatter(problem, require_pairs(problem, n_constraints, solver));
  if (scatter.n_similar == 0)
    throw Error(fmt::format("{} needs similar pairs; {}", solver,
                            problem.pairs.empty()
                                ? "each of these examples is of a class of its own"
                                : "all the given ones are dissimilar"));
  if (scatter.n_dissimilar == 0)
    throw Error(fmt::format("{} needs dissimilar pairs; all the given ones are similar", solver));
  for (const auto& [sum, kind] :
       {std::pair(&scatter.similar, "similar"), std::pair(&scatter.dissimilar, "dissimilar")})
    if (sum->trace() <= 0)
      throw Error(
          fmt::format("{} needs {} pairs of examples that differ; in each of these both "
                      "are equal",
                      solver, kind));
  return scatter;
}

Matrix whitening(const Matrix& A) {
  const RangeInverse scaled(A);
  const auto features = static_cast<std::int64_t>((A.diagonal().array() > 0).count());
  if (scaled.rank() == features) return scaled.lift(Matrix::Identity(features, features));
  const SymmetricEigen eigen = symmetric_eigen(A);
  const std::int64_t rank = numerical_rank(eigen.values.cwiseMax(0), kLeastVariance);
  return eigen.values.head(rank).cwiseSqrt().cwiseInverse().asDiagonal() *
         eigen.vectors.topRows(rank);
}

void add_ridge(Matrix& A, double part) {
  A.diagonal().array() += part * A.trace() / static_cast<double>(A.rows());
}

}  // namespace metriclab
