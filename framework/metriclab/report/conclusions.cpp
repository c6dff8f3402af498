// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/report/conclusions.hpp>
#include <metriclab/report/phrases.hpp>

namespace metriclab {
namespace {

/// Beliefs from which on a sentence says so, as Benavoli and others. JMLR 2017, do.
constexpr double kBelieved = 0.95;
/// So many methods are said to be better than others, the first by mean rank.
constexpr std::size_t kWinners = 10;
/// So many pairs that can't be told apart are named one by one.
constexpr std::size_t kNamedPairs = 4;

using Sentences = std::vector<std::string>;

/// What is said of one pair over data sets, or on one.
struct Said {
  std::size_t a = 0, b = 0;
  bool a_ahead = true;
  double adjusted = 1;
  std::string evidence, short_evidence;  // in brackets, for the first and further ones
};

/// "On wine, over 5 splits: " before a sentence, or nothing.
std::string begun(const std::string& where, std::string sentence) {
  return where.empty() ? sentence : where + ": " + sentence;
}

/// "lmnn is better than euclidean (…) and lda (…)", for each that is better than any.
void say_better(const Comparison& comparison, const std::vector<Said>& pairs,
                const std::string& where, Sentences& sentences) {
  std::map<std::size_t, std::vector<std::string>> losers;
  for (const Said& each : pairs) {
    if (each.adjusted > comparison.options.alpha) continue;
    auto& of_winner = losers[each.a_ahead ? each.a : each.b];
    of_winner.push_back(fmt::format(
        "{} ({}, p = {})", comparison.scores.methods[each.a_ahead ? each.b : each.a],
        of_winner.empty() ? each.evidence : each.short_evidence, p_text(each.adjusted)));
  }
  std::size_t said = 0;
  for (std::size_t winner : comparison.order)
    if (const auto found = losers.find(winner); found != losers.end() && said < kWinners) {
      sentences.push_back(
          begun(where, fmt::format("{} is better than {}.", comparison.scores.methods[winner],
                                   listed(found->second))));
      ++said;
    }
  if (losers.size() > said)
    sentences.push_back(begun(
        where, fmt::format("{} more methods are better than some other (--format json has all).",
                           losers.size() - said)));
}

/// What can't be told apart: one by one where they are few, otherwise those of the best method.
void say_alike(const Comparison& comparison, const std::vector<Said>& pairs, std::size_t best,
               const std::string& where, Sentences& sentences) {
  const auto& names = comparison.scores.methods;
  std::vector<const Said*> alike;
  for (const Said& each : pairs)
    if (each.adjusted > comparison.options.alpha) alike.push_back(&each);
  if (alike.empty()) return;
  const auto say = [&](const std::string& sentence) {
    sentences.push_back(begun(where, sentence + "."));
  };
  const auto name_pair = [&](const Said& each) {
    return fmt::format("{} and {} (p = {})", names[each.a], names[each.b], p_text(each.adjusted));
  };
  if (alike.size() == pairs.size() && pairs.size() > kNamedPairs) {
    const auto least =
        *std::min_element(alike.begin(), alike.end(),
                          [](const Said* a, const Said* b) { return a->adjusted < b->adjusted; });
    if (least->adjusted >= 1)
      say(comparison.control
              ? fmt::format("none of the other {} methods can be told apart from {}: every p is 1",
                            pairs.size(), names[*comparison.control])
              : fmt::format("no two of the {} methods can be told apart: every p is 1",
                            names.size()));
    else
      say(comparison.control
              ? fmt::format("none of the other {} methods can be told apart from {}; nearest to it "
                            "comes {} (p = {})",
                            pairs.size(), names[*comparison.control], names[least->b],
                            p_text(least->adjusted))
              : fmt::format("no two of the {} methods can be told apart; nearest to it come {}",
                            names.size(), name_pair(*least)));
    return;
  }
  if (alike.size() == 1) {
    say(fmt::format("{} and {} can't be told apart (p = {})", names[alike.front()->a],
                    names[alike.front()->b], p_text(alike.front()->adjusted)));
    return;
  }
  if (alike.size() <= kNamedPairs) {
    std::vector<std::string> texts;
    for (const Said* each : alike) texts.push_back(name_pair(*each));
    say(fmt::format("can't be told apart: {}", fmt::join(texts, "; ")));
    return;
  }
  std::vector<std::string> of_best;
  for (const Said* each : alike)
    if (each->a == best || each->b == best)
      of_best.push_back(fmt::format("{} (p = {})", names[each->a == best ? each->b : each->a],
                                    p_text(each->adjusted)));
  std::string text = fmt::format("{} of {} pairs can't be told apart", alike.size(), pairs.size());
  if (!of_best.empty()) text += fmt::format(", of {} those with {}", names[best], listed(of_best));
  say(text);
}

/// What the p-values of the sentences that follow are.
void say_correction(const Comparison& comparison, const std::string& test, Sentences& sentences) {
  sentences.push_back(comparison.n_pairs() > 1
                          ? fmt::format("p is that of {}, after {} for {} pairs:", test,
                                        title_of(comparison.correction), comparison.n_pairs())
                          : fmt::format("p is that of {}:", test));
}

void say_friedman(const Comparison& comparison, Sentences& sentences) {
  if (!comparison.friedman) return;
  const FriedmanTest& test = *comparison.friedman;
  const std::size_t n = comparison.scores.datasets.size(), k = comparison.scores.methods.size();
  if (test.chi_squared == 0 && test.f == 0 && test.p == 1) {
    const auto tied = [&](double rank) { return rank == comparison.average_ranks.front(); };
    if (std::all_of(comparison.average_ranks.begin(), comparison.average_ranks.end(), tied)) {
      sentences.push_back(fmt::format(
          "the {} methods have the same mean rank over {} data sets: nothing tells them apart.", k,
          n));
      return;
    }
  }
  const std::string evidence =
      std::isinf(test.f)
          ? fmt::format("all data sets rank them alike, which has the probability {} by chance",
                        p_text(test.p))
          : fmt::format("Friedman's test, Iman and Davenport's F = {:.3g}, p = {}", test.f,
                        p_text(test.p));
  sentences.push_back(
      test.p <= comparison.options.alpha
          ? fmt::format("the {} methods are not all alike over {} data sets ({}).", k, n, evidence)
          : fmt::format("nothing shows that any of the {} methods differ over {} data sets ({}).",
                        k, n, evidence));
}

/// Why the signed-rank test could find nothing, and what could.
void say_powerless(const Comparison& comparison, Sentences& sentences) {
  const std::size_t n = comparison.scores.datasets.size(), k = comparison.scores.methods.size();
  const double alpha = comparison.options.alpha;
  std::string text = fmt::format(
      "the Wilcoxon signed-rank test can't tell any two methods apart here, whatever "
      "the results: over {} data sets its p is {} at the least",
      n, p_text(comparison.smallest_p));
  if (comparison.n_pairs() > 1)
    text += fmt::format(", and {} when corrected for {} pairs",
                        p_text(comparison.smallest_adjusted), comparison.n_pairs());
  if (comparison.smallest_p > alpha) {
    std::size_t needed = n;
    while (smallest_wilcoxon_p(static_cast<std::int64_t>(needed)) > alpha) ++needed;
    text += fmt::format("; {} data sets would do for two methods", needed);
  } else {
    const auto most = static_cast<std::size_t>(alpha / comparison.smallest_p);
    // A control has as many pairs as there are other methods.
    std::size_t methods = 2;
    while ((comparison.control ? methods : (methods + 1) * methods / 2) <= most) ++methods;
    text += fmt::format(
        "; it can with {} methods at the most (--methods){}", methods,
        !comparison.control && k - 1 <= most ? ", or against one of them (--control)" : "");
    text += ", chosen before the results are seen, and mean ranks can be tested (--test ranks)";
  }
  sentences.push_back(text + ".");
}

void say_nemenyi(const Comparison& comparison, Sentences& sentences) {
  if (!comparison.friedman || comparison.control) return;
  const auto& names = comparison.scores.methods;
  const std::size_t best = comparison.order.front();
  std::vector<std::string> worse;
  bool any = false;
  for (const PairOverDatasets& pair : comparison.pairs) {
    if (pair.p_nemenyi > comparison.options.alpha) continue;
    any = true;
    if (pair.a == best) worse.push_back(names[pair.b]);
  }
  const std::string difference = fmt::format("{:.2f}", comparison.critical_difference);
  if (!any)
    sentences.push_back(fmt::format(
        "no two mean ranks differ by {}, the critical difference of Nemenyi's test.", difference));
  else if (worse.empty())
    sentences.push_back(fmt::format(
        "by Nemenyi's test (critical difference of mean ranks {}) some methods differ, but none "
        "from the first, {}.",
        difference, names[best]));
  else
    sentences.push_back(fmt::format(
        "by Nemenyi's test (critical difference of mean ranks {}) {}, the first by mean rank, is "
        "better than {}.",
        difference, names[best], listed(worse)));
}

void say_beliefs(const Comparison& comparison, Sentences& sentences) {
  const auto& names = comparison.scores.methods;
  std::vector<std::string> same, equivalent;
  const auto n = static_cast<std::int64_t>(comparison.scores.datasets.size());
  // Two data sets that agree convince the Bayesian test, whose weights are theirs alone; it is
  // asked where there are so many that the signed-rank test could say something.
  const bool enough = comparison.smallest_p <= comparison.options.alpha;
  for (const PairOverDatasets& pair : comparison.pairs)
    if (pair.counts.ties == n)
      same.push_back(fmt::format("{} and {}", names[pair.a], names[pair.b]));
    else if (enough && pair.beliefs.equivalent >= kBelieved)
      equivalent.push_back(fmt::format("{} and {} ({})", names[pair.a], names[pair.b],
                                       p_text(pair.beliefs.equivalent)));
  if (!same.empty())
    sentences.push_back(fmt::format("the same on every data set: {}.", cut(same, "; ")));
  if (!equivalent.empty())
    sentences.push_back(
        fmt::format("practically equivalent, that is within {}, with a probability of at least {} "
                    "(Bayesian signed-rank test): {}.",
                    comparison.options.rope, kBelieved, cut(equivalent, "; ")));
}

void say_over_datasets(const Comparison& comparison, Sentences& sentences) {
  say_friedman(comparison, sentences);
  if (comparison.powerless()) {
    say_powerless(comparison, sentences);
  } else {
    say_correction(comparison,
                   comparison.options.test == PairTest::wilcoxon ? "the Wilcoxon signed-rank test"
                                                                 : "the difference of mean ranks",
                   sentences);
    std::vector<Said> said;
    const std::size_t n = comparison.scores.datasets.size();
    for (const PairOverDatasets& pair : comparison.pairs) {
      const std::string wins =
          fmt::format("{} of {}", pair.a_ahead ? pair.counts.wins : pair.counts.losses, n);
      said.push_back({pair.a, pair.b, pair.a_ahead, pair.adjusted,
                      fmt::format("on {} data sets", wins), wins});
    }
    say_better(comparison, said, "", sentences);
    say_alike(comparison, said, comparison.control.value_or(comparison.order.front()), "",
              sentences);
  }
  say_nemenyi(comparison, sentences);
  say_beliefs(comparison, sentences);
}

void say_within(const Comparison& comparison, const OnDataset& on, Sentences& sentences) {
  const std::string dataset = comparison.scores.datasets[on.dataset];
  if (!on.untested.empty()) {
    sentences.push_back(fmt::format("on {} nothing is tested: {}.", dataset, on.untested));
    return;
  }
  const std::string where = fmt::format("on {}, over {} splits", dataset, on.splits);
  std::vector<Said> said;
  std::vector<std::string> undefined;
  for (const PairOnDataset& pair : on.pairs) {
    if (std::isnan(pair.test.p)) {
      undefined.push_back(fmt::format("{} and {}", comparison.scores.methods[pair.a],
                                      comparison.scores.methods[pair.b]));
      continue;
    }
    const std::string by = fmt::format("by {:.4f}", std::abs(pair.test.difference));
    said.push_back({pair.a, pair.b, pair.test.difference >= 0, pair.adjusted, by, by});
  }
  say_better(comparison, said, where, sentences);
  say_alike(comparison, said, on.pairs.front().a, where, sentences);
  if (!undefined.empty())
    sentences.push_back(begun(
        where,
        fmt::format("the test is undefined, because all splits give the same difference, for {}.",
                    cut(undefined, "; "))));
}

}  // namespace

std::string p_text(double p) {
  if (std::isnan(p)) return "-";
  // Below the least number that a double holds.
  return p == 0 ? "<1e-307" : fmt::format("{:.3g}", p);
}

std::vector<std::string> conclusions_of(const Comparison& comparison) {
  Sentences sentences;
  if (!comparison.pairs.empty()) say_over_datasets(comparison, sentences);
  const auto tested = [](const OnDataset& on) { return on.untested.empty(); };
  if (std::any_of(comparison.within.begin(), comparison.within.end(), tested))
    say_correction(comparison, "the corrected resampled t-test", sentences);
  for (const OnDataset& on : comparison.within) say_within(comparison, on, sentences);
  return sentences;
}

}  // namespace metriclab
