// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/data/constraint_file.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/plugin/file.hpp>

namespace metriclab {
namespace {

std::int64_t integer_of(const std::string& field, const Lines& lines) {
  const std::optional<double> number = number_of(field);
  if (!number || *number != std::floor(*number) || std::abs(*number) > 1e15)
    throw lines.error(fmt::format("\"{}\" is not an integer", field));
  return static_cast<std::int64_t>(*number);
}

std::int64_t example_of(const std::string& field, std::int64_t n, const Lines& lines) {
  const std::int64_t i = integer_of(field, lines);
  if (i < 0 || i >= n)
    throw lines.error(fmt::format("names example {}; there are 0 to {}", i, n - 1));
  return i;
}

/// Calls `add(fields, lines)` for each row, which has `n_fields`.
template <class F>
void for_each_row(const std::filesystem::path& file, std::size_t n_fields, F add) {
  const std::string text = read_file(file);
  Lines lines(text, file.string());
  bool any = false;
  for (std::string_view line; lines.next(line); any = true) {
    const std::vector<std::string> fields = fields_of(line, ',');
    if (fields.size() != n_fields)
      throw lines.error(fmt::format("has {} columns; {} are needed", fields.size(), n_fields));
    add(fields, lines);
  }
  if (!any) throw Error(fmt::format("{}: is empty", file.string()));
}

/// Rows of N integers, the first `examples` of which are numbers of examples.
template <std::size_t N>
std::vector<std::array<std::int64_t, N>> read_rows(const std::filesystem::path& file,
                                                   std::int64_t n, std::size_t examples) {
  std::vector<std::array<std::int64_t, N>> found;
  for_each_row(file, N, [&](const std::vector<std::string>& fields, const Lines& lines) {
    std::array<std::int64_t, N>& row = found.emplace_back();
    for (std::size_t k = 0; k < N; ++k)
      row[k] = k < examples ? example_of(fields[k], n, lines) : integer_of(fields[k], lines);
  });
  return found;
}

}  // namespace

std::vector<LabelledPair> read_pairs(const std::filesystem::path& file, std::int64_t n) {
  std::vector<LabelledPair> pairs;
  for (const auto& row : read_rows<3>(file, n, 2)) {
    if (row[2] != 1 && row[2] != -1)
      throw Error(fmt::format("{}: {} stands for a pair's kind; 1 is similar, -1 dissimilar",
                              file.string(), row[2]));
    pairs.push_back({row[0], row[1], row[2] == 1});
  }
  return pairs;
}

std::vector<RatedPair> read_ratings(const std::filesystem::path& file, std::int64_t n) {
  std::vector<RatedPair> ratings;
  for_each_row(file, 3, [&](const std::vector<std::string>& fields, const Lines& lines) {
    const std::optional<double> similarity = number_of(fields[2]);
    if (!similarity || !std::isfinite(*similarity))
      throw lines.error(fmt::format("\"{}\" is not a finite number", fields[2]));
    ratings.push_back(
        {example_of(fields[0], n, lines), example_of(fields[1], n, lines), *similarity});
  });
  return ratings;
}

std::vector<std::array<std::int64_t, 3>> read_triplets(const std::filesystem::path& file,
                                                       std::int64_t n) {
  return read_rows<3>(file, n, 3);
}

std::vector<std::array<std::int64_t, 4>> read_quadruplets(const std::filesystem::path& file,
                                                          std::int64_t n) {
  return read_rows<4>(file, n, 4);
}

std::vector<std::int64_t> read_chunks(const std::filesystem::path& file, std::int64_t n) {
  std::vector<std::int64_t> chunks;
  for (const auto& row : read_rows<1>(file, n, 0)) chunks.push_back(row[0]);
  if (static_cast<std::int64_t>(chunks.size()) != n)
    throw Error(fmt::format("{}: has {} rows for {} examples; each needs its chunk, or -1",
                            file.string(), chunks.size(), n));
  return chunks;
}

}  // namespace metriclab
