// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/SparseCore>
#include <cstdint>
#include <metriclab/data/examples.hpp>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace metriclab {

/// Texts by terms, a row a text.
using SparseRows = Eigen::SparseMatrix<double, Eigen::RowMajor>;

/// A text as its terms, repeats included.
using Terms = std::vector<std::string>;

/// The terms that are counted, in ascending order of their bytes, and in how many texts each is.
class Vocabulary {
 public:
  /// Those that are in at least `min_count` of the texts, and of these the `most` that occur most
  /// often in all (equal ones: the first by their bytes); null: all.
  Vocabulary(std::span<const Terms> texts, std::optional<std::int64_t> most,
             std::int64_t min_count);

  std::int64_t size() const { return static_cast<std::int64_t>(terms_.size()); }
  const std::vector<std::string>& terms() const { return terms_; }
  /// The place of a term, or −1.
  std::int64_t find(const std::string& term) const;
  /// ln((1 + n) / (1 + n_t)) + 1 of each term: n texts, n_t of them with the term.
  const std::vector<double>& inverse_document_frequencies() const { return idf_; }

 private:
  std::vector<std::string> terms_;
  std::vector<double> idf_;
  std::unordered_map<std::string, std::int64_t> places_;
};

/// TF-IDF.
///
///     x_t = f_t · (ln((1 + n) / (1 + n_t)) + 1),  then x / ‖x‖
///
/// f_t: how often the text has term t, or with `sublinear` 1 + ln of that; n, n_t: of the texts
/// that the vocabulary was made of. (texts × vocabulary); a text without any of these terms is 0.
/// Cost: linear in the terms. Source: Salton, Buckley. Term-weighting approaches in automatic text
/// retrieval. Information Processing and Management 1988. Differs from it: the ones that are added,
/// as if a further text had every term (as scikit-learn does it).
SparseRows tfidf(std::span<const Terms> texts, const Vocabulary& vocabulary, bool sublinear);

/// Counts of terms in `size` dimensions, to which they are hashed with a sign:
///
///     x_j = Σ over the terms t with place(t) = j of sign(t) f_t,  then x / ‖x‖
///
/// so that inner products of counts are kept in the mean over hash functions. (texts × size); a
/// text without terms is 0. No vocabulary, and so nothing is learned from the texts. Source:
/// Weinberger, Dasgupta, Langford, Smola, Attenberg. Feature hashing for large scale multitask
/// learning. ICML 2009, Eq. 1.
MatrixF hashed_counts(std::span<const Terms> texts, std::int64_t size);

}  // namespace metriclab
