// SPDX-License-Identifier: BSD-3-Clause
// `metriclab probe loss` and `metriclab probe miner`, as others script against them.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <metriclab/data/npy.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <nlohmann/json.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / ("metriclab_probe_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

struct Answer {
  int code = 0;
  std::string text;  // stdout and stderr
};

Answer probe(const std::string& arguments) {
  const std::string command =
      std::string(std::getenv("METRICLAB_COMMAND")) + " probe " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  Answer answer;
  char part[4096];
  for (std::size_t n = 0; (n = std::fread(part, 1, sizeof part, pipe)) > 0;)
    answer.text.append(part, n);
  answer.code = WEXITSTATUS(::pclose(pipe));
  return answer;
}

TEST_CASE("a loss, its gradients and its state; the tuples of a miner given to a loss") {
  if (std::getenv("METRICLAB_COMMAND") == nullptr) {
    MESSAGE("skipped: METRICLAB_COMMAND does not name the command");
    return;
  }
  const Folder folder;
  const Batch batch = random_batch({0, 0, 1, 1, 2, 0}, 3, 51);
  const double* values = batch.embeddings.data_ptr<double>();
  write_npy(folder.path / "E.npy", {6, 3}, std::vector<double>(values, values + 18));
  write_npy(folder.path / "y.npy", {6}, std::vector<std::int64_t>{0, 0, 1, 1, 2, 0});
  write_npy(folder.path / "W.npy", {4, 3}, std::vector<double>(values, values + 12));
  write_npy(folder.path / "narrow.npy", {4, 2}, std::vector<double>(values, values + 8));
  const std::string arrays = " --embeddings " + (folder.path / "E.npy").string() + " --labels " +
                             (folder.path / "y.npy").string();

  const Answer mined = probe("miner batch_hard" + arrays);
  REQUIRE(mined.code == 0);
  const Json triplets = Json::parse(mined.text);
  CHECK(triplets["triplets"].size() == 3);
  // Anchors come class by class.
  CHECK(triplets["triplets"][0] == Json({0, 1, 5, 2, 3}));
  write_file_whole(folder.path / "T.json", mined.text);

  const Answer lost =
      probe("loss triplet --parameters '{\"margin\": 0.5}'" + arrays + " --tuples " +
            (folder.path / "T.json").string() + " --gradients " + (folder.path / "g").string());
  REQUIRE(lost.code == 0);
  const Json answer = Json::parse(lost.text);
  Random random(1);
  const Outcome expected = evaluate(*make_loss(R"({"plugin": "triplet", "margin": 0.5})"), batch,
                                    make_miner("\"batch_hard\"")->mine(batch, random));
  CHECK(answer["value"].get<double>() == doctest::Approx(expected.value).epsilon(1e-14));
  CHECK(answer["state"].empty());
  CHECK(largest_difference(read_tensor(answer["gradients"]["embeddings"].get<std::string>()),
                           expected.embeddings) < 1e-15);

  // Four classes, as the state given has: the labels show three.
  const Answer proxies =
      probe("loss proxy_anchor" + arrays + " --state proxies=" + (folder.path / "W.npy").string() +
            " --gradients " + (folder.path / "g").string());
  REQUIRE(proxies.code == 0);
  CHECK(Json::parse(proxies.text)["state"] == Json({"proxies"}));
  CHECK(read_npy(folder.path / "g/proxies.npy").shape == Shape{4, 3});

  const Answer narrow = probe("loss proxy_anchor" + arrays +
                              " --state proxies=" + (folder.path / "narrow.npy").string());
  CHECK(narrow.code == 2);
  CHECK(narrow.text.ends_with("narrow.npy: its shape is (4, 2), \"proxies\" has (3, 3)\n"));
  const Answer pairs = probe("miner all" + arrays);
  CHECK(Json::parse(pairs.text)["pairs"]["positive"][0] == Json({0, 0, 1, 1, 2, 3, 5, 5}));
}

}  // namespace
