// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/page_parts.hpp>
#include <metriclab/report/tsne.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSchema = 1;

Eigen::ArrayXXd points_of(const Value& exhibit) {
  const Value* rows = exhibit.find("coordinates");
  if (rows == nullptr || rows->as_list().empty()) return {};
  const auto& list = rows->as_list();
  Eigen::ArrayXXd points(static_cast<Eigen::Index>(list.size()),
                         static_cast<Eigen::Index>(list.front().as_list().size()));
  for (std::size_t i = 0; i < list.size(); ++i)
    for (std::size_t c = 0; c < list[i].as_list().size(); ++c)
      points(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(c)) =
          list[i].as_list()[c].as_number();
  return points;
}

/// As whole numbers in a square, the longer side taking all of it.
Value placed(const Eigen::ArrayX2d& plane) {
  constexpr double kMost = 4095;
  Value::List all;
  if (plane.rows() == 0) return Value(std::move(all));
  const Eigen::Array2d low = plane.colwise().minCoeff(), high = plane.colwise().maxCoeff();
  const double extent = (high - low).maxCoeff();
  for (Eigen::Index i = 0; i < plane.rows(); ++i) {
    Value::List place;
    for (Eigen::Index c = 0; c < 2; ++c) {
      const double from_middle = extent > 0 ? (plane(i, c) - (low(c) + high(c)) / 2) / extent : 0;
      place.emplace_back(static_cast<std::int64_t>(std::lround((from_middle + 0.5) * kMost)));
    }
    all.emplace_back(std::move(place));
  }
  return Value(std::move(all));
}

/// One data set as it comes together.
struct Set {
  Value head = Value::object();
  std::map<std::int64_t, Value> examples;
  Value::List methods;
};

/// The part of the variance that lies in the first two columns, `explained` of which is in all.
double share_of_two(const Eigen::ArrayXXd& points, double explained) {
  const Eigen::ArrayXd sums = points.square().colwise().sum();
  const double all = sums.sum();
  return all > 0 ? explained * sums.head(std::min<Eigen::Index>(2, sums.size())).sum() / all : 1;
}

void add_method(const Value& exhibit, const std::string& name, Set& set) {
  std::vector<std::int64_t> indices;
  for (const Value& example : exhibit.at("examples").as_list()) {
    const std::int64_t index = example.at("index").as_integer();
    indices.push_back(index);
    Value shown = Value::object();
    for (const Value::Member& member : example.as_object())
      if (member.key != "index") shown.set(member.key, member.value);
    set.examples.try_emplace(index, std::move(shown));
  }
  const auto index_of = [&](const Value& number) {
    return Value(indices.at(static_cast<std::size_t>(number.as_integer())));
  };
  Value method = Value::object();
  method.set("name", name);
  if (const Value* reason = exhibit.find("reason")) method.set("reason", *reason);
  const Eigen::ArrayXXd points = points_of(exhibit);
  Value::List shown;
  for (Eigen::Index i = 0; i < points.rows(); ++i)
    shown.emplace_back(indices.at(static_cast<std::size_t>(i)));
  method.set("points", Value(std::move(shown)));
  Eigen::ArrayX2d pca = Eigen::ArrayX2d::Zero(points.rows(), 2);
  const Eigen::Index columns = std::min<Eigen::Index>(2, points.cols());
  pca.leftCols(columns) = points.leftCols(columns);
  method.set("pca", placed(pca));
  method.set("tsne", placed(tsne(points)));
  if (points.rows() > 0)
    method.set("shares", share_of_two(points, exhibit.at("explained").as_number()));
  Value::List queries;
  if (const Value* given = exhibit.find("queries"))
    for (const Value& query : given->as_list()) {
      Value& one = queries.emplace_back(Value::object());
      one.set("index", index_of(query.at("example")));
      for (const char* key : {"chosen", "precision", "distances"}) one.set(key, query.at(key));
      Value::List neighbors;
      for (const Value& neighbor : query.at("neighbors").as_list())
        neighbors.push_back(index_of(neighbor));
      one.set("neighbors", Value(std::move(neighbors)));
    }
  method.set("queries", Value(std::move(queries)));
  set.methods.push_back(std::move(method));
}

/// The best by the table's first metric, where one is.
Value best_of(const Table& table, const std::string& dataset) {
  const auto place = std::find(table.datasets.begin(), table.datasets.end(), dataset);
  if (place == table.datasets.end()) return {};
  for (std::size_t method = 0; method < table.methods.size(); ++method)
    if (table.cell(0, static_cast<std::size_t>(place - table.datasets.begin()), method).best)
      return table.methods[method];
  return {};
}

}  // namespace

Value::List page_exhibits(const Results& results, const Table& table,
                          std::vector<std::string>& problems) {
  std::vector<std::string> order;
  std::map<std::string, Set> sets;
  for (const Record& record : results.records) {
    if (record.file.empty()) continue;
    const fs::path file =
        record.file.parent_path().parent_path() / "exhibits" / record.file.filename();
    std::error_code ignored;
    if (!fs::exists(file, ignored)) continue;
    try {
      const Value exhibit = parse_json(read_file(file));
      if (exhibit.at("schema").as_integer() != kSchema)
        throw Error(fmt::format("an exhibit of schema {}; this metriclab knows {}",
                                exhibit.at("schema").as_integer(), kSchema));
      if (exhibit.find("examples") == nullptr) continue;
      // Another experiment may have another split of it, or other data of that name.
      const std::string name = results.experiments.size() > 1
                                   ? fmt::format("{}, {}", record.experiment, record.dataset)
                                   : record.dataset;
      Set& set = sets[name];
      add_method(exhibit, record.method, set);
      if (set.methods.size() > 1) continue;
      order.push_back(name);
      set.head.set("name", name);
      set.head.set("split", record.split);
      set.head.set("seed", record.seed);
      for (const char* key : {"n_test", "classes", "shown_classes"})
        if (const Value* value = exhibit.find(key)) set.head.set(key, *value);
      set.head.set("best", best_of(table, record.dataset));
    } catch (const Error& error) {
      problems.push_back(fmt::format("{}: {}", file.string(), error.what()));
    } catch (const std::exception&) {  // JSON, but of another kind
      problems.push_back(
          fmt::format("{}: is no exhibit as metriclab writes them; remove it", file.string()));
    }
  }
  Value::List all;
  for (const std::string& name : order) {
    Set& set = sets[name];
    Value examples = Value::object();
    for (auto& [index, example] : set.examples)
      examples.set(std::to_string(index), std::move(example));
    set.head.set("examples", std::move(examples));
    set.head.set("methods", Value(std::move(set.methods)));
    all.push_back(std::move(set.head));
  }
  return all;
}

}  // namespace metriclab
