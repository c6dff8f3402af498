// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <map>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/text.hpp>
#include <metriclab/data/truncated_svd.hpp>
#include <metriclab/plugin/file.hpp>
#include <numeric>
#include <tuple>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

/// A user rated an item. `line` is its place in the file.
struct Rating {
  std::size_t user = 0, item = 0;
  double rating = 0, time = 0;
  std::int64_t line = 0;
};

/// The users' or the items' names by their numbers.
struct Identities {
  Names names;
  std::map<std::string, std::size_t> numbers;

  std::size_t number(const std::string& name) {
    const auto [place, added] = numbers.try_emplace(name, names.size());
    if (added) names.push_back(name);
    return place->second;
  }
};

/// Positive ratings by user and, of one user, from the first to the last.
struct Interactions {
  Names users, items;                                 // sorted, by value where all are numbers
  std::vector<std::vector<std::size_t>> train, test;  // the items of each user
};

/// What users think of items, as a recommender meets it: users and items are examples of one space,
/// in which a user is to be nearer to the items that they like.
///
/// Protocol, of implicit feedback:
/// - A rating of `threshold` or more is an interaction. Of several ratings of an item by one user
///   the last counts, by time, and by the order of the file where times are equal or not known.
/// - Users and items with fewer than `min_interactions` are dropped until there are none.
/// - The last `holdout` interactions of each user, by the same order, test; the others train. An
///   item all of whose interactions test stays, as one that nothing is known of.
///
/// Of U users and I items there are 2 (U + I) examples, for a split divides examples: users, then
/// items, to train, and the same again to test; the predefined split is "leave last out". Label
/// columns: "kind", user or item; "identity", "u:" or "i:" with the name in the file, the same for
/// both copies. Pairs, all similar: (user, item) of each training interaction among the training
/// copies, of each other among the test copies. Triplets: (user, item, other item) for each
/// training interaction and each of `negatives` items without a training interaction of that user,
/// drawn with replacement; an item that is held out may be among them, since training knows nothing
/// of it. A user with all items has none.
class Ratings final : public Dataset {
 public:
  static void describe(Description<Ratings>& is) {
    is.summary(
        "users' ratings of items, such as MovieLens: users and items in one space, last "
        "interactions held out");
    is.source("Harper, Konstan. The MovieLens datasets: history and context. ACM TiiS 2015");
    is.source(
        "Rendle et al. BPR: Bayesian personalized ranking from implicit feedback. UAI 2009 (the "
        "triplets)");
    is.source(
        "He et al. Neural collaborative filtering. WWW 2017 (leave-last-out, and 4 negatives)");
    is.cost(
        "time O(r log r) in the ratings, memory linear in ratings and triplets; factors as a "
        "truncated SVD of the sparse interactions");
    is.parameter("path", &Ratings::path,
                 "the file, a rating a line; looked for beside the spec, then under "
                 "$METRICLAB_DATA")
        .required();
    is.parameter("delimiter", &Ratings::delimiter, "what stands between the fields")
        .one_of({",", ";", "tab", "space", "::"});
    is.parameter("header", &Ratings::header,
                 "whether the first line names the columns; \"auto\": it does when none of its "
                 "fields is a number")
        .one_of({"auto", "yes", "no"});
    is.parameter("user", &Ratings::user, "the column of the user: its name or number from 1");
    is.parameter("item", &Ratings::item, "the column of the item");
    is.parameter("rating", &Ratings::rating,
                 "the column of the rating; null: every line is an interaction");
    is.parameter("timestamp", &Ratings::timestamp,
                 "the column of the time, a number; null: the order of the file");
    is.parameter("threshold", &Ratings::threshold, "ratings from here on are interactions")
        .unused_when("rating", nullptr);
    is.parameter("min_interactions", &Ratings::min_interactions,
                 "users and items with fewer are dropped until there are none; above \"holdout\"")
        .at_least(2);
    is.parameter("holdout", &Ratings::holdout, "how many interactions of each user test")
        .at_least(1);
    is.parameter("representation", &Ratings::representation,
                 "\"ids\": the number of the identity, users then items from 0, shape (1), for "
                 "lookup tables; \"factors\": rows of U S^1/2 and V S^1/2 of a truncated SVD U S "
                 "V^T of the (users x items) training interactions, 0 and 1")
        .one_of({"ids", "factors"});
    is.parameter("factors", &Ratings::factors, "how many singular values stay")
        .at_least(1)
        .unused_when("representation", "ids");
    is.parameter("negatives", &Ratings::negatives, "triplets for each training interaction")
        .at_least(0);
    is.parameter("seed", &Ratings::seed, "of the negatives and of the SVD's first block")
        .at_least(0);
  }

  std::vector<fs::path> files(const Places& places) const override { return {places.find(path)}; }
  std::vector<std::string> split_names(const Places&) const override { return {kSplit}; }

  Data load(const Places& places) const override {
    if (min_interactions <= holdout)
      throw Error(std::to_string(min_interactions) + " is not above \"holdout\", " +
                  std::to_string(holdout) + "; each user has to train on one interaction at least")
          .in("min_interactions");
    const fs::path file = places.find(path);
    const Interactions all = interactions(file);
    const auto n_users = static_cast<std::int64_t>(all.users.size());
    const auto n = n_users + static_cast<std::int64_t>(all.items.size());
    Data data;
    data.examples = examples(all, file.string());
    data.ids = representation == "ids";
    LabelColumn sort{.name = "kind", .values = {}, .classes = {"user", "item"}};
    LabelColumn identity{.name = "identity", .values = {}, .classes = {}};
    for (const std::string& name : all.users) identity.classes.push_back("u:" + name);
    for (const std::string& name : all.items) identity.classes.push_back("i:" + name);
    Split split{.name = kSplit, .train = {}, .test = {}, .episodes = {}};
    for (std::int64_t i = 0; i < 2 * n; ++i) {
      sort.values.push_back(i % n < n_users ? 0 : 1);
      identity.values.push_back(static_cast<std::int32_t>(i % n));
      (i < n ? split.train : split.test).push_back(i);
    }
    data.columns = {std::move(sort), std::move(identity)};
    data.splits = {std::move(split)};
    for (std::size_t u = 0; u < all.users.size(); ++u) {
      const auto first = static_cast<std::int64_t>(u);
      for (std::size_t i : all.train[u])
        data.constraints.pairs.push_back({first, n_users + static_cast<std::int64_t>(i), true});
      for (std::size_t i : all.test[u])
        data.constraints.pairs.push_back(
            {n + first, n + n_users + static_cast<std::int64_t>(i), true});
    }
    data.constraints.triplets = triplets(all);
    return data;
  }

 private:
  static constexpr const char* kSplit = "leave last out";

  Interactions interactions(const fs::path& file) const {
    Identities users, items;
    std::vector<Rating> all = read(file, users, items);
    const std::size_t n_read = all.size();
    // The last rating of each user and item, then those that are positive.
    auto order = [](const Rating& r) { return std::tuple(r.user, r.item, r.time, r.line); };
    std::ranges::sort(all, {}, order);
    std::vector<Rating> kept;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool last =
          i + 1 == all.size() || all[i + 1].user != all[i].user || all[i + 1].item != all[i].item;
      if (last && (!rating || all[i].rating >= threshold)) kept.push_back(all[i]);
    }
    drop_rare(kept, users.names.size(), items.names.size());
    if (kept.empty())
      throw Error(file.string() + ": of " + std::to_string(n_read) +
                  " ratings none is left: no user and item with " +
                  std::to_string(min_interactions) +
                  " interactions each; lower \"threshold\" or \"min_interactions\"");
    Interactions is;
    const std::vector<std::size_t> user_of = renumber(kept, &Rating::user, users.names, is.users);
    const std::vector<std::size_t> item_of = renumber(kept, &Rating::item, items.names, is.items);
    std::ranges::sort(kept, {}, [](const Rating& r) { return std::tuple(r.time, r.line); });
    is.train.resize(is.users.size());
    is.test.resize(is.users.size());
    for (const Rating& r : kept) is.train[user_of[r.user]].push_back(item_of[r.item]);
    for (std::size_t u = 0; u < is.users.size(); ++u) {
      const auto first = is.train[u].end() - static_cast<std::ptrdiff_t>(holdout);
      is.test[u].assign(first, is.train[u].end());
      is.train[u].erase(first, is.train[u].end());
    }
    return is;
  }

  std::vector<Rating> read(const fs::path& file, Identities& users, Identities& items) const {
    if (fs::is_directory(file)) throw Error(file.string() + ": is a folder, not a table");
    const std::string text = read_file(file);
    Lines lines(text, file.string());
    std::vector<Rating> all;
    std::size_t of_user = 0, of_item = 0, of_rating = 0, of_time = 0, count = 0;
    for (std::string_view line; lines.next(line);) {
      const Names fields = split(line, lines);
      if (count == 0) {
        count = fields.size();
        const bool named =
            header == "yes" ||
            (header == "auto" && std::ranges::none_of(fields, [](const std::string& field) {
               return number_of(field).has_value();
             }));
        const Names names = named ? fields : Names();
        of_user = column_of(user, names, count, "user");
        of_item = column_of(item, names, count, "item");
        if (rating) of_rating = column_of(*rating, names, count, "rating");
        if (timestamp) of_time = column_of(*timestamp, names, count, "timestamp");
        if (named) continue;
      }
      if (fields.size() != count)
        throw lines.error("has " + std::to_string(fields.size()) + " values, the first line has " +
                          std::to_string(count));
      if (fields[of_user].empty() || fields[of_item].empty())
        throw lines.error("has no user or no item");
      auto number = [&](std::size_t column, const char* what) {
        const auto value = number_of(fields[column]);
        if (!value) throw lines.error(not_a_number(what, fields[column]));
        return *value;
      };
      all.push_back({.user = users.number(fields[of_user]),
                     .item = items.number(fields[of_item]),
                     .rating = rating ? number(of_rating, "the rating") : 0,
                     .time = timestamp ? number(of_time, "the timestamp") : 0,
                     .line = lines.number()});
    }
    if (all.empty()) throw Error(file.string() + ": has no ratings; a line for each was expected");
    return all;
  }

  Names split(std::string_view line, const Lines& lines) const {
    try {
      if (delimiter == "tab") return fields_of(line, '\t');
      if (delimiter == "space") return fields_of(line, ' ');
      if (delimiter != "::") return fields_of(line, delimiter[0]);
    } catch (const Error& error) {
      throw lines.error(error.message());
    }
    Names fields;
    for (std::size_t at = 0; at <= line.size();) {
      const std::size_t end = std::min(line.find("::", at), line.size());
      fields.emplace_back(trimmed(line.substr(at, end - at)));
      at = end + 2;
    }
    return fields;
  }

  static std::size_t column_of(const std::string& wanted, const Names& names, std::size_t count,
                               const char* parameter) {
    if (const auto found = std::ranges::find(names, wanted); found != names.end())
      return static_cast<std::size_t>(found - names.begin());
    std::size_t number = 0;
    const char* end = wanted.data() + wanted.size();
    const auto [stopped, problem] = std::from_chars(wanted.data(), end, number);
    if (problem != std::errc() || stopped != end || number < 1 || number > count)
      throw Error("there is no column \"" + wanted + "\"; give " +
                  (names.empty() ? "" : "a name of the header or ") + "a number from 1 to " +
                  std::to_string(count))
          .in(parameter);
    return number - 1;
  }

  /// Drops users and items of fewer than `min_interactions`, which may leave others with fewer.
  void drop_rare(std::vector<Rating>& all, std::size_t n_users, std::size_t n_items) const {
    for (std::size_t before = all.size() + 1; all.size() < before;) {
      before = all.size();
      std::vector<std::int64_t> of_user(n_users, 0), of_item(n_items, 0);
      for (const Rating& r : all) {
        ++of_user[r.user];
        ++of_item[r.item];
      }
      std::erase_if(all, [&](const Rating& r) {
        return of_user[r.user] < min_interactions || of_item[r.item] < min_interactions;
      });
    }
  }

  /// Numbers those that are left in the order of their names; gives the number of each old one.
  static std::vector<std::size_t> renumber(const std::vector<Rating>& all,
                                           std::size_t Rating::*which, const Names& names,
                                           Names& left) {
    std::vector<bool> there(names.size(), false);
    for (const Rating& r : all) there[r.*which] = true;
    std::vector<std::size_t> old;
    Names texts;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (there[i]) {
        old.push_back(i);
        texts.push_back(names[i]);
      }
    // Two spellings of a number, "7" and "07", are two names.
    const LabelColumn sorted = label_column("", texts);
    std::vector<std::size_t> place(old.size());
    std::iota(place.begin(), place.end(), std::size_t{0});
    std::ranges::stable_sort(place, {}, [&](std::size_t i) { return sorted.values[i]; });
    std::vector<std::size_t> number(names.size(), 0);
    for (std::size_t i = 0; i < place.size(); ++i) {
      number[old[place[i]]] = i;
      left.push_back(texts[place[i]]);
    }
    return number;
  }

  Examples examples(const Interactions& all, const std::string& file) const {
    const std::size_t n_users = all.users.size(), n_items = all.items.size();
    const std::size_t n = n_users + n_items;
    if (representation == "ids") {
      constexpr std::size_t kMostExact = std::size_t{1} << 24;  // of float32's integers
      if (n > kMostExact)
        throw Error(file + ": has " + std::to_string(n) +
                    " users and items; float32 tells 2^24 apart");
      std::vector<float> ids;
      for (std::size_t i = 0; i < 2 * n; ++i) ids.push_back(static_cast<float>(i % n));
      return {{1}, std::move(ids)};
    }
    if (factors > static_cast<std::int64_t>(std::min(n_users, n_items)))
      throw Error(file + ": " + std::to_string(n_users) + " users and " + std::to_string(n_items) +
                  " items are left, which have no " + std::to_string(factors) + " singular values")
          .in("factors");
    std::vector<Eigen::Triplet<double>> entries;
    for (std::size_t u = 0; u < n_users; ++u)
      for (std::size_t i : all.train[u])
        entries.emplace_back(static_cast<int>(u), static_cast<int>(i), 1.0);
    Eigen::SparseMatrix<double> matrix(static_cast<Eigen::Index>(n_users),
                                       static_cast<Eigen::Index>(n_items));
    matrix.setFromTriplets(entries.begin(), entries.end());
    const auto from = Random(static_cast<std::uint64_t>(seed), "factors");
    const TruncatedSvd svd = truncated_svd(matrix, factors, from);
    const Vector root = svd.values.cwiseSqrt();
    Matrix rows(static_cast<Eigen::Index>(n), factors);
    rows << svd.left * root.asDiagonal(), svd.right * root.asDiagonal();
    std::vector<double> values(rows.data(), rows.data() + rows.size());
    values.insert(values.end(), rows.data(), rows.data() + rows.size());
    return {{factors}, std::move(values)};
  }

  std::vector<std::array<std::int64_t, 3>> triplets(const Interactions& all) const {
    std::vector<std::array<std::int64_t, 3>> drawn;
    const auto n_users = static_cast<std::int64_t>(all.users.size());
    const auto n_items = static_cast<std::int64_t>(all.items.size());
    const Random stream(static_cast<std::uint64_t>(seed), "negatives");
    for (std::int64_t u = 0; u < n_users; ++u) {
      const std::vector<std::size_t>& liked = all.train[static_cast<std::size_t>(u)];
      std::vector<bool> is_liked(all.items.size(), false);
      for (std::size_t i : liked) is_liked[i] = true;
      std::vector<std::int64_t> others;
      for (std::int64_t i = 0; i < n_items; ++i)
        if (!is_liked[static_cast<std::size_t>(i)]) others.push_back(i);
      if (others.empty()) continue;
      Random random = stream.child(static_cast<std::uint64_t>(u));
      for (std::size_t i : liked)
        for (std::int64_t k = 0; k < negatives; ++k) {
          const auto other = random.below(static_cast<std::int64_t>(others.size()));
          drawn.push_back({u, n_users + static_cast<std::int64_t>(i),
                           n_users + others[static_cast<std::size_t>(other)]});
        }
    }
    return drawn;
  }

  std::string path;
  std::string delimiter = ",", header = "auto";
  std::string user = "1", item = "2";
  std::optional<std::string> rating = "3", timestamp = "4";
  double threshold = 4;
  std::int64_t min_interactions = 5, holdout = 1;
  std::string representation = "ids";
  std::int64_t factors = 32, negatives = 4, seed = 1;
};

METRICLAB_PLUGIN(Ratings, "ratings");

}  // namespace
