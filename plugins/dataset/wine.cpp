// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/table_file.hpp>

namespace {

using namespace metriclab;

/// 178 wines × 13 measurements of very different scale; three cultivars of 59, 71 and 48.
class Wine final : public Dataset {
 public:
  static void describe(Description<Wine>& is) {
    is.summary(
        "chemical analysis of wines of three cultivars: 178 x 13, 3 classes; comes with metriclab");
    is.source(
        "Aeberhard, Coomans, de Vel. Comparative analysis of statistical pattern recognition "
        "methods in high "
        "dimensional settings. Pattern Recognition 1994");
  }
  std::vector<std::filesystem::path> files(const Places&) const override {
    return {folder() / "data/wine.csv"};
  }
  Data load(const Places& places) const override {
    return read_table(files(places).front(), {.header = "yes", .label = "class"});
  }
};

METRICLAB_PLUGIN(Wine, "wine");

}  // namespace
