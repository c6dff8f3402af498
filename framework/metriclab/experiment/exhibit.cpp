// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/experiment/exhibit.hpp>
#include <metriclab/experiment/thumbnail.hpp>
#include <metriclab/neighbors/search.hpp>
#include <numeric>

namespace metriclab {
namespace {

// As many colours as can be told apart.
constexpr std::size_t kClasses = 12;
constexpr std::int64_t kComponents = 50;
constexpr std::int64_t kNeighbors = 8;
constexpr std::size_t kAtRandom = 24, kWorst = 12;
// A feature vector of no more is shown whole; of others what is greatest of it.
constexpr std::int64_t kAllFeatures = 16, kGreatest = 8;

/// Numbers of some examples of the test part.
Indices chosen(const ExhibitInput& input) {
  Random random = input.random;
  const std::int64_t n = input.test.size();
  Indices order = random.permutation(n);
  const auto count = static_cast<std::size_t>(std::min(input.count, n));
  if (!input.test.columns.empty()) {
    const auto& labels = input.test.labels();
    std::map<std::int32_t, std::size_t> sizes;
    for (std::int32_t label : labels) ++sizes[label];
    std::vector<std::int32_t> classes;
    for (const auto& [label, size] : sizes) classes.push_back(label);
    random.shuffle(classes);
    std::vector<bool> taken(static_cast<std::size_t>(input.test.n_classes()));
    std::size_t examples = 0;
    for (std::size_t c = 0; c < classes.size() && (c < kClasses || 2 * examples < count); ++c) {
      taken[static_cast<std::size_t>(classes[c])] = true;
      examples += sizes[classes[c]];
    }
    std::erase_if(order, [&](std::int64_t i) {
      return !taken[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])];
    });
  }
  order.resize(std::min(order.size(), count));
  return order;
}

/// Five figures, which is more than a screen can show.
double rounded(double value) {
  if (value == 0) return 0;
  const double unit = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::round(value * unit) / unit;
}

std::string text_of(const Data& data, std::int64_t index) {
  const Matrix values = data.examples.rows(index, 1);
  const std::int64_t d = values.cols();
  std::vector<std::int64_t> features(static_cast<std::size_t>(d));
  std::iota(features.begin(), features.end(), std::int64_t{0});
  if (d > kAllFeatures) {
    std::partial_sort(
        features.begin(), features.begin() + kGreatest, features.end(), [&](auto a, auto b) {
          return std::pair(-std::abs(values(0, a)), a) < std::pair(-std::abs(values(0, b)), b);
        });
    features.resize(kGreatest);
    std::erase_if(features, [&](std::int64_t f) { return values(0, f) == 0; });
  }
  std::string text;
  for (std::int64_t f : features)
    text += fmt::format("{}{} {:.4g}", text.empty() ? "" : ", ",
                        data.feature_names[static_cast<std::size_t>(f)], values(0, f));
  return text;
}

/// Puts examples into the list, each once.
class Shown {
 public:
  explicit Shown(const ExhibitInput& input) : input_(input), thumbnails_(input.test) {}

  std::int64_t number_of(std::int64_t index) {
    const auto [place, is_new] =
        numbers_.try_emplace(index, static_cast<std::int64_t>(list_.size()));
    if (is_new) list_.push_back(described(index));
    return place->second;
  }
  Value::List take() { return std::move(list_); }

 private:
  Value described(std::int64_t index) const {
    const Data& test = input_.test;
    const auto i = static_cast<std::size_t>(index);
    Value one = Value::object();
    one.set("index", input_.positions[i]);
    if (!test.columns.empty()) {
      const LabelColumn& column = test.columns.front();
      one.set("label", column.classes[static_cast<std::size_t>(column.values[i])]);
    } else if (!test.targets.empty()) {
      one.set("target", test.targets[i]);
    }
    if (thumbnails_.are_pictures())
      one.set("picture", base64_of(thumbnails_.png(index)));
    else if (!test.feature_names.empty())
      one.set("text", text_of(test, index));
    return one;
  }

  const ExhibitInput& input_;
  Thumbnails thumbnails_;
  std::map<std::int64_t, std::int64_t> numbers_;
  Value::List list_;
};

/// Principal components of the rows, by the eigenvectors of the matrix of their products.
void add_coordinates(Matrix points, Distance distance, Value& exhibit) {
  if (distance == Distance::cosine)
    for (auto row : points.rowwise())
      if (const double norm = row.norm(); norm > 0) row /= norm;
  points.rowwise() -= points.colwise().mean().eval();
  const Matrix products = points * points.transpose();
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(products);
  const std::int64_t n = points.rows();
  const std::int64_t rank = std::min({kComponents, n, points.cols()});
  Matrix scores(n, rank);
  double held = 0;
  for (std::int64_t r = 0; r < rank; ++r) {
    const double variance = std::max(0.0, solver.eigenvalues()(n - 1 - r));
    held += variance;
    Vector axis = solver.eigenvectors().col(n - 1 - r);
    // The sign is free: the entry of greatest size is positive.
    std::int64_t greatest = 0;
    axis.cwiseAbs().maxCoeff(&greatest);
    if (axis(greatest) < 0) axis = -axis;
    scores.col(r) = std::sqrt(variance) * axis;
  }
  Value::List rows;
  for (std::int64_t i = 0; i < n; ++i) {
    Value::List row;
    for (std::int64_t r = 0; r < rank; ++r) row.emplace_back(rounded(scores(i, r)));
    rows.emplace_back(std::move(row));
  }
  exhibit.set("coordinates", Value(std::move(rows)));
  const double all = products.trace();
  exhibit.set("explained", all > 0 ? std::min(1.0, held / all) : 1.0);
}

/// The nearest of each of `examples` in the whole part, itself left out.
std::vector<Indices> neighbors_of(const ExhibitInput& input, const Indices& examples,
                                  Matrix& distances) {
  const MatrixF& all = input.embedded.embeddings;
  const std::int64_t k = std::min<std::int64_t>(kNeighbors, all.rows() - 1);
  const MatrixF queries = all(examples, Eigen::all);
  const auto found = nearest_neighbors(queries, all, k + 1, input.distance, input.threads);
  std::vector<Indices> lists;
  distances.resize(queries.rows(), k);
  for (std::int64_t q = 0; q < queries.rows(); ++q) {
    Indices& list = lists.emplace_back();
    for (std::int64_t j = 0; j <= k && static_cast<std::int64_t>(list.size()) < k; ++j) {
      if (found.indices(q, j) == examples[static_cast<std::size_t>(q)]) continue;
      distances(q, static_cast<std::int64_t>(list.size())) =
          static_cast<double>(found.distances(q, j));
      list.push_back(found.indices(q, j));
    }
  }
  return lists;
}

void add_queries(const ExhibitInput& input, const Indices& examples, Shown& shown, Value& exhibit) {
  Matrix distances;
  const std::vector<Indices> lists = neighbors_of(input, examples, distances);
  const bool labelled = !input.test.columns.empty();
  std::vector<double> precision(examples.size());
  for (std::size_t q = 0; q < examples.size() && labelled; ++q) {
    const auto& labels = input.test.labels();
    const auto right = std::count_if(lists[q].begin(), lists[q].end(), [&](std::int64_t i) {
      return labels[static_cast<std::size_t>(i)] == labels[static_cast<std::size_t>(examples[q])];
    });
    precision[q] = static_cast<double>(right) / static_cast<double>(lists[q].size());
  }
  // Examples are in random order: the first are at random.
  std::vector<std::size_t> order(examples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t at_random = std::min(kAtRandom, order.size());
  std::size_t count = at_random;
  if (labelled) {
    const auto rest = order.begin() + static_cast<std::ptrdiff_t>(at_random);
    std::stable_sort(rest, order.end(),
                     [&](std::size_t a, std::size_t b) { return precision[a] < precision[b]; });
    const auto wrong =
        std::count_if(rest, order.end(), [&](std::size_t q) { return precision[q] < 1; });
    count += std::min(kWorst, static_cast<std::size_t>(wrong));
  }
  Value::List queries;
  for (std::size_t place = 0; place < count; ++place) {
    const std::size_t q = order[place];
    Value& one = queries.emplace_back(Value::object());
    one.set("example", shown.number_of(examples[q]));
    one.set("chosen", place < at_random ? "at random" : "among the worst");
    one.set("precision", labelled ? Value(precision[q]) : Value());
    Value::List neighbors, far;
    for (std::size_t j = 0; j < lists[q].size(); ++j) {
      neighbors.emplace_back(shown.number_of(lists[q][j]));
      far.emplace_back(
          rounded(distances(static_cast<std::int64_t>(q), static_cast<std::int64_t>(j))));
    }
    one.set("neighbors", Value(std::move(neighbors)));
    one.set("distances", Value(std::move(far)));
  }
  exhibit.set("queries", Value(std::move(queries)));
}

std::int64_t different(const std::vector<std::int32_t>& labels, const Indices& of) {
  std::vector<std::int32_t> classes;
  for (std::int64_t i : of) classes.push_back(labels[static_cast<std::size_t>(i)]);
  std::sort(classes.begin(), classes.end());
  return std::unique(classes.begin(), classes.end()) - classes.begin();
}

}  // namespace

Value exhibit_of(const ExhibitInput& input) {
  Value exhibit = Value::object();
  exhibit.set("schema", kExhibitSchema);
  exhibit.set("distance", to_string(input.distance));
  exhibit.set("n_test", input.test.size());
  const Indices examples = chosen(input);
  if (!input.test.columns.empty()) {
    Indices all(static_cast<std::size_t>(input.test.size()));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    exhibit.set("classes", different(input.test.labels(), all));
    exhibit.set("shown_classes", different(input.test.labels(), examples));
  }
  exhibit.set("examples", Value());  // its place in the file
  Shown shown(input);
  for (std::int64_t index : examples) shown.number_of(index);
  const MatrixF points = input.embedded.embeddings(examples, Eigen::all);
  if (!input.embedded.embeddings.allFinite()) {
    exhibit.set("reason", "there are embeddings that are not finite");
  } else {
    if (points.rows() > 0) add_coordinates(points.cast<double>(), input.distance, exhibit);
    if (input.distance == Distance::by_class)
      exhibit.set("reason", "distances depend on the class of the other example");
    else if (input.test.size() > 1)
      add_queries(input, examples, shown, exhibit);
  }
  exhibit.set("examples", Value(shown.take()));
  return exhibit;
}

}  // namespace metriclab
