// SPDX-License-Identifier: BSD-3-Clause
#include <zip.h>

#include <algorithm>
#include <map>
#include <memory>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/image_file.hpp>
#include <metriclab/data/text.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <tuple>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

/// The members of a zip file whose name has one of the given ends, by name.
std::map<std::string, std::string> read_zip(const fs::path& file,
                                            std::initializer_list<std::string_view> ends) {
  auto fail = [&](const std::string& what) {
    return Error(file.string() + ": " + what + "; fetch it again");
  };
  int code = 0;
  const std::unique_ptr<zip_t, decltype(&zip_discard)> archive(
      zip_open(file.c_str(), ZIP_RDONLY, &code), &zip_discard);
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw fail("is not a whole zip file: " + reason);
  }
  std::map<std::string, std::string> members;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(count); ++i) {
    zip_stat_t is;
    if (zip_stat_index(archive.get(), i, 0, &is) != 0)
      throw fail("entry " + std::to_string(i) + " can't be read");
    const std::string name = is.name;
    const bool wanted = std::any_of(ends.begin(), ends.end(),
                                    [&](std::string_view end) { return name.ends_with(end); });
    if (!wanted || name.starts_with("__MACOSX")) continue;
    std::string& content = members[name];
    content.resize(is.size);
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> member(
        zip_fopen_index(archive.get(), i, 0), &zip_fclose);
    // One byte more than there should be, so that the end is met and with it the checksum.
    char beyond = 0;
    if (member == nullptr ||
        zip_fread(member.get(), content.data(), is.size) != static_cast<zip_int64_t>(is.size) ||
        zip_fread(member.get(), &beyond, 1) != 0)
      throw fail(name + " in it can't be unpacked");
  }
  return members;
}

std::vector<std::string> path_of(const std::string& name) { return fields_of(name, '/'); }

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

/// Handwritten characters of many alphabets, and the official one-shot runs.
///
/// Each background set has a predefined split, named after it: it trains on that set, alphabets ×
/// characters × 20 drawers, and tests on the 20 runs of 20-way one-shot classification, which are
/// its episodes: of each run, 20 training images (one a class), then 20 test images. With the two
/// small sets that is the minimal setting, of which the mean over both is quoted (Lake,
/// Salakhutdinov, Tenenbaum. The Omniglot challenge: a 3-year progress report. 2019). A character
/// that is in both sets is one class. A run's classes are classes of their own, "run01/class01" …:
/// which characters they are is not told. Images are 1 × size × size, ink 1 on 0.
class Omniglot final : public Dataset {
 public:
  static void describe(Description<Omniglot>& is) {
    is.summary(
        "Omniglot: handwritten characters, background sets to train on and the 20 official "
        "one-shot runs to test");
    is.source(
        "Lake, Salakhutdinov, Tenenbaum. Human-level concept learning through probabilistic "
        "program induction. Science 2015");
    is.parameter("background", &Omniglot::background,
                 "the background sets, a split each: \"small1\", \"small2\" (5 alphabets each, in "
                 "omniglot/images_background_<...>.zip), or paths of zip files");
    is.parameter("runs", &Omniglot::runs, "the zip file of the official runs");
    is.parameter("size", &Omniglot::size,
                 "height and width of the images; 105 as drawn, smaller ones by area averaging")
        .at_least(8)
        .at_most(kDrawnSize);
  }

  std::vector<fs::path> files(const Places& places) const override {
    std::vector<fs::path> zips;
    for (const std::string& set : background) {
      const bool named = set == "small1" || set == "small2";
      zips.push_back(places.find(named ? "omniglot/images_background_" + set + ".zip" : set));
    }
    if (zips.empty()) throw Error("there is no background set; give one at least").in("background");
    zips.push_back(places.find(runs));
    return zips;
  }

  std::vector<std::string> split_names(const Places&) const override {
    std::vector<std::string> names;
    for (const std::string& set : background) names.push_back(fs::path(set).stem().string());
    return names;
  }

  Data load(const Places& places) const override {
    std::vector<fs::path> zips = files(places);
    const fs::path runs_zip = zips.back();
    zips.pop_back();
    std::vector<float> values;
    std::vector<std::string> characters, alphabets, drawers;
    auto add = [&](const std::string& image, const std::string& name, std::string character,
                   std::string alphabet, std::string drawer) {
      append(image, name, values);
      characters.push_back(std::move(character));
      alphabets.push_back(std::move(alphabet));
      drawers.push_back(std::move(drawer));
    };
    Data data;
    const std::vector<std::string> names = split_names(places);
    for (std::size_t set = 0; set < zips.size(); ++set) {
      Split& split = data.splits.emplace_back();
      split.name = names[set];
      for (const auto& [name, image] : read_zip(zips[set], {".png"})) {
        // …/Alphabet/character01/0709_01.png
        const std::vector<std::string> steps = path_of(name);
        const std::string where = zips[set].string() + ": " + name;
        const std::size_t mark = steps.back().rfind('_');
        if (steps.size() < 3 || mark == std::string::npos)
          throw Error(where + ": should be <alphabet>/<character>/<number>_<drawer>.png");
        const std::string& alphabet = steps[steps.size() - 3];
        const std::string drawer =
            steps.back().substr(mark + 1, steps.back().size() - mark - 1 - 4);
        split.train.push_back(static_cast<std::int64_t>(characters.size()));
        add(image, where, alphabet + "/" + steps[steps.size() - 2], alphabet, "drawer" + drawer);
      }
      if (split.train.empty()) throw Error(zips[set].string() + ": has no images");
    }
    const auto trained = static_cast<std::int64_t>(characters.size());
    std::vector<Episode> episodes;

    std::map<std::string, std::string> members = read_zip(runs_zip, {".png", "class_labels.txt"});
    for (int run = 1; run <= kRuns; ++run) {
      const std::string folder = "run" + two_digits(run), truth = folder + "/class_labels.txt";
      auto take = [&](const std::string& name) -> const std::string& {
        const auto found = members.find(name);
        if (found == members.end())
          throw Error(runs_zip.string() + ": has no " + name + "; fetch it again");
        return found->second;
      };
      std::map<std::string, std::string> class_of;  // training image of each test image
      Lines lines(take(truth), runs_zip.string() + ": " + truth);
      for (std::string_view line; lines.next(line);) {
        const std::vector<std::string> both = fields_of(line, ' ');
        if (both.size() != 2) throw lines.error("should name a test image and its training image");
        class_of[both[0]] = both[1];
      }
      Episode& episode = episodes.emplace_back();
      std::map<std::string, std::int32_t> ways;
      for (int k = 1; k <= kWays; ++k) {
        const std::string name = folder + "/training/class" + two_digits(k) + ".png";
        ways[name] = k - 1;
        episode.support.push_back(static_cast<std::int64_t>(characters.size()) - trained);
        episode.support_labels.push_back(k - 1);
        add(take(name), runs_zip.string() + ": " + name, folder + "/class" + two_digits(k), folder,
            folder + " training");
      }
      for (int k = 1; k <= kWays; ++k) {
        const std::string name = folder + "/test/item" + two_digits(k) + ".png";
        const auto way = ways.find(class_of[name]);
        if (way == ways.end())
          throw Error(runs_zip.string() + ": " + truth + " doesn't say which class " + name +
                      " is of");
        episode.query.push_back(static_cast<std::int64_t>(characters.size()) - trained);
        episode.query_labels.push_back(way->second);
        add(take(name), runs_zip.string() + ": " + name,
            folder + "/class" + two_digits(way->second + 1), folder, folder + " test");
      }
    }
    for (Split& split : data.splits) {
      split.episodes = episodes;
      for (auto i = trained; i < static_cast<std::int64_t>(characters.size()); ++i)
        split.test.push_back(i);
    }
    data.examples = Examples({1, size, size}, std::move(values));
    data.columns = {label_column("character", characters), label_column("alphabet", alphabets),
                    label_column("drawer", drawers)};
    return data;
  }

 private:
  static constexpr int kRuns = 20, kWays = 20, kDrawnSize = 105;

  void append(const std::string& bytes, const std::string& name, std::vector<float>& values) const {
    check_image_whole(bytes, name);
    const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8U,
                          const_cast<char*>(bytes.data()));
    cv::Mat image, ink;
    try {
      image = cv::imdecode(encoded, cv::IMREAD_GRAYSCALE);
    } catch (const cv::Exception&) {
      image.release();
    }
    if (image.empty()) throw Error(name + ": can't be decoded; fetch the file again");
    if (image.rows != kDrawnSize || image.cols != kDrawnSize)
      throw Error(name + ": is " + std::to_string(image.rows) + " x " + std::to_string(image.cols) +
                  " pixels; Omniglot's are 105 x 105");
    image.convertTo(ink, CV_32F);
    const auto side = static_cast<int>(size);
    if (side != kDrawnSize)
      cv::resize(ink.clone(), ink, cv::Size(side, side), 0, 0, cv::INTER_AREA);
    constexpr float kPaper = 255;
    for (int row = 0; row < ink.rows; ++row)
      for (int column = 0; column < ink.cols; ++column)
        values.push_back(std::clamp(1 - ink.at<float>(row, column) / kPaper, 0.0f,
                                    1.0f));  // averages are rounded
  }

  std::vector<std::string> background = {"small1", "small2"};
  std::string runs = "omniglot/all_runs.zip";
  std::int64_t size = 28;
};

METRICLAB_PLUGIN(Omniglot, "omniglot");

}  // namespace
