// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/results.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// What the rows or columns of a table can differ in.
struct Coordinate {
  enum class Kind { experiment, dataset, split, seed, base, method, metric, parameter };
  Kind kind = Kind::method;
  std::string text = "method";  // as one writes it; of a parameter, its JSON pointer into a result

  /// Whether it says what is compared (a method, or something of it) rather than on what it is
  /// measured. Numbers of different methods are compared; those of different data sets or splits
  /// are not.
  bool is_of_method() const;

  friend bool operator==(const Coordinate&, const Coordinate&) = default;
};

/// "experiment", "dataset", "split", "seed", "base" (the method without its grid's values),
/// "method", "metric".
std::vector<std::string> coordinate_names();

/// One of these names, or a JSON pointer; throws Error otherwise.
Coordinate coordinate_from_string(std::string_view text);
/// Several with commas between them.
std::vector<Coordinate> coordinates_from_string(std::string_view text);

/// Says a record's value in one coordinate, "" where it has none.
class CoordinateReader {
 public:
  /// Not for a metric, which is nothing of a record. A parameter must be one that the results were
  /// read with.
  CoordinateReader(const Results& results, const Coordinate& coordinate);
  std::string operator()(const Record& record) const;

 private:
  Coordinate::Kind kind_;
  std::size_t pointer_ = 0;
};

/// What is kept of results: "dataset=wine,iris", "method!=euclidean", "/method/loss/margin>=0.2".
struct Condition {
  enum class Relation { is, is_not, at_least, at_most, above, below };
  Coordinate coordinate;
  Relation relation = Relation::is;
  std::string value;  // of `is` and `is_not`: names, with "*" for anything, with commas between
  std::string text;   // all of it, as it was written
};

/// Throws Error where there is no relation, no value, or where a number is asked for and none
/// given.
Condition condition_from_string(std::string_view text);

/// The records that fit all conditions, and what was measured in them. A record without a value of
/// the coordinate fits `is_not` alone. Throws Error when a name, or a whole condition, fits nothing
/// there is: it says what there is. Conditions on metrics leave records and choose among metrics.
Results filter(const Results& results, const std::vector<Condition>& conditions);

/// The pointers that coordinates and conditions need from `read_results`.
ReadOptions reading(const std::vector<Coordinate>& coordinates,
                    const std::vector<Condition>& conditions);

}  // namespace metriclab
