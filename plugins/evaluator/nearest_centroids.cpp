// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/classification.hpp>
#include <metriclab/evaluation/prototypes.hpp>
#include <metriclab/neighbors/k_means.hpp>

namespace {

using namespace metriclab;

/// Nearest class with multiple centroids: a test example gets the class of the nearest of several
/// centroids of each,
///
///     argmin over c of  min over j of d(x, m_cj),  j = 1 … centroids
///
/// m_cj: the centres that k-means finds among the training examples of class c, drawn from the
/// evaluation's stream; d the embeddings' distance; ties: the smallest label. Measured: accuracy,
/// balanced_accuracy, macro_f1 (their definitions: evaluation/classification.hpp).
///
/// With one centroid this is nearest_class_mean, with as many as a class has different examples the
/// nearest neighbour. A class with fewer different examples than `centroids` has as many as those.
/// k-means knows only the Euclidean distance: for cosine the embeddings are first scaled to length
/// 1, for dot they are taken as they are; for by_class a class's centres are those of its own
/// block. There is no value under bilinear, whose two halves mean different things, and under
/// chi_squared, manhattan and poincare, for which a mean is not the centre of a cluster.
///
/// An empty part, or a test part that shares no class with the training part: NaN. Differs from the
/// paper: there the centroids are those that the metric was learned with, in the input space; here
/// they are found anew among the embeddings, so that any method can be measured.
/// Defaults: 3 centroids as pyDML's NCMC_Classifier, n_init and max_iterations those of
/// scikit-learn's k-means when that was written.
class NearestCentroids final : public Evaluator {
 public:
  static void describe(Description<NearestCentroids>& is) {
    is.summary(
        "classification by the nearest of several centroids of each class: accuracy, balanced "
        "accuracy, macro F1");
    is.source(
        "Mensink, Verbeek, Perronnin, Csurka. Distance-based image classification: generalizing to "
        "new classes at near-zero cost. IEEE Transactions on Pattern Analysis and Machine "
        "Intelligence 2013, section 3.3");
    is.cost(
        "O(n_init · steps · n_train · centroids · d + n_test · classes · centroids · d) time; "
        "O(n_c · d) memory for the greatest class");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("centroids", &NearestCentroids::centroids, "centroids of each class").at_least(1);
    is.parameter("n_init", &NearestCentroids::n_init,
                 "how many times k-means starts afresh in each class")
        .at_least(1);
    is.parameter("max_iterations", &NearestCentroids::max_iterations,
                 "Lloyd's steps of a run, at most")
        .at_least(1);
  }

  bool compares(Distance distance) const override {
    return distance == Distance::euclidean || distance == Distance::squared_euclidean ||
           distance == Distance::cosine || distance == Distance::dot ||
           distance == Distance::by_class;
  }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (const auto reason = unclassifiable(input.test, input.train)) return unclassified(*reason);
    const Random random = input.random.child("centroids");
    const Prototypes found =
        prototypes_of(input.train, input.distance, [&](const Matrix& rows, std::int32_t label) {
          return k_means(rows, centroids, n_init, max_iterations,
                         random.child(static_cast<std::uint64_t>(label)))
              .centres;
        });
    return classification_metrics(input.test.labels(),
                                  nearest_prototypes(input.test, found, input.distance));
  }

 private:
  std::int64_t centroids = 3;
  std::int64_t n_init = 10;
  std::int64_t max_iterations = 300;
};

METRICLAB_PLUGIN(NearestCentroids, "nearest_centroids");

}  // namespace
