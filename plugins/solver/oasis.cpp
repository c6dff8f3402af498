// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/iterative_solver.hpp>
#include <metriclab/classical/online_draws.hpp>
#include <metriclab/classical/supervision.hpp>
#include <metriclab/data/npy.hpp>

namespace {

using namespace metriclab;

/// S(x, z) = xᵀWz, embedded as (x, Wz) for the bilinear distance, which is −S.
class SimilarityModel final : public Model {
 public:
  explicit SimilarityModel(Matrix W) : W_(std::move(W)) {}
  MatrixF embed(const Examples& examples) const override {
    constexpr std::int64_t kBlock = 4096;
    const std::int64_t d = W_.rows(), n = examples.size();
    MatrixF embeddings(n, 2 * d);
    for (std::int64_t begin = 0; begin < n; begin += kBlock) {
      const std::int64_t count = std::min(kBlock, n - begin);
      const Matrix X = examples.rows(begin, count);
      embeddings.block(begin, 0, count, d) = X.cast<float>();
      embeddings.block(begin, d, count, d) = (X * W_.transpose()).cast<float>();
    }
    return embeddings;
  }
  Distance distance() const override { return Distance::bilinear; }
  void save(const std::filesystem::path& folder) const override { write_npy(folder / "W.npy", W_); }

 private:
  Matrix W_;  // (d × d)
};

/// Online algorithm for scalable image similarity: a bilinear similarity S(x, z) = xᵀWz, learned by
/// passive-aggressive steps. From W = I, each step draws a triplet (p, p⁺, p⁻) and sets
///
///     W ← W + τ·p (p⁺ − p⁻)ᵀ,  τ = min(aggressiveness, loss/(‖p‖²·‖p⁺ − p⁻‖²))
///     loss = [1 − S(p, p⁺) + S(p, p⁻)]₊
///
/// The triplet: one of those given, each with equal chances, or of the labels an example p that has
/// both a partner in its class and examples in others, one of the former as p⁺ and one of the
/// latter as p⁻. A triplet with ‖p‖·‖p⁺ − p⁻‖ = 0 changes nothing. The similarity depends on where
/// the origin is. At the end W may be made symmetric, (W + Wᵀ)/2, or the nearest positive
/// semidefinite matrix to that; the latter's factor is reported as L, though the model compares by
/// xᵀWz in every case. An iteration is 1000 steps, the objective the mean loss of these before each
/// step; it falls in the mean only.
///
/// The steps are the paper's, one by one: those of a block of 128 are gathered into products, with
/// what earlier steps of the block do to later ones by the inner products of their p and of their
/// p⁺ − p⁻.
class Oasis final : public IterativeSolver {
 public:
  Oasis() : IterativeSolver(0, 0) {}

  static void describe(Description<Oasis>& is) {
    is.summary("a bilinear similarity by passive-aggressive steps on random triplets");
    is.source(
        "Chechik, Sharma, Shalit, Bengio. Large scale online learning of image similarity through "
        "ranking. Journal of Machine Learning Research 2010");
    is.cost("O(d²) time a step, O(n d + d²) memory");
    is.parameter("aggressiveness", &Oasis::aggressiveness,
                 "the longest step (the paper's C); the smaller, the less noise matters")
        .above(0);
    is.parameter("steps", &Oasis::steps, "triplets to learn from").at_least(1);
    is.parameter("form", &Oasis::form, "what W is made at the end; bilinear leaves it as it is")
        .one_of({"bilinear", "symmetric", "psd"});
    describe_time_limit(is);
  }

  Solution learn(const SolverProblem& problem) override {
    constexpr std::int64_t kIteration = 1000, kBlock = 128;
    require_features(problem, "oasis");
    const Matrix& X = problem.X;
    const std::int64_t d = problem.d();
    Triplets triplets(problem);
    Matrix W = Matrix::Identity(d, d);
    Iterations iterations(problem, "oasis", (steps + kIteration - 1) / kIteration, time_limit);
    for (std::int64_t rest = steps; iterations.go_on();) {
      const std::int64_t count = std::min(rest, kIteration);
      double loss = 0;
      for (std::int64_t done = 0; done < count; done += kBlock) {
        const std::int64_t size = std::min(kBlock, count - done);
        Matrix P(size, d), D(size, d);
        for (std::int64_t s = 0; s < size; ++s) {
          const auto [p, near, far] = triplets.draw();
          P.row(s) = X.row(p);
          D.row(s) = X.row(near) - X.row(far);
        }
        loss += learn_block(P, D, W);
      }
      rest -= count;
      iterations.end_one(loss / static_cast<double>(count));
    }
    if (!W.allFinite())
      throw Error("oasis needs features whose inner products are finite; scale these down");
    if (form != "bilinear") W = (W + W.transpose()).eval() / 2;
    Matrix L;
    if (form == "psd") {
      W = project_psd(W);
      L = factorize(W);
    }
    Solution solution = std::move(iterations).solution(std::move(L));
    solution.model = std::make_unique<SimilarityModel>(std::move(W));
    return solution;
  }

  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const override {
    return std::make_unique<SimilarityModel>(read_npy_matrix(folder / "W.npy"));
  }

 private:
  /// Draws triplets, given ones or of the labels.
  class Triplets {
   public:
    explicit Triplets(const SolverProblem& problem) : random_(problem.random.child("triplets")) {
      if (problem.triplets.empty())
        labels_.emplace(problem, "oasis", "triplets", random_);
      else
        given_ = require_triplets(problem, 1, 1, "oasis");
    }

    std::array<std::int64_t, 3> draw() {
      if (!labels_)
        return given_[static_cast<std::size_t>(
            random_.below(static_cast<std::int64_t>(given_.size())))];
      const std::int64_t p = labels_->anchor(), near = labels_->partner(p);
      return {p, near, labels_->stranger(p)};
    }

   private:
    Random random_;
    std::vector<std::array<std::int64_t, 3>> given_;
    std::optional<LabelDraws> labels_;  // where none are given
  };

  /// One step for each row of P and D = P⁺ − P⁻, in order; the sum of their losses.
  double learn_block(const Matrix& P, const Matrix& D, Matrix& W) const {
    const Matrix PP = P * P.transpose(), DD = D * D.transpose();
    const Vector scores = (P * W).cwiseProduct(D).rowwise().sum();
    Vector tau(P.rows());
    double losses = 0;
    for (std::int64_t s = 0; s < P.rows(); ++s) {
      const double score =
          scores[s] + PP.row(s).head(s).cwiseProduct(DD.row(s).head(s)).dot(tau.head(s));
      const double loss = std::max(1 - score, 0.0), size = PP(s, s) * DD(s, s);
      losses += loss;
      tau[s] = size > 0 ? std::min(aggressiveness, loss / size) : 0;
    }
    W.noalias() += P.transpose() * (tau.asDiagonal() * D);
    return losses;
  }

  double aggressiveness = 0.1;
  std::int64_t steps = 100000;
  std::string form = "bilinear";
};

METRICLAB_PLUGIN(Oasis, "oasis");

}  // namespace
