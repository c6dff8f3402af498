// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/class_tree.hpp>
#include <metriclab/plugin/error.hpp>
#include <numeric>
#include <span>

namespace metriclab {
namespace {

using Labels = std::vector<std::int64_t>;

std::size_t place(std::int64_t index) { return static_cast<std::size_t>(index); }

/// To each group of `finer` the one of `coarser` that its members are in; `what` says who lies in
/// two. −1 for groups without members.
Labels parents(const Labels& finer, const Labels& coarser, std::int64_t n_groups,
               const std::string& what, const std::string& column) {
  Labels result(place(n_groups), -1);
  for (std::size_t i = 0; i < finer.size(); ++i) {
    std::int64_t& parent = result[place(finer[i])];
    if (parent >= 0 && parent != coarser[i])
      throw Error(
          fmt::format("{} {} is in {} and in {} of label column \"{}\"; it is to be in one of them",
                      what, finer[i], parent, coarser[i], column));
    parent = coarser[i];
  }
  return result;
}

/// Numbers from 0 without gaps, in the same order; those below 0 get numbers of their own.
Labels dense(const Labels& values) {
  std::map<std::int64_t, std::int64_t> numbers;
  for (const std::int64_t value : values)
    if (value >= 0) numbers[value] = 0;
  std::int64_t next = 0;
  for (auto& [value, number] : numbers) number = next++;
  Labels result;
  for (const std::int64_t value : values) result.push_back(value >= 0 ? numbers[value] : next++);
  return result;
}

struct Merge {
  std::size_t into, from;  // members of the two clusters
  float height;
};

/// All n − 1 merges, in no particular order. Reducibility of the average makes nearest neighbours
/// merge whatever else does.
std::vector<Merge> average_linkage(std::span<float> d, std::vector<double> weights) {
  const std::size_t n = weights.size();
  std::vector<Merge> merges;
  std::vector<std::size_t> active(n), chain;
  std::iota(active.begin(), active.end(), 0);
  while (active.size() > 1) {
    if (chain.empty()) chain.push_back(active.front());
    const std::size_t top = chain.back();
    // Of equally near ones the one before in the chain, so that it comes to an end.
    std::size_t nearest = chain.size() > 1 ? chain[chain.size() - 2] : n;
    float height = nearest < n ? d[top * n + nearest] : std::numeric_limits<float>::infinity();
    for (const std::size_t k : active)
      if (k != top && (nearest == n || d[top * n + k] < height)) {
        nearest = k;
        height = d[top * n + k];
      }
    if (chain.size() < 2 || nearest != chain[chain.size() - 2]) {
      chain.push_back(nearest);
      continue;
    }
    chain.resize(chain.size() - 2);
    merges.push_back({nearest, top, height});
    std::erase(active, top);
    const double a = weights[nearest], b = weights[top];
    for (const std::size_t k : active)
      if (k != nearest)
        d[nearest * n + k] = d[k * n + nearest] =
            static_cast<float>((a * d[nearest * n + k] + b * d[top * n + k]) / (a + b));
    weights[nearest] = a + b;
  }
  return merges;
}

}  // namespace

ClassTree ClassTree::of_columns(const LossSetting& setting, const std::vector<std::string>& names) {
  const std::vector<std::string> chosen = names.empty() ? setting.column_names : names;
  if (chosen.empty())
    throw Error(
        "needs coarser classes: the data has no label column beside the class (\"labels\" of data "
        "set csv)")
        .by_nature();
  const std::int64_t n_classes = setting.n_classes;
  const at::Tensor groups =
      at::empty({static_cast<std::int64_t>(chosen.size()) + 1, n_classes}, at::kLong);
  groups.select(0, 0).copy_(at::arange(n_classes, at::kLong));
  Labels finer = setting.labels;
  std::string what = "class";
  std::int64_t n_groups = n_classes;
  for (std::size_t level = 0; level < chosen.size(); ++level) {
    const auto found = std::ranges::find(setting.column_names, chosen[level]);
    if (found == setting.column_names.end())
      throw Error(fmt::format("there is no label column \"{}\"{}", chosen[level],
                              suggestion(chosen[level], setting.column_names)));
    const Labels& coarser = setting.columns[place(found - setting.column_names.begin())];
    if (std::ranges::any_of(coarser, [](std::int64_t value) { return value < 0; }))
      throw Error(fmt::format("an example has no label in column \"{}\"; leave such examples out",
                              chosen[level]));
    parents(finer, coarser, n_groups, what, chosen[level]);
    const Labels of_classes = parents(setting.labels, coarser, n_classes, "class", chosen[level]);
    groups.select(0, static_cast<std::int64_t>(level) + 1).copy_(index_tensor(dense(of_classes)));
    finer = coarser;
    what = fmt::format("\"{}\"", chosen[level]);
    n_groups = finer.empty() ? 0 : *std::ranges::max_element(finer) + 1;
  }
  return ClassTree(groups);
}

ClassTree ClassTree::of_distances(const at::Tensor& distances, const at::Tensor& sizes,
                                  const std::vector<double>& heights) {
  const std::int64_t n = distances.size(0);
  const at::Tensor d = distances.to(at::kFloat).contiguous().clone();
  const at::Tensor weights = sizes.to(at::kDouble).contiguous();
  std::vector<Merge> merges =
      average_linkage({d.data_ptr<float>(), place(d.numel())},
                      {weights.data_ptr<double>(), weights.data_ptr<double>() + n});
  std::ranges::stable_sort(merges, {}, &Merge::height);
  std::vector<std::size_t> leader(place(n));
  std::iota(leader.begin(), leader.end(), 0);
  auto find = [&](std::size_t i) {
    while (leader[i] != i) i = leader[i] = leader[leader[i]];
    return i;
  };
  const at::Tensor groups = at::empty({static_cast<std::int64_t>(heights.size()), n}, at::kLong);
  auto next = merges.begin();
  for (std::size_t level = 0; level < heights.size(); ++level) {
    for (; next != merges.end() && next->height < heights[level]; ++next)
      leader[find(next->from)] = find(next->into);
    Labels group;
    for (std::size_t c = 0; c < place(n); ++c) group.push_back(static_cast<std::int64_t>(find(c)));
    groups.select(0, static_cast<std::int64_t>(level)).copy_(index_tensor(dense(group)));
  }
  return ClassTree(groups);
}

std::int64_t ClassTree::n_groups(std::int64_t level) const {
  const Labels of = as_indices(groups_.select(0, level));
  return of.empty() ? 0 : *std::ranges::max_element(of) + 1;
}

void ClassTree::check(const at::Tensor& labels) const {
  for (const std::int64_t label : as_indices(labels))
    if (label < 0 || label >= n_classes())
      throw Error(fmt::format("an example has label {}; the tree of classes has 0 … {}", label,
                              n_classes() - 1));
}

at::Tensor ClassTree::groups_of(const at::Tensor& labels, std::int64_t level) const {
  check(labels);
  return groups_.select(0, level).index_select(0, labels.to(at::kCPU));
}

at::Tensor ClassTree::levels_apart(const at::Tensor& labels, const at::Tensor& others) const {
  check(labels);
  check(others);
  const Labels rows = as_indices(labels), columns = as_indices(others);
  const at::Tensor held = groups_.contiguous();
  const std::int64_t* groups = held.data_ptr<std::int64_t>();
  const at::Tensor apart = at::empty({labels.size(0), others.size(0)}, at::kLong);
  std::int64_t* to = apart.data_ptr<std::int64_t>();
  for (const std::int64_t a : rows)
    for (const std::int64_t b : columns) {
      std::int64_t low = 0, high = n_levels();
      while (low < high) {
        const std::int64_t middle = (low + high) / 2;
        const std::int64_t* at = groups + middle * n_classes();
        (at[a] == at[b] ? high : low) = at[a] == at[b] ? middle : middle + 1;
      }
      *to++ = low;
    }
  return apart;
}

Distinct::Distinct(const at::Tensor& of) {
  const Labels all = as_indices(of);
  Labels different = all, where;
  std::ranges::sort(different);
  different.erase(std::unique(different.begin(), different.end()), different.end());
  for (const std::int64_t value : all)
    where.push_back(std::ranges::lower_bound(different, value) - different.begin());
  values = index_tensor(different);
  places = index_tensor(where);
}

}  // namespace metriclab
