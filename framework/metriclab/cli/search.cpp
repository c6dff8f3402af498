// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/data_argument.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/experiment/saved_model.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <optional>
#include <span>

namespace metriclab {
namespace {

constexpr std::int64_t kDefaultNeighbors = 10;

struct Options {
  std::filesystem::path model, output;
  std::string gallery, queries, format = "json";
  std::string gallery_embeddings, query_embeddings;
  std::optional<std::string> distance;
  std::optional<std::int64_t> k;
  std::optional<double> radius;
  int threads = 1;
};

/// What was found, and what is known of those it was found among.
struct Result {
  NeighborLists<float> found;
  std::int64_t gallery_size = 0;
  Distance distance = Distance::euclidean;
  Data queries, gallery;  // for their classes; without them where only embeddings were given
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

std::span<const std::int64_t> indices_of(const NeighborLists<float>& found, std::int64_t q) {
  const auto at = static_cast<std::size_t>(q);
  return std::span(found.indices)
      .subspan(static_cast<std::size_t>(found.starts[at]),
               static_cast<std::size_t>(found.starts[at + 1] - found.starts[at]));
}
std::span<const float> distances_of(const NeighborLists<float>& found, std::int64_t q) {
  return std::span(found.distances)
      .subspan(static_cast<std::size_t>(found.starts[static_cast<std::size_t>(q)]),
               indices_of(found, q).size());
}
std::int64_t size_of(const NeighborLists<float>& found) {
  return static_cast<std::int64_t>(found.starts.size()) - 1;
}

/// Numbers are the shortest that read back as the same float32.
std::string as_json(const Options& options, const Result& result) {
  std::string text = options.radius ? fmt::format("{{\"radius\": {}", *options.radius)
                                    : fmt::format("{{\"k\": {}", *options.k);
  text += fmt::format(", \"distance\": \"{}\", \"gallery\": {}, \"queries\": [",
                      to_string(result.distance), result.gallery_size);
  const auto quoted = [](const std::string& word) { return to_json_text(Value(word), -1); };
  for (std::int64_t q = 0; q < size_of(result.found); ++q) {
    text += fmt::format("{}\n{{\"query\": {}", q == 0 ? "" : ",", q);
    if (!result.queries.columns.empty())
      text += ", \"label\": " + quoted(class_of(result.queries, q));
    const auto indices = indices_of(result.found, q);
    text += fmt::format(", \"indices\": [{}], \"distances\": [{}]", fmt::join(indices, ", "),
                        fmt::join(distances_of(result.found, q), ", "));
    if (!result.gallery.columns.empty()) {
      std::vector<std::string> labels;
      for (const std::int64_t i : indices) labels.push_back(quoted(class_of(result.gallery, i)));
      text += fmt::format(", \"labels\": [{}]", fmt::join(labels, ", "));
    }
    text += "}";
  }
  return text + "\n]}\n";
}

std::string as_csv(const Result& result) {
  std::string text = "query,label,rank,index,distance,neighbor_label\n";
  for (std::int64_t q = 0; q < size_of(result.found); ++q) {
    const auto indices = indices_of(result.found, q);
    const auto distances = distances_of(result.found, q);
    for (std::size_t r = 0; r < indices.size(); ++r)
      text +=
          fmt::format("{},{},{},{},{},{}\n", q, csv_field(class_of(result.queries, q)), r + 1,
                      indices[r], distances[r], csv_field(class_of(result.gallery, indices[r])));
  }
  return text;
}

/// k of each as lists.
NeighborLists<float> as_lists(const Neighbors<float>& found) {
  NeighborLists<float> lists;
  for (std::int64_t q = 0; q <= found.indices.rows(); ++q)
    lists.starts.push_back(q * found.indices.cols());
  lists.indices.assign(found.indices.data(), found.indices.data() + found.indices.size());
  lists.distances.assign(found.distances.data(), found.distances.data() + found.distances.size());
  return lists;
}

template <class Gallery>
NeighborLists<float> find(const Options& options, const Eigen::Ref<const MatrixF>& query,
                          const Gallery& gallery, Distance distance) {
  return options.radius
             ? neighbors_within(query, gallery, *options.radius, distance, options.threads)
             : as_lists(nearest_neighbors(query, gallery, *options.k, distance, options.threads));
}

void require_k(const Options& options, std::int64_t most, const std::string& of) {
  if (options.radius || (*options.k >= 1 && *options.k <= most)) return;
  throw Error(
      fmt::format("-k {}: {} has {} examples{}; give {}", *options.k, of,
                  options.query_embeddings.empty() && options.model.empty() ? most + 1 : most,
                  options.query_embeddings.empty() && options.model.empty()
                      ? ", none of which is its own neighbour"
                      : "",
                  most < 1 ? "more examples" : fmt::format("1 to {}", most)));
}

Result search_model(const Options& options, Registry& registry) {
  const SavedModel model = load_model(options.model, registry);
  Result result;
  result.gallery = read_data(options.gallery, registry);
  result.queries = read_data(options.queries, registry);
  result.gallery_size = result.gallery.size();
  result.distance = model.distance;
  require_k(options, result.gallery_size, "the gallery");
  const MatrixF G = model.embed(result.gallery.examples, options.gallery);
  const MatrixF Q = model.embed(result.queries.examples, options.queries);
  result.found = find(options, Q, G, model.distance);
  return result;
}

/// Embeddings of a file, mapped into memory where they can be.
class EmbeddingFile {
 public:
  explicit EmbeddingFile(const std::string& file) {
    const Shape shape = read_npy_shape(file);
    if (shape.size() != 2)
      throw Error(fmt::format("{}: its shape is ({}); embeddings have two axes, (n, d)", file,
                              fmt::join(shape, ", ")));
    mapped_ = map_npy_examples(file);
    if (mapped_ && !mapped_->is_double()) {
      values_ = mapped_->floats().data();
    } else {
      read_ = mapped_ ? mapped_->as_float()
                      : MatrixF(Eigen::Map<const MatrixF>(read_npy(file).as_float().data(),
                                                          shape[0], shape[1]));
      values_ = read_.data();
    }
    n_ = shape[0];
    d_ = shape[1];
  }
  Eigen::Map<const MatrixF> rows() const { return {values_, n_, d_}; }

 private:
  std::optional<Examples> mapped_;
  MatrixF read_;
  const float* values_ = nullptr;
  std::int64_t n_ = 0, d_ = 0;
};

Result search_embeddings(const Options& options) {
  Result result;
  if (options.distance) result.distance = distance_from_string(*options.distance);
  if (options.query_embeddings.empty()) {
    const EmbeddingFile points(options.gallery_embeddings);
    result.gallery_size = points.rows().rows();
    require_k(options, result.gallery_size - 1, options.gallery_embeddings);
    result.found = options.radius ? neighbors_within(points.rows(), *options.radius,
                                                     result.distance, options.threads)
                                  : as_lists(nearest_neighbors(points.rows(), *options.k,
                                                               result.distance, options.threads));
    return result;
  }
  const GalleryFile gallery(options.gallery_embeddings);
  const EmbeddingFile queries(options.query_embeddings);
  if (queries.rows().cols() != gallery.d())
    throw Error(fmt::format("{}: has {} dimensions, {} has {}; they must be the same",
                            options.query_embeddings, queries.rows().cols(),
                            options.gallery_embeddings, gallery.d()));
  result.gallery_size = gallery.n();
  require_k(options, gallery.n(), options.gallery_embeddings);
  result.found = find(options, queries.rows(), gallery, result.distance);
  return result;
}

void require_one_form(const Options& options) {
  if (options.format != "json" && options.format != "csv")
    throw Error(fmt::format("--format: there is no \"{}\"{}", options.format,
                            suggestion(options.format, {"json", "csv"})));
  if (options.k && options.radius)
    throw Error("-k and --radius: give one of them, how many neighbours or how far they may be");
  const bool has_embeddings =
      !options.gallery_embeddings.empty() || !options.query_embeddings.empty();
  const bool has_data = !options.gallery.empty() || !options.queries.empty();
  if (options.model.empty() && has_data)
    throw Error(
        "--gallery and --queries go with a MODEL that embeds them; for .npy files of embeddings "
        "give "
        "--gallery-embeddings and --query-embeddings");
  if (options.model.empty() && options.gallery_embeddings.empty())
    throw Error(has_embeddings
                    ? "--query-embeddings goes with --gallery-embeddings, which is searched"
                    : "nothing to search; give a MODEL with --gallery and --queries, or "
                      "--gallery-embeddings");
  if (options.model.empty()) return;
  if (has_embeddings)
    throw Error(
        "--gallery-embeddings and --query-embeddings are compared as they are; leave the MODEL "
        "out, "
        "or give --gallery and --queries");
  if (options.gallery.empty() || options.queries.empty())
    throw Error(fmt::format("a MODEL goes with --gallery and --queries; {} is missing",
                            options.gallery.empty() ? "--gallery" : "--queries"));
  if (options.distance)
    throw Error("--distance goes with --gallery-embeddings; a MODEL has its own distance");
}

std::string search(Options options, Registry& registry) {
  require_one_form(options);
  if (!options.radius && !options.k) options.k = kDefaultNeighbors;
  const Result result =
      options.model.empty() ? search_embeddings(options) : search_model(options, registry);
  return options.format == "json" ? as_json(options, result) : as_csv(result);
}

}  // namespace

void add_search(CLI::App& app, Globals& globals, int&) {
  auto* command = app.add_subcommand(
      "search",
      "exact nearest neighbours: of data by a saved model, or of embeddings in .npy files");
  command->footer(
      "Examples: metriclab search results/quickstart/models/ID --gallery digits --queries Q.npy -k "
      "5\n"
      "          metriclab search --gallery-embeddings G.npy --query-embeddings Q.npy -k 10 "
      "--distance cosine\n"
      "          metriclab search --gallery-embeddings E.npy --radius 0.5 --format csv");
  auto options = std::make_shared<Options>();
  command->add_option("MODEL", options->model,
                      "a folder that `metriclab run --save-models` wrote; with --gallery and "
                      "--queries");
  command
      ->add_option("--gallery", options->gallery,
                   std::string("what is searched by a MODEL: ") + kDataHelp)
      ->type_name("DATA");
  command->add_option("--queries", options->queries, "what is looked for, given likewise")
      ->type_name("DATA");
  command
      ->add_option("--gallery-embeddings", options->gallery_embeddings,
                   "what is searched, without a MODEL: a .npy file (n, d), which need not fit into "
                   "memory; compared as float32")
      ->type_name("FILE");
  command
      ->add_option(
          "--query-embeddings", options->query_embeddings,
          "what is looked for, given likewise; without it each of the gallery is looked for "
          "among the others")
      ->type_name("FILE");
  command
      ->add_option(
          "--distance", options->distance,
          "of embeddings: euclidean, squared_euclidean, cosine, dot, bilinear, chi_squared, "
          "manhattan or poincare")
      ->default_str("euclidean")
      ->type_name("DISTANCE");
  command->add_option("-k", options->k, "how many neighbours of each query")
      ->default_str(std::to_string(kDefaultNeighbors))
      ->type_name("NUMBER");
  command->add_option("--radius", options->radius, "instead: all that are at most so far")
      ->type_name("NUMBER");
  command->add_option("--threads", options->threads, "how many threads search")
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
