// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <metriclab/data/npy.hpp>
#include <metriclab/experiment/saved_model.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "metriclab_model_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

Registry registry() { return Registry(Registry::standard_folders()); }

Data data_of(Registry& plugins, const std::string& block) {
  return plugins.make<Dataset>(parse_json(block))->load({});
}

/// Saves what a method learns from data that were normalised, and gives its embeddings of them.
MatrixF fit_and_save(Registry& plugins, const fs::path& folder, const std::string& kind,
                     const std::string& block, const Data& data, Normalization normalization) {
  const Value resolved = plugins.resolve(kind, parse_json(block));
  auto component = plugins.create(kind, resolved);
  auto& method = dynamic_cast<Method&>(*component);
  const Normalizer normalizer = Normalizer::fit(normalization, data.examples);
  Data normalized = data;
  normalized.examples = normalizer.apply(data.examples);
  const Fit fit = method.fit({.data = normalized,
                              .random = Random(1, "fit"),
                              .initialization = Random(1, "initialization"),
                              .checkpoints = {},
                              .progress = {}});
  save_model(folder, kind, resolved, data, normalizer, *fit.model);
  return fit.model->embed(normalized.examples);
}

constexpr const char* kGaussian =
    R"({"plugin": "gaussian", "n": 60, "d": 5, "informative": 2, "classes": 3})";

std::string load_error(const fs::path& folder) {
  Registry plugins = registry();
  try {
    load_model(folder, plugins);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("a saved solver comes back to the last bit, with its normalisation, shape and classes") {
  const Folder folder;
  Registry plugins = registry();
  const Data data = data_of(plugins, kGaussian);
  for (const Normalization kind :
       {Normalization::none, Normalization::standard, Normalization::minmax, Normalization::unit}) {
    const fs::path place = folder.path / "models" / std::string(to_string(kind));
    const MatrixF before =
        fit_and_save(plugins, place, "solver", R"({"plugin": "lda", "components": 2})", data, kind);
    const SavedModel loaded = load_model(place, plugins);
    CHECK(loaded.embed(data.examples, "X") == before);
    CHECK(loaded.input == Shape{5});
    CHECK(loaded.dimension == 2);
    CHECK(loaded.distance == Distance::euclidean);
    CHECK(loaded.classes == data.columns.front().classes);
    CHECK(loaded.description.at("method").at("components").as_integer() == 2);
  }
}

TEST_CASE("so does a network, trained or not") {
  Registry plugins = registry();
  if (!plugins.has("method", "deep")) {
    MESSAGE("skipped: built without LibTorch");
    return;
  }
  const Folder folder;
  const Data data = data_of(plugins, kGaussian);
  for (
      const char* block :
      {R"({"plugin": "deep", "architecture": {"plugin": "mlp", "hidden": [8], "embedding": 3}})",
       R"({"plugin": "deep", "architecture": {"plugin": "linear", "embedding": 4, "normalize": true},
            "loss": "contrastive", "sampler": {"plugin": "balanced", "classes": 3, "per_class": 4},
            "training": {"epochs": 1}})"}) {
    const MatrixF before =
        fit_and_save(plugins, folder.path / "net", "method", block, data, Normalization::standard);
    const SavedModel loaded = load_model(folder.path / "net", plugins);
    CHECK(loaded.embed(data.examples, "X") == before);
    CHECK(loaded.dimension == before.cols());
  }
}

TEST_CASE("a model takes the place of another whole, and leaves nothing beside it") {
  const Folder folder;
  Registry plugins = registry();
  const Data data = data_of(plugins, kGaussian);
  const fs::path place = folder.path / "model";
  // What an interrupted save would leave.
  fs::create_directories(folder.path / ".model.new" / "half");
  fit_and_save(plugins, place, "solver", R"("pca")", data, Normalization::none);
  std::ofstream(place / "stale") << "of the former model";
  fit_and_save(plugins, place, "solver", R"({"plugin": "pca", "components": 1})", data,
               Normalization::none);
  CHECK(load_model(place, plugins).dimension == 1);
  CHECK_FALSE(fs::exists(place / "stale"));
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("examples given flat are of the model's shape; others are refused with both shapes") {
  const Folder folder;
  Registry plugins = registry();
  Data data;
  data.examples = Examples({1, 2, 3}, std::vector<double>{1, 0, 0, 0, 2, 0, 0, 3, 0, 1, 0, 1});
  data.columns = {{.name = "class", .values = {0, 1}, .classes = {"a", "b"}}};
  const MatrixF before = fit_and_save(plugins, folder.path / "m", "solver", R"("euclidean")", data,
                                      Normalization::standard);
  const SavedModel loaded = load_model(folder.path / "m", plugins);
  const auto values = data.examples.doubles();
  const Examples flat({6}, std::vector<double>(values.begin(), values.end()));
  CHECK(loaded.embed(flat, "X") == before);
  const Examples turned({1, 3, 2}, std::vector<double>(values.begin(), values.end()));
  CHECK_THROWS_WITH_AS(loaded.embed(turned, "X.npy"),
                       "X.npy: its examples have the shape (1, 3, 2); this model takes (1, 2, 3)",
                       Error);
  CHECK_THROWS_WITH_AS(loaded.embed(Examples({4}, std::vector<float>(8)), "X.npy"),
                       "X.npy: its examples have the shape (4); this model takes (1, 2, 3)", Error);
}

TEST_CASE("a model that can't be loaded: the file, what is wrong, what to do") {
  const Folder folder;
  Registry plugins = registry();
  const fs::path place = folder.path / "m";
  const std::string file = (place / "model.json").string();
  CHECK(load_error(place) == place.string() +
                                 ": there is no model, since there is no model.json in it; models "
                                 "are in results/<name>/models/<id>, where \"metriclab run "
                                 "--save-models\" puts them");
  fit_and_save(plugins, place, "solver", R"("pca")", data_of(plugins, kGaussian),
               Normalization::none);
  const Value whole = parse_json(read_file(place / "model.json"));
  const auto changed = [&](auto change) {
    Value description = whole;
    change(description);
    write_file_whole(place / "model.json", to_json_text(description));
    return load_error(place);
  };
  CHECK(changed([](Value& is) {
          is.set("schema", 2);
        }).starts_with(file + ": has schema 2, this metriclab ("));
  CHECK(
      changed([](Value& is) {
        is.find("method")->set("plugin", "pcb");
      }).starts_with(file + ": /method/plugin: there is no solver \"pcb\"; did you mean \"pca\"?"));
  CHECK(changed([](Value& is) { is.find("method")->set("component", 1); })
            .starts_with(file + ": /method/component: solver \"pca\" has no parameter "
                                "\"component\"; did you mean \"components\"?; the model was saved "
                                "with another version of its plugins"));
  CHECK(changed([](Value& is) { is.set("kind", "loss"); }) ==
        file + ": /kind: \"loss\" is no kind of model; there is \"solver\" and \"method\"");
  CHECK(changed([](Value& is) {
          is.set("input", Value(Value::List{4}));
        }).find("is not the whole of a model as it was saved") != std::string::npos);
  CHECK(changed([](Value& is) { is.set("input", Value(Value::List{0})); }) ==
        file + ": /input: is no shape of an example");
  CHECK(changed([](Value& is) {
          is.as_object().erase(is.as_object().begin());
        }).find("fit it again") != std::string::npos);
  write_file_whole(place / "model.json", "{");
  CHECK(load_error(place).starts_with(file + ": 1:"));
  write_file_whole(place / "model.json", to_json_text(whole));
  CHECK(load_error(place).empty());
  fs::remove(place / "L.npy");
  CHECK(load_error(place).find((place / "L.npy").string()) != std::string::npos);
}

}  // namespace
