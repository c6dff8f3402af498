// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/image_file.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <regex>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

bool is_image(const fs::path& file) {
  static constexpr std::array<std::string_view, 7> kEnds = {".png", ".jpg", ".jpeg", ".pgm",
                                                            ".ppm", ".pbm", ".pnm"};
  std::string end = file.extension().string();
  for (char& c : end)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return std::find(kEnds.begin(), kEnds.end(), end) != kEnds.end();
}

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());  // not the directory's order
  return entries;
}

/// A text with holes, "{writer}/{medium}_*.png": what fills a hole, or a star, is one character or
/// more, none of them "/", and as few as will do, the first hole before the others.
class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    std::string expression;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '*') {
        expression += "[^/]+?";
      } else if (text[at] == '{') {
        const std::size_t end = text.find_first_of("{}/", at + 1);
        if (end == std::string::npos || text[end] != '}' || end == at + 1)
          throw Error("\"" + text + "\": a hole is a name in braces, such as {writer}");
        names_.push_back(text.substr(at + 1, end - at - 1));
        if (std::count(names_.begin(), names_.end(), names_.back()) > 1)
          throw Error("\"" + text + "\": {" + names_.back() + "} is there twice");
        expression += "([^/]+?)";
        at = end;
      } else {
        if (std::string_view(R"(.^$+?()[]|}\)").find(text[at]) != std::string_view::npos)
          expression += '\\';
        expression += text[at];
      }
    }
    if (names_.empty())
      throw Error("\"" + text + "\": has no hole; name one at least, such as {class}");
    regex_ = std::regex(expression);
  }

  const std::vector<std::string>& names() const { return names_; }
  /// What fills the holes; nothing where the whole text is not as the pattern says.
  std::optional<std::vector<std::string>> match(const std::string& text) const {
    std::smatch found;
    if (!std::regex_match(text, found, regex_)) return std::nullopt;
    return std::vector<std::string>(found.begin() + 1, found.end());
  }

 private:
  std::vector<std::string> names_;
  std::regex regex_;
};

/// A label that is told by a running number: of number k = 1, 2, …, ⌊(k − 1) / run⌋, or with a
/// cycle that modulo the cycle.
struct Counted {
  std::string column, number;
  std::int64_t run = 1;
  std::optional<std::int64_t> cycle;
  std::vector<std::string> classes;

  static void describe(Description<Counted>& is) {
    is.parameter("column", &Counted::column, "the label column that comes of it").required();
    is.parameter("number", &Counted::number, "the hole of the pattern that holds the number")
        .required();
    is.parameter("run", &Counted::run, "how many successive numbers are of one class").at_least(1);
    is.parameter("cycle", &Counted::cycle, "after so many classes the first comes again")
        .at_least(1);
    is.parameter("classes", &Counted::classes, "their names in order; none: 1, 2, …");
  }

  /// The class of a number, its name.
  std::string of(const std::string& text, const fs::path& file) const {
    const double value = number_of(text).value_or(0);
    if (value < 1 || value != std::floor(value))
      throw Error(file.string() + ": \"" + text + "\" is no number of an image from 1, and \"" +
                  column + "\" is told by it");
    std::int64_t place = (static_cast<std::int64_t>(value) - 1) / run;
    if (cycle) place %= *cycle;
    if (classes.empty()) return std::to_string(place + 1);
    if (place >= static_cast<std::int64_t>(classes.size()))
      throw Error(file.string() + ": number " + text + " is of class " + std::to_string(place + 1) +
                  " of \"" + column + "\", and there are names for " +
                  std::to_string(classes.size()));
    return classes[static_cast<std::size_t>(place)];
  }
};

/// An image with its labels, one a column.
struct Labelled {
  fs::path file;
  std::vector<std::string> labels;
};

/// A folder of images, with a folder for each class, or with paths that tell the labels. Files that
/// are not PNG, JPEG or PNM by their name are passed over.
class ImageFolder final : public Dataset {
 public:
  static void describe(Description<ImageFolder>& is) {
    is.summary(
        "images in a folder with one folder for each class, or whose paths tell their labels: PNG, "
        "JPEG, PGM and PPM");
    is.source("Bradski. The OpenCV library. Dr. Dobb's Journal 2000 (decodes and resizes)");
    is.cost("every image is decoded at each load; float32, n x channels x height x width");
    is.parameter("path", &ImageFolder::path,
                 "the folder; looked for beside the spec, then under $METRICLAB_DATA")
        .required();
    is.parameter("pattern", &ImageFolder::pattern,
                 "the labels by the path below the folder, such as "
                 "\"{writer}/{medium}_{session}_*.png\": a label column for each name, the first "
                 "is the class; images at other paths are left out; null: a folder is a class");
    is.parameter("counted", &ImageFolder::counted,
                 "further label columns, told by a number in the pattern: with run 10 images 1 to "
                 "10 are of the first class, 11 to 20 of the second")
        .unused_when("pattern", nullptr);
    is.parameter("size", &ImageFolder::size,
                 "height and width that images are resized to, by area averaging when smaller; "
                 "null: as they are, all of one size")
        .at_least(1);
    is.parameter("channels", &ImageFolder::channels,
                 "\"grey\": 1 x H x W; \"colour\": red, green, blue, 3 x H x W; scaled to [0, 1]")
        .one_of({"grey", "colour"});
  }

  std::vector<fs::path> files(const Places& places) const override {
    std::vector<fs::path> files;
    for (const Labelled& image : images(places)) files.push_back(image.file);
    return files;
  }

  Data load(const Places& places) const override {
    std::vector<float> values;
    const std::vector<std::string> names = columns();
    std::vector<std::vector<std::string>> labels(names.size());
    cv::Size common;
    std::string first;
    for (const auto& [file, own] : images(places)) {
      const cv::Mat image = read(file);
      if (first.empty()) {
        first = file.string();
        common = image.size();
      }
      if (image.size() != common)
        throw Error(file.string() + ": is " + std::to_string(image.rows) + " x " +
                    std::to_string(image.cols) + " pixels, " + first + " is " +
                    std::to_string(common.height) + " x " + std::to_string(common.width) +
                    "; give a \"size\" that all are resized to");
      for (int channel = image.channels() - 1; channel >= 0;
           --channel)  // OpenCV's order is blue, green, red
        for (int row = 0; row < image.rows; ++row) {
          const float* pixel = image.ptr<float>(row);
          for (int column = 0; column < image.cols; ++column)
            values.push_back(std::clamp(pixel[column * image.channels() + channel], 0.0f, 1.0f));
        }
      for (std::size_t c = 0; c < own.size(); ++c) labels[c].push_back(own[c]);
    }
    Data data;
    data.examples =
        Examples({channels == "grey" ? 1 : 3, common.height, common.width}, std::move(values));
    for (std::size_t c = 0; c < names.size(); ++c)
      data.columns.push_back(label_column(names[c], labels[c]));
    check_classes(data.columns.front(), places.find(path).string());
    return data;
  }

 private:
  /// The names of the label columns.
  std::vector<std::string> columns() const {
    if (!pattern) return {"class"};
    std::vector<std::string> names = parsed().names();
    for (std::size_t c = 0; c < counted.size(); ++c) {
      const std::string& name = counted[c].column;
      if (std::find(names.begin(), names.end(), name) != names.end())
        throw Error("there is a column \"" + name + "\" already")
            .in("column")
            .in(std::to_string(c))
            .in("counted");
      names.push_back(name);
    }
    return names;
  }

  Pattern parsed() const {
    try {
      return Pattern(*pattern);
    } catch (Error& error) {
      throw error.in("pattern");
    }
  }

  /// Every image with its labels, in the order of the paths.
  std::vector<Labelled> images(const Places& places) const {
    const fs::path folder = places.find(path);
    if (!fs::is_directory(folder))
      throw Error(folder.string() + ": is a file; give a folder " +
                  (pattern ? "of images" : "with a folder for each class"))
          .in("path");
    return pattern ? images_by_pattern(folder) : images_by_folder(folder);
  }

  static std::vector<Labelled> images_by_folder(const fs::path& folder) {
    std::vector<Labelled> found;
    for (const fs::path& of_class : sorted_entries(folder)) {
      if (!fs::is_directory(of_class)) continue;
      const std::size_t before = found.size();
      for (const fs::path& file : sorted_entries(of_class))
        if (is_image(file)) found.push_back({file, {of_class.filename().string()}});
      if (found.size() == before)
        throw Error(of_class.string() +
                    ": has no image; a class needs one, so remove the folder or fill it");
    }
    if (found.empty())
      throw Error(folder.string() + ": has no folder of images; each class has one").in("path");
    return found;
  }

  std::vector<Labelled> images_by_pattern(const fs::path& folder) const {
    const Pattern is = parsed();
    std::vector<std::size_t> numbers;  // of the holes that `counted` goes by
    for (std::size_t c = 0; c < counted.size(); ++c) {
      const auto hole = std::find(is.names().begin(), is.names().end(), counted[c].number);
      if (hole == is.names().end())
        throw Error("the pattern has no {" + counted[c].number + "}" +
                    suggestion(counted[c].number, is.names()))
            .in("number")
            .in(std::to_string(c))
            .in("counted");
      numbers.push_back(static_cast<std::size_t>(hole - is.names().begin()));
    }
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
      if (is_image(entry.path()) && entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());  // not the directories' order
    std::vector<Labelled> found;
    for (const fs::path& file : files) {
      auto labels = is.match(file.lexically_relative(folder).generic_string());
      if (!labels) continue;
      for (std::size_t c = 0; c < counted.size(); ++c)
        labels->push_back(counted[c].of((*labels)[numbers[c]], file));
      found.push_back({file, std::move(*labels)});
    }
    if (found.empty())
      throw Error(folder.string() + ": none of its " + std::to_string(files.size()) +
                  " images is at a path like \"" + *pattern + "\"" +
                  (files.empty()
                       ? ""
                       : "; the first is \"" +
                             files.front().lexically_relative(folder).generic_string() + "\""))
          .in("pattern");
    return found;
  }

  cv::Mat read(const fs::path& file) const {
    const std::string bytes = read_file(file);
    check_image_whole(bytes, file.string());
    cv::Mat image;
    try {
      const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U,
                            const_cast<char*>(bytes.data()));
      image = cv::imdecode(encoded, channels == "grey" ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR);
    } catch (const cv::Exception&) {
      image.release();
    }
    if (image.empty()) throw Error(file.string() + ": can't be decoded; fetch or write it again");
    constexpr double kMostInk = 255;
    cv::Mat pixels;
    image.convertTo(pixels, CV_32F, 1 / kMostInk);
    if (size && (pixels.rows != *size || pixels.cols != *size)) {
      const auto side = static_cast<int>(*size);
      cv::Mat resized;
      cv::resize(pixels, resized, cv::Size(side, side), 0, 0,
                 side < std::max(pixels.rows, pixels.cols) ? cv::INTER_AREA : cv::INTER_LINEAR);
      return resized;
    }
    return pixels;
  }

  std::string path;
  std::optional<std::string> pattern;
  std::vector<Counted> counted;
  std::optional<std::int64_t> size;
  std::string channels = "grey";
};

METRICLAB_PLUGIN(ImageFolder, "image_folder");

}  // namespace
