// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/experiment/baselines.hpp>
#include <metriclab/experiment/document.hpp>
#include <metriclab/experiment/grid.hpp>
#include <metriclab/experiment/pointer.hpp>
#include <metriclab/experiment/spec.hpp>
#include <metriclab/experiment/tune_checks.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <set>

namespace metriclab {
namespace fs = std::filesystem;

void Limits::describe(Description<Limits>& is) {
  is.parameter("time_limit", &Limits::time_limit, "seconds after which a run is stopped").above(0);
  is.parameter("memory_limit", &Limits::memory_limit,
               "MiB of memory beyond which a run is stopped; null for nine tenths of the machine's")
      .at_least(16);
}

void SpecSettings::describe(Description<SpecSettings>& is) {
  is.parameter("name", &SpecSettings::name,
               "the experiment's name and that of its folder of results")
      .required();
  is.parameter("seeds", &SpecSettings::seeds, "each run is made once with each of these")
      .at_least(0);
  is.parameter("limits", &SpecSettings::limits, "time and memory that one run may take");
  is.parameter("save_models", &SpecSettings::save_models,
               "models are kept, for `metriclab embed` and `metriclab search`");
  is.parameter("exhibit", &SpecSettings::exhibit,
               "test examples whose embeddings and neighbours the first run of each data set and "
               "method keeps for `metriclab report`; 300 without it, 0: none")
      .at_least(0)
      .at_most(1000);
  is.parameter("baselines", &SpecSettings::baselines,
               "the Euclidean distance and each architecture's untrained network are added");
  is.parameter("tune", &SpecSettings::tune, "how the values of search spaces are found");
}

const std::vector<std::string>& spec_keys() {
  static const std::vector<std::string> keys = {
      "name", "extends", "define", "datasets",    "methods", "evaluators", "seeds",
      "grid", "tune",    "limits", "save_models", "exhibit", "baselines"};
  return keys;
}

namespace {

template <class T>
Value resolve_group(const Value& given, const std::string& owner, const std::string& pointer,
                    Problems& problems) {
  std::vector<ParameterDescription> fields;
  Description<T> group(fields);
  T::describe(group);
  return resolve_parameters(fields, given, owner, pointer, problems,
                            [](const std::string&, const Value&, const std::string&) -> Value {
                              throw Bug("a plugin among plain settings", __FILE__, __LINE__);
                            });
}

/// Checks a document piece by piece, adding to the problems as it goes.
class Reader {
 public:
  Reader(Registry& registry, Problems& problems) : registry_(registry), problems_(problems) {}

  void read(Spec& spec);

 private:
  void complain(std::string pointer, std::string message) {
    problems_.push_back({std::move(pointer), std::move(message)});
  }
  void settings(Spec& spec);
  void datasets(Spec& spec, const Grid& grid);
  std::optional<DatasetSpec> dataset(const Value& given, const std::string& pointer);
  void methods(Spec& spec, const Grid& grid);
  bool method(const Value& given, const std::string& pointer, MethodSpec& is);
  bool searched(const std::string& pointer, MethodSpec& is);
  void tune(Spec& spec);
  void evaluators(Spec& spec);
  /// Runs `read` for each point of the grid, and says what is wrong with several of them once.
  template <class Read>
  void each_point(const Grid& grid, const Value& given, const std::string& pointer, Read read);

  Registry& registry_;
  Problems& problems_;
};

void Reader::settings(Spec& spec) {
  Value given = Value::object();
  for (const Value::Member& member : spec.document.as_object()) {
    const std::string& key = member.key;
    if (key.starts_with('$')) continue;
    const auto& known = spec_keys();
    if (std::find(known.begin(), known.end(), key) == known.end())
      complain(pointer_step(key),
               fmt::format("a spec has no \"{}\"{}", key, suggestion(key, known)));
    else if (key != "datasets" && key != "methods" && key != "evaluators" && key != "grid")
      given.set(key, member.value);
  }
  const std::size_t before = problems_.size();
  const Value resolved = resolve_group<SpecSettings>(given, "the spec", "", problems_);
  if (problems_.size() > before) return;
  ParameterTraits<SpecSettings>::assign(spec.settings, resolved, registry_);
  const std::string& name = spec.settings.name;
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
    complain("/name", fmt::format("\"{}\" can't be a folder's name; give one without \"/\" that "
                                  "does not begin with a dot",
                                  name));
  if (spec.settings.seeds.empty()) complain("/seeds", "there is no seed; give one at least");
  const std::set<std::int64_t> different(spec.settings.seeds.begin(), spec.settings.seeds.end());
  if (different.size() < spec.settings.seeds.size())
    complain("/seeds", "a seed is there twice; each gives one run");
}

template <class Read>
void Reader::each_point(const Grid& grid, const Value& given, const std::string& pointer,
                        Read read) {
  std::vector<Grid::Point> points;
  try {
    points = grid.points(given, pointer);
  } catch (const Error& error) {
    complain("/grid", error.message());
    return;
  }
  const std::size_t first = problems_.size();
  for (const Grid::Point& point : points) {
    const std::size_t before = problems_.size();
    read(point);
    point.relocate(problems_, before);
  }
  std::set<std::pair<std::string, std::string>> told;
  const auto again = std::remove_if(problems_.begin() + static_cast<std::ptrdiff_t>(first),
                                    problems_.end(), [&](const Problem& problem) {
                                      return !told.emplace(problem.pointer, problem.message).second;
                                    });
  problems_.erase(again, problems_.end());
}

std::optional<DatasetSpec> Reader::dataset(const Value& given, const std::string& pointer) {
  static const std::vector<std::string> own = {"name", "split", "normalize"};
  DatasetSpec is;
  is.pointer = pointer;
  const std::size_t before = problems_.size();
  Value block = given;
  Value split;
  if (given.is_object()) {
    block = Value::object();
    std::vector<std::string> declared;
    if (const Value* plugin = given.find("plugin");
        plugin != nullptr && plugin->is_string() && registry_.has("dataset", plugin->as_string()))
      for (const auto& parameter : registry_.description("dataset", plugin->as_string()).parameters)
        declared.push_back(parameter.name);
    for (const Value::Member& member : given.as_object()) {
      const std::string& key = member.key;
      const std::string at = pointer + pointer_step(key);
      if (key == "name") {
        if (!member.value.is_string() || member.value.as_string().empty())
          complain(at, "a data set's name is a string that is not empty");
        else
          is.name = member.value.as_string();
      } else if (key == "split") {
        split = member.value;
        if (!split.is_object())
          complain(at, fmt::format("{} is no split; give an object, such as {{\"folds\": 5}}",
                                   split.type_name()));
      } else if (key == "normalize") {
        try {
          is.normalize =
              normalization_from_string(member.value.is_string() ? member.value.as_string() : "");
        } catch (const Error& error) {
          complain(at, error.message());
        }
      } else if (std::find(declared.begin(), declared.end(), key) == declared.end() &&
                 nearest(key, declared).empty() && !nearest(key, own).empty()) {
        complain(at, fmt::format("a data set has no \"{}\"{}", key, suggestion(key, own)));
      } else {
        block.set(key, member.value);
      }
    }
  }
  is.block = registry_.resolve("dataset", block, pointer, problems_);
  if (split.is_null())
    complain(pointer,
             "this data set needs \"split\", which examples train and which test, such as "
             "{\"folds\": 5}");
  if (split.is_object())
    is.split = resolve_group<Splitting>(split, "a split", pointer + "/split", problems_);
  if (problems_.size() > before) return std::nullopt;
  ParameterTraits<Splitting>::assign(is.splitting, is.split, registry_);
  if (is.name.empty()) {
    const Value* path = is.block.find("path");
    is.name = path != nullptr && path->is_string() ? fs::path(path->as_string()).stem().string()
                                                   : is.block.at("plugin").as_string();
  }
  return is;
}

void Reader::datasets(Spec& spec, const Grid& grid) {
  const Value* given = spec.document.find("datasets");
  if (given == nullptr || !given->is_list() || given->as_list().empty()) {
    complain(given == nullptr ? "" : "/datasets",
             "the spec needs \"datasets\", a list of at least one data set plugin");
    return;
  }
  for (std::size_t i = 0; i < given->as_list().size(); ++i) {
    const std::string pointer = "/datasets/" + std::to_string(i);
    each_point(grid, given->as_list()[i], pointer, [&](const Grid::Point& point) {
      auto is = dataset(point.block, pointer);
      if (!is) return;
      is->grid = point.values;
      if (!point.label.empty()) is->name += " " + point.label;
      for (const DatasetSpec& other : spec.datasets)
        if (other.name == is->name)
          complain(pointer, fmt::format("another data set is called \"{}\" too; give one of them a "
                                        "\"name\"",
                                        is->name));
      spec.datasets.push_back(std::move(*is));
    });
  }
}

bool Reader::method(const Value& given, const std::string& pointer, MethodSpec& is) {
  const std::size_t before = problems_.size();
  if (!given.is_object()) {
    complain(pointer, fmt::format("{} is no method; give {{\"solver\": …}}, or {{\"architecture\": "
                                  "…, \"loss\": …}}",
                                  given.type_name()));
    return false;
  }
  if (const Value* solver = given.find("solver")) {
    for (const Value::Member& member : given.as_object())
      if (member.key != "solver" && !member.key.starts_with('$'))
        complain(pointer + pointer_step(member.key),
                 fmt::format("a method with \"solver\" has no \"{}\"; a solver's parameters are in "
                             "its own block, {{\"plugin\": …, …}}",
                             member.key));
    is.kind = "solver";
    is.block = registry_.resolve("solver", *solver, pointer + "/solver", problems_);
  } else {
    is.kind = "method";
    Value block = given;
    if (given.find("plugin") == nullptr) {
      if (given.find("architecture") == nullptr) {
        std::string hint;
        for (const Value::Member& member : given.as_object())
          if (const std::string near = nearest(member.key, {"solver", "architecture"});
              !near.empty())
            hint = fmt::format("; did you mean \"{}\" by \"{}\"?", near, member.key);
        complain(pointer,
                 "a method needs \"solver\" (a classical one) or \"architecture\" (a deep "
                 "one)" +
                     hint);
        return false;
      }
      block.set("plugin", "deep");
    }
    is.block = registry_.resolve("method", block, pointer, problems_);
  }
  return problems_.size() == before;
}

void Reader::methods(Spec& spec, const Grid& grid) {
  const Value* given = spec.document.find("methods");
  if (given == nullptr || !given->is_object() || given->as_object().empty()) {
    complain(given == nullptr ? "" : "/methods",
             "the spec needs \"methods\", an object that maps a name to a method");
    return;
  }
  for (const Value::Member& member : given->as_object()) {
    if (member.key.starts_with('$')) continue;
    const std::string pointer = "/methods" + pointer_step(member.key);
    each_point(grid, member.value, pointer, [&](const Grid::Point& point) {
      MethodSpec is;
      is.base = member.key;
      is.name = point.label.empty() ? member.key : member.key + " " + point.label;
      is.grid = point.values;
      const std::size_t before = problems_.size();
      is.space = find_search_space(point.block, pointer, problems_);
      if (problems_.size() > before) return;
      if (!(is.is_searched() ? searched(pointer, is) : method(point.block, pointer, is))) return;
      for (const MethodSpec& other : spec.methods)
        if (other.name == is.name)
          complain(pointer, fmt::format("two methods would be called \"{}\"", is.name));
      spec.methods.push_back(std::move(is));
    });
  }
}

/// A method with a search space: its ends, its middle and each of its choices must be allowed.
bool Reader::searched(const std::string& pointer, MethodSpec& is) {
  constexpr double kMiddle = 0.5, kAlmostOne = 1 - 1e-9;
  const std::size_t d = is.space.dimensions.size();
  std::vector<std::vector<double>> places = {std::vector<double>(d, 0.0),
                                             std::vector<double>(d, kAlmostOne)};
  for (std::size_t i = 0; i < d; ++i) {
    if (!is.space.dimensions[i].is_unordered()) continue;
    const auto n = *is.space.dimensions[i].size();
    for (std::int64_t value = 0; value < n; ++value) {
      std::vector<double>& place = places.emplace_back(d, kMiddle);
      place[i] = (static_cast<double>(value) + kMiddle) / static_cast<double>(n);
    }
  }
  places.emplace_back(d, kMiddle);  // the last, which stays
  bool right = true;
  for (const std::vector<double>& u : places) right = method(is.space.at(u), pointer, is) && right;
  return right;
}

void Reader::tune(Spec& spec) {
  const auto searched = std::ranges::find_if(spec.methods, &MethodSpec::is_searched);
  if (!spec.settings.tune) {
    if (searched != spec.methods.end())
      complain("/methods" + pointer_step(searched->base),
               "a search space needs \"tune\", such as {\"metric\": \"knn.accuracy\", "
               "\"trials\": 20}");
    return;
  }
  const std::size_t before = problems_.size();
  const TuneSettings& tune = *spec.settings.tune;
  const Splitting split = tune.split();
  try {
    if (split.predefined)
      throw Error("a training part has no splits of its own; give folds or a holdout")
          .in("predefined");
    split_names(split, {});
  } catch (Error& error) {
    complain("/tune/validation" + error.pointer(), error.message());
  }
  const Value fifth = Value(Value::Object{{"holdout", split.holdout.value_or(0)}});
  spec.validation =
      resolve_group<Splitting>(tune.validation ? spec.document.at("tune").at("validation") : fifth,
                               "a split", "/tune/validation", problems_);
  check_tuning(spec, before, problems_);
}

void Reader::evaluators(Spec& spec) {
  const Value* given = spec.document.find("evaluators");
  if (given == nullptr || !given->is_list() || given->as_list().empty()) {
    complain(given == nullptr ? "" : "/evaluators",
             "the spec needs \"evaluators\", a list of at least one evaluator plugin");
    return;
  }
  for (std::size_t i = 0; i < given->as_list().size(); ++i) {
    const std::string pointer = "/evaluators/" + std::to_string(i);
    Value block = given->as_list()[i];
    EvaluatorSpec is;
    if (const Value* name = block.find("name")) {
      if (!name->is_string() || name->as_string().empty())
        complain(pointer + "/name", "an evaluator's name is a string that is not empty");
      else
        is.name = name->as_string();
      std::erase_if(block.as_object(),
                    [](const Value::Member& member) { return member.key == "name"; });
    }
    const std::size_t before = problems_.size();
    is.block = registry_.resolve("evaluator", block, pointer, problems_);
    if (problems_.size() > before) continue;
    if (is.name.empty()) is.name = is.block.at("plugin").as_string();
    for (const EvaluatorSpec& other : spec.evaluators)
      if (other.name == is.name)
        complain(pointer, fmt::format("another evaluator is called \"{}\" too; give one of them a "
                                      "\"name\"",
                                      is.name));
    spec.evaluators.push_back(std::move(is));
  }
}

void Reader::read(Spec& spec) {
  const Grid grid(spec.document, problems_);
  settings(spec);
  datasets(spec, grid);
  methods(spec, grid);
  evaluators(spec);
  tune(spec);
  if (problems_.empty() && spec.settings.baselines) add_baselines(spec, registry_);
}

}  // namespace

Value read_document(const fs::path& file, const std::vector<std::string>& settings,
                    Problems& problems) {
  Value document = read_extended(file, problems);
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || !setting.starts_with('/'))
      throw Error(fmt::format(
          "--set {}: give a JSON pointer and a value, as in /methods/triplet/loss/margin=0.3",
          setting));
    const std::string text = setting.substr(equals + 1);
    Value value(text);
    try {
      value = parse_json(text);
    } catch (const Error&) {  // a string without its quotes
    }
    try {
      const std::vector<std::string> steps = pointer_steps(setting.substr(0, equals));
      check_target(document, steps);
      set_at(document, steps, std::move(value));
    } catch (const Error& error) {
      throw Error(fmt::format("--set {}: {}", setting, error.message()));
    }
  }
  expand_definitions(document, problems);
  return document;
}

Spec make_spec(Value document, Places places, Registry& registry, Problems& problems) {
  Spec spec;
  spec.document = std::move(document);
  spec.places = std::move(places);
  if (!spec.document.is_object()) {
    problems.push_back(
        {"", fmt::format("a spec is a JSON object, this is {}", spec.document.type_name())});
    return spec;
  }
  Reader(registry, problems).read(spec);
  sort_by_place(problems, spec.document);
  return spec;
}

}  // namespace metriclab
