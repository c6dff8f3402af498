// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/chosen.hpp>
#include <metriclab/evaluation/rank_metrics.hpp>
#include <metriclab/neighbors/ranking.hpp>
#include <metriclab/neighbors/reranking.hpp>

namespace {

using namespace metriclab;

/// The parameters of re-ranking, with the paper's values.
struct Rerank {
  std::int64_t k1 = 20, k2 = 6;
  double lambda = 0.3;
  static void describe(Description<Rerank>& is) {
    is.parameter("k1", &Rerank::k1, "neighbours that must be mutual").at_least(1);
    is.parameter("k2", &Rerank::k2,
                 "an example's vector is the mean of this many nearest ones', its own the first")
        .at_least(1);
    is.parameter("lambda", &Rerank::lambda, "the part of the original distance in the sum")
        .at_least(0)
        .at_most(1);
  }
};

/// Retrieval: each query ranks the gallery by rising distance, ties by index; those of its class
/// are to be found. No example is ever its own result.
///
/// Of a query whose class has R examples in the gallery, at the ranks ρ₁ < … < ρ_R:
///
///     recall_at_K     1 if ρ₁ ≤ K, else 0
///     precision_at_1  1 if ρ₁ = 1, else 0
///     r_precision     #{ρᵢ ≤ R} / R
///     map_at_r        (1/R) Σ over ρᵢ ≤ R of i/ρᵢ     (Musgrave et al., section 3.2)
///     map             (1/R) Σ over all i of i/ρᵢ      (Manning et al., section 8.4)
///     mrr             1/ρ₁
///     minp            R/ρ_R                           (Ye et al., eq. 8)
///
/// and where their K are given
///
///     precision_at_K  #{ρᵢ ≤ K} / K
///     map_at_K        (1/min(R, K)) Σ over ρᵢ ≤ K of i/ρᵢ; others divide by R, or by K
///     ndcg_at_K       Σ over ρᵢ ≤ K of 1/log₂(1 + ρᵢ), over the greatest that it can be: gains
///                     are 1 and 0, so it does not matter whether they are raised to 2^gain − 1.
///                     Järvelin and Kekäläinen divide by log₂ ρ from rank 2 on only
///     cmc_K           the part of the queries with ρ₁ ≤ K: of several true matches the first
///                     counts, as in the protocol of Market-1501, and it equals recall_at_K
///
/// Each is averaged over the queries with R ≥ 1 or, with `average` "classes", over the classes of
/// these of the mean within the class. queries_left_out is the number of the others: those of
/// classes with a single example, or absent from the gallery. None left: NaN.
///
/// Curves: "cmc", over the ranks 1 … `cmc` or the gallery's size where that is less; and for each
/// metric in `by_class` "METRIC by class", its mean over each class's queries, over the class's
/// number: where its name stands among the classes of the label column (as numbered in files of
/// labels, where these are numbers from 0).
///
/// `query` and `gallery`: "test", "train", or "column=class", the test examples of that class of
/// that label column: "camera=a" and "camera=b" for a set of two views with one example each.
/// `exclude`: columns; a gallery example of the query's class that shares the query's value in one
/// of them stands nowhere in that query's ranking ("camera": Market-1501's protocol).
///
/// `k`: only the k nearest are looked at, a convention of some packages: what stands beyond adds
/// nothing, and divisors stay, save that r_precision is #{ρᵢ ≤ min(R, k)} / min(R, k). k may be
/// beyond the gallery.
///
/// `rerank`: distances by k-reciprocal encoding among queries and gallery (neighbors/reranking.hpp,
/// where its choices are said). Not for dot and bilinear, which may be negative.
class Retrieval final : public Evaluator {
 public:
  static void describe(Description<Retrieval>& is) {
    is.summary("ranked retrieval: Recall@K, R-precision, MAP@R, MAP, MRR, mINP, NDCG@K, CMC");
    is.source("Musgrave, Belongie, Lim. A metric learning reality check. ECCV 2020");
    is.source("Jégou, Douze, Schmid. Product quantization for nearest neighbor search. TPAMI 2011");
    is.source(
        "Manning, Raghavan, Schütze. Introduction to information retrieval. Cambridge University "
        "Press 2008");
    is.source(
        "Järvelin, Kekäläinen. Cumulated gain-based evaluation of IR techniques. ACM TOIS 2002");
    is.source(
        "Zheng, Shen, Tian, Wang, Wang, Tian. Scalable person re-identification: a benchmark. ICCV "
        "2015");
    is.source(
        "Ye, Shen, Lin, Xiang, Shao, Hoi. Deep learning for person re-identification: a survey and "
        "outlook. TPAMI 2022");
    is.source(
        "Zhong, Zheng, Cao, Li. Re-ranking person re-identification with k-reciprocal encoding. "
        "CVPR 2017");
    is.cost(
        "O(queries · gallery · d) time as a matrix product, O((queries + gallery) · d) memory; "
        "with rerank as distances one by one");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("recall_at", &Retrieval::recall_at, "the K of each recall_at_K").at_least(1);
    is.parameter("precision_at", &Retrieval::precision_at, "the K of each precision_at_K")
        .at_least(1);
    is.parameter("map_at", &Retrieval::map_at, "the K of each map_at_K").at_least(1);
    is.parameter("ndcg_at", &Retrieval::ndcg_at, "the K of each ndcg_at_K").at_least(1);
    is.parameter("cmc_at", &Retrieval::cmc_at, "the K of each cmc_K").at_least(1);
    is.parameter("cmc", &Retrieval::cmc, "how many ranks the curve \"cmc\" has; 0: no curve")
        .at_least(0);
    is.parameter("by_class", &Retrieval::by_class,
                 "metrics of which there is a curve over the classes");
    is.parameter("query", &Retrieval::query,
                 "what asks: \"test\", \"train\", or test examples by a label, as in \"camera=a\"");
    is.parameter("gallery", &Retrieval::gallery,
                 "what is searched: \"test\", \"train\", or as \"query\"");
    is.parameter("exclude", &Retrieval::exclude,
                 "label columns: what shares a query's class and its value there is left out");
    is.parameter("k", &Retrieval::k, "only the k nearest count; null: the whole gallery")
        .at_least(1);
    is.parameter("rerank", &Retrieval::rerank,
                 "distances by k-reciprocal encoding; null: as they are");
    is.parameter("average", &Retrieval::average,
                 "the mean over queries, or over classes of the mean over their queries")
        .one_of({"queries", "classes"});
  }

  bool compares(Distance distance) const override {
    return Evaluator::compares(distance) &&
           !(rerank && (distance == Distance::dot || distance == Distance::bilinear));
  }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    const RankMetrics measured = metrics();
    const std::vector<std::string> names = measured.names();
    for (const std::string& name : by_class)
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw Error(fmt::format("by_class: there is no metric \"{}\" here{}", name,
                                suggestion(name, names)));
    const Task task{.queries = choose(input, "query", query),
                    .gallery = choose(input, "gallery", gallery)};
    if (task.queries.examples.empty() || task.gallery.examples.empty())
      return unmeasured(names, fmt::format("{} is empty", task.queries.examples.empty()
                                                              ? said("query", query)
                                                              : said("gallery", gallery)));

    const std::vector<std::int32_t> classes = task.queries.labels();
    Matrix values(static_cast<std::int64_t>(classes.size()),
                  static_cast<std::int64_t>(names.size()));
    std::vector<std::int64_t> first(classes.size());  // the first match's rank; 0: there is none
    const VisitRanks visit = [&](std::int64_t i, std::span<const std::int64_t> ranks) {
      if (ranks.empty()) return;
      first[static_cast<std::size_t>(i)] = ranks.front();
      measured.measure(ranks, {values.row(i).data(), names.size()});
    };
    if (rerank)
      rank_again(task, classes, input.distance, visit);
    else
      rank(task, classes, input, visit);
    return averaged(names, classes, values, first,
                    static_cast<std::int64_t>(task.gallery.examples.size()));
  }

 private:
  struct Task {
    Chosen queries, gallery;
    bool one_part() const { return &queries.part == &gallery.part; }
  };

  RankMetrics metrics() const {
    return {.recall_at = recall_at,
            .precision_at = precision_at,
            .map_at = map_at,
            .ndcg_at = ndcg_at,
            .cmc_at = cmc_at,
            .k = k};
  }

  static std::string said(const char* what, const std::string& which) {
    return fmt::format("the {}, {},",
                       which == "test"    ? "test part"
                       : which == "train" ? "training part"
                                          : "part \"" + which + "\"",
                       what[0] == 'q' ? "which asks" : "the gallery");
  }

  static std::vector<Metric> unmeasured(const std::vector<std::string>& names,
                                        const std::string& reason) {
    std::vector<Metric> metrics;
    for (const std::string& name : names) metrics.push_back(undefined(name, reason));
    metrics.push_back(undefined("queries_left_out", reason, Better::neither));
    return metrics;
  }

  /// Whether a gallery example of the query's class stands nowhere: both by their numbers among
  /// what was chosen.
  LeftOut left_out(const Task& task) const {
    std::vector<std::pair<const LabelColumn*, const LabelColumn*>> columns;
    for (const std::string& name : exclude)
      columns.push_back({&column_of(task.queries.part, "exclude", name),
                         &column_of(task.gallery.part, "exclude", name)});
    return [&task, columns](std::int64_t q, std::int64_t g) {
      const std::int64_t i = task.queries.examples[static_cast<std::size_t>(q)],
                         j = task.gallery.examples[static_cast<std::size_t>(g)];
      return (task.one_part() && i == j) ||
             std::any_of(columns.begin(), columns.end(), [&](const auto& column) {
               return column.first->values[static_cast<std::size_t>(i)] ==
                      column.second->values[static_cast<std::size_t>(j)];
             });
    };
  }

  void rank(const Task& task, const std::vector<std::int32_t>& classes, const Evaluation& input,
            const VisitRanks& visit) const {
    const bool whole = task.queries.whole() && task.gallery.whole();
    if (task.one_part() && whole)
      return rank_same_class(task.queries.part.embeddings, classes, input.distance, visit,
                             exclude.empty() ? LeftOut() : left_out(task), input.threads);
    const LeftOut out = task.one_part() || !exclude.empty() ? left_out(task) : LeftOut();
    if (whole)
      return rank_same_class(task.queries.part.embeddings, classes, task.gallery.part.embeddings,
                             task.gallery.labels(), input.distance, visit, out, input.threads);
    rank_same_class(task.queries.embeddings(), classes, task.gallery.embeddings(),
                    task.gallery.labels(), input.distance, visit, out, input.threads);
  }

  void rank_again(const Task& task, const std::vector<std::int32_t>& classes, Distance distance,
                  const VisitRanks& visit) const {
    // Queries and gallery in one matrix, each example once.
    Indices rows = task.gallery.examples, query_at, gallery_at;
    MatrixF all;
    if (task.one_part()) {
      rows.insert(rows.end(), task.queries.examples.begin(), task.queries.examples.end());
      std::sort(rows.begin(), rows.end());
      rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
      all = task.gallery.part.embeddings(rows, Eigen::all);
      const auto places = [&](const Indices& examples, Indices& at) {
        for (std::int64_t i : examples)
          at.push_back(std::lower_bound(rows.begin(), rows.end(), i) - rows.begin());
      };
      places(task.queries.examples, query_at);
      places(task.gallery.examples, gallery_at);
    } else {
      const MatrixF asks = task.queries.embeddings(), searched = task.gallery.embeddings();
      all.resize(asks.rows() + searched.rows(), asks.cols());
      all << asks, searched;
      for (std::int64_t i = 0; i < all.rows(); ++i)
        (i < asks.rows() ? query_at : gallery_at).push_back(i);
    }

    Reranking reranking(all, distance,
                        {.k1 = rerank->k1, .k2 = rerank->k2, .lambda = rerank->lambda});
    const auto members = members_by_class(task.gallery.labels());
    const LeftOut out = left_out(task);
    std::vector<double> distances(gallery_at.size());
    for (std::size_t i = 0; i < query_at.size(); ++i) {
      const auto own = members.find(classes[i]);
      if (own == members.end()) continue;
      Indices relevant, excluded;
      for (std::int64_t j : own->second)
        (out(static_cast<std::int64_t>(i), j) ? excluded : relevant).push_back(j);
      if (relevant.empty()) continue;
      reranking.distances(query_at[i], gallery_at, distances);
      for (std::int64_t j : excluded)
        distances[static_cast<std::size_t>(j)] = std::numeric_limits<double>::infinity();
      visit(static_cast<std::int64_t>(i), ranks_of(distances, relevant));
    }
  }

  /// Means of each column of `values`, over the queries that have a first match.
  Measurement averaged(const std::vector<std::string>& names,
                       const std::vector<std::int32_t>& classes, const Matrix& values,
                       const std::vector<std::int64_t>& first, std::int64_t gallery_size) const {
    struct Sum {
      Vector values, cmc;  // of all metrics; how many first matches stand at each rank
      double queries = 0;
    };
    const std::int64_t n_ranks = std::min(cmc, gallery_size);
    const std::int64_t most = k.value_or(std::numeric_limits<std::int64_t>::max());
    std::map<std::int32_t, Sum> by_label;
    double left = 0;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (first[i] == 0) {
        ++left;
        continue;
      }
      Sum& sum = by_label[classes[i]];
      if (sum.queries == 0) {
        sum.values = Vector::Zero(values.cols());
        sum.cmc = Vector::Zero(n_ranks);
      }
      sum.values += values.row(static_cast<std::int64_t>(i)).transpose();
      if (first[i] <= std::min(n_ranks, most)) ++sum.cmc[first[i] - 1];
      ++sum.queries;
    }
    Metric left_out{
        .name = "queries_left_out", .value = left, .better = Better::neither, .reason = {}};
    if (by_label.empty()) {
      const std::string asks = query == "test"    ? "test"
                               : query == "train" ? "training"
                                                  : "\"" + query + "\"";
      std::vector<Metric> metrics = unmeasured(
          names, fmt::format("no {} example has {} example of its class in the gallery{}", asks,
                             query == gallery ? "another" : "an",
                             exclude.empty() ? "" : " that is not excluded"));
      metrics.back() = std::move(left_out);
      return metrics;
    }

    Vector mean = Vector::Zero(values.cols()), matches = Vector::Zero(n_ranks);
    double parts = 0;
    for (const auto& [label, sum] : by_label) {
      const double of_class = average == "classes" ? sum.queries : 1;
      mean += sum.values / of_class;
      matches += sum.cmc / of_class;
      parts += sum.queries / of_class;
    }
    std::vector<Metric> metrics;
    for (std::size_t m = 0; m < names.size(); ++m)
      metrics.push_back(
          {.name = names[m], .value = mean[static_cast<std::int64_t>(m)] / parts, .reason = {}});
    metrics.push_back(std::move(left_out));

    std::vector<Curve> curves;
    if (n_ranks > 0) {
      Curve& curve =
          curves.emplace_back(Curve{.name = "cmc", .unit = "rank", .at = {}, .values = {}});
      double until = 0;
      for (std::int64_t rank = 1; rank <= n_ranks; ++rank) {
        until += matches[rank - 1];
        curve.at.push_back(static_cast<double>(rank));
        curve.values.push_back(until / parts);
      }
    }
    for (const std::string& name : by_class) {
      const auto m = std::find(names.begin(), names.end(), name) - names.begin();
      Curve& curve = curves.emplace_back(
          Curve{.name = name + " by class", .unit = "class", .at = {}, .values = {}});
      for (const auto& [label, sum] : by_label) {
        curve.at.push_back(label);
        curve.values.push_back(sum.values[m] / sum.queries);
      }
    }
    return {std::move(metrics), std::move(curves)};
  }

  std::vector<std::int64_t> recall_at = {1, 2, 4, 8};
  std::vector<std::int64_t> precision_at, map_at, ndcg_at, cmc_at;
  std::int64_t cmc = 50;
  std::vector<std::string> by_class;
  std::string query = "test", gallery = "test";
  std::vector<std::string> exclude;
  std::optional<std::int64_t> k;
  std::optional<Rerank> rerank;
  std::string average = "queries";
};

METRICLAB_PLUGIN(Retrieval, "retrieval");

}  // namespace
