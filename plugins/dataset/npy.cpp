// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/data/text.hpp>

namespace {

using namespace metriclab;

std::string text_of(const Shape& shape) {
  std::string text;
  for (std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "(" + text + ")";
}

/// Arrays of NumPy: examples along the first axis, of any shape; labels (n), or (n × columns) with
/// the class first. Arrays of float32 and float64 are mapped into memory, and read where they are
/// used.
class Npy final : public Dataset {
 public:
  static void describe(Description<Npy>& is) {
    is.summary("examples of any shape and their labels from NumPy's .npy files");
    is.source("NumPy enhancement proposal 1: a simple file format for NumPy arrays. 2007");
    is.parameter("features", &Npy::features,
                 "the examples (n, ...); float32 and uint8 are read as float32, other types as "
                 "float64, none is scaled")
        .required();
    is.parameter(
        "labels", &Npy::labels,
        "integer labels (n), or (n, columns) with the class first; null when there are none");
  }

  std::vector<std::filesystem::path> files(const Places& places) const override {
    std::vector<std::filesystem::path> files = {places.find(features)};
    if (labels) files.push_back(places.find(*labels));
    return files;
  }

  Data load(const Places& places) const override {
    const std::filesystem::path file = places.find(features);
    Data data;
    if (auto mapped = map_npy_examples(file))
      data.examples = std::move(*mapped);
    else
      data.examples = read_examples(file);
    check_finite(data.examples, file.string());
    if (labels) read_labels(places.find(*labels), data);
    return data;
  }

 private:
  static Examples read_examples(const std::filesystem::path& file) {
    const NpyArray array = read_npy(file);
    if (array.shape.empty() || array.shape[0] == 0)
      throw Error(file.string() + ": its shape is " + text_of(array.shape) +
                  "; examples lie along the first axis, and there are none");
    Shape shape(array.shape.begin() + 1, array.shape.end());
    if (shape.empty()) shape.push_back(1);
    for (std::int64_t size : shape)
      if (size == 0)
        throw Error(file.string() + ": its shape is " + text_of(array.shape) +
                    "; an example has no values");
    const bool single = std::holds_alternative<std::vector<float>>(array.values) ||
                        std::holds_alternative<std::vector<std::uint8_t>>(array.values);
    return single ? Examples(shape, array.as_float()) : Examples(shape, array.as_double());
  }

  static void read_labels(const std::filesystem::path& file, Data& data) {
    const NpyArray array = read_npy(file);
    if (std::holds_alternative<std::vector<float>>(array.values) ||
        std::holds_alternative<std::vector<double>>(array.values))
      throw Error(
          file.string() +
          ": labels are integers, these are floating-point; convert them with astype(int64)");
    if (array.shape.empty() || array.shape.size() > 2 ||
        (array.shape.size() == 2 && array.shape[1] == 0))
      throw Error(file.string() + ": its shape is " + text_of(array.shape) +
                  "; labels are (n) or (n, columns)");
    if (array.shape[0] != data.size())
      throw Error(file.string() + ": has " + std::to_string(array.shape[0]) + " labels for " +
                  std::to_string(data.size()) + " examples");
    const std::vector<std::int64_t> values = array.as_integers();
    const std::size_t columns =
        array.shape.size() == 2 ? static_cast<std::size_t>(array.shape[1]) : 1;
    for (std::size_t c = 0; c < columns; ++c) {
      std::vector<std::string> texts;
      for (std::size_t i = c; i < values.size(); i += columns)
        texts.push_back(std::to_string(values[i]));
      data.columns.push_back(
          label_column(c == 0 ? "class" : "label_" + std::to_string(c + 1), texts));
    }
    check_classes(data.columns.front(), file.string());
  }

  std::string features;
  std::optional<std::string> labels;
};

METRICLAB_PLUGIN(Npy, "npy");

}  // namespace
