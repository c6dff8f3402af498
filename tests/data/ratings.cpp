// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/SVD>
#include <algorithm>
#include <cmath>
#include <metriclab/data/truncated_svd.hpp>
#include <set>
#include <sstream>

#include "datasets.hpp"

namespace {

using namespace metriclab;
using Names = std::vector<std::string>;
using Labels = std::vector<std::int32_t>;
using Pair = std::pair<std::int64_t, std::int64_t>;

/// A table of ratings whose items come in order of time.
const std::string kTable =
    "user,item,rating,time\n"
    "10,a,5,1\n10,b,4,2\n10,c,4.5,3\n10,d,1,4\n"
    "9,c,5,7\n9,b,5,6\n9,a,5,5\n"
    "8,a,5,1\n8,b,5,1\n8,c,2,9\n8,c,5,1\n8,c,4,0\n"
    "7,a,5,1\n7,e,5,2\n7,f,5,3\n";

std::string spec(const std::string& rest) {
  return R"({"plugin": "ratings", "path": "t", )" + rest + "}";
}

std::vector<Pair> pairs_of(const Constraints& constraints) {
  std::vector<Pair> pairs;
  for (const LabelledPair& pair : constraints.pairs) {
    CHECK(pair.similar);
    pairs.emplace_back(pair.first, pair.second);
  }
  return pairs;
}

TEST_CASE("ratings: users and items twice, the last interaction of each user held out") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("t", kTable);
  const auto ratings = make_dataset(spec(R"("min_interactions": 2, "negatives": 3)"));
  CHECK(ratings->split_names(places) == Names{"leave last out"});
  const Data data = ratings->load(places);
  // Of user 8's three ratings of c the last by time counts, which is no interaction. Then e and f
  // have one interaction, without them user 7 has one, and is dropped.
  CHECK(data.columns.at(1).classes == Names{"u:8", "u:9", "u:10", "i:a", "i:b", "i:c"});
  REQUIRE(data.size() == 12);
  CHECK(data.columns[0].name == "kind");
  CHECK(data.columns[0].classes == Names{"user", "item"});
  CHECK(data.columns[0].values == Labels{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1});
  CHECK(data.columns[1].values == Labels{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5});
  CHECK(data.examples.shape() == Shape{1});
  CHECK(data.examples.as_float().col(0).head(6) == Eigen::VectorXf{{0, 1, 2, 3, 4, 5}});
  CHECK(data.examples.as_float().col(0).tail(6) == Eigen::VectorXf{{0, 1, 2, 3, 4, 5}});
  REQUIRE(data.splits.size() == 1);
  CHECK(data.splits[0].train == Indices{0, 1, 2, 3, 4, 5});
  CHECK(data.splits[0].test == Indices{6, 7, 8, 9, 10, 11});
  // User 8 likes a, then b (by the file's order); 9 a, b, then c; 10 a, b, then c.
  const Data train = data.subset(data.splits[0].train), test = data.subset(data.splits[0].test);
  CHECK(pairs_of(train.constraints) == std::vector<Pair>{{0, 3}, {1, 3}, {1, 4}, {2, 3}, {2, 4}});
  CHECK(pairs_of(test.constraints) == std::vector<Pair>{{0, 4}, {1, 5}, {2, 5}});
  CHECK(test.constraints.triplets.empty());
  CHECK(train.constraints.triplets.size() == 5 * 3);
  const std::set<Pair> liked = {{0, 3}, {1, 3}, {1, 4}, {2, 3}, {2, 4}};
  for (const auto& [user, item, other] : train.constraints.triplets) {
    CHECK(liked.contains({user, item}));
    CHECK_FALSE(liked.contains({user, other}));
    CHECK(other >= 3);
  }
  CHECK(load(spec(R"("min_interactions": 2, "negatives": 3)"), places).constraints.triplets ==
        data.constraints.triplets);
  CHECK(load(spec(R"("min_interactions": 2, "negatives": 3, "seed": 2)"), places)
            .constraints.triplets != data.constraints.triplets);
}

TEST_CASE("ratings: factors have the inner products of the training interactions' best rank") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  folder.write("t", kTable);
  const std::string factors = R"("min_interactions": 2, "representation": "factors", "factors": )";
  const Matrix interactions{{1, 0, 0}, {1, 1, 0}, {1, 1, 0}};
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(interactions,
                                              Eigen::ComputeFullU | Eigen::ComputeFullV);
  for (Eigen::Index rank = 1; rank <= 3; ++rank) {
    const Data data = load(spec(factors + std::to_string(rank)), places);
    CHECK(data.examples.shape() == Shape{rank});
    const Matrix rows = data.examples.as_double();
    CHECK(rows.topRows(6) == rows.bottomRows(6));
    const Matrix best = svd.matrixU().leftCols(rank) *
                        svd.singularValues().head(rank).asDiagonal() *
                        svd.matrixV().leftCols(rank).transpose();
    CHECK((rows.topRows(3) * rows.middleRows(3, 3).transpose() - best).norm() < 1e-12);
    // The factors share the singular values evenly.
    CHECK(rows.topRows(3).squaredNorm() ==
          doctest::Approx(svd.singularValues().head(rank).sum()).epsilon(1e-9));
  }
  CHECK(complaint(spec(factors + "4"), places)
            .find("3 users and 3 items are left, which have no 4 singular values") !=
        std::string::npos);
}

TEST_CASE("ratings: other delimiters, columns, no times, no ratings") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  auto sizes = [&](const std::string& text, const std::string& rest) {
    folder.write("t", text);
    const Data data = load(spec(rest + R"(, "min_interactions": 2)"), places);
    return std::pair(data.columns.at(1).classes, pairs_of(data.constraints));
  };
  const Names two = {"u:1", "u:2", "i:x", "i:y"};
  const std::vector<Pair> in_order = {{0, 2}, {4, 7}, {1, 2}, {5, 7}};
  const std::vector<Pair> turned = {{0, 3}, {4, 6}, {1, 3}, {5, 6}};
  CHECK(sizes("1\tx\t4\t8\n1\ty\t4\t9\n2\tx\t4\t8\n2\ty\t4\t9\n", R"("delimiter": "tab")") ==
        std::pair(two, in_order));
  CHECK(sizes("1::x::4::9\n1::y::4::8\n2::x::4::9\n2::y::4::8\n", R"("delimiter": "::")") ==
        std::pair(two, turned));
  CHECK(sizes("1 y 4\n1 x 4\n2 y 4\n2 x 4\n", R"("delimiter": "space", "timestamp": null)") ==
        std::pair(two, turned));
  CHECK(
      sizes("what;who\nx;1\ny;1\nx;2\ny;2\n",
            R"("delimiter": ";", "user": "who", "item": "1", "rating": null, "timestamp": null)") ==
      std::pair(two, in_order));
}

TEST_CASE("ratings: what is wrong is named with its line or parameter") {
  const TemporaryFolder folder;
  const Places places{folder.path(), ""};
  std::string file = (folder.path() / "t").string();
  auto wrong = [&](const std::string& text, const std::string& rest = R"("seed": 1)") {
    file = folder.write("t", text).string();
    return complaint(spec(rest), places);
  };
  CHECK(wrong(kTable) == file +
                             ": of 15 ratings none is left: no user and item with 5 interactions "
                             "each; lower \"threshold\" or \"min_interactions\"");
  CHECK(wrong("user,item,rating,time\n1,a,x,1\n") ==
        file + ":2: the rating is not a number: \"x\"");
  CHECK(wrong("1,a,5,1\n1,b,5\n") == file + ":2: has 3 values, the first line has 4");
  CHECK(wrong("1,a,5,1\n,b,5,1\n") == file + ":2: has no user or no item");
  CHECK(wrong("1,a,5\n") == "/timestamp: there is no column \"4\"; give a number from 1 to 3");
  CHECK(wrong("user,item,rating,time\n") ==
        file + ": has no ratings; a line for each was expected");
  CHECK(wrong("") == file + ": has no ratings; a line for each was expected");
  CHECK(wrong(kTable, R"("min_interactions": 3, "holdout": 3)") ==
        "/min_interactions: 3 is not above \"holdout\", 3; each user has to train on one "
        "interaction at least");
}

TEST_CASE("ratings: a user of all items has no triplets") {
  const TemporaryFolder folder;
  folder.write("t", "1,a,5,1\n1,b,5,2\n2,a,5,1\n2,b,5,2\n");
  const Data data = load(spec(R"("min_interactions": 2)"), Places{folder.path(), ""});
  // The held-out item is one that training may draw.
  CHECK(
      data.constraints.triplets ==
      std::vector<std::array<std::int64_t, 3>>{
          {0, 2, 3}, {0, 2, 3}, {0, 2, 3}, {0, 2, 3}, {1, 2, 3}, {1, 2, 3}, {1, 2, 3}, {1, 2, 3}});
  folder.write("t",
               "1,a,5,1\n1,b,5,2\n1,c,5,3\n2,a,5,3\n2,b,5,2\n2,c,5,1\n3,b,5,1\n3,c,5,2\n"
               "3,a,5,3\n4,a,5,1\n4,b,5,2\n4,c,5,3\n");
  const Data most =
      load(spec(R"("min_interactions": 3, "negatives": 1)"), Places{folder.path(), ""});
  CHECK(most.constraints.triplets.size() == 4 * 2);
}

TEST_CASE("ratings: MovieLens, against a plain formulation of the protocol") {
  if (!has_data()) return;
  const Places places = Places::beside("");
  const std::string block =
      R"({"plugin": "ratings", "path": "recommendation/ml-latest-small/ratings.csv")";
  const Data data = load(block + "}");
  std::stringstream lines(read_file(places.find("recommendation/ml-latest-small/ratings.csv")));
  std::string line;
  std::getline(lines, line);
  std::int64_t n_lines = 0;
  std::map<std::string, std::map<std::string, double>> liked;  // users' items and times
  std::set<std::string> users, items;
  for (; std::getline(lines, line); ++n_lines) {
    std::stringstream fields(line);
    std::string user, item, rating, time;
    std::getline(fields, user, ',');
    std::getline(fields, item, ',');
    std::getline(fields, rating, ',');
    std::getline(fields, time, ',');
    users.insert(user);
    items.insert(item);
    if (std::stod(rating) >= 4) liked[user][item] = std::stod(time);
  }
  CHECK(n_lines == 100836);  // the README of the data
  CHECK(users.size() == 610);
  CHECK(items.size() == 9724);
  for (bool changed = true; changed;) {
    std::map<std::string, int> of_item;
    for (const auto& [user, of] : liked)
      for (const auto& [item, time] : of) ++of_item[item];
    changed = false;
    for (auto& [user, of] : liked)
      changed =
          std::erase_if(of, [&](const auto& it) { return of_item[it.first] < 5; }) > 0 || changed;
    changed = std::erase_if(liked, [](const auto& user) { return user.second.size() < 5; }) > 0 ||
              changed;
  }
  std::set<std::string> left;
  std::size_t n_interactions = 0;
  for (const auto& [user, of] : liked) {
    n_interactions += of.size();
    for (const auto& [item, time] : of) left.insert(item);
  }
  const auto n = static_cast<std::int64_t>(liked.size() + left.size());
  CHECK(data.size() == 2 * n);
  const Data test = data.subset(data.splits.at(0).test), train = data.subset(data.splits[0].train);
  CHECK(test.constraints.pairs.size() == liked.size());
  CHECK(train.constraints.pairs.size() == n_interactions - liked.size());
  CHECK(train.constraints.triplets.size() == 4 * train.constraints.pairs.size());
  const Names& names = data.columns.at(1).classes;
  for (const LabelledPair& pair : test.constraints.pairs) {
    const auto& of = liked.at(names[static_cast<std::size_t>(pair.first)].substr(2));
    const double held = of.at(names[static_cast<std::size_t>(pair.second)].substr(2));
    for (const auto& [item, time] : of) CHECK(time <= held);
  }
}

/// Truncated against full decompositions.
void check_svd(const Eigen::MatrixXd& dense, std::int64_t rank) {
  const Eigen::SparseMatrix<double> sparse = dense.sparseView();
  const TruncatedSvd svd = truncated_svd(sparse, rank, Random(1));
  const Eigen::JacobiSVD<Eigen::MatrixXd> full(dense);
  const double greatest = full.singularValues()[0];
  for (std::int64_t r = 0; r < rank; ++r) {
    CAPTURE(r);
    const double sigma = full.singularValues()[r];
    CHECK(std::abs(svd.values[r] - sigma) <= 2e-7 * greatest);
    CHECK((dense.transpose() * svd.left.col(r) - svd.values[r] * svd.right.col(r)).norm() <=
          1e-6 * greatest);
    CHECK((dense * svd.right.col(r) - svd.values[r] * svd.left.col(r)).norm() <= 1e-6 * greatest);
  }
  Eigen::Index kept = 0;
  while (kept < rank && svd.values[kept] > 0) ++kept;
  const Eigen::MatrixXd none = Eigen::MatrixXd::Identity(kept, kept);
  CHECK((svd.left.leftCols(kept).transpose() * svd.left.leftCols(kept) - none).norm() < 1e-6);
  CHECK((svd.right.leftCols(kept).transpose() * svd.right.leftCols(kept) - none).norm() < 1e-6);
}

TEST_CASE("a truncated SVD is the full one's first part") {
  Random random(7);
  auto drawn = [&](Eigen::Index m, Eigen::Index n, double density) {
    Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(m, n);
    for (double& value : dense.reshaped())
      if (random.uniform() < density) value = random.normal();
    return dense;
  };
  check_svd(drawn(60, 150, 0.1), 5);
  check_svd(drawn(150, 60, 0.1), 20);
  check_svd(drawn(12, 9, 0.8), 9);
  check_svd(drawn(200, 200, 1.0).cwiseAbs(), 3);
  check_svd(Eigen::MatrixXd::Identity(40, 30), 12);  // one value many times
  check_svd(drawn(50, 3, 1) * drawn(3, 40, 1), 6);   // of rank 3
  check_svd(Eigen::VectorXd{{3, 3, 2, 2, 2, 1}}.asDiagonal(), 4);
  check_svd(Eigen::MatrixXd::Zero(20, 30), 4);
}

}  // namespace
