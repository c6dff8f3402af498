// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/class_vectors.hpp>
#include <metriclab/deep/multiplied_angle.hpp>

namespace {

using namespace metriclab;

/// MagFace: ArcFace with a margin that grows with the embedding's length, which comes to say how
/// good an example is.
///
///     loss = mean over the examples of −log( e^{s T} / (e^{s T} + Σ over c ≠ y of e^{s cos θ_c}) )
///          + λ · mean over the examples of 1/a + a/u²                         (Eq. 3, appendix)
///     T = cos(θ_y + m(a)),    a = ‖x‖, brought into l … u;    m(a) linear from m(l) to m(u)
///
/// θ_c: the angle between the embedding and the weight of class c; l, u: `shortest`, `longest`;
/// m(l), m(u): `lower_margin`, `upper_margin`; s: `scale`; λ: `length_weight`. The penalty draws
/// lengths towards u; both parts are a term of the example. Shapes: embeddings (B × d), labels (B)
/// below the number of classes; trained: weights (classes × d). An empty batch: 0. Cost: O(B C d)
/// time, O(B C) memory for C classes. Differs from the paper: margins are in degrees, the paper's
/// 0.45 and 0.8 being 25.8 and 45.8.
class MagFace final : public ClassVectorLoss {
 public:
  MagFace() : ClassVectorLoss("weights", "cosine", true, "mean") {}
  static void describe(Description<MagFace>& is) {
    is.summary("ArcFace with a margin that grows with the embedding's length");
    is.source(
        "Meng, Zhao, Huang, Zhou. MagFace: a universal representation for face recognition and "
        "quality assessment. CVPR 2021");
    is.cost("O(B C d) time, O(B C) memory for C classes");
    is.property("invariant_to_rotation");
    is.parameter("shortest", &MagFace::shortest, "l: shorter embeddings count as of this length")
        .above(0);
    is.parameter("longest", &MagFace::longest, "u: longer embeddings count as of this length")
        .above(0);
    is.parameter("lower_margin", &MagFace::lower_margin, "m(l), in degrees").at_least(0).below(180);
    is.parameter("upper_margin", &MagFace::upper_margin, "m(u), in degrees").at_least(0).below(180);
    is.parameter("scale", &MagFace::scale, "s: the inverse of a temperature").above(0);
    is.parameter("length_weight", &MagFace::length_weight, "λ: the factor of the penalty")
        .at_least(0);
    describe_reduction(is);
  }

 protected:
  at::Tensor tensor_loss(const Batch& batch, const Tuples& tuples) override {
    if (longest <= shortest)
      throw Error(fmt::format("{} is not above \"shortest\", {}", longest, shortest)).in("longest");
    const at::Tensor lengths = safe_lengths(batch.embeddings).clamp(shortest, longest);
    const double low = radians(lower_margin), high = radians(upper_margin);
    const at::Tensor margins =
        lengths.sub(shortest).mul((high - low) / (longest - shortest)).add(low);
    const at::Tensor cosine = cosines(batch);
    const at::Tensor logits =
        with_own(cosine, batch, with_angular_margin(own(cosine, batch), margins)).mul(scale);
    const at::Tensor penalty = lengths.reciprocal().add(lengths.div(longest * longest));
    return reduced_examples(own(logits.log_softmax(1), batch).neg().add(penalty, length_weight),
                            batch, tuples);
  }

 private:
  double shortest = 10;
  double longest = 110;
  double lower_margin = 25.8;
  double upper_margin = 45.8;
  double scale = 64;
  double length_weight = 35;
};

METRICLAB_PLUGIN(MagFace, "magface");

}  // namespace
