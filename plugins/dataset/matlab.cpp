// SPDX-License-Identifier: BSD-3-Clause
#include <matio.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/numbered_split.hpp>
#include <metriclab/data/text.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using Variable = std::unique_ptr<matvar_t, decltype(&Mat_VarFree)>;

std::string text_of(const matvar_t& array) {
  std::string text;
  for (int axis = 0; axis < array.rank; ++axis)
    text += (text.empty() ? "" : " x ") + std::to_string(array.dims[axis]);
  return text;
}

std::size_t count_of(const matvar_t& array) {
  std::size_t count = array.rank == 0 ? 0 : 1;
  for (int axis = 0; axis < array.rank; ++axis) count *= array.dims[axis];
  return count;
}

/// Version 5 files are elements of an 8-byte tag, (type, number of bytes), and as many bytes,
/// behind a header of 128. The library fills in what is missing at the end of a file cut short, and
/// says nothing.
void check_whole(const fs::path& file) {
  constexpr std::uint64_t kHeader = 128, kTag = 8;
  std::ifstream in(file, std::ios::binary);
  std::uint64_t at = kHeader;
  const std::uint64_t size = fs::file_size(file);
  while (at < size) {
    std::array<std::uint32_t, 2> tag{};
    in.seekg(static_cast<std::streamoff>(at));
    in.read(reinterpret_cast<char*>(tag.data()), kTag);
    // Files of machines of the other byte order: the type, at most 18, then lies in the last byte.
    if (tag[0] > 0xffff)
      tag[1] =
          (tag[1] >> 24) | ((tag[1] >> 8) & 0xff00) | ((tag[1] << 8) & 0xff0000) | (tag[1] << 24);
    at += kTag + tag[1];
    if (!in || at > size)
      throw Error(file.string() + ": is cut short or damaged; fetch or write it again");
  }
}

/// A file of variables. Those inside of structures are named with their path: "data.train.X".
class MatFile {
 public:
  explicit MatFile(const fs::path& file) : file_(file.string()), mat_(nullptr, &Mat_Close) {
    if (fs::is_directory(file)) throw Error(file_ + ": is a folder, not a MATLAB file");
    bytes_ = fs::file_size(file);
    mat_.reset(Mat_Open(file.c_str(), MAT_ACC_RDONLY));
    if (mat_ == nullptr)
      throw Error(file_ + ": is not a MATLAB file of version 4, 5 or 7.3; write it with save");
    if (Mat_GetVersion(mat_.get()) == MAT_FT_MAT5) check_whole(file);
    std::size_t count = 0;
    char** names = Mat_GetDir(mat_.get(), &count);
    for (std::size_t i = 0; i < count; ++i)
      if (names[i] != nullptr) names_.emplace_back(names[i]);
  }

  /// What stands in front of messages.
  std::string where(const std::string& name) const { return file_ + ": variable \"" + name + "\""; }

  /// The arrays of that name: one; or of "runs.train", where `runs` is an array of structures, that
  /// field of each.
  std::vector<const matvar_t*> read(const std::string& name) {
    const Names steps = fields_of(name, '.');
    const matvar_t* whole = top(steps.front());
    std::vector<const matvar_t*> found = {whole};
    for (std::size_t step = 1; step < steps.size(); ++step) {
      std::vector<const matvar_t*> inner;
      for (const matvar_t* of : found) {
        if (of->class_type != MAT_C_STRUCT)
          throw Error(where(name) + ": \"" + steps[step - 1] + "\" is not a structure");
        auto* structure = const_cast<matvar_t*>(of);  // it is only read
        const unsigned n_fields = Mat_VarGetNumberOfFields(structure);
        char* const* fields = Mat_VarGetStructFieldnames(structure);
        const Names known(fields, fields + n_fields);
        if (std::find(known.begin(), known.end(), steps[step]) == known.end())
          throw Error(where(name) + ": \"" + steps[step - 1] + "\" has no field \"" + steps[step] +
                      "\"" + suggestion(steps[step], known));
        for (std::size_t i = 0; i < count_of(*of); ++i)
          inner.push_back(Mat_VarGetStructFieldByName(structure, steps[step].c_str(), i));
      }
      found = std::move(inner);
    }
    for (const matvar_t* array : found)
      if (array == nullptr || array->rank < 2 || !can_hold(*array))
        throw Error(where(name) + " can't be read; fetch or write the file again");
    return found;
  }
  /// The one array of that name.
  const matvar_t& read_one(const std::string& name) {
    const std::vector<const matvar_t*> found = read(name);
    if (found.size() != 1)
      throw Error(where(name) + " is " + std::to_string(found.size()) +
                  " arrays, one of each structure; one was expected");
    return *found.front();
  }

 private:
  /// Whether the file can have so many values: a byte is the least that one takes, and deflate
  /// packs 1032 bytes into one at most.
  bool has_room(const matvar_t& array) const {
    constexpr std::size_t kMostPacked = 1032;
    return array.class_type == MAT_C_SPARSE || count_of(array) / kMostPacked <= bytes_;
  }
  /// Whether the values of an array are there, and the file can have had as many.
  bool can_hold(const matvar_t& array) const {
    return array.data == nullptr ? count_of(array) == 0 : has_room(array);
  }

  const matvar_t* top(const std::string& name) {
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
      std::string there;
      for (const std::string& known : names_)
        there += (there.empty() ? "\"" : ", \"") + known + "\"";
      throw Error(file_ + ": has no variable \"" + name + "\"; it has " +
                  (there.empty() ? "none" : there));
    }
    auto [place, added] = read_.try_emplace(name, nullptr, &Mat_VarFree);
    if (added) {
      // The library takes the memory for an array before it looks whether the file has it.
      const Variable info(Mat_VarReadInfo(mat_.get(), name.c_str()), &Mat_VarFree);
      if (info != nullptr && has_room(*info))
        place->second.reset(Mat_VarRead(mat_.get(), name.c_str()));
    }
    if (place->second == nullptr)
      throw Error(where(name) + " can't be read; fetch or write the file again");
    return place->second.get();
  }

  std::string file_;
  std::uintmax_t bytes_ = 0;
  std::unique_ptr<mat_t, decltype(&Mat_Close)> mat_;
  Names names_;
  std::map<std::string, Variable> read_;
};

template <class T>
void append(const void* data, std::size_t count, std::vector<double>& values) {
  const auto* first = static_cast<const T*>(data);
  for (std::size_t i = 0; i < count; ++i) values.push_back(static_cast<double>(first[i]));
}

/// Values of any numeric type, in the order that they are stored in.
std::vector<double> numbers(const void* data, matio_types type, std::size_t count,
                            const std::string& where) {
  std::vector<double> values;
  values.reserve(count);
  switch (type) {
    case MAT_T_DOUBLE:
      append<double>(data, count, values);
      break;
    case MAT_T_SINGLE:
      append<float>(data, count, values);
      break;
    case MAT_T_INT8:
      append<std::int8_t>(data, count, values);
      break;
    case MAT_T_UINT8:
      append<std::uint8_t>(data, count, values);
      break;
    case MAT_T_INT16:
      append<std::int16_t>(data, count, values);
      break;
    case MAT_T_UINT16:
      append<std::uint16_t>(data, count, values);
      break;
    case MAT_T_INT32:
      append<std::int32_t>(data, count, values);
      break;
    case MAT_T_UINT32:
      append<std::uint32_t>(data, count, values);
      break;
    case MAT_T_INT64:
      append<std::int64_t>(data, count, values);
      break;
    case MAT_T_UINT64:
      append<std::uint64_t>(data, count, values);
      break;
    default:
      throw Error(where + " is not an array of numbers");
  }
  return values;
}

/// The values of an array of numbers, its first axis fastest; a sparse one filled with zeros.
std::vector<double> values_of(const matvar_t& array, const std::string& where) {
  if (array.isComplex != 0) throw Error(where + " has complex numbers; real ones are read");
  const std::size_t count = count_of(array);
  if (array.class_type != MAT_C_SPARSE) {
    if (array.class_type < MAT_C_DOUBLE || array.class_type > MAT_C_UINT64)
      throw Error(where + " is not an array of numbers");
    return numbers(array.data, array.data_type, count, where);
  }
  const auto& sparse = *static_cast<const mat_sparse_t*>(array.data);
  const Error damaged(where + " can't be read; fetch or write the file again");
  if (array.rank > 2 || sparse.njc != array.dims[1] + 1 ||
      (sparse.ndata > 0 && (sparse.data == nullptr || sparse.ir == nullptr)))
    throw damaged;
  const std::vector<double> entries = numbers(sparse.data, array.data_type, sparse.ndata, where);
  std::vector<double> values(count, 0.0);
  for (std::size_t column = 0; column < array.dims[1]; ++column)
    for (std::size_t k = sparse.jc[column]; k < sparse.jc[column + 1]; ++k) {
      if (k >= entries.size() || k >= sparse.nir || sparse.ir[k] >= array.dims[0]) throw damaged;
      values[column * array.dims[0] + sparse.ir[k]] = entries[k];
    }
  return values;
}

std::string whole_number(double value, const std::string& where) {
  // Beyond this a float64 no longer holds every integer.
  constexpr double kMostExact = 9007199254740992.0;
  if (std::trunc(value) != value || std::abs(value) > kMostExact)
    throw Error(where + ": " + std::to_string(value) + " is not a whole number; a label is");
  return std::to_string(static_cast<std::int64_t>(value));
}

/// The rows of an array of characters, trimmed.
Names rows_of_text(const matvar_t& array, const std::string& where) {
  const std::size_t rows = array.rank > 0 ? array.dims[0] : 0;
  const std::size_t size =
      array.data_type == MAT_T_UINT16 || array.data_type == MAT_T_UTF16 ? 2 : 1;
  if (array.data_type == MAT_T_UTF32 || array.data_type == MAT_T_UINT32)
    throw Error(where + " has text in UTF-32; UTF-8 is read");
  Names texts(rows);
  for (std::size_t i = 0; i < count_of(array); ++i) {
    const auto* at = static_cast<const unsigned char*>(array.data) + i * size;
    if (size == 2 && (at[1] != 0 || at[0] > 0x7f))
      throw Error(where + " has characters beyond ASCII in UTF-16; write them as UTF-8");
    texts[i % rows] += static_cast<char>(at[0]);
  }
  for (std::string& text : texts) text = trimmed(text);
  return texts;
}

/// A text for each element: whole numbers, strings in cells, or the rows of characters.
Names texts_of(const matvar_t& array, const std::string& where) {
  if (array.class_type == MAT_C_CHAR) return rows_of_text(array, where);
  Names texts;
  if (array.class_type != MAT_C_CELL) {
    for (double value : values_of(array, where)) texts.push_back(whole_number(value, where));
    return texts;
  }
  for (std::size_t i = 0; i < count_of(array); ++i) {
    const matvar_t* cell = static_cast<matvar_t**>(array.data)[i];
    const Names text = cell != nullptr ? texts_of(*cell, where) : Names();
    if (text.size() != 1)
      throw Error(where + ": cell " + std::to_string(i + 1) + " is not one string or number");
    texts.push_back(text.front());
  }
  return texts;
}

/// Predefined splits from arrays of numbers that count from 1, or of logical values.
struct IndexSplits {
  std::optional<std::string> path;
  std::string train;
  std::optional<std::string> test;
  std::string of = "examples";
  std::optional<std::int64_t> count;

  static void describe(Description<IndexSplits>& is) {
    is.parameter("path", &IndexSplits::path, "the file of the arrays; null: that of the features");
    is.parameter(
          "train", &IndexSplits::train,
          "what trains: a field of an array of structures (\"runs.train\") or the cells of a "
          "cell array, a split each; or the rows of a matrix; a vector is one split")
        .required();
    is.parameter("test", &IndexSplits::test,
                 "what tests, of as many splits; null: all that does not train");
    is.parameter("of", &IndexSplits::of,
                 "what the numbers count: the examples from 1, or classes, by their label")
        .one_of({"examples", "classes"});
    is.parameter("count", &IndexSplits::count, "the first so many of the splits; null: all")
        .at_least(1);
  }
};

/// Several views of the same things, one behind the other in the same order.
struct Views {
  std::string column = "view";
  Names names;

  static void describe(Description<Views>& is) {
    is.parameter("column", &Views::column, "the label column of the views: \"camera\", …");
    is.parameter("names", &Views::names,
                 "the views in their order: [\"a\", \"b\"] where a's examples are the first half");
  }
};

/// Variables of a MATLAB file. Examples lie along the first or the last axis of an array:
/// (n × d) or (d × n) vectors; n grey (H × W) images, read as 1 × H × W; n colour (H × W × C)
/// images, read as C × H × W.
class Matlab final : public Dataset {
 public:
  static void describe(Description<Matlab>& is) {
    is.summary("examples, labels and splits from the variables of MATLAB files, .mat");
    is.source("The MathWorks. MAT-file format. 2019 (version 5; 4 and 7.3 are read too)");
    is.cost("the named variables are read whole, in float64");
    is.parameter("path", &Matlab::path,
                 "the file; looked for beside the spec, then under $METRICLAB_DATA")
        .required();
    is.parameter("features", &Matlab::features,
                 "the variable of the examples, also of a structure: \"data.X\"; single and uint8 "
                 "are read as float32, others as float64; a sparse one is filled; none is scaled");
    is.parameter("examples_along", &Matlab::examples_along, "which of its axes counts the examples")
        .one_of({"first", "last"});
    is.parameter("labels", &Matlab::labels,
                 "the variable of the class: whole numbers, a cell array of strings, or rows of "
                 "characters; null: none, or with \"views\" the place in a view, from 1");
    is.parameter("class_names", &Matlab::class_names,
                 "the variable of the names of classes 1, 2, …: a cell array of strings")
        .unused_when("labels", nullptr);
    is.parameter("columns", &Matlab::columns,
                 "variables of further label columns, each named as its variable");
    is.parameter("target", &Matlab::target, "the variable of real numbers to regress on");
    is.parameter("views", &Matlab::views,
                 "where the examples are several views of the same things, one view behind the "
                 "other: a label column says which; labels may be given for one view");
    is.parameter("splits", &Matlab::splits, "arrays of numbers that predefine splits");
  }

  std::vector<fs::path> files(const Places& places) const override {
    std::vector<fs::path> files = {places.find(path)};
    if (splits && splits->path) files.push_back(places.find(*splits->path));
    return files;
  }

  std::vector<std::string> split_names(const Places& places) const override {
    Names names;
    if (!splits) return names;
    MatFile file(splits_file(places));
    const std::size_t count = parts(file, splits->train).size();
    for (std::size_t s = 1; s <= count; ++s) names.push_back("split " + std::to_string(s));
    return names;
  }

  Data load(const Places& places) const override {
    MatFile file(places.find(path));
    Data data;
    data.examples = read_examples(file);
    check_finite(data.examples, file.where(features));
    add_columns(file, data);
    if (target) {
      const matvar_t& array = file.read_one(*target);
      data.targets = values_of(array, file.where(*target));
      check_length(data.targets.size(), data.size(), file.where(*target));
      for (std::size_t i = 0; i < data.targets.size(); ++i)
        if (!std::isfinite(data.targets[i]))
          throw Error(file.where(*target) + ": target " + std::to_string(i + 1) +
                      " is not finite; fill it in or leave the example out");
    }
    if (splits) {
      MatFile other(splits_file(places));
      add_splits(other, data);
    }
    return data;
  }

 private:
  fs::path splits_file(const Places& places) const {
    return places.find(splits->path ? *splits->path : path);
  }

  static void check_length(std::size_t count, std::int64_t n, const std::string& where) {
    if (static_cast<std::int64_t>(count) != n)
      throw Error(where + " has " + std::to_string(count) + " values for " + std::to_string(n) +
                  " examples");
  }

  Examples read_examples(MatFile& file) const {
    const matvar_t& array = file.read_one(features);
    const std::string where = file.where(features);
    const std::vector<double> all = values_of(array, where);
    if (all.empty()) throw Error(where + " is " + text_of(array) + "; there are no examples");
    if (array.rank > 4)
      throw Error(where + " is " + text_of(array) +
                  "; examples are vectors, or images in 3 or 4 axes");
    // Stored with the first axis fastest. An example's axes by the order they are wanted in: the
    // channels, which are the last, come before height and width.
    const auto rank = static_cast<std::size_t>(array.rank);
    std::vector<std::size_t> step(rank, 1), axes;
    for (std::size_t axis = 1; axis < rank; ++axis)
      step[axis] = step[axis - 1] * array.dims[axis - 1];
    const std::size_t along = examples_along == "first" ? 0 : rank - 1;
    for (std::size_t axis = 0; axis < rank; ++axis)
      if (axis != along) axes.push_back(axis);
    if (axes.size() == 3) std::rotate(axes.begin(), axes.end() - 1, axes.end());
    Shape shape;
    if (axes.size() == 2) shape.push_back(1);
    for (std::size_t axis : axes) shape.push_back(static_cast<std::int64_t>(array.dims[axis]));
    std::vector<double> values;
    values.reserve(all.size());
    std::vector<std::size_t> index(axes.size(), 0);
    for (std::size_t i = 0; i < array.dims[along]; ++i)
      for (std::size_t v = 0; v < all.size() / array.dims[along]; ++v) {
        std::size_t at = i * step[along];
        for (std::size_t a = 0; a < axes.size(); ++a) at += index[a] * step[axes[a]];
        values.push_back(all[at]);
        for (std::size_t a = axes.size(); a-- > 0;) {
          if (++index[a] < array.dims[axes[a]]) break;
          index[a] = 0;
        }
      }
    if (array.class_type == MAT_C_SINGLE || array.class_type == MAT_C_UINT8)
      return Examples(shape, std::vector<float>(values.begin(), values.end()));
    return Examples(shape, std::move(values));
  }

  /// The labels of a variable, repeated for each view where they are of one.
  Names labels_of(MatFile& file, const std::string& name, std::int64_t n) const {
    const Names of_one = texts_of(file.read_one(name), file.where(name));
    Names texts = of_one;
    if (views && static_cast<std::int64_t>(of_one.size() * views->names.size()) == n)
      while (static_cast<std::int64_t>(texts.size()) < n)
        texts.insert(texts.end(), of_one.begin(), of_one.end());
    check_length(texts.size(), n, file.where(name));
    for (std::size_t i = 0; i < texts.size(); ++i)
      if (texts[i].empty())
        throw Error(file.where(name) + ": label " + std::to_string(i + 1) + " is empty");
    return texts;
  }

  void add_columns(MatFile& file, Data& data) const {
    const std::int64_t n = data.size();
    if (labels) {
      data.columns.push_back(label_column("class", labels_of(file, *labels, n)));
      if (class_names) name_classes(file, data.columns.front());
      check_classes(data.columns.front(), file.where(*labels));
    }
    if (views) {
      const auto count = static_cast<std::int64_t>(views->names.size());
      if (count < 2 || n % count != 0)
        throw Error(std::to_string(n) + " examples can't be " + std::to_string(count) +
                    " views of the same things; give the names of two or more, which divide the "
                    "number of examples")
            .in("names")
            .in("views");
      for (const std::string& name : views->names)
        if (std::count(views->names.begin(), views->names.end(), name) > 1)
          throw Error("\"" + name + "\" names two views").in("names").in("views");
      LabelColumn view{.name = views->column, .values = {}, .classes = views->names};
      Names places;
      for (std::int64_t i = 0; i < n; ++i) {
        view.values.push_back(static_cast<std::int32_t>(i / (n / count)));
        places.push_back(std::to_string(i % (n / count) + 1));
      }
      if (!labels) data.columns.push_back(label_column("class", places));
      if (!labels) check_classes(data.columns.front(), file.where(features));
      data.columns.push_back(std::move(view));
    }
    for (const std::string& name : columns)
      data.columns.push_back(label_column(name, labels_of(file, name, n)));
  }

  void name_classes(MatFile& file, LabelColumn& column) const {
    const Names names = texts_of(file.read_one(*class_names), file.where(*class_names));
    for (std::string& name : column.classes) {
      const double number = number_of(name).value_or(0);
      if (number < 1 || number > static_cast<double>(names.size()))
        throw Error(file.where(*class_names) + " has " + std::to_string(names.size()) +
                    " names, and there is a label " + name + "; labels with names count from 1");
      name = names[static_cast<std::size_t>(number) - 1];
    }
    Names sorted = column.classes;
    std::sort(sorted.begin(), sorted.end());
    if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end())
      throw Error(file.where(*class_names) + ": \"" + *twice + "\" names two classes");
  }

  /// The numbers of each split, from 1; a logical array's are those of its true elements.
  std::vector<std::vector<double>> parts(MatFile& file, const std::string& name) const {
    std::vector<const matvar_t*> arrays = file.read(name);
    const std::string where = file.where(name);
    if (arrays.size() == 1 && arrays.front()->class_type == MAT_C_CELL) {
      const matvar_t& cells = *arrays.front();
      auto* const* first = static_cast<matvar_t* const*>(cells.data);
      arrays.assign(first, first + count_of(cells));
    }
    std::vector<std::vector<double>> found;
    for (const matvar_t* array : arrays) {
      if (array == nullptr) throw Error(where + " has an empty cell; each is a split");
      const std::vector<double> values = values_of(*array, where);
      const bool vector = array->rank == 2 && (array->dims[0] == 1 || array->dims[1] == 1);
      const std::size_t rows = vector || arrays.size() > 1 ? 1 : array->dims[0];
      for (std::size_t row = 0; row < rows; ++row) {
        std::vector<double>& of = found.emplace_back();
        for (std::size_t i = row; i < values.size(); i += rows) {
          if (array->isLogical == 0)
            of.push_back(values[i]);
          else if (values[i] != 0)
            of.push_back(static_cast<double>(i / rows + 1));
        }
      }
    }
    if (splits->count) {
      const auto wanted = static_cast<std::size_t>(*splits->count);
      if (wanted > found.size())
        throw Error(where + " has " + std::to_string(found.size()) + " splits, not " +
                    std::to_string(wanted))
            .in("count")
            .in("splits");
      found.resize(wanted);
    }
    return found;
  }

  void add_splits(MatFile& file, Data& data) const {
    const NumberedSplits numbered = [&] {
      try {
        return NumberedSplits(data, splits->of == "classes");
      } catch (Error& error) {
        throw error.in("of").in("splits");
      }
    }();
    const auto train = parts(file, splits->train);
    const auto test = splits->test ? parts(file, *splits->test) : train;
    if (test.size() != train.size())
      throw Error(file.where(*splits->test) + " has " + std::to_string(test.size()) +
                  " splits, \"" + splits->train + "\" has " + std::to_string(train.size()));
    for (std::size_t s = 0; s < train.size(); ++s) {
      const std::string name = "split " + std::to_string(s + 1);
      std::optional<NumberedPart> tested;
      if (splits->test) tested = {test[s], file.where(*splits->test) + ", " + name};
      data.splits.push_back(
          numbered.split(name, {train[s], file.where(splits->train) + ", " + name}, tested));
    }
  }

  std::string path;
  std::string features = "X";
  std::string examples_along = "first";
  std::optional<std::string> labels, class_names;
  Names columns;
  std::optional<std::string> target;
  std::optional<Views> views;
  std::optional<IndexSplits> splits;
};

METRICLAB_PLUGIN(Matlab, "matlab");

}  // namespace
