// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <map>
#include <metriclab/data/tfidf.hpp>
#include <metriclab/data/tokenizer.hpp>

namespace metriclab {
namespace {

struct Count {
  std::int64_t total = 0, texts = 0;
  std::size_t last_text = 0;  // from 1
};

}  // namespace

Vocabulary::Vocabulary(std::span<const Terms> texts, std::optional<std::int64_t> most,
                       std::int64_t min_count) {
  std::unordered_map<std::string, Count> counts;
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (const std::string& term : texts[i]) {
      Count& of = counts[term];
      ++of.total;
      if (of.last_text != i + 1) ++of.texts;
      of.last_text = i + 1;
    }
  for (const auto& [term, of] : counts)
    if (of.texts >= min_count) terms_.push_back(term);
  std::ranges::sort(terms_);
  if (most && *most < size()) {
    std::ranges::stable_sort(terms_, std::ranges::greater(),
                             [&](const std::string& term) { return counts.at(term).total; });
    terms_.resize(static_cast<std::size_t>(*most));
    std::ranges::sort(terms_);
  }
  const auto n = static_cast<double>(texts.size());
  for (const std::string& term : terms_) {
    places_.emplace(term, static_cast<std::int64_t>(places_.size()));
    idf_.push_back(std::log((1 + n) / (1 + static_cast<double>(counts.at(term).texts))) + 1);
  }
}

std::int64_t Vocabulary::find(const std::string& term) const {
  const auto found = places_.find(term);
  return found == places_.end() ? -1 : found->second;
}

SparseRows tfidf(std::span<const Terms> texts, const Vocabulary& vocabulary, bool sublinear) {
  const std::vector<double>& idf = vocabulary.inverse_document_frequencies();
  std::vector<Eigen::Triplet<double>> entries;
  std::map<std::int64_t, double> row;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    row.clear();
    for (const std::string& term : texts[i])
      if (const std::int64_t place = vocabulary.find(term); place >= 0) ++row[place];
    double square = 0;
    for (auto& [place, value] : row) {
      value = (sublinear ? 1 + std::log(value) : value) * idf[static_cast<std::size_t>(place)];
      square += value * value;
    }
    for (const auto& [place, value] : row)
      entries.emplace_back(static_cast<int>(i), static_cast<int>(place), value / std::sqrt(square));
  }
  SparseRows rows(static_cast<Eigen::Index>(texts.size()), vocabulary.size());
  rows.setFromTriplets(entries.begin(), entries.end());
  return rows;
}

MatrixF hashed_counts(std::span<const Terms> texts, std::int64_t size) {
  MatrixF rows = MatrixF::Zero(static_cast<Eigen::Index>(texts.size()), size);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto row = rows.row(static_cast<Eigen::Index>(i));
    for (const std::string& term : texts[i]) {
      // The place and the sign from different bits, so that they are independent.
      const std::uint64_t hash = term_hash(term);
      row(static_cast<Eigen::Index>((hash >> 1) % static_cast<std::uint64_t>(size))) +=
          (hash & 1) != 0 ? 1.0f : -1.0f;
    }
    const float length = row.norm();
    if (length > 0) row /= length;
  }
  return rows;
}

}  // namespace metriclab
