// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <metriclab/data/npy.hpp>
#include <metriclab/plugin/file.hpp>
#include <numeric>

namespace metriclab {
namespace {

static_assert(std::endian::native == std::endian::little, "written for little-endian machines");

constexpr std::string_view kMagic("\x93NUMPY", 6);

/// The value of a key of the header's Python dictionary, as text: `'descr': '<f8'` gives "<f8".
std::string header_field(const std::string& header, const std::string& key,
                         const std::string& name) {
  const auto at = header.find("'" + key + "':");
  if (at == std::string::npos)
    throw Error(fmt::format("{}: its .npy header has no '{}'", name, key));
  std::size_t begin = header.find_first_not_of(' ', at + key.size() + 3);
  if (begin == std::string::npos) throw Error(fmt::format("{}: its .npy header ends early", name));
  if (header[begin] == '\'')
    return header.substr(begin + 1, header.find('\'', begin + 1) - begin - 1);
  if (header[begin] == '(') return header.substr(begin + 1, header.find(')', begin) - begin - 1);
  return header.substr(begin, header.find_first_of(",}", begin) - begin);
}

/// A float16's value (IEEE 754 binary16), which every float32 can hold.
float half_value(std::uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  const int exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
  if (exponent == 0x1f) return fraction != 0 ? std::nanf("") : sign * HUGE_VALF;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 0x400), exponent - 25);
}

/// `count` values as they are stored, turned to the machine's byte order.
template <class T>
std::vector<T> stored(const std::string& bytes, std::size_t start, std::size_t count,
                      bool swapped) {
  std::vector<T> values(count);
  if (count > 0) std::memcpy(values.data(), bytes.data() + start, count * sizeof(T));
  if (swapped)
    for (T& value : values) {
      auto* first = reinterpret_cast<unsigned char*>(&value);
      std::reverse(first, first + sizeof(T));
    }
  return values;
}

/// Values in C order.
template <class T>
std::vector<T> body(std::vector<T> values, const Shape& shape, bool fortran) {
  if (!fortran || shape.size() < 2) return values;
  const std::size_t count = values.size();
  // Column-major to row-major: walk the target, counting up its last index first.
  std::vector<T> turned(count);
  std::vector<std::size_t> stride(shape.size());
  std::size_t step = 1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    stride[axis] = step;
    step *= static_cast<std::size_t>(shape[axis]);
  }
  std::vector<std::size_t> index(shape.size(), 0);
  for (std::size_t i = 0; i < count; ++i) {
    turned[i] =
        values[std::inner_product(index.begin(), index.end(), stride.begin(), std::size_t{0})];
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < static_cast<std::size_t>(shape[axis])) break;
      index[axis] = 0;
    }
  }
  return turned;
}

template <class T>
std::vector<T> converted(const NpyArray& array) {
  return std::visit(
      [](const auto& values) {
        std::vector<T> result;
        result.reserve(values.size());
        for (auto value : values) result.push_back(static_cast<T>(value));
        return result;
      },
      array.values);
}

template <class T>
void write(const std::filesystem::path& file, const Shape& shape, const T* values,
           std::string_view descr) {
  std::size_t count = 1;
  for (std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   descr, fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes(kMagic);
  bytes += '\x01';
  bytes += '\0';
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(values), count * sizeof(T));
  write_file_whole(file, bytes);
}

}  // namespace

std::vector<double> NpyArray::as_double() const { return converted<double>(*this); }
std::vector<float> NpyArray::as_float() const { return converted<float>(*this); }
std::vector<std::int64_t> NpyArray::as_integers() const { return converted<std::int64_t>(*this); }

namespace {

struct Header {
  std::string type;      // without its byte order: "f8"
  bool swapped = false;  // big-endian
  bool fortran = false;
  Shape shape;
  std::size_t count = 1;  // of values
  std::size_t start = 0;  // of the first, in bytes
};

/// Of the whole file's bytes, which must be as many as it says.
Header parse_header(std::string_view bytes, const std::string& name) {
  if (!bytes.starts_with(kMagic) || bytes.size() < 12)
    throw Error(fmt::format("{}: is not an .npy file", name));
  const int version = bytes[6];
  if (version < 1 || version > 3)
    throw Error(fmt::format("{}: .npy version {} is unknown; 1 to 3 are read", name, version));
  std::size_t header_size = 0;
  const std::size_t prefix = version == 1 ? 10 : 12;
  std::memcpy(&header_size, bytes.data() + 8, prefix - 8);
  if (prefix + header_size > bytes.size())
    throw Error(fmt::format("{}: is cut short in its header", name));
  const std::string header(bytes.substr(prefix, header_size));
  Header is;
  is.type = header_field(header, "descr", name);
  is.fortran = header_field(header, "fortran_order", name).starts_with("True");
  const std::string shape = header_field(header, "shape", name);
  for (std::size_t at = 0; at < shape.size();) {
    const std::size_t end = std::min(shape.find(',', at), shape.size());
    if (const std::string number = shape.substr(at, end - at);
        number.find_first_not_of(" L") != std::string::npos) {
      is.shape.push_back(std::stoll(number));
      if (is.shape.back() < 0) throw Error(fmt::format("{}: its shape is ({})", name, shape));
      is.count *= static_cast<std::size_t>(is.shape.back());
    }
    at = end + 1;
  }
  is.start = prefix + header_size;
  static constexpr std::array<std::string_view, 12> kTypes = {"f2", "f4", "f8", "i1", "i2", "i4",
                                                              "i8", "u1", "u2", "u4", "u8", "b1"};
  const std::string given = is.type;
  is.swapped = given.starts_with('>');
  is.type = given.substr(std::min<std::size_t>(given.find_first_not_of("<>|="), given.size()));
  if (std::ranges::find(kTypes, is.type) == kTypes.end())
    throw Error(fmt::format(
        "{}: type '{}' is not read; convert it to float32, float64, int32, int64 or uint8", name,
        given));
  const auto size = static_cast<std::size_t>(is.type[1] - '0');
  if (bytes.size() - is.start < is.count * size)
    throw Error(fmt::format("{}: is cut short: {} bytes of values instead of {}", name,
                            bytes.size() - is.start, is.count * size));
  return is;
}

}  // namespace

NpyArray parse_npy(const std::string& bytes, const std::string& name) {
  const Header header = parse_header(bytes, name);
  NpyArray array;
  array.shape = header.shape;
  auto read = [&]<class T>(T) {
    return body(stored<T>(bytes, header.start, header.count, header.swapped), array.shape,
                header.fortran);
  };
  auto as = [&]<class T, class Wide>(T narrow, Wide) {
    const std::vector<T> values = read(narrow);
    array.values = std::vector<Wide>(values.begin(), values.end());
  };
  if (header.type == "f4")
    array.values = read(float{});
  else if (header.type == "f8")
    array.values = read(double{});
  else if (header.type == "i4")
    array.values = read(std::int32_t{});
  else if (header.type == "i8")
    array.values = read(std::int64_t{});
  else if (header.type == "i1")
    as(std::int8_t{}, std::int32_t{});
  else if (header.type == "i2")
    as(std::int16_t{}, std::int32_t{});
  else if (header.type == "u2")
    as(std::uint16_t{}, std::int32_t{});
  else if (header.type == "u4")
    as(std::uint32_t{}, std::int64_t{});
  else if (header.type == "u8") {
    for (std::uint64_t value : read(std::uint64_t{}))
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        throw Error(
            fmt::format("{}: {} is beyond the integers that are read, of 63 bits", name, value));
    as(std::uint64_t{}, std::int64_t{});
  } else if (header.type == "f2") {
    std::vector<float> values;
    for (std::uint16_t bits : read(std::uint16_t{})) values.push_back(half_value(bits));
    array.values = std::move(values);
  } else {
    array.values = read(std::uint8_t{});
  }
  return array;
}

namespace {

/// The file's bytes without reading them, or nothing where they can't be mapped.
std::shared_ptr<boost::interprocess::mapped_region> mapped(const std::filesystem::path& file) {
  namespace ipc = boost::interprocess;
  try {
    const ipc::file_mapping mapping(file.c_str(), ipc::read_only);
    return std::make_shared<ipc::mapped_region>(mapping, ipc::read_only);
  } catch (const ipc::interprocess_exception&) {
    return nullptr;  // a pipe, an empty file, none: reading says what is the matter
  }
}

std::string_view text_of(const boost::interprocess::mapped_region& region) {
  return {static_cast<const char*>(region.get_address()), region.get_size()};
}

}  // namespace

Shape read_npy_shape(const std::filesystem::path& file) {
  if (const auto region = mapped(file)) return parse_header(text_of(*region), file.string()).shape;
  return read_npy(file).shape;
}

std::optional<Examples> map_npy_examples(const std::filesystem::path& file) {
  const auto region = mapped(file);
  if (!region) return std::nullopt;
  const Header header = parse_header(text_of(*region), file.string());
  if (header.fortran || header.swapped || header.count == 0 || header.shape.empty() ||
      header.start % 8 != 0)
    return std::nullopt;
  Shape shape(header.shape.begin() + 1, header.shape.end());
  if (shape.empty()) shape.push_back(1);
  const char* values = text_of(*region).data() + header.start;
  if (header.type == "f4")
    return Examples(std::move(shape),
                    std::span(reinterpret_cast<const float*>(values), header.count), region);
  if (header.type == "f8")
    return Examples(std::move(shape),
                    std::span(reinterpret_cast<const double*>(values), header.count), region);
  return std::nullopt;
}

NpyArray read_npy(const std::filesystem::path& file) {
  return parse_npy(read_file(file), file.string());
}

Matrix read_npy_matrix(const std::filesystem::path& file) {
  const NpyArray array = read_npy(file);
  if (array.shape.empty() || array.shape.size() > 2)
    throw Error(fmt::format("{}: has {} axes; a matrix has 2", file.string(), array.shape.size()));
  const std::vector<double> values = array.as_double();
  return Eigen::Map<const Matrix>(values.data(), array.shape[0],
                                  array.shape.size() == 2 ? array.shape[1] : 1);
}

void write_npy(const std::filesystem::path& file, const Shape& shape,
               const std::vector<float>& values) {
  write(file, shape, values.data(), "<f4");
}
void write_npy(const std::filesystem::path& file, const Shape& shape,
               const std::vector<double>& values) {
  write(file, shape, values.data(), "<f8");
}
void write_npy(const std::filesystem::path& file, const Shape& shape,
               const std::vector<std::int64_t>& values) {
  write(file, shape, values.data(), "<i8");
}
void write_npy(const std::filesystem::path& file, const Matrix& matrix) {
  write(file, {matrix.rows(), matrix.cols()}, matrix.data(), "<f8");
}
void write_npy(const std::filesystem::path& file, const MatrixF& matrix) {
  write(file, {matrix.rows(), matrix.cols()}, matrix.data(), "<f4");
}

}  // namespace metriclab
