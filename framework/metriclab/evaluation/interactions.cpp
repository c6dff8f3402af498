// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <metriclab/evaluation/interactions.hpp>
#include <metriclab/evaluation/members.hpp>

namespace metriclab {
namespace {

/// The place of each example in a list, or −1.
std::vector<std::int64_t> places_in(const Indices& list, std::int64_t n) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(n), -1);
  for (std::size_t place = 0; place < list.size(); ++place)
    places[static_cast<std::size_t>(list[place])] = static_cast<std::int64_t>(place);
  return places;
}

void sort_unique(auto& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

void add_relevant(const Embedded& test, Interactions& found) {
  const std::int64_t n = test.embeddings.rows();
  const std::vector<std::int64_t> user = places_in(found.users, n),
                                  item = places_in(found.items, n);
  for (const LabelledPair& pair : test.constraints.pairs) {
    METRICLAB_CHECK(std::min(pair.first, pair.second) >= 0 && std::max(pair.first, pair.second) < n,
                    "a pair beyond the test part");
    if (!pair.similar) continue;
    for (const auto& [a, b] : {std::pair(pair.first, pair.second), {pair.second, pair.first}}) {
      const std::int64_t of = user[static_cast<std::size_t>(a)],
                         to = item[static_cast<std::size_t>(b)];
      if (of >= 0 && to >= 0) found.relevant[static_cast<std::size_t>(of)].push_back(to);
    }
  }
  for (Indices& items : found.relevant) sort_unique(items);
}

/// Pairs of identities that are similar in the training part, both ways round, each once.
std::vector<std::pair<std::int32_t, std::int32_t>> paired(const Embedded& train,
                                                          const LabelColumn& identity) {
  std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
  for (const LabelledPair& pair : train.constraints.pairs) {
    if (!pair.similar) continue;
    const std::int32_t a = identity.values.at(static_cast<std::size_t>(pair.first)),
                       b = identity.values.at(static_cast<std::size_t>(pair.second));
    pairs.emplace_back(a, b);
    pairs.emplace_back(b, a);
  }
  sort_unique(pairs);
  return pairs;
}

void add_known(const LabelColumn& of_test,
               const std::vector<std::pair<std::int32_t, std::int32_t>>& pairs,
               Interactions& found) {
  const auto identity = [&](std::int64_t i) { return of_test.values[static_cast<std::size_t>(i)]; };
  const auto partners = [&](std::int32_t of) {
    return std::ranges::equal_range(pairs, of, {}, [](const auto& pair) { return pair.first; });
  };
  std::map<std::int32_t, Indices> items;
  std::vector<std::int64_t>& popularity = found.popularity.emplace();
  for (std::size_t place = 0; place < found.items.size(); ++place) {
    const std::int32_t of = identity(found.items[place]);
    items[of].push_back(static_cast<std::int64_t>(place));
    popularity.push_back(static_cast<std::int64_t>(partners(of).size()));
  }
  for (std::size_t u = 0; u < found.users.size(); ++u) {
    Indices& known = found.known[u];
    for (const auto& [of, partner] : partners(identity(found.users[u])))
      if (const auto same = items.find(partner); same != items.end())
        known.insert(known.end(), same->second.begin(), same->second.end());
    sort_unique(known);
    Indices left;
    std::ranges::set_difference(found.relevant[u], known, std::back_inserter(left));
    found.relevant[u] = std::move(left);
  }
}

}  // namespace

Interactions interactions_of(const Evaluation& input, const std::string& users,
                             const std::optional<std::string>& items, const std::string& identity) {
  const std::int64_t n = input.test.embeddings.rows();
  Interactions found{.users = members_of(input.test, users),
                     .items = {},
                     .relevant = {},
                     .known = {},
                     .popularity = std::nullopt};
  const std::vector<std::int64_t> user = places_in(found.users, n);
  if (items) found.items = members_of(input.test, *items);
  for (std::int64_t i = 0; i < n && !items; ++i)
    if (user[static_cast<std::size_t>(i)] < 0) found.items.push_back(i);
  for (std::int64_t i : found.items)
    if (user[static_cast<std::size_t>(i)] >= 0)
      throw Error(
          fmt::format("test example {} is both a user (\"{}\") and an item (\"{}\"); an "
                      "example is one of them",
                      i, users, *items));
  found.relevant.resize(found.users.size());
  found.known.resize(found.users.size());
  add_relevant(input.test, found);

  if (input.train.embeddings.rows() == 0) return found;
  const LabelColumn* of_train = find_column(input.train, identity);
  const LabelColumn* of_test = find_column(input.test, identity);
  if (of_train != nullptr && of_test != nullptr) {
    add_known(*of_test, paired(input.train, *of_train), found);
  } else if (identity != "identity") {
    std::vector<std::string> names;
    for (const LabelColumn& column : input.test.columns) names.push_back(column.name);
    throw Error(
        fmt::format("there is no label column \"{}\", which would tell the users and items "
                    "of the training part{}",
                    identity, suggestion(identity, names)));
  }
  return found;
}

}  // namespace metriclab
