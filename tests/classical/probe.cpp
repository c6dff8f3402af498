// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <metriclab/data/npy.hpp>
#include <metriclab/plugin/json.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// What the command prints (both streams), and its exit code.
std::pair<std::string, int> run(const std::string& arguments) {
  const char* command = std::getenv("METRICLAB_COMMAND");
  REQUIRE(command != nullptr);
  FILE* pipe = popen(fmt::format("{} {} 2>&1", command, arguments).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> part{};
  while (const std::size_t count = fread(part.data(), 1, part.size(), pipe))
    text.append(part.data(), count);
  const int status = pclose(pipe);
  return {text, WEXITSTATUS(status)};
}

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "metriclab-probe-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return (path / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
  }
};

TEST_CASE("probe solver gives what the solver gives") {
  const Folder folder;
  const SolverProblem problem = gaussian_classes(30, 4, 3, 2);
  write_npy(folder.file("X.npy"), problem.X);
  // Labels that are not dense, in the same order as the classes.
  write_npy(folder.file("y.npy"), {30}, [&] {
    std::vector<std::int64_t> labels;
    for (std::int32_t label : problem.y) labels.push_back(10 * label - 3);
    return labels;
  }());
  const std::string data =
      fmt::format("--features {} --labels {}", folder.file("X.npy"), folder.file("y.npy"));
  const auto [text, code] = run(fmt::format(
      "probe solver lmnn {} --parameters '{{\"n_neighbors\": 2}}' --metric {} --transform {}", data,
      folder.file("M.npy"), folder.file("L.npy")));
  REQUIRE_MESSAGE(code == 0, text);
  const Solution solution = solve(R"({"plugin": "lmnn", "n_neighbors": 2})", problem);
  const Value result = parse_json(text);
  CHECK(result.at("objective").as_number() == solution.objective);
  CHECK(result.at("iterations").as_integer() == solution.iterations);
  CHECK(result.at("stopped").as_string() == "converged");
  CHECK(result.at("seconds").at("cpu").as_number() >= 0);
  CHECK(result.at("seconds").at("wall").as_number() >= 0);
  CHECK(read_npy_matrix(folder.file("L.npy")) == solution.L);
  CHECK(read_npy_matrix(folder.file("M.npy")) == metric(solution));

  folder.write("pairs.csv", "0,3,1\n1,2,-1\r\n");
  SolverProblem paired = problem;
  paired.pairs = {{0, 3, true}, {1, 2, false}};
  const auto [pairs_text, pairs_code] =
      run(fmt::format("probe solver itml --features {} --pairs {} --metric {}",
                      folder.file("X.npy"), folder.file("pairs.csv"), folder.file("M.npy")));
  REQUIRE_MESSAGE(pairs_code == 0, pairs_text);
  CHECK(read_npy_matrix(folder.file("M.npy")) == metric(solve("\"itml\"", paired)));
}

TEST_CASE("probe solver says what is wrong") {
  const Folder folder;
  write_npy(folder.file("X.npy"), gaussian_classes(6, 2, 2, 1).X);
  const std::string start = fmt::format("probe solver itml --features {} ", folder.file("X.npy"));
  auto error = [&](const std::string& pairs) {
    folder.write("p.csv", pairs);
    const auto [text, code] = run(start + "--pairs " + folder.file("p.csv"));
    CHECK(code == 2);
    return text;
  };
  CHECK(error("0,1,1\n0,1\n") ==
        fmt::format("error: {}:2: has 2 columns; 3 are needed\n", folder.file("p.csv")));
  CHECK(error("0,x,1\n") ==
        fmt::format("error: {}:1: \"x\" is not an integer\n", folder.file("p.csv")));
  CHECK(error("0,6,1\n") ==
        fmt::format("error: {}:1: names example 6; there are 0 to 5\n", folder.file("p.csv")));
  CHECK(error("0,1,2\n") ==
        fmt::format("error: {}: 2 stands for a pair's kind; 1 is similar, -1 dissimilar\n",
                    folder.file("p.csv")));
  CHECK(run(start).first ==
        "error: itml learns from pairs or class labels, and these data have neither\n");
  folder.write("c.csv", "0\n0\n");
  CHECK(run(start + "--chunks " + folder.file("c.csv")).first ==
        fmt::format("error: {}: has 2 rows for 6 examples; each needs its chunk, or -1\n",
                    folder.file("c.csv")));
}

}  // namespace
