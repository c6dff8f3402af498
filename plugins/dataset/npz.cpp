// SPDX-License-Identifier: BSD-3-Clause
#include <zip.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/data/text.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// The arrays of an .npz archive, a zip file with a member "<name>.npy" for each.
class Archive {
 public:
  explicit Archive(const fs::path& file) : file_(file.string()), zip_(nullptr, &zip_discard) {
    int code = 0;
    zip_.reset(zip_open(file.c_str(), ZIP_RDONLY, &code));
    if (zip_ == nullptr) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw Error(file_ + ": is not a whole zip file: " + reason + "; fetch it again");
    }
    const zip_int64_t count = zip_get_num_entries(zip_.get(), 0);
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
      const char* name = zip_get_name(zip_.get(), i, 0);
      names_.push_back(array_name(name != nullptr ? name : ""));
    }
  }

  /// "archive: array", which stands in front of messages.
  std::string where(const std::string& array) const { return file_ + ": " + array; }

  /// Throws Error naming the archive's arrays where it isn't there, or what is wrong with it.
  NpyArray read(const std::string& array) const {
    const auto found = std::find(names_.begin(), names_.end(), array);
    if (found == names_.end())
      throw Error(file_ + ": has no array \"" + array + "\"" + suggestion(array, names_));
    const auto index = static_cast<zip_uint64_t>(found - names_.begin());
    zip_stat_t is;
    if (zip_stat_index(zip_.get(), index, 0, &is) != 0 || (is.valid & ZIP_STAT_SIZE) == 0)
      throw damaged(array);
    std::string bytes(is.size, '\0');
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> member(
        zip_fopen_index(zip_.get(), index, 0), &zip_fclose);
    // One byte more than there should be, so that the end is met and with it the checksum.
    char beyond = 0;
    if (member == nullptr ||
        zip_fread(member.get(), bytes.data(), is.size) != static_cast<zip_int64_t>(is.size) ||
        zip_fread(member.get(), &beyond, 1) != 0)
      throw damaged(array);
    return parse_npy(bytes, where(array));
  }

 private:
  static std::string array_name(std::string member) {
    constexpr std::string_view kEnd = ".npy";
    if (member.ends_with(kEnd)) member.resize(member.size() - kEnd.size());
    return member;
  }
  Error damaged(const std::string& array) const {
    return Error(where(array) + " can't be unpacked; fetch the file again");
  }

  std::string file_;
  std::unique_ptr<zip_t, decltype(&zip_discard)> zip_;
  Names names_;
};

std::string text_of(const Shape& shape) {
  std::string text;
  for (std::int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "(" + text + ")";
}

/// Arrays of a NumPy archive: examples along the first axis of one array, of any shape; labels,
/// (n) or (n, 1), in others.
class Npz final : public Dataset {
 public:
  static void describe(Description<Npz>& is) {
    is.summary("examples of any shape and their labels from the arrays of a NumPy archive, .npz");
    is.source("NumPy enhancement proposal 1: a simple file format for NumPy arrays. 2007");
    is.cost("time and memory linear in the arrays that are named; the others are not read");
    is.parameter("path", &Npz::path,
                 "the archive; looked for beside the spec, then under $METRICLAB_DATA")
        .required();
    is.parameter("features", &Npz::features,
                 "the array of the examples (n, ...); float16, float32 and uint8 are read as "
                 "float32, other types as float64, none is scaled");
    is.parameter("labels", &Npz::labels,
                 "the array of the class (n); whole numbers; null when there is none");
    is.parameter("classes", &Npz::classes,
                 "the names of the classes in the order of their labels, such as [\"normal\", "
                 "\"anomaly\"] for 0 and 1; none: the labels themselves")
        .unused_when("labels", nullptr);
    is.parameter("columns", &Npz::columns,
                 "arrays of further label columns (n), each named as its array");
    is.parameter("target", &Npz::target, "the array of real numbers (n) to regress on");
  }

  std::vector<fs::path> files(const Places& places) const override { return {places.find(path)}; }

  Data load(const Places& places) const override {
    const Archive archive(places.find(path));
    Data data;
    data.examples = read_examples(archive);
    if (labels) {
      data.columns.push_back(read_labels(archive, *labels, "class", data.size()));
      check_classes(data.columns.front(), archive.where(*labels));
      name_classes(data.columns.front(), archive.where(*labels));
    }
    for (const std::string& column : columns)
      data.columns.push_back(read_labels(archive, column, column, data.size()));
    if (target) {
      data.targets = read_column(archive, *target, data.size()).as_double();
      for (std::size_t i = 0; i < data.targets.size(); ++i)
        if (!std::isfinite(data.targets[i]))
          throw Error(archive.where(*target) + ": target " + std::to_string(i + 1) +
                      " is not finite; fill it in or leave the example out");
    }
    return data;
  }

 private:
  Examples read_examples(const Archive& archive) const {
    const NpyArray array = archive.read(features);
    const std::string where = archive.where(features);
    if (array.shape.empty() || array.shape[0] == 0)
      throw Error(where + ": its shape is " + text_of(array.shape) +
                  "; examples lie along the first axis, and there are none");
    Shape shape(array.shape.begin() + 1, array.shape.end());
    if (shape.empty()) shape.push_back(1);
    if (std::find(shape.begin(), shape.end(), 0) != shape.end())
      throw Error(where + ": its shape is " + text_of(array.shape) + "; an example has no values");
    const bool single = std::holds_alternative<std::vector<float>>(array.values) ||
                        std::holds_alternative<std::vector<std::uint8_t>>(array.values);
    Examples examples =
        single ? Examples(shape, array.as_float()) : Examples(shape, array.as_double());
    check_finite(examples, where);
    return examples;
  }

  static NpyArray read_column(const Archive& archive, const std::string& name, std::int64_t n) {
    NpyArray array = archive.read(name);
    const bool column = array.shape.size() == 1 || (array.shape.size() == 2 && array.shape[1] == 1);
    if (!column || array.shape[0] != n)
      throw Error(archive.where(name) + ": its shape is " + text_of(array.shape) + "; for " +
                  std::to_string(n) + " examples it should be (" + std::to_string(n) + ")");
    return array;
  }

  static LabelColumn read_labels(const Archive& archive, const std::string& array,
                                 const std::string& name, std::int64_t n) {
    const NpyArray read = read_column(archive, array, n);
    const bool real = std::holds_alternative<std::vector<float>>(read.values) ||
                      std::holds_alternative<std::vector<double>>(read.values);
    // Beyond this a float64 no longer holds every integer.
    constexpr double kMostExact = 9007199254740992.0;
    if (real)
      for (double value : read.as_double())
        if (std::trunc(value) != value || std::abs(value) > kMostExact)
          throw Error(archive.where(array) + ": a label is a whole number, " +
                      std::to_string(value) + " is not");
    Names texts;
    for (std::int64_t value : read.as_integers()) texts.push_back(std::to_string(value));
    return label_column(name, texts);
  }

  void name_classes(LabelColumn& column, const std::string& where) const {
    if (classes.empty()) return;
    if (classes.size() != column.classes.size())
      throw Error(where + ": has " + std::to_string(column.classes.size()) +
                  " classes, and there are " + std::to_string(classes.size()) + " names for them")
          .in("classes");
    Names sorted = classes;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
      throw Error("\"" + *twice + "\" names two classes; each has a name of its own").in("classes");
    column.classes = classes;
  }

  std::string path;
  std::string features = "X";
  std::optional<std::string> labels = "y";
  std::vector<std::string> classes, columns;
  std::optional<std::string> target;
};

METRICLAB_PLUGIN(Npz, "npz");

}  // namespace
