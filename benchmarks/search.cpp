// SPDX-License-Identifier: BSD-3-Clause
//
// Exact nearest neighbours against a matrix product of the same size, and against Faiss where it is
// installed. Each time is the median of five runs on one thread, taken in turns, so that a busy
// machine slows all alike.
#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
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

/// Medians over five rounds in which each is run once.
std::vector<double> seconds(const std::vector<std::function<void()>>& what) {
  std::vector<std::array<double, 5>> times(what.size());
  for (std::size_t round = 0; round < 5; ++round)
    for (std::size_t i = 0; i < what.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      what[i]();
      times[i][round] =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
  std::vector<double> medians;
  for (auto& of : times) {
    std::sort(of.begin(), of.end());
    medians.push_back(of[2]);
  }
  return medians;
}

void compare(std::int64_t q, std::int64_t n, std::int64_t d, std::int64_t k) {
  const MatrixF query = normal(q, d, Random(1, "query")),
                gallery = normal(n, d, Random(1, "gallery"));
  const std::int64_t rows = std::min<std::int64_t>(q, 1024);
  MatrixF products(rows, n);
  std::vector<std::function<void()>> what = {
      [&] {
        for (std::int64_t i = 0; i < q; i += rows)
          cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans,
                      static_cast<blasint>(std::min(rows, q - i)), static_cast<blasint>(n),
                      static_cast<blasint>(d), 1, query.data() + i * d, static_cast<blasint>(d),
                      gallery.data(), static_cast<blasint>(d), 0, products.data(),
                      static_cast<blasint>(n));
      },
      [&] { nearest_neighbors(query, gallery, k); },
  };
#ifdef METRICLAB_FAISS
  std::vector<float> distances(static_cast<std::size_t>(q * k));
  std::vector<std::int64_t> indices(static_cast<std::size_t>(q * k));
  faiss::IndexFlatL2 index(static_cast<int>(d));
  index.add(n, gallery.data());
  what.push_back([&] { index.search(q, query.data(), k, distances.data(), indices.data()); });
#endif
  const std::vector<double> times = seconds(what);
  fmt::print("{:>6} {:>6} {:>4} {:>4} {:>10.4f} {:>10.4f} {:>8.2f}", q, n, d, k, times[0], times[1],
             times[1] / times[0]);
  if (times.size() > 2) fmt::print(" {:>10.4f} {:>12.2f}", times[2], times[1] / times[2]);
  fmt::print("\n");
}

void compare_ranking(std::int64_t n, std::int64_t d, std::int64_t classes) {
  const MatrixF points = normal(n, d, Random(2));
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  MatrixF products(std::min<std::int64_t>(n, 1000), n);
  const auto times = seconds({
      [&] {
        for (std::int64_t i = 0; i + products.rows() <= n; i += products.rows())
          products.noalias() = points.middleRows(i, products.rows()) * points.transpose();
      },
      [&] {
        rank_same_class(points, labels, Distance::euclidean, [](std::int64_t, const auto&) {});
      },
  });
  fmt::print("{:>6} {:>4} {:>7} {:>10.4f} {:>10.4f} {:>8.2f}\n", n, d, classes, times[0], times[1],
             times[1] / times[0]);
}

}  // namespace

int main() {
  openblas_set_num_threads(1);
#ifdef METRICLAB_FAISS
  omp_set_num_threads(1);
#endif
  fmt::print(
      "nearest neighbours: seconds of a matrix product, of the search, their ratio; of Faiss, "
      "ratio to it\n");
  fmt::print("{:>6} {:>6} {:>4} {:>4} {:>10} {:>10} {:>8} {:>10} {:>12}\n", "q", "n", "d", "k",
             "product", "search", "ratio", "faiss", "search/faiss");
  for (std::int64_t d : {16, 64, 128, 512})
    for (std::int64_t k : {1, 10, 100}) compare(4000, 20000, d, k);
  fmt::print(
      "\nfull ranking within a set: seconds of a matrix product, of the ranking, their ratio\n");
  fmt::print("{:>6} {:>4} {:>7} {:>10} {:>10} {:>8}\n", "n", "d", "classes", "product", "ranking",
             "ratio");
  for (std::int64_t classes : {10, 100, 1000}) compare_ranking(10000, 128, classes);
}
