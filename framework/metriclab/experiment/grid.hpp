// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/value.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// The "grid" of a spec: which values some places of its methods and data sets are to take.
class Grid {
 public:
  /// One point of a grid on one method or data set.
  struct Point {
    Value block;                     // what the spec has there, with the point's values put in
    Value values = Value::object();  // pointer → value
    std::string label;               // "margin=0.1 hidden=[64]"; "" without a grid
    /// Puts problems that a value of the grid caused to where the grid has it.
    void relocate(Problems& problems, std::size_t first) const;

   private:
    friend class Grid;
    struct Origin {
      std::string target, source;  // pointers of the place set and of the value in the grid
    };
    std::vector<Origin> origins_;
  };

  /// Nothing varies.
  Grid() = default;
  /// Reads the "grid" of a document, if it has one; what is wrong is added to `problems`.
  Grid(const Value& document, Problems& problems);

  /// The points on the method or data set at `pointer` ("/methods/triplet"), the product of all
  /// entries that touch it, the last entry fastest; one point as it stands where none does.
  std::vector<Point> points(const Value& given, const std::string& pointer) const;

 private:
  struct Place {
    std::string pointer;
    std::vector<std::string> steps;
  };
  struct Entry {
    std::string owner;          // "/methods/triplet"
    std::string key;            // as in the document
    std::vector<Place> places;  // set together
    std::vector<Value> values;
  };
  void read(const std::string& key, const Value& values, const Value& document);

  std::vector<Entry> entries_;
};

/// Throws Error where the steps lead to a method or data set that the document doesn't have.
void check_target(const Value& document, const std::vector<std::string>& steps);

}  // namespace metriclab
