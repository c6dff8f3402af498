// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/deep/miner.hpp>
#include <metriclab/deep/tuple_list.hpp>
#include <optional>

namespace metriclab {

/// A miner that can be told how many of an anchor's tuples to give.
class LimitedMiner : public Miner {
 public:
  ~LimitedMiner() override;

  template <class T>
  static void describe_limit(Description<T>& is) {
    is.parameter("tuples_per_anchor", &LimitedMiner::tuples_per_anchor,
                 "of an anchor's triplets (positive pairs, negative pairs) no more than so many, "
                 "drawn at random; null: all that are found")
        .at_least(1);
  }

 protected:
  std::optional<std::int64_t> tuples_per_anchor;
};

}  // namespace metriclab
