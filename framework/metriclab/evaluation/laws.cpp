// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/laws.hpp>
#include <numeric>
#include <set>

namespace metriclab {
namespace {

constexpr std::int64_t kDimension = 4;
constexpr std::int32_t kClasses = 5;

/// All that may be known of examples: the class; a real target, the number of the class, so that
/// it can be predicted where classes are separate; "camera", of which each class has both; "kind",
/// users and items; "identity", which none shares; and of each pair of a user and an item whether,
/// and how far, they are similar: as members of one class are.
Embedded embedded(MatrixF points, std::vector<std::int32_t> labels,
                  const std::vector<std::int32_t>& identities) {
  std::vector<std::string> classes;
  std::vector<double> targets(labels.begin(), labels.end());
  for (std::int32_t c = 0; c < kClasses; ++c) classes.push_back(std::to_string(c));
  Embedded is{.embeddings = std::move(points),
              .columns = {{.name = "class", .values = std::move(labels), .classes = classes},
                          {.name = "camera", .values = {}, .classes = {"a", "b"}},
                          {.name = "kind", .values = {}, .classes = {"user", "item"}},
                          {.name = "identity", .values = identities, .classes = {}}},
              .targets = std::move(targets)};
  const auto n = static_cast<std::int64_t>(identities.size());
  for (std::int64_t i = 0; i < n; ++i) {
    is.columns[3].classes.push_back(std::to_string(i));
    const std::int32_t round = identities[static_cast<std::size_t>(i)] / kClasses;
    is.columns[1].values.push_back(round % 2);
    is.columns[2].values.push_back(round % 3 == 0 ? 0 : 1);
  }
  const auto value = [&](std::size_t column, std::int64_t i) {
    return is.columns[column].values[static_cast<std::size_t>(i)];
  };
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      if (value(2, i) != 0 || value(2, j) != 1) continue;
      const bool similar = value(0, i) == value(0, j);
      is.constraints.pairs.push_back({i, j, similar});
      is.constraints.ratings.push_back({i, j, similar ? 1.0 : 0.0});
    }
  return is;
}

std::vector<std::int32_t> counted(std::int64_t n) {
  std::vector<std::int32_t> result(static_cast<std::size_t>(n));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

/// `n` examples whose classes are `separation` deviations apart.
Embedded points(std::int64_t n, double separation, std::uint64_t seed,
                std::int32_t n_classes = kClasses) {
  Random random(seed, "points");
  MatrixF at(n, kDimension);
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto label = static_cast<std::int32_t>(i % n_classes);
    labels.push_back(label);
    for (std::int64_t j = 0; j < kDimension; ++j) {
      const double centre = j == label ? separation : label == 4 ? -separation : 0;
      at(i, j) = static_cast<float>(random.normal() + centre);
    }
  }
  return embedded(std::move(at), std::move(labels), counted(n));
}

/// Tasks of 3 ways with 2 shots and 3 queries each.
std::vector<Episode> episodes_of(const std::vector<std::int32_t>& labels, std::uint64_t seed) {
  std::vector<Episode> episodes(8);
  Random random(seed, "episodes");
  for (Episode& episode : episodes) {
    const Indices ways = random.sample(kClasses, 3);
    for (std::int32_t way = 0; way < 3; ++way) {
      Indices members;
      for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] == ways[static_cast<std::size_t>(way)])
          members.push_back(static_cast<std::int64_t>(i));
      random.shuffle(members);
      for (std::size_t k = 0; k < 5; ++k) {
        (k < 2 ? episode.support : episode.query).push_back(members[k]);
        (k < 2 ? episode.support_labels : episode.query_labels).push_back(way);
      }
    }
  }
  return episodes;
}

/// All that an evaluator is given.
struct Input {
  Embedded train, test;
  std::vector<Episode> episodes = {};
  Distance distance = Distance::euclidean;
};

Input input_of(double separation, std::uint64_t seed) {
  Input is{.train = points(50, separation, seed), .test = points(60, separation, seed + 1)};
  is.episodes = episodes_of(is.test.labels(), seed);
  return is;
}

constexpr Distance kDistances[] = {
    Distance::euclidean, Distance::squared_euclidean, Distance::cosine,   Distance::dot,
    Distance::manhattan, Distance::chi_squared,       Distance::poincare,
};

/// The same under another distance, as that compares them: histograms are absolute values; for the
/// Poincaré ball all are shortened by one factor.
Input under(Distance distance, Input is) {
  is.distance = distance;
  double longest = 0;
  for (const Embedded* part : {&is.train, &is.test})
    if (part->embeddings.rows() > 0)
      longest = std::max(longest, part->embeddings.cast<double>().rowwise().norm().maxCoeff());
  for (Embedded* part : {&is.train, &is.test}) {
    if (distance == Distance::chi_squared) part->embeddings = part->embeddings.cwiseAbs().eval();
    if (distance == Distance::poincare && longest > 0)
      part->embeddings *= static_cast<float>(0.9 / longest);
  }
  return is;
}

/// Where each example stands in that order.
Indices inverse(const Indices& order) {
  Indices place(order.size());
  for (std::size_t k = 0; k < order.size(); ++k)
    place[static_cast<std::size_t>(order[k])] = static_cast<std::int64_t>(k);
  return place;
}

void move(auto& pair, const Indices& place) {
  pair.first = place[static_cast<std::size_t>(pair.first)];
  pair.second = place[static_cast<std::size_t>(pair.second)];
}

Embedded permuted(const Embedded& is, const Indices& order) {
  std::vector<std::int32_t> labels, identities;
  for (std::int64_t i : order) {
    labels.push_back(is.labels()[static_cast<std::size_t>(i)]);
    identities.push_back(is.columns[3].values[static_cast<std::size_t>(i)]);
  }
  Embedded other = embedded(is.embeddings(order, Eigen::all), labels, identities);
  // The same list of pairs: their own order may mean something, as that of folds does.
  other.constraints = is.constraints;
  const Indices place = inverse(order);
  for (auto& pair : other.constraints.pairs) move(pair, place);
  for (auto& pair : other.constraints.ratings) move(pair, place);
  return other;
}

Input permuted(const Input& is, std::uint64_t seed) {
  Random random(seed, "order");
  const Indices train = random.permutation(is.train.embeddings.rows()),
                test = random.permutation(is.test.embeddings.rows());
  const Indices place = inverse(test);
  Input other{.train = permuted(is.train, train),
              .test = permuted(is.test, test),
              .episodes = is.episodes,
              .distance = is.distance};
  for (Episode& episode : other.episodes) {
    for (std::int64_t& i : episode.support) i = place[static_cast<std::size_t>(i)];
    for (std::int64_t& i : episode.query) i = place[static_cast<std::size_t>(i)];
  }
  return other;
}

class Laws {
 public:
  explicit Laws(const Evaluator& evaluator) : evaluator_(evaluator) {}

  std::vector<Metric> evaluated(const Input& is, std::uint64_t seed = 1) const {
    return evaluator_
        .evaluate({.train = is.train,
                   .test = is.test,
                   .distance = is.distance,
                   .episodes = is.episodes,
                   .random = Random(seed, "conformance")})
        .metrics;
  }

  std::string bad_on(const Input& is) const {
    const std::vector<Metric> metrics = evaluated(is);
    if (metrics.empty()) return "it gives no metric";
    std::set<std::string> names;
    for (const Metric& metric : metrics) {
      if (metric.name.empty() || !names.insert(metric.name).second)
        return fmt::format("a metric's name, \"{}\", is empty or there twice", metric.name);
      if (std::isfinite(metric.value) && !metric.reason.empty())
        return fmt::format("{} has a value, and a reason for having none", metric.name);
      if (!std::isfinite(metric.value) && metric.reason.empty())
        return fmt::format("{} is {} without a reason", metric.name, metric.value);
    }
    return "";
  }

  static std::string other(const std::vector<Metric>& got, const std::vector<Metric>& due,
                           double tolerance) {
    if (got.size() != due.size()) return "there are other metrics";
    for (std::size_t m = 0; m < due.size(); ++m) {
      if (got[m].name != due[m].name) return "there are other metrics";
      if (std::isfinite(got[m].value) != std::isfinite(due[m].value) ||
          std::abs(got[m].value - due[m].value) > tolerance)
        return fmt::format("{} is {} instead of {}", due[m].name, got[m].value, due[m].value);
    }
    return "";
  }

  void check(const std::vector<std::string>& properties, Checks& checks) const {
    const bool sound = checks.law(
        "each metric has a name of its own, and a value or a reason", [&]() -> std::string {
          for (Distance distance : kDistances)
            if (evaluator_.compares(distance))
              if (std::string failure = bad_on(under(distance, input_of(1, 1))); !failure.empty())
                return fmt::format("{}: {}", to_string(distance), failure);
          return "";
        });
    if (!sound) return checks.rest_not_checked();
    checks.law("ordinary embeddings give a value", [&]() -> std::string {
      for (Distance distance : metrics())
        for (const Metric& metric : evaluated(under(distance, input_of(1, 2))))
          if (!std::isfinite(metric.value)) return metric.name + ": " + metric.reason;
      return "";
    });
    checks.law("the same stream gives the same", [&] {
      const Input is = input_of(1, 3);
      return other(evaluated(is), evaluated(is), 0);
    });
    order(checks);
    checks.law("separated classes score no worse than random embeddings", [&]() -> std::string {
      for (Distance distance : metrics()) {
        const auto random = evaluated(under(distance, input_of(0, 5))),
                   separated = evaluated(under(distance, input_of(100, 5)));
        for (std::size_t m = 0; m < std::min(random.size(), separated.size()); ++m) {
          if (random[m].better == Better::neither) continue;
          const double gain = separated[m].value - random[m].value;
          if ((random[m].better == Better::higher ? gain : -gain) < -1e-9)
            return fmt::format("{} is {}, for random ones {}, and {} is said to be better",
                               random[m].name, separated[m].value, random[m].value,
                               random[m].better == Better::higher ? "higher" : "lower");
        }
      }
      return "";
    });
    odd(checks);
    for (const std::string& property : properties)
      checks.law(property, [&] { return broken(property); });
  }

 private:
  /// Those distances that are metrics, of what it compares; the Euclidean one at least.
  std::vector<Distance> metrics() const {
    std::vector<Distance> result = {Distance::euclidean};
    for (Distance distance : {Distance::manhattan, Distance::poincare})
      if (evaluator_.compares(distance)) result.push_back(distance);
    return result;
  }

  void order(Checks& checks) const {
    const std::string what = "the order of examples doesn't matter";
    const Input is = input_of(1, 4);
    const std::vector<Metric> first = evaluated(is);
    if (!other(evaluated(is, 2), first, 0).empty())
      return checks.not_checked(what, "it draws at random");
    checks.law(what, [&]() -> std::string {
      for (std::uint64_t seed : {1, 2, 3})
        if (std::string failure = other(evaluated(permuted(is, seed)), first, 1e-9);
            !failure.empty())
          return failure;
      return "";
    });
  }

  void odd(Checks& checks) const {
    auto odd_one = [&](const std::string& what, const Input& is) {
      checks.law_or_error(what + ": a value, a reason or an Error", [&] { return bad_on(is); });
    };
    auto without_episodes = [](Embedded train, Embedded test) {
      return Input{.train = std::move(train), .test = std::move(test), .episodes = {}};
    };
    const Embedded none = points(0, 0, 1), some = points(30, 1, 6);
    odd_one("no training part", without_episodes(none, some));
    odd_one("no test part", without_episodes(some, none));
    odd_one("neither", without_episodes(none, none));
    odd_one("one class only", without_episodes(points(20, 1, 7, 1), points(20, 1, 8, 1)));
    odd_one("one test example", without_episodes(some, points(1, 1, 9)));
    odd_one("all classes different",
            without_episodes(points(kClasses, 1, 10), points(kClasses, 1, 11)));
    Input is = input_of(1, 12);
    for (std::int32_t& label : is.train.columns[0].values) label = 0;
    for (std::int32_t& label : is.test.columns[0].values) label = label % 4 + 1;
    is.episodes.clear();
    odd_one("test classes that are never trained on", is);
    for (Distance distance : kDistances) {
      if (!evaluator_.compares(distance)) continue;
      is = under(distance, input_of(1, 13));
      is.train.embeddings.rowwise() = is.train.embeddings.row(0).eval();
      is.test.embeddings.rowwise() = is.train.embeddings.row(0).eval();
      odd_one(fmt::format("all embeddings equal ({})", to_string(distance)), is);
      is.train.embeddings.setZero();
      is.test.embeddings.setZero();
      odd_one(fmt::format("all embeddings zero ({})", to_string(distance)), is);
    }
    checks.law("embeddings that are not finite are refused with an Error", [&]() -> std::string {
      for (float value :
           {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        Input wrong = input_of(1, 14);
        wrong.test.embeddings(3, 1) = value;
        try {
          evaluated(wrong);
          return fmt::format("{} is taken", value);
        } catch (const Error&) {
        }
      }
      return "";
    });
    checks.law("embeddings that a distance can't compare are refused with an Error",
               [&]() -> std::string {
                 for (Distance distance : {Distance::chi_squared, Distance::poincare}) {
                   if (!evaluator_.compares(distance)) continue;
                   Input wrong = under(distance, input_of(1, 17));
                   wrong.test.embeddings(3, 1) = -1;
                   try {
                     evaluated(wrong);
                     return fmt::format("\"{}\" takes any", to_string(distance));
                   } catch (const Error&) {
                   }
                 }
                 return "";
               });
  }

  std::string broken(const std::string& property) const {
    if (property == "one_when_separated") {
      for (const Metric& metric : evaluated(input_of(100, 15)))
        if (metric.better != Better::neither &&
            !(std::abs(metric.value - (metric.better == Better::higher ? 1 : 0)) <= 1e-9))
          return fmt::format("{} is {}", metric.name, metric.value);
      return "";
    }
    if (property == "invariant_to_rotation") {
      // Numbers of few bits, turned by half a Hadamard matrix: without any rounding, so that no
      // neighbours change places.
      Eigen::Matrix<float, 4, 4> turn;
      turn << 1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1;
      Input is = input_of(1, 16), turned = is;
      for (auto [plain, other] : {std::pair(&is.train, &turned.train), {&is.test, &turned.test}}) {
        plain->embeddings = (plain->embeddings * 16).array().round() / 16;
        other->embeddings = plain->embeddings * turn / 2;
      }
      return other(evaluated(turned), evaluated(is), 1e-9);
    }
    return "an evaluator declares \"invariant_to_rotation\" or \"one_when_separated\"";
  }

  const Evaluator& evaluator_;
};

}  // namespace

void check_evaluator(const Evaluator& evaluator, const std::vector<std::string>& properties,
                     Checks& checks) {
  Laws(evaluator).check(properties, checks);
}

}  // namespace metriclab
