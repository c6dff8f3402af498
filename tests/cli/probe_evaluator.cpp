// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <metriclab/data/npy.hpp>
#include <metriclab/plugin/json.hpp>
#include <string>

namespace {

using namespace metriclab;

struct Outcome {
  int exit_code = -1;
  std::string output;  // stdout and stderr
};

Outcome probe(const std::string& arguments) {
  const std::string command = std::string("'") + std::getenv("METRICLAB_COMMAND") +
                              "' probe evaluator " + arguments + " 2>&1";
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  char buffer[4096];
  while (std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe))
    outcome.output.append(buffer, n);
  outcome.exit_code = WEXITSTATUS(pclose(pipe));
  return outcome;
}

/// A fresh folder, gone with the test.
struct Folder {
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "metriclab_probe_XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  std::filesystem::path path;
};

TEST_CASE(
    "probe evaluator: metrics as JSON, null with its reason, exit code 2 for what does not fit") {
  const Folder folder;
  const std::string E = folder / "E.npy", y = folder / "y.npy", one = folder / "one.npy",
                    G = folder / "G.npy", g = folder / "g.npy", short_y = folder / "short.npy",
                    wide = folder / "wide.npy";
  write_npy(E, {4, 1}, std::vector<double>{0, 1, 3, 7});
  write_npy(y, {4}, std::vector<std::int64_t>{40, -9, 40, 40});
  write_npy(one, {4}, std::vector<std::int64_t>{3, 3, 3, 3});
  write_npy(G, {2, 1}, std::vector<float>{0.25f, 2});
  write_npy(g, {2}, std::vector<std::int64_t>{-9, 40});
  write_npy(short_y, {3}, std::vector<std::int64_t>{1, 2, 3});
  write_npy(wide, {2, 5}, std::vector<float>(10));
  const std::string given = " --embeddings " + E + " --labels " + y;

  // By hand: within the set the ranks are {2, 3}, {2, 3}, {1, 3}; the one of class −9 is left out.
  Outcome is = probe("retrieval" + given + " --parameters '{\"recall_at\": [2]}'");
  CHECK(is.exit_code == 0);
  Value metrics = parse_json(is.output).at("metrics");
  CHECK(metrics.at("precision_at_1").as_number() == doctest::Approx(1.0 / 3));
  CHECK(metrics.at("recall_at_2").as_number() == 1);
  // Against the gallery: 0 (40) → 0.25 (−9) first; 1 (−9) → 0.25 first; 3 and 7 → 2 (40) first.
  is = probe("retrieval" + given + " --gallery " + G + " --gallery-labels " + g);
  CHECK(is.exit_code == 0);
  CHECK(parse_json(is.output).at("metrics").at("precision_at_1").as_number() ==
        doctest::Approx(3.0 / 4));
  is = probe("clustering --embeddings " + E + " --labels " + one);
  CHECK(is.exit_code == 0);
  CHECK(parse_json(is.output).at("metrics").at("nmi").is_null());
  CHECK(parse_json(is.output).at("reasons").at("nmi").as_string() ==
        "the test part has one class only");
  is = probe("retrieval" + given + " --distance cosine");
  CHECK(is.exit_code == 0);

  // Real labels, with or without classes: 0 → 1, 1 → 0, 3 → 1, 7 → 3.
  const std::string t = folder / "t.npy", h = folder / "h.npy";
  write_npy(t, {4}, std::vector<double>{1, 3, 4, 8});
  write_npy(h, {2}, std::vector<double>{2, 5});
  const std::string nearest = " --parameters '{\"n_neighbors\": 1}'";
  for (const std::string& labels : {std::string(), " --labels " + y}) {
    is = probe("knn_regression --embeddings " + E + labels + " --targets " + t + nearest);
    CHECK(is.exit_code == 0);
    CHECK(parse_json(is.output).at("metrics").at("mae").as_number() ==
          doctest::Approx((2 + 2 + 1 + 4) / 4.0));
  }
  // Against the gallery: 0 and 1 → 0.25, 3 and 7 → 2.
  is = probe("knn_regression --embeddings " + E + " --targets " + t + " --gallery " + G +
             " --gallery-targets " + h + nearest);
  CHECK(parse_json(is.output).at("metrics").at("mae").as_number() ==
        doctest::Approx((1 + 1 + 1 + 3) / 4.0));
  is = probe("knn --embeddings " + E + " --targets " + t);
  CHECK(parse_json(is.output).at("reasons").at("accuracy").as_string() ==
        "it needs labels, and this data set has none");

  const auto refused = [&](const std::string& arguments, const std::string& message) {
    const Outcome outcome = probe(arguments);
    CAPTURE(outcome.output);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.output.find(message) != std::string::npos);
  };
  refused("retrieval --embeddings " + E + " --labels " + short_y,
          short_y + ": its shape is (3); " + E + " has 4 examples, so (4) is needed");
  refused("retrieval --embeddings " + y + " --labels " + y,
          y + ": its shape is (4); embeddings have two axes");
  refused("retrieval --embeddings " + E + " --labels " + E, E + ": its shape is (4, 1)");
  refused("retrieval --embeddings " + (folder / "none.npy") + " --labels " + y,
          folder / "none.npy");
  refused("retrieval" + given + " --gallery " + wide + " --gallery-labels " + g,
          wide + ": has 5 dimensions");
  refused("retrieval" + given + " --gallery " + G, "--gallery-labels");
  refused("retrieval" + given + " --gallery-labels " + g, "--gallery");
  refused("knn_regression --embeddings " + E, "give --labels, --targets, --pairs or --ratings");
  refused("knn_regression --embeddings " + E + " --targets " + h,
          h + ": has 2 values for the 4 examples of " + E);
  refused(
      "knn_regression" + given + " --targets " + t + " --gallery " + G + " --gallery-labels " + g,
      "--gallery-targets goes with --gallery and --targets");
  refused("retrieval" + given + " --distance cosin", "did you mean \"cosine\"?");
  refused("retrieval" + given + " --parameters '{\"recal_at\": [1]}'",
          "did you mean \"recall_at\"?");
  refused("retrieval" + given + " --parameters '[1]'", "--parameters: is a list");
  refused("retrieval" + given + " --parameters '{'", "--parameters: ");
  refused("retrievl" + given, "did you mean \"retrieval\"?");
  refused("knn" + given + " --parameters '{\"n_neighbors\": 9}'", "n_neighbors = 9");
}

}  // namespace
