// SPDX-License-Identifier: BSD-3-Clause
//
// What a full ranking and all retrieval metrics cost, against the search of ten neighbours and a
// matrix product of the same size. Medians of three rounds (of one for n above 30000) on one
// thread, taken in turns, of the processor's time, so that a busy machine tells as little as may
// be.
//
//     retrieval [n = 60000] [d = 128] [the evaluator's parameters] [one number of classes]
#include <cblas.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/neighbors/ranking.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>

namespace {

using namespace metriclab;

/// Normal classes of unit deviation, whose centres are normal with `apart` as deviation: 0, all
/// classes are one; 0.35, what is learned with some errors; 1, apart.
Embedded classes(std::int64_t n, std::int64_t d, std::int64_t n_classes, double apart) {
  Random random(3);
  MatrixF points(n, d), centres(n_classes, d);
  for (std::int64_t i = 0; i < centres.size(); ++i)
    centres.data()[i] = static_cast<float>(apart * random.normal());
  LabelColumn column{.name = "class", .values = {}, .classes = {}};
  for (std::int64_t i = 0; i < n; ++i) {
    column.values.push_back(static_cast<std::int32_t>(i % n_classes));
    for (std::int64_t t = 0; t < d; ++t)
      points(i, t) = centres(i % n_classes, t) + static_cast<float>(random.normal());
  }
  for (std::int64_t c = 0; c < n_classes; ++c) column.classes.push_back(std::to_string(c));
  return {.embeddings = std::move(points), .columns = {std::move(column)}};
}

template <std::size_t n>
std::array<double, n> seconds(const std::array<std::function<void()>, n>& what,
                              std::size_t rounds) {
  std::array<std::vector<double>, n> times;
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < n; ++i) {
      const std::clock_t start = std::clock();
      what[i]();
      times[i].push_back(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
  std::array<double, n> medians{};
  for (std::size_t i = 0; i < n; ++i) {
    std::sort(times[i].begin(), times[i].end());
    medians[i] = times[i][rounds / 2];
  }
  return medians;
}

void compare(const Evaluator& retrieval, std::int64_t n, std::int64_t d, std::int64_t n_classes,
             double apart) {
  const Embedded none, test = classes(n, d, n_classes, apart);
  const std::vector<Episode> no_episodes;
  const MatrixF& points = test.embeddings;
  constexpr std::int64_t kRows = 128, kColumns = 1024;
  std::vector<float> products(static_cast<std::size_t>(kRows * kColumns));
  const auto times = seconds<4>(
      {
          [&] {
            for (std::int64_t i = 0; i < n; i += kRows)
              for (std::int64_t j = 0; j < n; j += kColumns)
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans,
                            static_cast<blasint>(std::min(kRows, n - i)),
                            static_cast<blasint>(std::min(kColumns, n - j)),
                            static_cast<blasint>(d), 1, points.data() + i * d,
                            static_cast<blasint>(d), points.data() + j * d, static_cast<blasint>(d),
                            0, products.data(), static_cast<blasint>(kColumns));
          },
          [&] { nearest_neighbors(points, 10); },
          [&] {
            rank_same_class(points, test.labels(), Distance::euclidean,
                            [](std::int64_t, const auto&) {});
          },
          [&] {
            retrieval.evaluate(
                {.train = none, .test = test, .episodes = no_episodes, .random = Random(1)});
          },
      },
      n > 30000 ? 1 : 3);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print(
      "{:>7} {:>4} {:>7} {:>5} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.2f} {:>9.2f} {:>9.0f}\n", n,
      d, n_classes, apart, times[0], times[1], times[2], times[3], times[3] / times[0],
      times[3] / times[1], static_cast<double>(usage.ru_maxrss) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  openblas_set_num_threads(1);
  const std::int64_t n = argc > 1 ? std::atoll(argv[1]) : 60000,
                     d = argc > 2 ? std::atoll(argv[2]) : 128;
  Registry registry(Registry::standard_folders());
  const auto retrieval =
      registry.make<Evaluator>(parse_json(argc > 3 ? argv[3] : R"({"plugin": "retrieval"})"));
  fmt::print(
      "processor seconds of a matrix product, of the search of 10 neighbours, of the full ranking, "
      "of the "
      "evaluator \"retrieval\";\nits ratio to the product and to the search; most memory so far in "
      "MiB\n{:>7} {:>4} {:>7} {:>5} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
      "n", "d", "classes", "apart", "product", "search", "ranking", "metrics", "/product",
      "/search", "memory");
  std::vector<std::int64_t> numbers = {10, 100, 1000, 10000};
  if (argc > 4) numbers = {std::atoll(argv[4])};
  for (const std::int64_t n_classes : numbers)
    for (const double apart : {0.35, 0.0}) compare(*retrieval, n, d, n_classes, apart);
}
