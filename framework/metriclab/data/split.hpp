// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/dataset.hpp>
#include <metriclab/plugin/random.hpp>
#include <optional>
#include <string>
#include <vector>

namespace metriclab {

/// Few-shot tasks drawn from the test part: `ways` classes, `shots` labelled and `queries`
/// unlabelled examples of each, all without replacement within an episode.
struct EpisodeSampling {
  std::int64_t ways = 5, shots = 1, queries = 5, count = 600;
  static void describe(Description<EpisodeSampling>& is);
};

/// The "split" of a data set in a spec. Exactly one of folds, holdout, predefined, class_folds,
/// class_holdout.
struct Splitting {
  std::optional<std::int64_t> folds = {};  // stratified k-fold cross-validation
  std::optional<double> holdout = {};      // this part of the examples tests; stratified
  bool predefined = false;                 // as the data set gives them
  std::optional<std::int64_t> class_folds =
      {};  // class-disjoint k-fold: test classes are never trained on
  std::optional<double> class_holdout = {};  // class-disjoint: this part of the classes tests
  std::vector<std::string> train_on =
      {};  // names of classes: only these are trained on (one-class learning); none: all
  std::int64_t repeats = 1;  // of folds or holdouts, each from its own stream
  std::optional<EpisodeSampling> episodes =
      {};  // drawn from the test part; predefined ones come by themselves
  static void describe(Description<Splitting>& is);
};

/// The names of all splits, in order, without reading data; `predefined` are
/// Dataset::split_names(). "fold 1", "repeat 2 fold 1", "holdout 1" (one a repeat), "class fold 1",
/// "repeat 2 class fold 1", "class holdout 1", or the data set's own. Throws Error when the choice
/// is not exactly one, or the data set predefines none.
std::vector<std::string> split_names(const Splitting& splitting,
                                     const std::vector<std::string>& predefined);

/// Split number `index` of those; train and test are disjoint, and each in rising order.
///
/// folds: every example tests in exactly one fold; the sizes of the folds differ by at most one,
/// and so does the number of any class's examples in them. A class with fewer examples than folds
/// is in as many test parts as it has examples. holdout h: of a class of m examples ⌊hm⌋ or ⌈hm⌉
/// test, round(hn) in all, where that leaves each class one to train on. class_folds,
/// class_holdout: the same over classes instead of examples; round(hC) of C classes test, at least
/// 1 and not all. Without labels, folds and holdouts are not stratified.
///
/// `random` is the data set's split stream: the split depends on it, on the labels and on the order
/// of the examples, and not on the method nor on the other splits. Throws Error for more folds than
/// examples (or classes), a holdout with nothing to test, class-disjoint splits without labels,
/// a class to train on that there isn't, or of which no example trains, episodes with more ways
/// than the test part has classes or more examples than a class has.
Split make_split(const Splitting& splitting, const Data& data, std::size_t index,
                 const Random& random);

}  // namespace metriclab
