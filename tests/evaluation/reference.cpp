// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <cstdlib>
#include <metriclab/data/npy.hpp>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/plugin/file.hpp>

#include "evaluate.hpp"

namespace {

using namespace metriclab;

std::vector<std::int32_t> labels(const std::filesystem::path& file) {
  const auto values = read_npy(file).as_integers();
  return {values.begin(), values.end()};
}

MatrixF embeddings(const std::filesystem::path& file) {
  return read_npy_matrix(file).cast<float>();
}

TEST_CASE("retrieval and agreement give the reference values of pytorch-metric-learning 2.8.1") {
  const char* reference = std::getenv("METRICLAB_REFERENCE");
  if (reference == nullptr) {
    MESSAGE("skipped: there are no reference values here");
    return;
  }
  const std::filesystem::path folder = std::filesystem::path(reference) / "deep/accuracy";
  const Embedded gallery =
      embedded(embeddings(folder / "embeddings_B32.npy"), labels(folder / "labels_B32.npy"));
  const Embedded query =
      embedded(embeddings(folder / "query_B32.npy"), labels(folder / "query_labels_B32.npy"));
  const std::vector<std::int32_t> clusters = labels(folder / "clusters_B32.npy");
  std::map<std::int32_t, std::int64_t> sizes;
  for (std::int32_t label : gallery.labels()) ++sizes[label];
  std::int64_t greatest = 0;
  for (const auto& [label, size] : sizes) greatest = std::max(greatest, size);

  int values = 0;
  const Value cases = parse_json(read_file(folder / "accuracy_B32.json"));
  for (const Value& is : cases.at("cases").as_list()) {
    const bool itself = is.at("mode").as_string().starts_with("query=reference");
    Value parameters = Value::object();
    // "max_bin_count": as many neighbours as the greatest class can give.
    if (is.at("k").is_integer()) parameters.set("k", is.at("k"));
    if (is.at("k").is_string()) parameters.set("k", greatest - (itself ? 1 : 0));
    if (!itself) parameters.set("gallery", "train");
    if (is.at("avg_of_avgs").as_boolean()) parameters.set("average", "classes");
    CAPTURE(to_json_text(parameters, -1));
    const std::map<std::string, std::string> names = {{"mean_average_precision", "map"},
                                                      {"mean_average_precision_at_r", "map_at_r"},
                                                      {"mean_reciprocal_rank", "mrr"},
                                                      {"precision_at_1", "precision_at_1"},
                                                      {"r_precision", "r_precision"}};
    const auto check = [&](const Embedded& queries, const std::string& name, double expected) {
      if (name == "NMI" || name == "AMI") {
        const double found = name == "NMI"
                                 ? normalized_mutual_information(gallery.labels(), clusters)
                                 : adjusted_mutual_information(gallery.labels(), clusters);
        CHECK(std::abs(found - expected) < 1e-9);
        ++values;
        return;
      }
      const auto found = itself ? evaluate("retrieval", queries, {}, to_json_text(parameters))
                                : evaluate("retrieval", queries, gallery, to_json_text(parameters));
      CAPTURE(name);
      // That package adds up reciprocal ranks in float32.
      CHECK(std::abs(found.at(names.at(name)).value - expected) <
            (name == "mean_reciprocal_rank" ? 1e-6 : 1e-9));
      ++values;
    };
    for (const Value::Member& member : is.at("values").as_object()) {
      if (member.value.is_number()) {
        check(itself ? gallery : query, member.key, member.value.as_number());
        continue;
      }
      // One value for each class with any query: those of the class alone, against the whole
      // gallery.
      if (itself) continue;
      std::size_t at = 0;
      std::map<std::int32_t, Indices> members;
      for (std::size_t i = 0; i < query.labels().size(); ++i)
        if (sizes.contains(query.labels()[i]))
          members[query.labels()[i]].push_back(static_cast<std::int64_t>(i));
      REQUIRE(members.size() == member.value.as_list().size());
      for (const auto& [label, indices] : members)
        check(embedded(query.embeddings(indices, Eigen::all),
                       std::vector<std::int32_t>(indices.size(), label)),
              member.key, member.value.as_list()[at++].as_number());
    }
  }
  CHECK(values > 80);
}

}  // namespace
