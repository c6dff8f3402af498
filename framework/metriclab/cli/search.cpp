// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/data_argument.hpp>
#include <metriclab/experiment/saved_model.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <span>

namespace metriclab {
namespace {

struct Options {
  std::filesystem::path model, output;
  std::string gallery, queries, format = "json";
  std::int64_t k = 10;
};

/// The class of an example by its name; "" where there are no labels.
std::string class_of(const Data& data, std::int64_t i) {
  if (data.columns.empty()) return "";
  const LabelColumn& column = data.columns.front();
  return column.classes[static_cast<std::size_t>(column.values[static_cast<std::size_t>(i)])];
}

/// A field of a CSV file (RFC 4180).
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

/// Numbers are the shortest that read back as the same float32.
std::string as_json(const Data& queries, const Data& gallery, const Neighbors<float>& found,
                    Distance distance) {
  std::string text =
      fmt::format("{{\"k\": {}, \"distance\": \"{}\", \"gallery\": {}, \"queries\": [",
                  found.indices.cols(), to_string(distance), gallery.size());
  const auto quoted = [](const std::string& word) { return to_json_text(Value(word), -1); };
  const auto k = static_cast<std::size_t>(found.indices.cols());
  for (std::int64_t q = 0; q < found.indices.rows(); ++q) {
    text += fmt::format("{}\n{{\"query\": {}", q == 0 ? "" : ",", q);
    if (!queries.columns.empty()) text += ", \"label\": " + quoted(class_of(queries, q));
    const std::span indices(found.indices.row(q).data(), k);
    text += fmt::format(", \"indices\": [{}], \"distances\": [{}]", fmt::join(indices, ", "),
                        fmt::join(std::span(found.distances.row(q).data(), k), ", "));
    if (!gallery.columns.empty()) {
      std::vector<std::string> labels;
      for (const std::int64_t i : indices) labels.push_back(quoted(class_of(gallery, i)));
      text += fmt::format(", \"labels\": [{}]", fmt::join(labels, ", "));
    }
    text += "}";
  }
  return text + "\n]}\n";
}

std::string as_csv(const Data& queries, const Data& gallery, const Neighbors<float>& found) {
  std::string text = "query,label,rank,index,distance,neighbor_label\n";
  for (std::int64_t q = 0; q < found.indices.rows(); ++q)
    for (std::int64_t r = 0; r < found.indices.cols(); ++r)
      text += fmt::format("{},{},{},{},{},{}\n", q, csv_field(class_of(queries, q)), r + 1,
                          found.indices(q, r), found.distances(q, r),
                          csv_field(class_of(gallery, found.indices(q, r))));
  return text;
}

std::string search(const Options& options, Registry& registry) {
  if (options.format != "json" && options.format != "csv")
    throw Error(fmt::format("--format: there is no \"{}\"{}", options.format,
                            suggestion(options.format, {"json", "csv"})));
  const SavedModel model = load_model(options.model, registry);
  const Data gallery = read_data(options.gallery, registry);
  const Data queries = read_data(options.queries, registry);
  if (options.k < 1 || options.k > gallery.size())
    throw Error(fmt::format("-k {}: the gallery has {} examples; give 1 to {}", options.k,
                            gallery.size(), gallery.size()));
  const MatrixF G = model.embed(gallery.examples, options.gallery);
  const MatrixF Q = model.embed(queries.examples, options.queries);
  const Neighbors<float> found = nearest_neighbors(Q, G, options.k, model.distance);
  return options.format == "json" ? as_json(queries, gallery, found, model.distance)
                                  : as_csv(queries, gallery, found);
}

}  // namespace

void add_search(CLI::App& app, Globals& globals, int&) {
  auto* command = app.add_subcommand(
      "search", "a saved model applied to data: the exact nearest neighbours of each query");
  command->footer(
      "Example: metriclab search results/quickstart/models/ID --gallery digits --queries Q.npy -k "
      "5");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model, "a folder that `metriclab run --save-models` wrote")
      ->required();
  command->add_option("--gallery", options->gallery, std::string("what is searched: ") + kDataHelp)
      ->required()
      ->type_name("DATA");
  command->add_option("--queries", options->queries, "what is looked for, given likewise")
      ->required()
      ->type_name("DATA");
  command->add_option("-k", options->k, "how many neighbours of each query")
      ->capture_default_str()
      ->type_name("NUMBER");
  command->add_option("--format", options->format, "json, or csv with a line a neighbour")
      ->capture_default_str()
      ->type_name("FORMAT");
  command->add_option("--output", options->output, "a file to write instead of stdout")
      ->type_name("FILE");
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    const std::string text = search(*options, registry);
    if (options->output.empty())
      fmt::print("{}", text);
    else
      write_file_whole(options->output, text);
  });
}

}  // namespace metriclab
