// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <metriclab/data/npy.hpp>
#include <metriclab/neighbors/gallery_file.hpp>
#ifdef __unix__
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace metriclab {
namespace {

constexpr std::int64_t kBlockBytes = std::int64_t{64} << 20;

/// Takes what lies wholly in these bytes of a mapped file out of memory; it is read again where it
/// is needed again.
void drop(const void* begin, const void* end) {
#ifdef __unix__
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t first = (reinterpret_cast<std::uintptr_t>(begin) + page - 1) / page * page;
  const std::uintptr_t last = reinterpret_cast<std::uintptr_t>(end) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
#else
  static_cast<void>(begin);
  static_cast<void>(end);
#endif
}

}  // namespace

GalleryFile::GalleryFile(const std::filesystem::path& file, std::int64_t block) : block_(block) {
  const Shape shape = read_npy_shape(file);
  if (shape.size() != 2)
    throw Error(fmt::format("{}: its shape is ({}); embeddings have two axes, (n, d)",
                            file.string(), fmt::join(shape, ", ")));
  n_ = shape[0];
  d_ = shape[1];
  const std::int64_t row = std::max<std::int64_t>(d_, 1) * static_cast<std::int64_t>(sizeof(float));
  if (block_ <= 0) block_ = std::max<std::int64_t>(1, kBlockBytes / row);
  mapped_ = map_npy_examples(file);
  if (mapped_) return;
  const std::vector<float> values = read_npy(file).as_float();
  read_ = Eigen::Map<const MatrixF>(values.data(), n_, d_);
}

void GalleryFile::for_each_block(
    const std::function<void(std::int64_t, Rows<float>)>& visit) const {
  MatrixF converted;
  for (std::int64_t begin = 0; begin < n_; begin += block_) {
    const std::int64_t count = std::min(block_, n_ - begin);
    if (!mapped_) {
      visit(begin, Rows<float>(read_.middleRows(begin, count)));
    } else if (mapped_->is_double()) {
      const double* values = mapped_->doubles().data() + begin * d_;
      converted = Eigen::Map<const Matrix>(values, count, d_).cast<float>();
      drop(values, values + count * d_);
      visit(begin, Rows<float>(converted));
    } else {
      const float* values = mapped_->floats().data() + begin * d_;
      visit(begin, Rows<float>(Eigen::Map<const MatrixF>(values, count, d_)));
      drop(values, values + count * d_);
    }
  }
}

}  // namespace metriclab
