// SPDX-License-Identifier: BSD-3-Clause
//
// Exact nearest neighbours, within a set and of queries in a gallery, against a matrix product of
// the same size, and against Faiss where it is installed. All are run in turns, so that a busy
// machine slows all alike, and ratios are medians of those of each turn. With one thread what
// counts is the process's CPU time, which the machine's other work touches least; with more, whose
// waiting takes CPU time as well, the wall's.
//
//     search [TURNS] [N…]
#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <metriclab/neighbors/ranking.hpp>
#include <metriclab/neighbors/search.hpp>
#include <metriclab/plugin/random.hpp>
#include <vector>

#ifdef METRICLAB_FAISS
#include <faiss/IndexFlat.h>
#include <omp.h>
#endif

namespace {

using namespace metriclab;

MatrixF normal(std::int64_t n, std::int64_t d, Random random) {
  return MatrixF::NullaryExpr(n, d, [&] { return static_cast<float>(random.normal()); });
}

double now(int threads) {
  if (threads > 1)
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Seconds of each, turn by turn: times[what][turn].
std::vector<std::vector<double>> seconds(const std::vector<std::function<void()>>& what, int turns,
                                         int threads) {
  std::vector<std::vector<double>> times(what.size());
  for (int turn = 0; turn < turns; ++turn)
    for (std::size_t i = 0; i < what.size(); ++i) {
      const double start = now(threads);
      what[i]();
      times[i].push_back(now(threads) - start);
    }
  return times;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

double median_ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < a.size(); ++i) ratios.push_back(a[i] / b[i]);
  return median(ratios);
}

/// `points` against themselves: the whole product, in pieces of 1024 rows.
void multiply(const MatrixF& points, MatrixF& products) {
  const auto n = static_cast<blasint>(points.rows()), d = static_cast<blasint>(points.cols());
  for (blasint i = 0; i < n; i += 1024)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, std::min(1024, n - i), n, d, 1,
                points.row(i).data(), d, points.data(), d, 0, products.data(), n);
}

void set_threads(int threads) {
  openblas_set_num_threads(threads);
#ifdef METRICLAB_FAISS
  omp_set_num_threads(threads);
#endif
}

void compare(std::int64_t n, std::int64_t d, std::int64_t k, int threads, int turns) {
  set_threads(threads);
  const MatrixF points = normal(n, d, Random(1, "points"));
  MatrixF products(std::min<std::int64_t>(n, 1024), n);
  std::vector<std::function<void()>> what = {
      [&] { multiply(points, products); },
      [&] { nearest_neighbors(points, k, Distance::euclidean, threads); },
      [&] { nearest_neighbors(points, points, k, Distance::euclidean, threads); },
  };
#ifdef METRICLAB_FAISS
  std::vector<float> distances(static_cast<std::size_t>(n * k));
  std::vector<std::int64_t> indices(static_cast<std::size_t>(n * k));
  faiss::IndexFlatL2 index(static_cast<int>(d));
  index.add(n, points.data());
  what.push_back([&] { index.search(n, points.data(), k, distances.data(), indices.data()); });
#endif
  const auto times = seconds(what, turns, threads);
  fmt::print("{:>6} {:>4} {:>4} {:>7} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.2f} {:>9.2f}", n, d, k,
             threads, median(times[0]), median(times[1]), median(times[2]),
             median_ratio(times[1], times[0]), median_ratio(times[2], times[0]));
  if (times.size() > 3)
    fmt::print(" {:>9.3f} {:>9.2f} {:>11.2f} {:>14.2f}", median(times[3]),
               median_ratio(times[3], times[0]), median_ratio(times[3], times[1]),
               median_ratio(times[3], times[2]));
  fmt::print("\n");
  std::fflush(stdout);
}

void compare_ranking(std::int64_t n, std::int64_t d, std::int64_t classes, int turns) {
  const MatrixF points = normal(n, d, Random(2));
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  MatrixF products(std::min<std::int64_t>(n, 1024), n);
  const auto times = seconds({[&] { multiply(points, products); },
                              [&] {
                                rank_same_class(points, labels, Distance::euclidean,
                                                [](std::int64_t, const auto&) {});
                              }},
                             turns, 1);
  fmt::print("{:>6} {:>4} {:>7} {:>9.3f} {:>9.3f} {:>9.2f}\n", n, d, classes, median(times[0]),
             median(times[1]), median_ratio(times[1], times[0]));
}

}  // namespace

int main(int count, char** arguments) {
  const int turns = count > 1 ? std::atoi(arguments[1]) : 5;
  std::vector<std::int64_t> sizes;
  for (int i = 2; i < count; ++i) sizes.push_back(std::atoll(arguments[i]));
  if (sizes.empty()) sizes = {20000, 60000};
  fmt::print("OpenBLAS {}, {} turns; seconds, and medians of ratios\n", openblas_get_corename(),
             turns);
  fmt::print("{:>6} {:>4} {:>4} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>14}\n",
             "n", "d", "k", "threads", "product", "self", "gallery", "self/pr", "gal/pr", "faiss",
             "faiss/pr", "faiss/self", "faiss/gallery");
  for (const std::int64_t n : sizes)
    for (const int threads : {1, 2})
      for (const std::int64_t k : {10, 100}) compare(n, 128, k, threads, turns);
  set_threads(1);
  fmt::print("\nfull ranking within a set: a matrix product, the ranking, their ratio\n");
  fmt::print("{:>6} {:>4} {:>7} {:>9} {:>9} {:>9}\n", "n", "d", "classes", "product", "ranking",
             "ratio");
  for (std::int64_t classes : {10, 100, 1000}) compare_ranking(10000, 128, classes, turns);
}
