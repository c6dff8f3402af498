// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/pair_hinges.hpp>

namespace {

using namespace metriclab;

/// Contrastive loss of signal-to-noise distances.
///
///     loss = R over P of [d(a, p) − positive_margin]₊
///          + R over N of [negative_margin − d(a, n)]₊                         (Eq. 10)
///
/// d: by default "snr", var(a − x)/var(a); P and N: the positive and negative pairs, each reduced
/// by itself with the reducer R (by default the mean over its terms above 0). Shapes: embeddings (B
/// × d), labels (B). Without pairs: 0, with zero gradient. The paper's penalty is the regularizer
/// "zero_mean". Cost: O(B² d) time, O(B²) memory.
/// Differs from the paper: embeddings are normalised unless told otherwise.
class SignalToNoiseContrastive final : public PairHingeLoss {
 public:
  SignalToNoiseContrastive() : PairHingeLoss("snr", true, "avg_non_zero") {}
  static void describe(Description<SignalToNoiseContrastive>& is) {
    is.summary("the contrastive loss, with distances that are noise-to-signal ratios");
    is.source(
        "Yuan, Deng, Tang, Tang, Chen. Signal-to-noise ratio: a robust distance metric for deep "
        "metric learning. CVPR 2019");
    is.cost("O(B² d) time, O(B²) memory");
    is.property("invariant_to_scale");
    is.parameter("positive_margin", &SignalToNoiseContrastive::positive_margin,
                 "positives nearer than this cost nothing");
    is.parameter("negative_margin", &SignalToNoiseContrastive::negative_margin,
                 "negatives farther than this cost nothing");
    describe_common(is);
  }

 protected:
  Hinges hinges() const override {
    return {.positive_margin = positive_margin, .negative_margin = negative_margin};
  }

 private:
  double positive_margin = 0.01;
  double negative_margin = 0.2;
};

METRICLAB_PLUGIN(SignalToNoiseContrastive, "signal_to_noise_contrastive");

}  // namespace
