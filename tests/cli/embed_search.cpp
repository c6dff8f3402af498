// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <metriclab/classical/solver.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/experiment/saved_model.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

#include "command.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// A model that halves the first of two features and drops nothing: x → (x₀ / 2, x₁).
std::string halving_model(const Folder& folder, const Normalizer& normalizer = {}) {
  Registry registry(Registry::standard_folders());
  Matrix L(2, 2);
  L << 0.5, 0, 0, 1;
  Data train;
  train.examples = Examples({2}, std::vector<double>{0, 0, 2, 4});
  train.columns = {{.name = "class", .values = {0, 1}, .classes = {"low", "high"}}};
  save_model(folder.path / "model", "solver", registry.resolve("solver", "euclidean"), train,
             normalizer, LinearModel(L));
  return folder / "model";
}

TEST_CASE("embed: an .npy file in, embeddings out, and a summary as JSON") {
  const Folder folder;
  const Normalizer to_unit_interval =
      Normalizer::fit(Normalization::minmax, Examples({2}, std::vector<double>{0, 0, 2, 4}));
  const std::string model = halving_model(folder, to_unit_interval);
  const std::string X = folder / "X.npy", E = folder / "E.npy";
  write_npy(X, {3, 2}, std::vector<float>{0, 4, 2, 0, 4, 8});
  const Outcome is = run("embed " + model + " " + X + " --output " + E);
  REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
  const Value summary = parse_json(is.output);
  CHECK(summary.at("n").as_integer() == 3);
  CHECK(summary.at("d").as_integer() == 2);
  CHECK(summary.at("distance").as_string() == "euclidean");
  CHECK(summary.at("file").as_string() == E);
  const NpyArray embedded = read_npy(E);
  CHECK(embedded.shape == Shape{3, 2});
  REQUIRE(std::holds_alternative<std::vector<float>>(embedded.values));
  // To [0, 1] by x / (2, 4), then the first halved.
  CHECK(std::get<std::vector<float>>(embedded.values) == std::vector<float>{0, 1, 0.5f, 0, 1, 2});
}

TEST_CASE("embed: a data set's labels, and its block as a spec has it") {
  const Folder folder;
  const std::string model = halving_model(folder);
  folder.write("x.csv", "1,2,b\n3,4,a\n");
  const Outcome is =
      run(fmt::format("embed {} '{{\"plugin\": \"csv\", \"path\": \"{}\"}}' --output "
                      "{} --labels {}",
                      model, folder / "x.csv", folder / "E.npy", folder / "y.npy"));
  REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
  CHECK(read_npy(folder / "E.npy").as_double() == std::vector<double>{0.5, 2, 1.5, 4});
  // Classes are numbered in the order of their names.
  CHECK(read_npy(folder / "y.npy").as_integers() == std::vector<std::int64_t>{1, 0});
}

TEST_CASE("search gives the neighbours of each query, with classes where they are known") {
  const Folder folder;
  const std::string model = halving_model(folder);
  folder.write("g.csv", "0,0,near\n4,0,far\n0,3,\"a, \"\"b\"\"\"\n");
  write_npy(folder / "Q.npy", {2, 2}, std::vector<double>{4, 1, 0, 3});
  const std::string request =
      fmt::format("search {} --gallery '{{\"plugin\": \"csv\", \"path\": \"{}\"}}' --queries {} ",
                  model, folder / "g.csv", folder / "Q.npy");
  const Outcome is = run(request + "-k 2");
  REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
  const Value result = parse_json(is.output);
  CHECK(result.at("k").as_integer() == 2);
  CHECK(result.at("gallery").as_integer() == 3);
  CHECK(result.at("distance").as_string() == "euclidean");
  REQUIRE(result.at("queries").as_list().size() == 2);
  const Value& first = result.at("queries").as_list()[0];
  // (4, 1) is at (2, 1); the gallery at (0, 0), (2, 0), (0, 3): distances √5, 1, √8.
  CHECK(first.at("query").as_integer() == 0);
  CHECK(first.at("indices") == Value(Value::List{1, 0}));
  CHECK(first.at("distances").as_list()[0].as_number() == 1);
  CHECK(first.at("distances").as_list()[1].as_number() == doctest::Approx(std::sqrt(5.0)));
  CHECK(first.at("labels") == Value(Value::List{"far", "near"}));
  CHECK(first.find("label") == nullptr);
  CHECK(result.at("queries").as_list()[1].at("labels").as_list()[0] == Value("a, \"b\""));

  const Outcome csv = run(request + "-k 1 --format csv --output " + (folder / "found.csv"));
  REQUIRE_MESSAGE(csv.exit_code == 0, csv.errors);
  CHECK(csv.output.empty());
  CHECK(read_file(folder / "found.csv") ==
        "query,label,rank,index,distance,neighbor_label\n0,,1,1,1,far\n1,,1,2,0,\"a, "
        "\"\"b\"\"\"\n");
}

TEST_CASE("a data set searched in itself: the model's distance decides, and labels are its own") {
  const Folder folder;
  Registry registry(Registry::standard_folders());
  const Data wine = registry.make<Dataset>("wine")->load({});
  const auto d = wine.examples.dimension();
  const Normalizer standard = Normalizer::fit(Normalization::standard, wine.examples);
  save_model(folder.path / "model", "solver", registry.resolve("solver", "euclidean"), wine,
             standard, LinearModel(Matrix::Identity(d, d)));
  const Outcome is = run("search " + (folder / "model") + " --gallery wine --queries wine -k 3");
  REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
  const Value result = parse_json(is.output);
  const MatrixF X = standard.apply(wine.examples).as_float();
  const Neighbors<float> wanted = nearest_neighbors(X, X, 3);
  REQUIRE(static_cast<std::int64_t>(result.at("queries").as_list().size()) == wine.size());
  for (std::int64_t i = 0; i < wine.size(); ++i) {
    const Value& query = result.at("queries").as_list()[static_cast<std::size_t>(i)];
    CHECK(query.at("label").as_string() ==
          wine.columns[0]
              .classes[static_cast<std::size_t>(wine.labels()[static_cast<std::size_t>(i)])]);
    for (std::int64_t r = 0; r < 3; ++r) {
      const auto rank = static_cast<std::size_t>(r);
      CHECK(query.at("indices").as_list()[rank].as_integer() == wanted.indices(i, r));
      CHECK(static_cast<float>(query.at("distances").as_list()[rank].as_number()) ==
            wanted.distances(i, r));
    }
  }
}

TEST_CASE("search of embeddings in .npy files, without a model") {
  const Folder folder;
  const std::string G = folder / "G.npy", Q = folder / "Q.npy";
  write_npy(G, {4, 2}, std::vector<float>{0, 0, 3, 4, 0, 1, -6, -8});
  write_npy(Q, {2, 2}, std::vector<double>{0, 0, 3, 3});
  const std::string both = "search --gallery-embeddings " + G + " --query-embeddings " + Q + " ";
  const auto queries = [](const Outcome& is) {
    REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
    return parse_json(is.output).at("queries").as_list();
  };
  const auto near = queries(run(both + "-k 2"));
  CHECK(near[0].at("indices") == Value(Value::List{0, 2}));
  CHECK(near[0].at("distances") == Value(Value::List{0.0, 1.0}));
  CHECK(near[1].at("indices") == Value(Value::List{1, 2}));
  CHECK(near[0].find("labels") == nullptr);
  // The third and the fourth lie 1 and 10 from the origin, the second 5: equal to the radius.
  const Outcome within = run(both + "--radius 5");
  const auto lists = queries(within);
  CHECK(parse_json(within.output).at("radius").as_number() == 5);
  CHECK(parse_json(within.output).find("k") == nullptr);
  CHECK(parse_json(within.output).at("gallery").as_integer() == 4);
  CHECK(lists[0].at("indices") == Value(Value::List{0, 2, 1}));
  CHECK(queries(run(both + "--radius 0.5"))[1].at("indices") == Value(Value::List{}));
  // (3, 4) is 0.2 from (0, 1), 1 from the origin, which has no direction, and 2 from its opposite.
  const Outcome cosine =
      run("search --gallery-embeddings " + G + " -k 3 --distance cosine --threads 2 --format csv");
  REQUIRE_MESSAGE(cosine.exit_code == 0, cosine.errors);
  CHECK(has(cosine.output, "\n1,,1,2,0.2,\n1,,2,0,1,\n1,,3,3,2,\n"));
  // Each example of one set among the others.
  const auto self = queries(run("search --gallery-embeddings " + G + " --radius 1"));
  CHECK(self[0].at("indices") == Value(Value::List{2}));
  CHECK(self[1].at("indices") == Value(Value::List{}));
  CHECK(self[2].at("indices") == Value(Value::List{0}));
}

TEST_CASE("a search that is asked for in two ways at once, or in none, says which there are") {
  const Folder folder;
  const std::string model = halving_model(folder);
  const std::string G = folder / "G.npy", wide = folder / "wide.npy", flat = folder / "flat.npy";
  write_npy(G, {3, 2}, std::vector<float>(6));
  write_npy(wide, {3, 5}, std::vector<float>(15));
  write_npy(flat, {6}, std::vector<float>(6));
  const auto error = [&](const std::string& request) {
    const Outcome is = run("search " + request);
    CHECK(is.exit_code == 2);
    CHECK(is.output.empty());
    return is.errors;
  };
  const std::string gallery = "--gallery-embeddings " + G + " ";
  CHECK(has(error(""), "give a MODEL with --gallery and --queries, or --gallery-embeddings"));
  CHECK(has(error("--query-embeddings " + G), "goes with --gallery-embeddings"));
  CHECK(has(error("--gallery wine"), "go with a MODEL"));
  CHECK(has(error(model + " --gallery wine"), "--queries is missing"));
  CHECK(has(error(model + " " + gallery), "leave the MODEL out"));
  CHECK(has(error(model + " --gallery wine --queries wine --distance dot"), "its own distance"));
  CHECK(has(error(gallery + "-k 1 --radius 2"), "give one of them"));
  CHECK(error(gallery + "--distance cosin") ==
        "error: there is no distance \"cosin\"; did you mean \"cosine\"?\n");
  CHECK(error(gallery + "-k 3") ==
        "error: -k 3: " + G + " has 3 examples, none of which is its own neighbour; give 1 to 2\n");
  CHECK(error(gallery + "--query-embeddings " + G + " -k 4") ==
        "error: -k 4: " + G + " has 3 examples; give 1 to 3\n");
  CHECK(error(gallery + "--query-embeddings " + wide) ==
        fmt::format("error: {}: has 5 dimensions, {} has 2; they must be the same\n", wide, G));
  CHECK(error("--gallery-embeddings " + flat) ==
        "error: " + flat + ": its shape is (6); embeddings have two axes, (n, d)\n");
  CHECK(has(error("--gallery-embeddings " + (folder / "none.npy")), "none.npy"));
  CHECK(has(error(gallery + "-k 1 --threads 0"), "0 threads; at least 1 is needed"));
  CHECK(has(error(gallery + "--radius nan"), "not a number"));
}

TEST_CASE("a run's saved models embed what they were trained for") {
  const Folder folder;
  Registry registry(Registry::standard_folders());
  std::string methods = R"("pca": {"solver": {"plugin": "pca", "components": 3}})";
  if (registry.has("method", "deep"))
    methods += R"(, "net": {"architecture": {"plugin": "mlp", "hidden": [8], "embedding": 4},
                            "loss": "contrastive", "sampler": {"plugin": "balanced", "classes": 3}, "training": {"epochs": 1}})";
  folder.write("s.json", R"({"name": "s", "datasets": [{"plugin": "wine", "split": {"holdout": 0.3},
    "normalize": "standard"}], "baselines": false, "evaluators": ["knn"], "methods": {)" +
                             methods + "}}");
  const Outcome made =
      run("run s.json --save-models --results .", "cd '" + folder.path.string() + "' &&");
  REQUIRE_MESSAGE(made.exit_code == 0, made.errors);
  int models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path / "s" / "models")) {
    const Outcome is =
        run("embed " + entry.path().string() + " wine --output " + (folder / "E.npy"));
    REQUIRE_MESSAGE(is.exit_code == 0, is.errors);
    const Value summary = parse_json(is.output);
    CHECK(summary.at("n").as_integer() == 178);
    const std::int64_t d = summary.at("d").as_integer();
    CHECK(read_npy(folder / "E.npy").shape == Shape{178, d});
    CHECK(d == (std::filesystem::exists(entry.path() / "L.npy") ? 3 : 4));
    ++models;
  }
  CHECK(models == (registry.has("method", "deep") ? 2 : 1));
}

TEST_CASE("what does not fit is refused with both sides of it") {
  const Folder folder;
  const std::string model = halving_model(folder);
  const std::string wide = folder / "wide.npy", flat = folder / "flat.npy",
                    nan = folder / "nan.npy";
  write_npy(wide, {4, 3}, std::vector<double>(12));
  write_npy(flat, {4}, std::vector<double>(4));
  write_npy(nan, {2, 2}, std::vector<double>{1, 2, NAN, 4});
  const auto error = [&](const std::string& request) {
    const Outcome is = run(request);
    CHECK(is.exit_code == 2);
    CHECK(is.output.empty());
    return is.errors;
  };
  const std::string embed = "embed " + model + " ";
  CHECK(error(embed + wide) ==
        "error: " + wide + ": its examples have the shape (3); this model takes (2)\n");
  CHECK(error(embed + "iris") ==
        "error: iris: its examples have the shape (4); this model takes (2)\n");
  CHECK(error(embed + flat) == "error: " + flat +
                                   ": its shape is (4); examples have two axes or more, (n, d) or "
                                   "(n, shape of an example)\n");
  CHECK(has(error(embed + nan), "example 2"));
  CHECK(error(embed + "irs") ==
        "error: irs: is neither an .npy file nor a data set plugin; did you mean \"iris\"?\n");
  CHECK(has(error(embed + (folder / "none.npy")), "there is no \"" + (folder / "none.npy")));
  CHECK(has(error(embed + "'{\"plugin\": \"csv\", \"pth\": \"x\"}'"), "did you mean \"path\"?"));
  CHECK(has(error(embed + wide + " --labels y.npy"), "has no labels that --labels could write"));
  folder.write("x.csv", "1,2\n");
  CHECK(error(embed + (folder / "x.csv")) ==
        fmt::format("error: {0}: is no .npy file; other files are read by a data set plugin, such "
                    "as '{{\"plugin\": \"csv\", \"path\": \"{0}\"}}'\n",
                    folder / "x.csv"));
  CHECK(has(error("embed " + folder.path.string() + " " + wide), "there is no model"));
  write_npy(folder / "two.npy", {2, 2}, std::vector<double>(4));
  const std::string search = "search " + model + " --gallery " + (folder / "two.npy") +
                             " --queries " + (folder / "two.npy") + " ";
  CHECK(error(search + "-k 3") == "error: -k 3: the gallery has 2 examples; give 1 to 2\n");
  CHECK(has(error(search + "-k 0"), "give 1 to 2"));
  CHECK(error(search + "-k 1 --format jsn") ==
        "error: --format: there is no \"jsn\"; did you mean \"json\"?\n");
}

}  // namespace
