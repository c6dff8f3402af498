// SPDX-License-Identifier: BSD-3-Clause
#include <zlib.h>

#include <bit>
#include <limits>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>

namespace {

using namespace metriclab;

/// The content of a file, unpacked if it is gzipped.
std::string read_unpacked(const std::string& name) {
  std::string packed = read_file(name);
  if (!packed.starts_with("\x1f\x8b")) return packed;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw Error(name + ": zlib can't be started");
  std::string unpacked, block(1 << 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    status = inflate(&stream, Z_NO_FLUSH);
    unpacked.append(block.data(), block.size() - stream.avail_out);
  }
  const std::string reason = stream.msg != nullptr ? stream.msg : "it is cut short";
  inflateEnd(&stream);
  if (status != Z_STREAM_END)
    throw Error(name + ": can't be unpacked: " + reason + "; fetch it again");
  return unpacked;
}

struct IdxArray {
  std::string name;
  char type = 0;
  Shape shape;
  std::string bytes;
  std::size_t start = 0;
};

std::size_t width_of(char type) {
  switch (type) {
    case 0x08:
    case 0x09:
      return 1;
    case 0x0b:
      return 2;
    case 0x0c:
    case 0x0d:
      return 4;
    case 0x0e:
      return 8;
    default:
      return 0;
  }
}

/// A big-endian number of `width` bytes.
std::uint64_t big_endian(const std::string& bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

IdxArray read_idx(const std::string& name) {
  IdxArray array{.name = name, .type = 0, .shape = {}, .bytes = read_unpacked(name), .start = 0};
  const std::string& bytes = array.bytes;
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0 || width_of(bytes[2]) == 0 || bytes[3] < 1)
    throw Error(name +
                ": is not an IDX file; it would begin with two zeros, a type of 8, 9 or 11 to 14, "
                "and the number of axes");
  array.type = bytes[2];
  array.start = 4 + 4 * static_cast<std::size_t>(bytes[3]);
  if (bytes.size() < array.start) throw Error(name + ": is cut short in its header");
  std::size_t size = width_of(array.type);
  for (std::size_t at = 4; at < array.start; at += 4) {
    array.shape.push_back(static_cast<std::int64_t>(big_endian(bytes, at, 4)));
    if (__builtin_mul_overflow(size, static_cast<std::size_t>(array.shape.back()), &size))
      size = std::numeric_limits<std::size_t>::max();
  }
  if (bytes.size() - array.start != size)
    throw Error(name + ": has " + std::to_string(bytes.size() - array.start) +
                " bytes of values instead of " + std::to_string(size) + "; fetch it again");
  return array;
}

double value_of(const IdxArray& array, std::size_t i) {
  const std::size_t width = width_of(array.type);
  const std::uint64_t bits = big_endian(array.bytes, array.start + i * width, width);
  switch (array.type) {
    case 0x08:
      return static_cast<double>(bits);
    case 0x09:
      return static_cast<std::int8_t>(bits);
    case 0x0b:
      return static_cast<std::int16_t>(bits);
    case 0x0c:
      return static_cast<std::int32_t>(bits);
    case 0x0d:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    default:
      return std::bit_cast<double>(bits);
  }
}

/// The format of MNIST and its kin: images (n × H × W) become (1, H, W), other shapes stay.
/// Unsigned bytes are pixels and are scaled to [0, 1]; other types keep their values. float32, save
/// for types 12 (int32) and 14 (float64): float64.
class Idx final : public Dataset {
 public:
  static void describe(Description<Idx>& is) {
    is.summary("images and labels in MNIST's IDX format, gzipped or not");
    is.source("LeCun, Cortes, Burges. The MNIST database of handwritten digits. 1998");
    is.parameter("images", &Idx::images,
                 "the examples (n, ...); unsigned bytes are scaled to [0, 1]")
        .required();
    is.parameter("labels", &Idx::labels,
                 "the labels (n), of an integer type; null when there are none");
  }

  std::vector<std::filesystem::path> files(const Places& places) const override {
    std::vector<std::filesystem::path> files = {places.find(images)};
    if (labels) files.push_back(places.find(*labels));
    return files;
  }

  Data load(const Places& places) const override {
    const IdxArray array = read_idx(places.find(images).string());
    Shape shape(array.shape.begin() + 1, array.shape.end());
    if (shape.empty()) shape.push_back(1);
    if (shape.size() == 2) shape.insert(shape.begin(), 1);
    std::size_t count = static_cast<std::size_t>(array.shape[0]);
    for (std::int64_t size : shape) count *= static_cast<std::size_t>(size);
    if (count == 0) throw Error(array.name + ": has no values");
    Data data;
    if (array.type == 0x0c || array.type == 0x0e) {
      std::vector<double> values(count);
      for (std::size_t i = 0; i < count; ++i) values[i] = value_of(array, i);
      data.examples = Examples(shape, std::move(values));
    } else {
      constexpr double kMostInk = 255;
      const double scale = array.type == 0x08 ? kMostInk : 1;
      std::vector<float> values(count);
      for (std::size_t i = 0; i < count; ++i)
        values[i] = static_cast<float>(value_of(array, i) / scale);
      data.examples = Examples(shape, std::move(values));
    }
    check_finite(data.examples, array.name);
    if (labels) data.columns = {read_labels(places.find(*labels).string(), data.size())};
    return data;
  }

 private:
  static LabelColumn read_labels(const std::string& name, std::int64_t n) {
    const IdxArray array = read_idx(name);
    if (array.type == 0x0d || array.type == 0x0e)
      throw Error(name + ": labels are of an integer type, these are floating-point");
    if (array.shape != Shape{n})
      throw Error(name + ": has " + std::to_string(array.shape[0]) + " labels in " +
                  std::to_string(array.shape.size()) + " axes for " + std::to_string(n) +
                  " examples");
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
      texts.push_back(std::to_string(static_cast<std::int64_t>(value_of(array, i))));
    LabelColumn column = label_column("class", texts);
    check_classes(column, name);
    return column;
  }

  std::string images;
  std::optional<std::string> labels;
};

METRICLAB_PLUGIN(Idx, "idx");

}  // namespace
