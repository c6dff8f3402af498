// SPDX-License-Identifier: BSD-3-Clause
// Every plugin there is, now and later, is held to its laws: the registry says which there are.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <metriclab/cli/check_plugin.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

Registry& registry() {
  static Registry instance(Registry::standard_folders());
  return instance;
}

/// Each law is a check of its own, so that the failure names plugin and law.
void check(const std::string& kind, const std::string& name, const Value& parameters = {}) {
  const Checks checks = check_plugin(registry(), kind, name, parameters);
  std::size_t checked = 0;
  for (const Check& is : checks.all()) {
    checked += is.reason.empty() ? 1 : 0;
    CHECK_MESSAGE(
        is.failure.empty(),
        fmt::format("{} {} {}: {}: {}", kind, name,
                    parameters.is_null() ? "" : to_json_text(parameters, -1), is.law, is.failure));
    if (!is.reason.empty() && parameters.is_null())
      MESSAGE(fmt::format("{} {}: not checked: {}: {}", kind, name, is.law, is.reason));
  }
  CHECK(checked >= 7);
}

/// Small files of each format.
class Files {
 public:
  Files() {
    std::string name = (fs::temp_directory_path() / "metriclab-conformance-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    write("table.csv", "x,y,class\n1,2,a\n2,1,b\n3,5,a\n4,0,b\n");
    write("table.libsvm", "0 1:1.5 3:2\n1 2:4\n0 1:1\n1 3:0.5\n");
    write_npy(folder_ / "features.npy", {4, 2}, std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8});
    write_npy(folder_ / "labels.npy", {4}, std::vector<std::int64_t>{0, 1, 0, 1});
    // IDX: two zeros, the type (8: unsigned bytes), the number of axes, each axis in 4 bytes.
    write("images.idx", std::string("\0\0\x08\x03\0\0\0\2\0\0\0\2\0\0\0\2", 16) + "abcdefgh");
    write("labels.idx", std::string("\0\0\x08\x01\0\0\0\2\0\1", 10));
    write("texts.csv", "red green,a\n\"blue, red\",b\ngreen,a\n...,b\n");
    write("pairs.tsv", "1\tred green\tred\t4.5\n2\tblue\tred\t1\n3\tblue\t\t3\n");
    for (const char* image : {"one/1.pgm", "one/2.pgm", "two/1.pgm"})
      write(fs::path("images") / image, "P5 2 2 255\nabcd");
  }
  ~Files() { fs::remove_all(folder_); }

  /// A path inside the folder, as JSON.
  std::string operator()(const char* name) const { return '"' + (folder_ / name).string() + '"'; }

 private:
  void write(const fs::path& name, const std::string& content) const {
    fs::create_directories((folder_ / name).parent_path());
    write_file_whole(folder_ / name, content);
  }
  fs::path folder_;
};

}  // namespace

TEST_CASE("every plugin keeps the laws of declarations and of its kind") {
  std::size_t plugins = 0;
  for (const std::string& kind : registry().kinds())
    for (const std::string& name : registry().names(kind)) {
      check(kind, name);
      ++plugins;
    }
  CHECK(plugins >= 20);
}

TEST_CASE("data sets that read files keep their laws on small files") {
  const Files files;
  check("dataset", "csv", parse_json("{\"path\": " + files("table.csv") + "}"));
  check("dataset", "libsvm", parse_json("{\"path\": " + files("table.libsvm") + "}"));
  check("dataset", "npy",
        parse_json("{\"features\": " + files("features.npy") +
                   ", \"labels\": " + files("labels.npy") + "}"));
  check("dataset", "idx",
        parse_json("{\"images\": " + files("images.idx") + ", \"labels\": " + files("labels.idx") +
                   "}"));
  check("dataset", "image_folder", parse_json("{\"path\": " + files("images") + "}"));
  for (const char* rest : {"", R"(, "components": 2)", R"(, "representation": "hashed")",
                           R"(, "representation": "tokens", "word_ngrams": 2)"}) {
    const std::string texts = files("texts.csv"), pairs = files("pairs.tsv");
    check("dataset", "text",
          parse_json("{\"path\": " + texts + ", \"test\": " + texts + rest + "}"));
    check("dataset", "text_pairs",
          parse_json("{\"train\": " + pairs + ", \"trial\": " + pairs + ", \"test\": " + pairs +
                     rest + "}"));
  }
  if (std::getenv("METRICLAB_DATA") == nullptr) {
    MESSAGE("skipped: keel; $METRICLAB_DATA is not set");
    return;
  }
  check("dataset", "keel", parse_json(R"({"path": "keel/iris"})"));
}

TEST_CASE("plugins keep their laws with other parameters than the defaults") {
  const std::map<std::string, std::vector<const char*>> blocks = {
      {"loss",
       {R"({"plugin": "triplet", "swap": true})", R"({"plugin": "triplet", "smooth": true})",
        R"({"plugin": "triplet", "distance": "cosine", "reducer": "mean"})",
        R"({"plugin": "triplet", "distance": {"plugin": "lp", "p": 1}})",
        R"({"plugin": "triplet", "distance": "squared_euclidean", "normalize_embeddings": false})",
        R"({"plugin": "triplet", "reducer": "per_anchor", "regularizers": ["lp"]})",
        R"({"plugin": "contrastive", "normalize_embeddings": false, "reducer": "sum"})",
        R"({"plugin": "contrastive", "distance": "dot"})",
        R"({"plugin": "contrastive", "reducer": "threshold"})",
        R"({"plugin": "proxy_anchor", "regularizers": ["regular_face"]})",
        R"({"plugin": "multi_similarity", "distance": "euclidean"})",
        R"({"plugin": "ntxent", "distance": "euclidean"})"}},
      {"miner",
       {R"({"plugin": "semihard", "nearest_negative": true})",
        R"({"plugin": "semihard", "tuples_per_anchor": 2})",
        R"({"plugin": "triplet_margin", "mode": "hard"})",
        R"({"plugin": "triplet_margin", "mode": "semihard"})",
        R"({"plugin": "triplet_margin", "mode": "easy", "tuples_per_anchor": 3})",
        R"({"plugin": "batch_easy_hard", "positive_strategy": "all", "negative_strategy": "hard"})",
        R"({"plugin": "batch_easy_hard", "positive_strategy": "semihard", "negative_strategy": "easy"})",
        R"({"plugin": "easy_positive", "negatives": "all"})",
        R"({"plugin": "all", "tuples_per_anchor": 2})",
        R"({"plugin": "maximum_loss", "subset_size": 5, "miner": "batch_hard"})",
        R"({"plugin": "global_hard", "n_negatives": 3})",
        R"({"plugin": "batch_hard", "distance": "cosine"})"}},
      {"distance",
       {R"({"plugin": "lp", "p": 1})", R"({"plugin": "lp", "p": 3, "power": 2})",
        R"({"plugin": "lp", "p": 2, "power": 2})"}},
      {"regularizer",
       {R"({"plugin": "lp", "p": 1})", R"({"plugin": "lp", "p": 3, "power": 2})",
        R"({"plugin": "lp", "power": 2})"}},
      {"sampler",
       {R"({"plugin": "balanced", "classes": 300, "per_class": 2})",
        R"({"plugin": "balanced", "classes": 1, "per_class": 40, "batches": 3})"}},
      {"transform",
       {R"({"plugin": "affine", "rotation": 180, "scale": [0.1, 10], "shear": 2, "shift": 3})",
        R"({"plugin": "noise", "deviation": 0})"}},
      {"solver",
       {R"({"plugin": "pca", "whiten": true})", R"({"plugin": "lda", "regularization": 0.1})",
        R"({"plugin": "lmnn", "n_neighbors": 1, "components": 1})",
        R"({"plugin": "nca", "components": 1})"}},
      {"evaluator",
       {R"({"plugin": "retrieval", "gallery": "train", "average": "classes"})",
        R"({"plugin": "retrieval", "k": 3})",
        R"({"plugin": "retrieval", "query": "camera=a", "gallery": "camera=b", "ndcg_at": [5],
            "map_at": [5], "precision_at": [5], "cmc_at": [5], "by_class": ["map_at_r"]})",
        R"({"plugin": "retrieval", "exclude": ["camera"], "rerank": {"k1": 5}})",
        R"({"plugin": "identification", "n_enrolled": 3, "enrolled": 0.7})",
        R"({"plugin": "few_shot", "classifier": "prototype"})",
        R"({"plugin": "knn", "n_neighbors": 1})",
         R"({"plugin": "verification", "max_pairs": 50})",
         R"({"plugin": "verification", "pairs": "data", "folds": 3})",
         R"({"plugin": "recommendation", "items": "kind=item", "at": [1, 100]})",
         R"({"plugin": "recommendation", "users": "camera=a"})",
         R"({"plugin": "anomaly", "normal": ["1", "3"], "n_neighbors": 1})",
         R"({"plugin": "anomaly", "score": "local_outlier_factor"})",
         R"({"plugin": "anomaly", "score": "mahalanobis", "normal": ["0", "2"]})",
         R"({"plugin": "anomaly", "score": "mahalanobis", "shrinkage": 1})",
         R"({"plugin": "anomaly", "score": "center"})",
         R"({"plugin": "few_shot", "classifier": "knn"})",
         R"({"plugin": "knn", "n_neighbors": null})",
         R"({"plugin": "clustering", "method": "agglomerative"})",
         R"({"plugin": "clustering", "method": "agglomerative", "linkage": "single"})",
         R"({"plugin": "clustering", "method": "agglomerative", "linkage": "average"})",
         R"({"plugin": "clustering", "method": "agglomerative", "linkage": "complete"})",
         R"({"plugin": "clustering", "method": "spectral"})",
         R"({"plugin": "clustering", "method": "dbscan"})",
         R"({"plugin": "clustering", "method": "hdbscan"})",
         R"({"plugin": "linear_probe", "regularization": 0.01})",
         R"({"plugin": "space", "max_examples": 20, "n_masks": 1})"}},
      {"architecture",
       {R"({"plugin": "mlp", "hidden": [], "embedding": 1})",
        R"({"plugin": "mlp", "hidden": [7, 5], "batch_norm": true, "dropout": 0.5})",
        R"({"plugin": "mlp", "normalize": true})",
        R"({"plugin": "linear", "bias": false, "normalize": true})",
        R"({"plugin": "conv4", "filters": 8, "embedding": 16, "normalize": true})",
        R"({"plugin": "bag_of_ngrams", "size": 3, "vector": 7, "hidden": [5], "dropout": 0.4})",
        R"({"plugin": "lookup", "size": 7, "max_norm": 0.5, "normalize": true})"}},
      {"dataset", {R"({"plugin": "digits", "shape": "image"})"}}};
  for (const auto& [kind, list] : blocks)
    for (const char* text : list) {
      const Value block = parse_json(text);
      const std::string& name = block.at("plugin").as_string();
      if (registry().has(kind, name)) check(kind, name, block);
    }
}
