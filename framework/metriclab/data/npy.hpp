// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/data/examples.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace metriclab {

/// An array of NumPy's .npy format (numpy.lib.format, versions 1 to 3), in C order and the
/// machine's byte order. Types read: float32, float64, int32, int64, uint8 as they are, bool as
/// uint8, float16 as float32, int8, int16 and uint16 as int32, uint32 and uint64 as int64; of
/// either byte order.
struct NpyArray {
  Shape shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int32_t>,
               std::vector<std::int64_t>, std::vector<std::uint8_t>>
      values;
  std::vector<double> as_double() const;
  std::vector<float> as_float() const;
  std::vector<std::int64_t> as_integers() const;
};

/// Throws Error naming the file: not an .npy file, cut short, an unknown type. Fortran order is
/// transposed.
NpyArray read_npy(const std::filesystem::path& file);
/// The same from bytes in memory (a member of an .npz); `name` for messages.
NpyArray parse_npy(const std::string& bytes, const std::string& name);
/// The shape alone; the values are not read.
Shape read_npy_shape(const std::filesystem::path& file);
/// The examples of a float32 or float64 array in C order, along its first axis, without reading
/// them: the file is mapped into memory. Nothing for arrays of other types, in Fortran order, or
/// without examples. Throws Error as read_npy does.
std::optional<Examples> map_npy_examples(const std::filesystem::path& file);
/// A (rows × columns) array of any of the types, as float64; a vector is one column.
Matrix read_npy_matrix(const std::filesystem::path& file);

// Each writes the file whole or not at all.
void write_npy(const std::filesystem::path& file, const Shape& shape,
               const std::vector<float>& values);
void write_npy(const std::filesystem::path& file, const Shape& shape,
               const std::vector<double>& values);
void write_npy(const std::filesystem::path& file, const Shape& shape,
               const std::vector<std::int64_t>& values);
void write_npy(const std::filesystem::path& file, const Matrix& matrix);
void write_npy(const std::filesystem::path& file, const MatrixF& matrix);

}  // namespace metriclab
