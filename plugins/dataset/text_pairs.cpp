// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/data/text.hpp>
#include <metriclab/data/text_features.hpp>
#include <metriclab/data/text_table.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

/// Pairs of texts and how related they are: examples 2i and 2i + 1 are the texts of pair i, in the
/// order of the files `train`, `trial`, `test`.
///
/// Each pair is one of the constraints' ratings, and where its relatedness is at least
/// `similar_from` or at most `dissimilar_to` one of their pairs, similar or not. There are no
/// classes. Splits: "trial" trains on the first file and tests on the second, "test" trains on the
/// first, with `train_on_trial` on the second too, and tests on the third; then there is no split
/// "trial". Other splits don't keep the texts of a pair together, and a pair that is parted is
/// lost. What the representation learns (vocabulary, document frequencies, singular vectors) it
/// learns from the files that are trained on. The defaults are those of SICK's files: pair, first
/// and second sentence, relatedness from 1 to 5, between tabs (Marelli et al. A SICK cure for the
/// evaluation of compositional distributional semantic models. LREC 2014).
class TextPairs final : public Dataset, public TextFeatures {
 public:
  static void describe(Description<TextPairs>& is) {
    is.summary("pairs of texts with a real relatedness, from tables, as TF-IDF or tokens");
    is.source(
        "Marelli, Menini, Baroni, Bentivogli, Bernardi, Zamparelli. A SICK cure for the "
        "evaluation of compositional distributional semantic models. LREC 2014 (its files)");
    is.source(
        "Agirre, Cer, Diab, Gonzalez-Agirre. SemEval-2012 task 6: a pilot on semantic textual "
        "similarity. SemEval 2012 (the task)");
    is.cost("texts are read and represented at each load; float32, 2 pairs x dimensions");
    is.parameter("train", &TextPairs::train,
                 "the table of pairs to train on; looked for beside the spec, then under "
                 "$METRICLAB_DATA")
        .required();
    is.parameter("trial", &TextPairs::trial, "that of pairs to choose parameters by");
    is.parameter("test", &TextPairs::test, "that of pairs to test on");
    is.parameter("train_on_trial", &TextPairs::train_on_trial,
                 "whether the split \"test\" trains on the pairs of `trial` too")
        .unused_when("trial", nullptr);
    is.parameter("delimiter", &TextPairs::delimiter,
                 "what stands between the fields: one character, or \"tab\"");
    is.parameter("header", &TextPairs::header,
                 "whether the first line names the columns; \"auto\": it does when a column is "
                 "given by its name, or the relatedness in it is no number")
        .one_of({"auto", "yes", "no"});
    is.parameter("first", &TextPairs::first,
                 "the column of the first text: \"first\", \"last\", its name, or its number from "
                 "1");
    is.parameter("second", &TextPairs::second, "that of the second text");
    is.parameter("relatedness", &TextPairs::relatedness,
                 "that of the relatedness: a number, the greater the more related");
    is.parameter("similar_from", &TextPairs::similar_from,
                 "pairs of at least this relatedness are similar");
    is.parameter("dissimilar_to", &TextPairs::dissimilar_to,
                 "pairs of at most this relatedness are dissimilar; below `similar_from`");
    describe_common(is);
  }

  std::vector<fs::path> files(const Places& places) const override {
    std::vector<fs::path> files = {places.find(train)};
    for (const auto* further : {&trial, &test})
      if (*further) files.push_back(places.find(**further));
    return files;
  }

  std::vector<std::string> split_names(const Places&) const override {
    std::vector<std::string> names;
    if (has_trial_split()) names.emplace_back("trial");
    if (test) names.emplace_back("test");
    return names;
  }

  Data load(const Places& places) const override {
    if (dissimilar_to >= similar_from)
      throw Error(fmt::format("{} is not below \"similar_from\", {}; a pair can't be similar and "
                              "dissimilar",
                              dissimilar_to, similar_from))
          .in("dissimilar_to");
    Data data;
    std::vector<std::string> texts;
    const std::string first_file = places.find(train).string();
    read(first_file, texts, data.constraints);
    const auto train_end = static_cast<std::int64_t>(texts.size());
    if (trial) read(places.find(*trial), texts, data.constraints);
    const auto trial_end = static_cast<std::int64_t>(texts.size());
    if (test) read(places.find(*test), texts, data.constraints);
    const auto end = static_cast<std::int64_t>(texts.size());
    const std::int64_t learned_end = train_on_trial ? trial_end : train_end;
    try {
      Represented made = represented(texts, static_cast<std::size_t>(learned_end));
      data.examples = std::move(made.examples);
      data.feature_names = std::move(made.names);
      data.ids = made.ids;
    } catch (Error& error) {
      throw error.pointer().empty() ? Error(fmt::format("{}: {}", first_file, error.message()))
                                    : error;
    }
    if (has_trial_split())
      data.splits.push_back({.name = "trial",
                             .train = range(0, train_end),
                             .test = range(train_end, trial_end),
                             .episodes = {}});
    if (test)
      data.splits.push_back({.name = "test",
                             .train = range(0, learned_end),
                             .test = range(trial_end, end),
                             .episodes = {}});
    return data;
  }

 private:
  bool has_trial_split() const { return trial && !train_on_trial; }

  static Indices range(std::int64_t begin, std::int64_t end) {
    Indices indices;
    for (std::int64_t i = begin; i < end; ++i) indices.push_back(i);
    return indices;
  }

  void read(const fs::path& file, std::vector<std::string>& texts, Constraints& constraints) const {
    TextTable table(file, text_delimiter(delimiter));
    const bool is_named =
        is_column_name(first) || is_column_name(second) || is_column_name(relatedness);
    if (header == "yes" ||
        (header == "auto" && (is_named || !number_of(table.at(0, table.column(relatedness))))))
      table.take_header();
    const std::size_t columns[] = {table.column(first), table.column(second),
                                   table.column(relatedness)};
    if (columns[0] == columns[1] || columns[0] == columns[2] || columns[1] == columns[2])
      throw Error(
          fmt::format("{}: the columns {}, {} and {} of the two texts and the relatedness "
                      "are not three",
                      file.string(), columns[0] + 1, columns[1] + 1, columns[2] + 1));
    for (std::size_t i = 0; i < table.size(); ++i) {
      const auto similarity = number_of(table.at(i, columns[2]));
      if (!similarity)
        throw Error(fmt::format("{}: {}", table.where(i),
                                not_a_number("the relatedness", table.at(i, columns[2]))));
      const auto one = static_cast<std::int64_t>(texts.size());
      texts.push_back(table.at(i, columns[0]));
      texts.push_back(table.at(i, columns[1]));
      constraints.ratings.push_back({one, one + 1, *similarity});
      if (*similarity >= similar_from || *similarity <= dissimilar_to)
        constraints.pairs.push_back({one, one + 1, *similarity >= similar_from});
    }
  }

  std::string train;
  std::optional<std::string> trial, test;
  bool train_on_trial = false;
  std::string delimiter = "tab";
  std::string header = "auto";
  std::string first = "2", second = "3", relatedness = "4";
  double similar_from = 4;
  double dissimilar_to = 2.5;
};

METRICLAB_PLUGIN(TextPairs, "text_pairs");

}  // namespace
