// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/table_file.hpp>

namespace {

using namespace metriclab;

/// Wisconsin diagnostic: 569 tumours × 30 measurements of cell nuclei; 357 benign, 212 malignant.
class BreastCancer final : public Dataset {
 public:
  static void describe(Description<BreastCancer>& is) {
    is.summary("breast cancer, Wisconsin diagnostic: 569 x 30, 2 classes; comes with metriclab");
    is.source(
        "Street, Wolberg, Mangasarian. Nuclear feature extraction for breast tumor diagnosis. "
        "Proc. SPIE 1993");
  }
  std::vector<std::filesystem::path> files(const Places&) const override {
    return {folder() / "data/breast_cancer.csv"};
  }
  Data load(const Places& places) const override {
    return read_table(files(places).front(), {.header = "yes", .label = "class"});
  }
};

METRICLAB_PLUGIN(BreastCancer, "breast_cancer");

}  // namespace
