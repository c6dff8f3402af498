// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/deep/ranking_loss.hpp>
#include <string>

namespace {

using namespace metriclab;

/// PNP: penalises the negatives before each positive.
///
///     term of anchor i = mean over its positives p of f(N(i, p))
///     loss = mean of the terms over the anchors with positives
///
///     f(N) by variant:  O: N;  Ds: log(1 + N);  Dq: 1 − (1 + N)^−α;
///                       Iu: (1 + N) log(1 + N);  Ib: (b N − log(1 + b N)) / b²
///
/// N: how many negatives are nearer to i than p, counted with the sigmoid of temperature τ
/// (RankingLoss); distance: by default the cosine. The slope of f, the weight of a misranked
/// positive, falls with N in Ds and Dq, grows without bound in Iu and to 1/b in Ib. Shapes:
/// embeddings (B × d), labels (B). Without positive pairs: 0, with zero gradient; so too where no
/// anchor has a negative. Cost: O(B² d + P B) time for P positive pairs, O(B²) memory.
/// Differs from the paper: nothing; the default is its base variant, O. Where the anchor is to be
/// among its positives, as in some implementations, `anchor_is_positive` does that.
class Pnp final : public RankingLoss {
 public:
  Pnp() : RankingLoss(0.01) {}
  static void describe(Description<Pnp>& is) {
    is.summary("counts, smoothly, the negatives before each positive");
    is.source(
        "Li, Min, Song, Li, Zhang. Rethinking the optimization of average precision: only "
        "penalizing negative instances before positive ones is enough. AAAI 2022");
    is.cost("O(B² d + P B) time for P positive pairs, O(B²) memory");
    is.property("invariant_to_rotation");
    is.property("invariant_to_scale");
    is.parameter("variant", &Pnp::variant, "how the number of negatives is weighed")
        .one_of({"O", "Ds", "Dq", "Iu", "Ib"});
    is.parameter("alpha", &Pnp::alpha,
                 "α of variant Dq: how soon a badly ranked positive is given up")
        .above(0)
        .unused_when("variant", Value::List{"O", "Ds", "Iu", "Ib"});
    is.parameter("b", &Pnp::b, "b of variant Ib: how soon the weight reaches its bound")
        .above(0)
        .unused_when("variant", Value::List{"O", "Ds", "Dq", "Iu"});
    describe_anchor(is);
    describe_ranks(is);
  }

 protected:
  bool ranks_positives() const override { return false; }
  Term term(double n, double, double) const override {
    if (variant == "Ds") return {std::log1p(n), 1 / (1 + n), 0};
    if (variant == "Dq")
      return {1 - std::pow(1 + n, -alpha), alpha * std::pow(1 + n, -alpha - 1), 0};
    if (variant == "Iu") return {(1 + n) * std::log1p(n), 1 + std::log1p(n), 0};
    if (variant == "Ib") return {(b * n - std::log1p(b * n)) / (b * b), n / (1 + b * n), 0};
    return {n, 1, 0};
  }
  at::Tensor terms(const at::Tensor& n, const at::Tensor&, const at::Tensor&) const override {
    if (variant == "Ds") return n.log1p();
    if (variant == "Dq") return n.add(1).pow(-alpha).neg().add(1);
    if (variant == "Iu") return n.add(1).mul(n.log1p());
    if (variant == "Ib") return n.mul(b).sub(n.mul(b).log1p()).div(b * b);
    return n;
  }

 private:
  std::string variant = "O";
  double alpha = 1;
  double b = 2;
};

METRICLAB_PLUGIN(Pnp, "pnp");

}  // namespace
