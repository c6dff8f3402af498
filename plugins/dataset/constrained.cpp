// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/constraint_file.hpp>

namespace {

using namespace metriclab;

/// Another data set with constraints from files: what is near and what is far beside its labels.
/// Examples are counted from 0 in the order of the data set. Of a split's training part a solver is
/// given those constraints whose examples all lie in it.
///
/// Each file has a row of integers, separated by commas, for each constraint: pairs (i, j, kind),
/// kind 1 for similar and −1 for dissimilar; ratings (i, j, similarity), on any scale; triplets (i,
/// j, l), d(i, j) < d(i, l); quadruplets (a, b, c, e), d(a, b) < d(c, e); chunks have a row for
/// each example, its chunk or −1 for none.
class Constrained final : public Dataset {
 public:
  static void describe(Description<Constrained>& is) {
    is.summary("another data set with pairs, ratings, triplets, quadruplets or chunks from files");
    is.source(
        "the weakly supervised solvers' input: Xing, Ng, Jordan, Russell. Distance metric "
        "learning with application to clustering with side-information. NIPS 2002");
    is.parameter("data", &Constrained::data, "the data set with the examples").required();
    is.parameter("pairs", &Constrained::pairs, "CSV of i,j,kind: 1 for similar, -1 for dissimilar");
    is.parameter("ratings", &Constrained::ratings,
                 "CSV of i,j,similarity: a real number, the greater the more similar");
    is.parameter("triplets", &Constrained::triplets,
                 "CSV of i,j,l: d(i, j) is to be below d(i, l)");
    is.parameter("quadruplets", &Constrained::quadruplets,
                 "CSV of a,b,c,e: d(a, b) is to be below d(c, e)");
    is.parameter("chunks", &Constrained::chunks,
                 "a line for each example: its chunk, or -1 for none");
    is.parameter("keep_labels", &Constrained::keep_labels,
                 "whether the labels stay; without them a solver has the constraints alone, and "
                 "what evaluates by labels has nothing to go by");
  }

  std::vector<std::filesystem::path> files(const Places& places) const override {
    std::vector<std::filesystem::path> files = data->files(places);
    for (const auto* name : {&pairs, &ratings, &triplets, &quadruplets, &chunks})
      if (*name) files.push_back(places.find(**name));
    return files;
  }
  std::vector<std::string> split_names(const Places& places) const override {
    return data->split_names(places);
  }

  Data load(const Places& places) const override {
    Data all = data->load(places);
    Constraints& is = all.constraints;
    const std::int64_t n = all.size();
    if (pairs) is.pairs = read_pairs(places.find(*pairs), n);
    if (ratings) is.ratings = read_ratings(places.find(*ratings), n);
    if (triplets) is.triplets = read_triplets(places.find(*triplets), n);
    if (quadruplets) is.quadruplets = read_quadruplets(places.find(*quadruplets), n);
    if (chunks) is.chunks = read_chunks(places.find(*chunks), n);
    if (!keep_labels) all.columns.clear();
    return all;
  }

 private:
  Plugin<Dataset> data;
  std::optional<std::string> pairs, ratings, triplets, quadruplets, chunks;
  bool keep_labels = true;
};

METRICLAB_PLUGIN(Constrained, "constrained");

}  // namespace
