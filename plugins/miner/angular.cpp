// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <limits>
#include <metriclab/deep/tuple_miner.hpp>
#include <numbers>

namespace {

using namespace metriclab;

/// The triplets whose angle at the negative is too large: with c = (a + p)/2 and Euclidean lengths,
///
///     arctan( ‖a − p‖ / (2 ‖n − c‖) ) > angle        (the constraint of Eq. 5 broken)
///
/// which by ‖n − c‖² = ½ ‖n − a‖² + ½ ‖n − p‖² − ¼ ‖a − p‖² is ‖a − n‖² + ‖p − n‖² < ‖a − p‖² / (2
/// sin² angle): distances are all it takes. A positive that coincides with its anchor has no
/// triplet. An anchor without positives or negatives has none. Gives triplets. Cost: O(B² d) time
/// for the distances, then O(P B) for P positive pairs; memory O(B²), with a reference set O(R²)
/// beside, and the triplets found.
class Angular final : public TupleMiner {
 public:
  Angular() : TupleMiner("squared_euclidean", true) {}
  static void describe(Description<Angular>& is) {
    is.summary("triplets whose angle at the negative is larger than a bound");
    is.source(
        "Wang, Zhou, Wen, Liu, Lin. Deep metric learning with angular loss. ICCV 2017 (Eq. 5)");
    is.cost("O(B² d + positive pairs × B) time, O(B²) memory and the triplets found");
    is.parameter("angle", &Angular::angle, "the largest angle without fault, in degrees")
        .above(0)
        .below(90);
    describe_without_distance(is);
  }

 protected:
  at::Tensor distances(const at::Tensor& x, const at::Tensor& y) const override {
    if (!normalize_embeddings) return euclidean_matrix(x, y, true);
    const at::Tensor unit = normalized_rows(x);
    return euclidean_matrix(unit, x.is_same(y) ? unit : normalized_rows(y), true);
  }

  Tuples choose(const AnchorRows& rows, TupleList& found, Random&) override {
    const Batch& batch = rows.batch();
    const at::Tensor others =
        batch.has_reference()
            ? distances(batch.reference, batch.reference).to(at::kCPU).contiguous()
            : rows.distances();
    const double sine = std::sin(angle * std::numbers::pi / 180);
    rows.for_each([&]<class T>(const AnchorRow<T>& row) {
      std::vector<T> sums(row.negatives.size());
      for (std::size_t k = 0; k < row.positives.size(); ++k) {
        const std::int64_t p = rows.places().positive(row.row, k);
        rows.negatives_of(row.row, others.data_ptr<T>() + p * others.size(1), sums.data());
        add_scaled<T>(row.negatives, 1, sums);
        const T below = static_cast<T>(row.positives[k] / (2 * sine * sine));
        found.add_triplets<T>(row.anchor, row.positive_places[k], sums, 0,
                              {-std::numeric_limits<T>::infinity(), below}, row.negative_places);
      }
    });
    return found.triplets();
  }

 private:
  double angle = 20;
};

METRICLAB_PLUGIN(Angular, "angular");

}  // namespace
