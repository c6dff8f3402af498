// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>

namespace {

using namespace metriclab;

/// Another data set with constraints from files: what is near and what is far beside its labels.
/// Examples are counted from 0 in the order of the data set. Of a split's training part a solver is
/// given those constraints whose examples all lie in it.
///
/// Each file has a row of integers, separated by commas, for each constraint: pairs (i, j, kind),
/// kind 1 for similar and −1 for dissimilar; triplets (i, j, l), d(i, j) < d(i, l); quadruplets
/// (a, b, c, e), d(a, b) < d(c, e); chunks have a row for each example, its chunk or −1 for none.
class Constrained final : public Dataset {
 public:
  static void describe(Description<Constrained>& is) {
    is.summary("another data set with pairs, triplets, quadruplets or chunks from files");
    is.source(
        "the weakly supervised solvers' input: Xing, Ng, Jordan, Russell. Distance metric "
        "learning with application to clustering with side-information. NIPS 2002");
    is.parameter("data", &Constrained::data, "the data set with the examples").required();
    is.parameter("pairs", &Constrained::pairs, "CSV of i,j,kind: 1 for similar, -1 for dissimilar");
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
    for (const auto* name : {&pairs, &triplets, &quadruplets, &chunks})
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
    if (pairs)
      for (const auto& row : rows<3>(places.find(*pairs), n, 2)) {
        if (row[2] != 1 && row[2] != -1)
          throw Error(fmt::format("{}: {} stands for a pair's kind; 1 is similar, -1 dissimilar",
                                  *pairs, row[2]));
        is.pairs.push_back({row[0], row[1], row[2] == 1});
      }
    if (triplets) is.triplets = rows<3>(places.find(*triplets), n, 3);
    if (quadruplets) is.quadruplets = rows<4>(places.find(*quadruplets), n, 4);
    if (chunks) {
      for (const auto& row : rows<1>(places.find(*chunks), n, 0)) is.chunks.push_back(row[0]);
      if (static_cast<std::int64_t>(is.chunks.size()) != n)
        throw Error(fmt::format("{}: has {} rows for {} examples; each needs its chunk, or -1",
                                *chunks, is.chunks.size(), n));
    }
    if (!keep_labels) all.columns.clear();
    return all;
  }

 private:
  /// Rows of N integers, the first `examples` of which are numbers of examples.
  template <std::size_t N>
  static std::vector<std::array<std::int64_t, N>> rows(const std::filesystem::path& file,
                                                       std::int64_t n, std::size_t examples) {
    const std::string text = read_file(file);
    Lines lines(text, file.string());
    std::vector<std::array<std::int64_t, N>> found;
    for (std::string_view line; lines.next(line);) {
      const std::vector<std::string> fields = fields_of(line, ',');
      if (fields.size() != N)
        throw lines.error(fmt::format("has {} columns; {} are needed", fields.size(), N));
      std::array<std::int64_t, N>& row = found.emplace_back();
      for (std::size_t k = 0; k < N; ++k) {
        const std::optional<double> number = number_of(fields[k]);
        if (!number || *number != std::floor(*number) || std::abs(*number) > 1e15)
          throw lines.error(fmt::format("\"{}\" is not an integer", fields[k]));
        row[k] = static_cast<std::int64_t>(*number);
        if (k < examples && (row[k] < 0 || row[k] >= n))
          throw lines.error(fmt::format("names example {}; there are 0 to {}", row[k], n - 1));
      }
    }
    if (found.empty()) throw Error(fmt::format("{}: is empty", file.string()));
    return found;
  }

  Plugin<Dataset> data;
  std::optional<std::string> pairs, triplets, quadruplets, chunks;
  bool keep_labels = true;
};

METRICLAB_PLUGIN(Constrained, "constrained");

}  // namespace
