// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/image_file.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

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

/// A folder with a folder of images for each class. Files that are not PNG, JPEG or PNM by their
/// name are passed over.
class ImageFolder final : public Dataset {
 public:
  static void describe(Description<ImageFolder>& is) {
    is.summary("images in a folder with one folder for each class: PNG, JPEG, PGM and PPM");
    is.source("Bradski. The OpenCV library. Dr. Dobb's Journal 2000 (decodes and resizes)");
    is.cost("every image is decoded at each load; float32, n x channels x height x width");
    is.parameter("path", &ImageFolder::path,
                 "the folder; looked for beside the spec, then under $METRICLAB_DATA")
        .required();
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
    for (const auto& [file, name] : images(places)) files.push_back(file);
    return files;
  }

  Data load(const Places& places) const override {
    std::vector<float> values;
    std::vector<std::string> labels;
    cv::Size common;
    std::string first;
    for (const auto& [file, name] : images(places)) {
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
      labels.push_back(name);
    }
    Data data;
    data.examples =
        Examples({channels == "grey" ? 1 : 3, common.height, common.width}, std::move(values));
    data.columns = {label_column("class", labels)};
    check_classes(data.columns.front(), places.find(path).string());
    return data;
  }

 private:
  /// Every image with the name of its class.
  std::vector<std::pair<fs::path, std::string>> images(const Places& places) const {
    const fs::path folder = places.find(path);
    if (!fs::is_directory(folder))
      throw Error(folder.string() + ": is a file; give a folder with a folder for each class")
          .in("path");
    std::vector<std::pair<fs::path, std::string>> found;
    for (const fs::path& of_class : sorted_entries(folder)) {
      if (!fs::is_directory(of_class)) continue;
      const std::size_t before = found.size();
      for (const fs::path& file : sorted_entries(of_class))
        if (is_image(file)) found.emplace_back(file, of_class.filename().string());
      if (found.size() == before)
        throw Error(of_class.string() +
                    ": has no image; a class needs one, so remove the folder or fill it");
    }
    if (found.empty())
      throw Error(folder.string() + ": has no folder of images; each class has one").in("path");
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
  std::optional<std::int64_t> size;
  std::string channels = "grey";
};

METRICLAB_PLUGIN(ImageFolder, "image_folder");

}  // namespace
