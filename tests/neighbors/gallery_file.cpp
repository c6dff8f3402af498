// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <metriclab/data/npy.hpp>
#include <metriclab/neighbors/search.hpp>

#include "points.hpp"

namespace {

using namespace metriclab;

/// A file in a folder of its own, gone with the test.
struct File {
  File() { std::filesystem::create_directory(folder); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { std::filesystem::remove_all(folder); }
  std::filesystem::path folder = std::filesystem::temp_directory_path() /
                                 fmt::format("metriclab-gallery-{}", getpid()),
                        path = folder / "gallery.npy";
};

void require_same(const Neighbors<float>& a, const Neighbors<float>& b) {
  CHECK(a.indices == b.indices);
  CHECK(a.distances == b.distances);
}

TEST_CASE("a gallery in a file gives what the same gallery in memory gives") {
  const File file;
  for (Distance by : {Distance::euclidean, Distance::cosine, Distance::dot, Distance::bilinear,
                      Distance::manhattan, Distance::chi_squared, Distance::poincare})
    for (const std::string kind : {"normal", "whole numbers", "duplicates", "one far off"}) {
      CAPTURE(kind);
      CAPTURE(to_string(by));
      const MatrixF G = fit_for(by, points<MatrixF>(kind, 1300, 6, Random(1, kind)));
      const MatrixF Q = fit_for(by, points<MatrixF>(kind, 40, 6, Random(2, kind)));
      write_npy(file.path, G);
      const auto wanted = nearest_neighbors(Q, G, 20, by);
      const double radius = wanted.distances(3, 15);
      const auto near = neighbors_within(Q, G, radius, by);
      // One block, several with a rest, and blocks of fewer than k.
      for (const std::int64_t block : {0, 500, 7}) {
        CAPTURE(block);
        const GalleryFile gallery(file.path, block);
        CHECK(gallery.n() == 1300);
        CHECK(gallery.d() == 6);
        require_same(nearest_neighbors(Q, gallery, 20, by), wanted);
        require_same(nearest_neighbors(Q, gallery, 20, by, 2), wanted);
        const auto found = neighbors_within(Q, gallery, radius, by, 2);
        CHECK(found.starts == near.starts);
        CHECK(found.indices == near.indices);
        CHECK(found.distances == near.distances);
      }
    }
}

TEST_CASE("files of other types") {
  const File file;
  const MatrixF G = points<MatrixF>("whole numbers", 50, 4, Random(3));
  const MatrixF Q = points<MatrixF>("normal", 5, 4, Random(4));
  const auto wanted = nearest_neighbors(Q, G, 6);
  write_npy(file.path, Matrix(G.cast<double>()));
  require_same(nearest_neighbors(Q, GalleryFile(file.path, 8), 6), wanted);
  std::vector<std::int64_t> integers(G.data(), G.data() + G.size());
  write_npy(file.path, {50, 4}, integers);
  require_same(nearest_neighbors(Q, GalleryFile(file.path, 8), 6), wanted);
  write_npy(file.path, MatrixF(0, 4));
  CHECK(nearest_neighbors(Q, GalleryFile(file.path), 0).indices.rows() == 5);
  CHECK(neighbors_within(Q, GalleryFile(file.path), 1).starts == Indices{0, 0, 0, 0, 0, 0});
}

TEST_CASE("what is wrong with a file is said, with the example's own number") {
  const File file;
  const MatrixF Q = MatrixF::Zero(2, 3);
  write_npy(file.path, {12}, std::vector<float>(12));
  CHECK_THROWS_WITH_AS(
      GalleryFile{file.path},
      (file.path.string() + ": its shape is (12); embeddings have two axes, (n, d)").c_str(),
      Error);
  MatrixF G = MatrixF::Zero(10, 3);
  G(8, 1) = std::numeric_limits<float>::quiet_NaN();
  write_npy(file.path, G);
  const GalleryFile gallery(file.path, 4);
  CHECK_THROWS_WITH_AS(
      nearest_neighbors(Q, gallery, 1),
      "gallery example 8 has the value nan in dimension 1; finite values are needed", Error);
  CHECK_THROWS_WITH_AS(nearest_neighbors(Q, gallery, 11),
                       "11 neighbours are asked for in a gallery of 10 examples; at most 10",
                       Error);
  CHECK_THROWS_WITH_AS(nearest_neighbors(MatrixF(MatrixF::Zero(2, 4)), gallery, 1),
                       "queries have 4 dimensions, the gallery has 3; they must be the same",
                       Error);
  G(8, 1) = 1;
  write_npy(file.path, G);
  CHECK_THROWS_WITH_AS(nearest_neighbors(Q, GalleryFile(file.path, 4), 1, Distance::poincare),
                       "gallery example 8 has the length 1; the distance \"poincare\" compares "
                       "embeddings in the Poincaré ball, which are shorter than 1",
                       Error);
  std::ofstream(file.path, std::ios::trunc) << "no array";
  CHECK_THROWS_AS(GalleryFile{file.path}, Error);
}

/// Bytes of this process that are in memory now, of files too.
std::int64_t resident() {
  std::ifstream status("/proc/self/statm");
  std::int64_t total = 0, pages = 0;
  status >> total >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

TEST_CASE("blocks that are done with leave the memory") {
  const File file;
  // 64 MB in blocks of 1 MB, by a visitor that looks at every value.
  const MatrixF G = MatrixF::Ones(1 << 16, 256);
  write_npy(file.path, G);
  const GalleryFile gallery(file.path, 1 << 10);
  const std::int64_t before = resident();
  std::int64_t most = 0;
  double sum = 0;
  gallery.for_each_block([&](std::int64_t, Rows<float> rows) {
    for (std::int64_t i = 0; i < rows.n(); ++i)
      for (std::int64_t t = 0; t < rows.d(); ++t) sum += rows[i][t];
    most = std::max(most, resident());
  });
  CHECK(sum == 1 << 24);
  if (before > 0) CHECK(most - before < 8 << 20);
}

}  // namespace
