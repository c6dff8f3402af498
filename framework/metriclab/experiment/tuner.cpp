// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/experiment/parzen.hpp>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/experiment/run.hpp>
#include <metriclab/experiment/tuner.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

// With a budget of seconds trials are made so many at a time, whatever the number of processes.
constexpr std::int64_t kTogether = 4;
// Trials before a Parzen estimator has something to go by: a third, and no more than these.
constexpr std::int64_t kMostUninformed = 10;

double worst() { return std::numeric_limits<double>::infinity(); }

/// u of the point with that number in the grid, the last dimension fastest.
std::vector<double> grid_point(const SearchSpace& space, std::int64_t number) {
  std::vector<double> u(space.dimensions.size());
  for (std::size_t i = u.size(); i-- > 0;) {
    const std::int64_t n = *space.dimensions[i].size();
    u[i] = (static_cast<double>(number % n) + 0.5) / static_cast<double>(n);
    number /= n;
  }
  return u;
}

std::int64_t grid_size(const SearchSpace& space) {
  std::int64_t points = 1;
  for (const SearchDimension& dimension : space.dimensions) points *= *dimension.size();
  return points;
}

std::string names_of(const Value& metrics) {
  std::string names;
  for (const Value::Member& member : metrics.as_object())
    names += (names.empty() ? "" : ", ") + member.key;
  return names;
}

}  // namespace

Tuner::Tuner(Plan& plan, const ResultStore* store, Registry& registry)
    : plan_(plan),
      store_(store),
      registry_(registry),
      settings_(*plan.spec->settings.tune),
      validations_(split_names(settings_.split(), {})),
      plain_runs_(plan.runs.size()),
      plain_points_(plan.points.size()) {
  for (std::size_t d = 0; d < plan.datasets.size(); ++d)
    for (std::size_t m = 0; m < plan.spec->methods.size(); ++m)
      if (plan.spec->methods[m].is_searched())
        for (std::size_t s = 0; s < plan.datasets[d].splits.size(); ++s)
          groups_.push_back({d, m, s});
}

bool Tuner::advance() {
  plan_.runs.resize(plain_runs_);
  plan_.points.resize(plain_points_);
  plan_.pending.clear();
  points_.clear();
  for (const Group& group : groups_) extend(group);
  bool more = false;
  for (std::size_t i = plain_runs_; i < plan_.runs.size(); ++i)
    more = known_.insert(plan_.runs[i].id).second || more;
  return more;
}

void Tuner::extend(const Group& group) {
  std::vector<Candidate> all = candidates(group);
  if (settings_.halving) all = halved(group, std::move(all));
  const bool done = std::ranges::all_of(all, [](const Candidate& is) { return is.score.done; });
  const auto best = std::ranges::min_element(all, {}, [](const Candidate& is) {
    return is.score.loss.value_or(worst());  // the first of equal ones
  });
  if (done && best->score.loss) return finish(group, *best);
  if (done) return give_up(group, all);
  for (const std::int64_t seed : plan_.spec->settings.seeds) {
    PlannedRun run = planned_run(plan_, group.dataset, group.method, group.split_index, seed);
    run.id = "pending-" + run.id;
    plan_.pending.push_back(std::move(run));
  }
}

std::vector<double> Tuner::drawn(const SearchSpace& space, std::int64_t number) const {
  // A parameter's values don't depend on what else is searched for, nor on the data set: methods
  // that share a parameter share its values.
  std::vector<double> u;
  for (const SearchDimension& dimension : space.dimensions)
    u.push_back(Random(0, "search " + dimension.pointer())
                    .child(static_cast<std::uint64_t>(number))
                    .uniform());
  return u;
}

std::vector<Tuner::Candidate> Tuner::candidates(const Group& group) {
  const SearchSpace& space = plan_.spec->methods[group.method].space;
  const bool grid = settings_.search == "grid", parzen = settings_.search == "tpe";
  const std::int64_t n = grid ? grid_size(space) : settings_.trials;
  const std::int64_t uninformed = parzen ? std::clamp<std::int64_t>(n / 3, 1, kMostUninformed) : n;
  std::vector<Candidate> all;
  std::vector<Tried> tried;
  double seconds = 0;
  for (std::int64_t number = 0; number < n; ++number) {
    const bool informed = number >= uninformed;
    const auto wait = [&] {
      return std::ranges::any_of(all, [](const Candidate& is) { return !is.score.done; });
    };
    if (informed && wait()) break;
    if (settings_.seconds && number % kTogether == 0 && number > 0 &&
        (wait() || seconds >= *settings_.seconds))
      break;
    Candidate is{.u = {}, .number = number + 1, .score = {}};
    if (grid)
      is.u = grid_point(space, number);
    else if (informed)
      is.u = propose(space, tried, Random(0, "search").child(static_cast<std::uint64_t>(number)));
    else
      is.u = drawn(space, number);
    if (!settings_.halving) is.score = score(group, is.u, is.number, std::nullopt);
    seconds += is.score.seconds;
    tried.push_back({is.u, is.score.loss});
    all.push_back(std::move(is));
  }
  return all;
}

std::vector<Tuner::Candidate> Tuner::halved(const Group& group, std::vector<Candidate> all) {
  const Halving& how = *settings_.halving;
  const MethodSpec& method = plan_.spec->methods[group.method];
  const std::vector<std::string> steps = method.resource_steps(how);
  if (steps.empty()) {
    for (Candidate& is : all) is.score = score(group, is.u, is.number, std::nullopt);
    return all;
  }
  const std::int64_t most = find_at(method.block, steps)->as_integer();
  std::vector<std::int64_t> rounds = {most};
  while (rounds.back() / how.factor >= how.least) rounds.push_back(rounds.back() / how.factor);
  std::ranges::reverse(rounds);
  for (std::size_t round = 0;; ++round) {
    for (Candidate& is : all) is.score = score(group, is.u, is.number, rounds[round]);
    const bool done = std::ranges::all_of(all, [](const Candidate& is) { return is.score.done; });
    if (!done || round + 1 == rounds.size()) return all;
    std::vector<Candidate> order = all;
    std::ranges::stable_sort(order, {},
                             [](const Candidate& is) { return is.score.loss.value_or(worst()); });
    if (!order.front().score.loss) return all;
    const auto factor = static_cast<std::size_t>(how.factor);
    order.resize((order.size() + factor - 1) / factor);
    std::erase_if(order, [](const Candidate& is) { return !is.score.loss; });
    std::ranges::sort(order, {}, &Candidate::number);
    all = std::move(order);
  }
}

std::size_t Tuner::point(const Group& group, const std::vector<double>& u,
                         std::optional<std::int64_t> resource) {
  const MethodSpec& method = plan_.spec->methods[group.method];
  Value given = method.space.at(u), block;
  if (method.kind == "solver") {
    block = registry_.resolve("solver", given.at("solver"));
  } else {
    if (given.find("plugin") == nullptr) given.set("plugin", "deep");
    block = registry_.resolve("method", given);
  }
  if (resource) {
    set_at(block, method.resource_steps(*settings_.halving), *resource);
    block = registry_.resolve(method.kind, block);
  }
  const std::string key = fmt::format("{} {}", group.method, to_json_text(block, -1));
  const auto [place, added] = points_.try_emplace(key, plan_.points.size());
  if (added) add_point(plan_, registry_, group.method, std::move(block), method.space.values(u));
  return place->second;
}

Tuner::Score Tuner::score(const Group& group, const std::vector<double>& u, std::int64_t number,
                          std::optional<std::int64_t> resource) {
  const std::size_t at = point(group, u, resource);
  Score all{.done = true, .loss = 0, .seconds = 0, .status = {}, .reason = {}};
  for (std::size_t v = 0; v < validations_.size(); ++v) {
    plan_.runs.push_back(planned_run(plan_, group.dataset, at, group.split_index,
                                     plan_.spec->settings.seeds.front(),
                                     Trial{.number = number,
                                           .validation_index = v,
                                           .validation = validations_[v],
                                           .resource = resource}));
    const Score one = read(plan_.runs.back().id);
    all.done = all.done && one.done;
    all.seconds += one.seconds;
    if (one.loss && all.loss)
      *all.loss += *one.loss / static_cast<double>(validations_.size());
    else
      all.loss.reset();
    if (all.status.empty()) {
      all.status = one.status;
      all.reason = one.reason;
    }
  }
  return all;
}

Tuner::Score Tuner::read(const std::string& id) {
  if (const auto known = scores_.find(id); known != scores_.end()) return known->second;
  Score score;
  const auto stored = store_ == nullptr ? std::nullopt : store_->find(id);
  if (!stored || stored->from_outside) return score;  // that one is tried again
  const Value result = parse_json(read_file(store_->result(id)));
  score.done = true;
  if (const Value* seconds = result.find("seconds"))
    if (const Value* total = seconds->find("total"); total != nullptr && total->is_number())
      score.seconds = total->as_number();
  const std::string status = result.at("status").as_string();
  if (status != "ok") {
    score.status = status;
    if (result.at("reason").is_string()) score.reason = result.at("reason").as_string();
    return score;
  }
  const Value& metrics = result.at("metrics");
  const Value* value = metrics.find(settings_.metric);
  if (value == nullptr)
    throw Error(fmt::format("/tune/metric: there is no \"{}\"; results have {}", settings_.metric,
                            names_of(metrics)));
  const Value* higher = result.at("higher_is_better").find(settings_.metric);
  if (higher == nullptr || !higher->is_boolean())
    throw Error(fmt::format(
        "/tune/metric: neither high nor low values of \"{}\" are better; take one that ranks",
        settings_.metric));
  if (value->is_number()) {
    score.loss = higher->as_boolean() ? -value->as_number() : value->as_number();
  } else {
    score.status = "failed";
    const Value* reason = result.at("reasons").find(settings_.metric);
    score.reason =
        fmt::format("{} has no value{}", settings_.metric,
                    reason != nullptr && reason->is_string() ? ": " + reason->as_string() : "");
  }
  scores_[id] = score;
  return score;
}

void Tuner::finish(const Group& group, const Candidate& best) {
  const std::size_t at = point(group, best.u, std::nullopt);
  for (const std::int64_t seed : plan_.spec->settings.seeds)
    plan_.runs.push_back(planned_run(plan_, group.dataset, at, group.split_index, seed));
}

void Tuner::give_up(const Group& group, const std::vector<Candidate>& all) {
  // The runs that there can't be still have their place in every table, under ids of their own.
  const MethodSpec& method = plan_.spec->methods[group.method];
  Value block = method.block;
  block.set("searched", method.space.document);
  const std::size_t at =
      add_point(plan_, registry_, group.method, std::move(block), Value::object());
  const bool skipped =
      std::ranges::all_of(all, [](const Candidate& is) { return is.score.status == "skipped"; });
  const Score& first = all.front().score;
  for (const std::int64_t seed : plan_.spec->settings.seeds) {
    const PlannedRun run = planned_run(plan_, group.dataset, at, group.split_index, seed);
    plan_.pending.push_back(run);
    if (store_ == nullptr) continue;
    const std::string reason = skipped
                                   ? first.reason
                                   : fmt::format("none of {} trials has a {}; the first: {}{}",
                                                 all.size(), settings_.metric, first.status,
                                                 first.reason.empty() ? "" : ", " + first.reason);
    store_->write(run.id,
                  result_of(request_of(plan_, run),
                            {.status = skipped ? "skipped" : "failed", .reason = reason}, 1));
  }
}

}  // namespace metriclab
