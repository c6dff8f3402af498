// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/table_file.hpp>

namespace {

using namespace metriclab;

/// 150 flowers × 4 lengths in centimetres; three species of 50.
class Iris final : public Dataset {
 public:
  static void describe(Description<Iris>& is) {
    is.summary("Fisher's iris flowers: 150 x 4, 3 classes; comes with metriclab");
    is.source(
        "Fisher. The use of multiple measurements in taxonomic problems. Annals of Eugenics 1936");
  }
  std::vector<std::filesystem::path> files(const Places&) const override {
    return {folder() / "data/iris.csv"};
  }
  Data load(const Places& places) const override {
    return read_table(files(places).front(), {.header = "yes", .label = "class"});
  }
};

METRICLAB_PLUGIN(Iris, "iris");

}  // namespace
