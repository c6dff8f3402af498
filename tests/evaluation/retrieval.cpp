// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <metriclab/plugin/file.hpp>

#include "../neighbors/naive.hpp"
#include "../neighbors/points.hpp"
#include "evaluate.hpp"

namespace {

using namespace metriclab;

/// All that the evaluator gives, curves too.
Measurement measured(const Embedded& test, const std::string& parameters,
                     const Embedded& train = {}) {
  static Registry registry(Registry::standard_folders());
  Value block = parse_json(parameters);
  block.set("plugin", "retrieval");
  const std::vector<Episode> no_episodes;
  return registry.make<Evaluator>(block)->measure(
      {.train = train, .test = test, .episodes = no_episodes, .random = Random(1)});
}

double metric(const Measurement& is, const std::string& name) {
  for (const Metric& one : is.metrics)
    if (one.name == name) return one.value;
  FAIL("no metric " << name);
  return 0;
}

MatrixF line(std::initializer_list<float> values) {
  MatrixF points(static_cast<std::int64_t>(values.size()), 1);
  std::copy(values.begin(), values.end(), points.data());
  return points;
}

LabelColumn column(std::string name, std::vector<std::int32_t> values,
                   std::vector<std::string> classes) {
  return {.name = std::move(name), .values = std::move(values), .classes = std::move(classes)};
}

/// Random examples of a class, a camera and a day each.
Embedded drawn(const std::string& kind, std::int64_t n, Random random) {
  std::vector<std::int32_t> labels, cameras, days;
  for (std::int64_t i = 0; i < n; ++i) {
    labels.push_back(static_cast<std::int32_t>(random.below(4)));
    cameras.push_back(static_cast<std::int32_t>(random.below(3)));
    days.push_back(static_cast<std::int32_t>(random.below(5)));
  }
  return {.embeddings = points<MatrixF>(kind, n, 3, random.child("points")),
          .columns = {column("class", labels, {"a", "b", "c", "d"}),
                      column("camera", cameras, {"left", "right", "top"}),
                      column("day", days, {"1", "2", "3", "4", "5"})}};
}

/// The gains of one query's whole ranking, 1 and 0, by sorting all that is in it.
std::vector<int> gains(const Embedded& is, std::int64_t i, const std::vector<bool>& gallery,
                       const std::vector<std::size_t>& exclude) {
  const auto value = [&](std::size_t c, std::int64_t j) {
    return is.columns[c].values[static_cast<std::size_t>(j)];
  };
  std::vector<int> result;
  for (std::int64_t j : naive::ranking(is.embeddings, i, is.embeddings, Distance::euclidean, i)) {
    if (!gallery[static_cast<std::size_t>(j)]) continue;
    const bool same = value(0, i) == value(0, j);
    bool out = false;
    for (std::size_t c : exclude) out = out || (same && value(c, i) == value(c, j));
    if (!out) result.push_back(same ? 1 : 0);
  }
  return result;
}

/// Each metric of such a ranking, by going through it.
std::map<std::string, double> plain(const std::vector<int>& gains) {
  double r = 0;
  for (int gain : gains) r += gain;
  std::map<std::string, double> is;
  double found = 0, dcg = 0, precisions = 0, last = 0;
  for (std::size_t g = 0; g < gains.size(); ++g) {
    const double rank = static_cast<double>(g) + 1;
    found += gains[g];
    if (gains[g] == 1) {
      precisions += found / rank;
      dcg += std::log(2) / std::log(rank + 1);
      last = rank;
      if (found == 1) is["mrr"] = 1 / rank;
    }
    if (rank == r) {
      is["r_precision"] = found / r;
      is["map_at_r"] = precisions / r;
    }
    for (const double k : {1, 3, 7}) {
      if (rank > k) continue;
      double ideal = 0;
      for (double i = 1; i <= std::min(r, k); ++i) ideal += 1 / std::log2(1 + i);
      const auto name = [&](const char* what) {
        return what + std::to_string(static_cast<int>(k));
      };
      is[name("recall_at_")] = is[name("cmc_")] = found > 0 ? 1 : 0;
      is[name("precision_at_")] = found / k;
      is[name("map_at_")] = precisions / std::min(r, k);
      is[name("ndcg_at_")] = dcg / ideal;
    }
  }
  is["map"] = precisions / r;
  is["minp"] = r / last;
  return is;
}

const std::string kAll =
    R"("recall_at": [1, 3, 7], "precision_at": [1, 3, 7], "map_at": [1, 3, 7],
       "ndcg_at": [1, 3, 7], "cmc_at": [1, 3, 7])";

void require_plain(const Embedded& is, const std::string& query, const std::string& gallery,
                   const std::vector<std::size_t>& exclude, bool by_class) {
  const auto chosen = [&](const std::string& which) {
    std::vector<bool> result(static_cast<std::size_t>(is.embeddings.rows()), which == "test");
    if (which == "test") return result;
    const std::size_t sign = which.find('=');
    for (const LabelColumn& column : is.columns)
      if (column.name == which.substr(0, sign))
        for (std::size_t i = 0; i < result.size(); ++i)
          result[i] =
              column.classes[static_cast<std::size_t>(column.values[i])] == which.substr(sign + 1);
    return result;
  };
  const std::vector<bool> asks = chosen(query), searched = chosen(gallery);
  std::map<std::int32_t, std::pair<std::map<std::string, double>, double>> sums;
  double left_out = 0;
  for (std::int64_t i = 0; i < is.embeddings.rows(); ++i) {
    if (!asks[static_cast<std::size_t>(i)]) continue;
    const auto ranking = gains(is, i, searched, exclude);
    if (std::find(ranking.begin(), ranking.end(), 1) == ranking.end()) {
      ++left_out;
      continue;
    }
    auto& [sum, count] = sums[by_class ? is.labels()[static_cast<std::size_t>(i)] : 0];
    for (const auto& [name, value] : plain(ranking)) sum[name] += value;
    ++count;
  }
  std::string names;
  for (std::size_t c : exclude)
    names += (names.empty() ? "\"" : ", \"") + is.columns[c].name + "\"";
  const Measurement found =
      measured(is, "{" + kAll + R"(, "query": ")" + query + R"(", "gallery": ")" + gallery +
                       R"(", "exclude": [)" + names + R"(], "average": ")" +
                       (by_class ? "classes" : "queries") + "\"}");
  if (sums.empty()) {
    for (const Metric& one : found.metrics)
      if (one.name != "queries_left_out") RC_ASSERT(!one.reason.empty());
    return;
  }
  std::map<std::string, double> due;
  for (const auto& entry : sums)
    for (const auto& [name, value] : entry.second.first)
      due[name] += value / entry.second.second / static_cast<double>(sums.size());
  for (const auto& [name, value] : due) RC_ASSERT(std::abs(metric(found, name) - value) < 1e-12);
  RC_ASSERT(metric(found, "queries_left_out") == left_out);
  // The curve goes through cmc_K.
  const Curve& cmc = found.curves.front();
  for (std::size_t k : {1, 3, 7})
    if (k <= cmc.at.size())
      RC_ASSERT(std::abs(cmc.values[k - 1] - due["cmc_" + std::to_string(k)]) < 1e-12);
}

TEST_CASE("every metric of every choice of queries and gallery equals a walk down the ranking") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::int64_t>(8, 60);
    const auto kind =
        *rc::gen::elementOf(std::vector<std::string>{"normal", "duplicates", "all equal"});
    const auto sets = std::vector<std::string>{"test", "camera=left", "camera=right", "day=2"};
    require_plain(drawn(kind, n, Random(*rc::gen::arbitrary<std::uint64_t>())),
                  *rc::gen::elementOf(sets), *rc::gen::elementOf(sets),
                  *rc::gen::elementOf(std::vector<std::vector<std::size_t>>{{}, {1}, {1, 2}}),
                  *rc::gen::arbitrary<bool>());
  }));
}

TEST_CASE("average precision and NDCG are those of scikit-learn") {
  const char* source = std::getenv("METRICLAB_SOURCE");
  REQUIRE(source != nullptr);
  const Value is =
      parse_json(read_file(std::filesystem::path(source) / "tests/reference/retrieval.json"));
  const auto part = [&](const std::string& name) {
    const auto& rows = is.at(name).as_list();
    MatrixF points(static_cast<std::int64_t>(rows.size()), 3);
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t t = 0; t < 3; ++t)
        points(static_cast<std::int64_t>(i), static_cast<std::int64_t>(t)) =
            static_cast<float>(rows[i].as_list()[t].as_number());
      labels.push_back(
          static_cast<std::int32_t>(is.at(name + "_labels").as_list()[i].as_integer()));
    }
    return embedded(points, labels);
  };
  const Measurement found = measured(
      part("query"), R"({"gallery": "train", "ndcg_at": [1, 5, 10, 40]})", part("gallery"));
  for (const Value::Member& member : is.at("values").as_object()) {
    CAPTURE(member.key);
    double mean = 0;
    for (const Value& value : member.value.as_list())
      mean += value.as_number() / static_cast<double>(member.value.as_list().size());
    CHECK(metric(found, member.key) == doctest::Approx(mean).epsilon(1e-12));
  }
}

TEST_CASE("one gallery example of each identity: two views") {
  // Views a: 0, 10, 20 of the persons 0, 1, 2; views b: 1 (0), 19 (2), 12 (1), and 5 of nobody
  // seen.
  const Embedded test{.embeddings = line({0, 10, 20, 1, 19, 16, 5}),
                      .columns = {column("class", {0, 1, 2, 0, 2, 1, 3}, {"p", "q", "r", "s"}),
                                  column("camera", {0, 0, 0, 1, 1, 1, 1}, {"a", "b"})}};
  const Measurement found =
      measured(test, R"({"query": "camera=a", "gallery": "camera=b", "cmc_at": [1, 2, 3]})");
  // 10 sees 5 (5 away), 16 (6): the second.
  CHECK(metric(found, "cmc_1") == doctest::Approx(2.0 / 3));
  CHECK(metric(found, "cmc_2") == 1);
  CHECK(metric(found, "map") == doctest::Approx((1 + 0.5 + 1) / 3));
  REQUIRE(found.curves.size() == 1);
  CHECK(found.curves[0].name == "cmc");
  CHECK(found.curves[0].at == std::vector<double>{1, 2, 3, 4});
  CHECK(found.curves[0].values[0] == doctest::Approx(2.0 / 3));
  CHECK(found.curves[0].values[3] == 1);
  // The other way round 5 has nobody to find.
  CHECK(metric(measured(test, R"({"query": "camera=b", "gallery": "camera=a"})"),
               "queries_left_out") == 1);
}

TEST_CASE("exclusion: of the query's person and camera nothing counts, of others all") {
  // From 0 (person 0, camera 0): 1 is the same person and camera; 2 another person; 3 the same
  // person by another camera; 4 another person.
  const Embedded test{.embeddings = line({0, 1, 2, 3, 4}),
                      .columns = {column("class", {0, 0, 1, 0, 1}, {"p", "q"}),
                                  column("camera", {0, 0, 0, 1, 0}, {"a", "b"})}};
  const Measurement found = measured(test, R"({"exclude": ["camera"], "by_class": ["map"]})");
  // From 0: 2, 3 → rank 2. From 1: 2, 3 → rank 2. From 3: 2, 4, 1, 0 → ranks 3, 4. Those of person
  // 1 share their camera: none is left.
  CHECK(metric(found, "mrr") == doctest::Approx((0.5 + 0.5 + 1.0 / 3) / 3));
  CHECK(metric(found, "map") == doctest::Approx((0.5 + 0.5 + (1.0 / 3 + 2.0 / 4) / 2) / 3));
  CHECK(metric(found, "queries_left_out") == 2);
  REQUIRE(found.curves.size() == 2);
  CHECK(found.curves[1].name == "map by class");
  CHECK(found.curves[1].unit == "class");
  CHECK(found.curves[1].at == std::vector<double>{0});
  CHECK(found.curves[1].values[0] == doctest::Approx(metric(found, "map")));
  CHECK(evaluate("retrieval", test, {}, R"({"exclude": ["camera"], "query": "class=q"})")
            .at("map")
            .reason ==
        "no \"class=q\" example has an example of its class in the gallery that is "
        "not excluded");
}

TEST_CASE("what there is not is named, with what there is") {
  const Embedded test = drawn("normal", 20, Random(1));
  const auto refuses = [&](const std::string& parameters, const std::string& text) {
    CAPTURE(parameters);
    CHECK_THROWS_WITH_AS(measured(test, parameters), text.c_str(), Error);
  };
  refuses(R"({"gallery": "views=left"})",
          "gallery: there is no label column \"views\"; there is \"class\", \"camera\" and "
          "\"day\"");
  refuses(R"({"query": "camera=lefft"})",
          "query: column \"camera\" has no class \"lefft\"; did you mean \"left\"?");
  refuses(R"({"query": "camera=x"})",
          "query: column \"camera\" has no class \"x\"; there is \"left\", \"right\" and "
          "\"top\"");
  refuses(R"({"query": "validation"})",
          "query: \"validation\" is neither \"test\" nor \"train\" nor \"column=class\", as in "
          "\"camera=a\"");
  refuses(R"({"exclude": ["cameras"]})",
          "exclude: there is no label column \"cameras\"; did you mean \"camera\"?");
  refuses(R"({"by_class": ["map_at_rr"]})",
          "by_class: there is no metric \"map_at_rr\" here; did you mean \"map_at_r\"?");
}

TEST_CASE("perfect embeddings give 1; random ones what chance gives") {
  // Stochastic, with a fixed seed. Of n = 600 examples in 3 classes, each rank of a query holds one
  // of its class with the probability 199/599; a mean of 10 ranks over 600 queries deviates by
  // about √(p(1 − p) / 6000) = 0.006, that of 1 rank by 0.019.
  std::vector<std::int32_t> labels;
  MatrixF perfect(600, 2);
  for (std::int64_t i = 0; i < 600; ++i) {
    labels.push_back(static_cast<std::int32_t>(i % 3));
    perfect.row(i).setConstant(static_cast<float>(i % 3));
  }
  const std::string parameters =
      R"({"precision_at": [10], "map_at": [10], "ndcg_at": [10], "cmc_at": [5]})";
  for (const Metric& is : measured(embedded(perfect, labels), parameters).metrics)
    CHECK(is.value == doctest::Approx(is.better == Better::neither ? 0 : 1));
  const Measurement chance =
      measured(embedded(points<MatrixF>("normal", 600, 3, Random(4)), labels), parameters);
  const double p = 199.0 / 599;
  CHECK(std::abs(metric(chance, "precision_at_1") - p) < 4 * 0.019);
  CHECK(std::abs(metric(chance, "precision_at_10") - p) < 4 * 0.006);
  CHECK(std::abs(metric(chance, "ndcg_at_10") - p) < 4 * 0.01);
  CHECK(std::abs(metric(chance, "cmc_5") - (1 - std::pow(1 - p, 5))) < 4 * 0.015);
  CHECK(std::abs(metric(chance, "r_precision") - p) < 0.01);
}

TEST_CASE("odd input: k beyond the gallery, no match in it, nothing to ask or to search") {
  const Embedded test = drawn("normal", 12, Random(3));
  const auto all = evaluate("retrieval", test),
             beyond = evaluate("retrieval", test, {}, R"({"k": 99})");
  for (const auto& [name, is] : all) CHECK(beyond.at(name).value == is.value);
  const Measurement curve = measured(test, R"({"cmc": 50})");
  CHECK(curve.curves.front().at.size() == 12);
  CHECK(measured(test, R"({"cmc": 0})").curves.empty());
  const Embedded strangers = embedded(test.embeddings, std::vector<std::int32_t>(12, 7));
  const auto none = evaluate("retrieval", test, strangers, R"({"gallery": "train"})");
  CHECK(none.at("map").reason == "no test example has an example of its class in the gallery");
  CHECK(none.at("queries_left_out").value == 12);
  Embedded missing = test;
  for (std::int32_t& camera : missing.columns[1].values) camera = 0;
  CHECK(evaluate("retrieval", missing, {}, R"({"query": "camera=top"})").at("map").reason ==
        "the part \"camera=top\", which asks, is empty");
  CHECK(evaluate("retrieval", missing, {}, R"({"gallery": "camera=top"})").at("map").reason ==
        "the part \"camera=top\", the gallery, is empty");
}

TEST_CASE(
    "re-ranking: lambda 1 changes nothing; mutual neighbours bring a far one of the class near") {
  const Embedded test = drawn("normal", 40, Random(5));
  for (const std::string choice :
       {R"(, "query": "camera=left")", R"(, "exclude": ["camera"], "gallery": "camera=top")", ""}) {
    const auto plain = evaluate("retrieval", test, {}, R"({"k": 40)" + choice + "}"),
               again = evaluate("retrieval", test, {},
                                R"({"k": 40, "rerank": {"lambda": 1})" + choice + "}");
    for (const auto& [name, is] : plain) CHECK(again.at(name).value == is.value);
  }
  // A chain of one class, 0, 1, 2, 3, and one of another class at −1.5 with others of its own
  // beyond. From 0, −1.5 is nearer than 2 and 3; its neighbours are the others'.
  const Embedded chain =
      embedded(line({0, 1, 2, 3, -1.5f, -1.6f, -1.7f, -1.8f}), {0, 0, 0, 0, 1, 1, 1, 1});
  const auto before = evaluate("retrieval", chain),
             after = evaluate("retrieval", chain, {},
                              R"({"rerank": {"k1": 3, "k2": 2, "lambda": 0.01}})");
  CHECK(before.at("map").value < after.at("map").value);
  for (const auto& entry : evaluate("retrieval", test, {}, R"({"rerank": {}})", Distance::dot))
    CHECK(entry.second.reason == "it can't go by the distance \"dot\" of these embeddings");
}

}  // namespace
