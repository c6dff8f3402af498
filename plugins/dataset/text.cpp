// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/data/text.hpp>
#include <metriclab/data/text_features.hpp>
#include <metriclab/data/text_table.hpp>
#include <metriclab/plugin/file.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

constexpr std::string_view kLabelMark = "__label__";

/// Texts with their classes' names, of which there are none, or as many as texts.
struct Texts {
  std::vector<std::string> texts, labels;

  void add(const Texts& more) {
    texts.insert(texts.end(), more.texts.begin(), more.texts.end());
    labels.insert(labels.end(), more.labels.begin(), more.labels.end());
  }
};

std::vector<fs::path> sorted_entries(const fs::path& folder) {
  std::vector<fs::path> entries;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (!entry.path().filename().string().starts_with('.')) entries.push_back(entry.path());
  std::ranges::sort(entries);  // not the directory's order
  return entries;
}

/// Texts and their classes. Of a table two columns; of a text file each line, in which a word
/// "__label__x" names the class x, as fastText has it (in all lines or in none); of a folder each
/// file, the class being the folder that it is in. Files and folders whose names begin with a dot
/// are passed over. A text without any term is an example of zeros.
///
/// With `test` there is the split "test", and what the representation learns (vocabulary, document
/// frequencies, singular vectors) it learns from `path` alone. Otherwise it is learned from all
/// texts, without their classes, so that a split's test part has its share in it.
class Text final : public Dataset, public TextFeatures {
 public:
  static void describe(Description<Text>& is) {
    is.summary("texts with classes, from a table, lines of text or a folder, as TF-IDF or tokens");
    is.source(
        "Salton, Buckley. Term-weighting approaches in automatic text retrieval. Information "
        "Processing and Management 1988 (\"tfidf\")");
    is.source(
        "Weinberger, Dasgupta, Langford, Smola, Attenberg. Feature hashing for large scale "
        "multitask learning. ICML 2009 (\"hashed\")");
    is.source(
        "Joulin, Grave, Bojanowski, Mikolov. Bag of tricks for efficient text classification. "
        "EACL 2017 (\"tokens\")");
    is.source(
        "Deerwester, Dumais, Furnas, Landauer, Harshman. Indexing by latent semantic analysis. "
        "JASIS 1990 (\"components\")");
    is.cost("texts are read and represented at each load; float32, texts x dimensions");
    is.parameter("path", &Text::path,
                 "the file or folder; looked for beside the spec, then under $METRICLAB_DATA")
        .required();
    is.parameter("test", &Text::test,
                 "a further one of the same form, which is the test part of the split \"test\"");
    is.parameter("format", &Text::format,
                 "\"table\": a row a text; \"lines\": a line a text; \"folder\": a folder a class "
                 "and a file a text")
        .one_of({"table", "lines", "folder"});
    const Value::List untabled = {"lines", "folder"};
    is.parameter("delimiter", &Text::delimiter,
                 "what stands between the fields of a table: one character, or \"tab\"")
        .unused_when("format", untabled);
    is.parameter("header", &Text::header,
                 "whether the first line of a table names the columns; \"auto\": it does when "
                 "`text` or `label` is a name")
        .one_of({"auto", "yes", "no"})
        .unused_when("format", untabled);
    is.parameter("text", &Text::text,
                 "the column of the text: \"first\", \"last\", its name, or its number from 1")
        .unused_when("format", untabled);
    is.parameter("label", &Text::label, "the column of the class; null when there is none")
        .unused_when("format", untabled);
    describe_common(is);
  }

  std::vector<fs::path> files(const Places& places) const override {
    std::vector<fs::path> files = files_of(places.find(path));
    if (test) std::ranges::move(files_of(places.find(*test)), std::back_inserter(files));
    return files;
  }

  std::vector<std::string> split_names(const Places&) const override {
    return test ? std::vector<std::string>{"test"} : std::vector<std::string>();
  }

  Data load(const Places& places) const override {
    const fs::path first = places.find(path);
    Texts all = read(first);
    const std::size_t n_learned = all.texts.size();
    if (test) {
      const fs::path second = places.find(*test);
      const Texts more = read(second);
      if (more.labels.empty() != all.labels.empty())
        throw Error(fmt::format("{}: has {} classes, and {} has {}", second.string(),
                                more.labels.empty() ? "no" : "its", first.string(),
                                more.labels.empty() ? "its" : "none"))
            .in("test");
      all.add(more);
    }
    Data data;
    try {
      Represented made = represented(all.texts, n_learned);
      data.examples = std::move(made.examples);
      data.feature_names = std::move(made.names);
      data.ids = made.ids;
    } catch (Error& error) {
      throw error.pointer().empty() ? Error(fmt::format("{}: {}", first.string(), error.message()))
                                    : error;
    }
    if (!all.labels.empty()) {
      data.columns = {label_column("class", all.labels)};
      check_classes(data.columns.front(), first.string());
    }
    if (test) {
      Split& split = data.splits.emplace_back();
      split.name = "test";
      for (std::int64_t i = 0; i < data.size(); ++i)
        (i < static_cast<std::int64_t>(n_learned) ? split.train : split.test).push_back(i);
    }
    return data;
  }

 private:
  std::vector<fs::path> files_of(const fs::path& place) const {
    if (fs::is_directory(place) != (format == "folder"))
      throw Error(fmt::format("{}: is a {}; choose another \"format\"", place.string(),
                              fs::is_directory(place) ? "folder" : "file"))
          .in("path");
    if (format != "folder") return {place};
    std::vector<fs::path> files;
    for (const fs::path& of_class : sorted_entries(place))
      if (fs::is_directory(of_class))
        for (const fs::path& file : sorted_entries(of_class))
          if (fs::is_regular_file(file)) files.push_back(file);
    if (files.empty())
      throw Error(fmt::format("{}: has no folder with files; each class has one", place.string()))
          .in("path");
    return files;
  }

  Texts read(const fs::path& place) const {
    const std::vector<fs::path> files = files_of(place);
    if (format == "table") return read_rows(place);
    if (format == "lines") return read_lines(place);
    Texts all;
    for (const fs::path& file : files) {
      all.texts.push_back(read_file(file));
      all.labels.push_back(file.parent_path().filename().string());
      if (!is_utf8(all.texts.back()))
        throw Error(fmt::format("{}: is not UTF-8; convert it (iconv -t UTF-8)", file.string()));
    }
    return all;
  }

  Texts read_rows(const fs::path& file) const {
    TextTable table(file, text_delimiter(delimiter));
    if (header == "yes" ||
        (header == "auto" && (is_column_name(text) || (label && is_column_name(*label)))))
      table.take_header();
    const std::size_t of_text = table.column(text),
                      of_label = label ? table.column(*label) : table.n_columns();
    if (of_label == of_text)
      throw Error(
          fmt::format("{}: column {} is the text and the class; say which is which, or "
                      "\"label\": null",
                      file.string(), of_text + 1));
    Texts all;
    for (std::size_t i = 0; i < table.size(); ++i) {
      all.texts.push_back(table.at(i, of_text));
      if (!label) continue;
      all.labels.push_back(table.at(i, of_label));
      if (all.labels.back().empty())
        throw Error(
            fmt::format("{}: the class in column {} is empty", table.where(i), of_label + 1));
    }
    return all;
  }

  static Texts read_lines(const fs::path& file) {
    const std::string content = read_file(file);
    Lines lines(content, file.string());
    std::string_view line;
    Texts all;
    while (lines.next(line)) {
      if (!is_utf8(line)) throw lines.error("is not UTF-8; convert the file (iconv -t UTF-8)");
      std::string text;
      std::vector<std::string> labels;
      for (const std::string& word : fields_of(line, ' '))
        if (word.starts_with(kLabelMark))
          labels.push_back(word.substr(kLabelMark.size()));
        else
          text += (text.empty() ? "" : " ") + word;
      if (labels.size() > 1 || (labels.size() == 1 && labels[0].empty()))
        throw lines.error(fmt::format("has {}; a text has one class",
                                      labels.size() > 1 ? fmt::format("{} classes", labels.size())
                                                        : "a class without a name"));
      if (labels.empty() != all.labels.empty() && !all.texts.empty())
        throw lines.error(
            fmt::format("has {} class, unlike the lines before it; all have one, or "
                        "none has",
                        labels.empty() ? "no" : "a"));
      all.texts.push_back(std::move(text));
      all.labels.insert(all.labels.end(), labels.begin(), labels.end());
    }
    if (all.texts.empty())
      throw Error(fmt::format("{}: is empty; a text a line was expected", file.string()));
    return all;
  }

  std::string path;
  std::optional<std::string> test;
  std::string format = "table";
  std::string delimiter = ",";
  std::string header = "auto";
  std::string text = "first";
  std::optional<std::string> label = "last";
};

METRICLAB_PLUGIN(Text, "text");

}  // namespace
