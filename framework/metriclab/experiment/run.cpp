// SPDX-License-Identifier: BSD-3-Clause
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <metriclab/data/normalize.hpp>
#include <metriclab/data/split.hpp>
#include <metriclab/evaluation/evaluator.hpp>
#include <metriclab/experiment/environment.hpp>
#include <metriclab/experiment/exhibit.hpp>
#include <metriclab/experiment/run.hpp>
#include <metriclab/experiment/saved_model.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <new>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

/// Names the stage that the run is in, and times it.
class Stages {
 public:
  explicit Stages(const RunContext& context) : context_(context) {}

  /// Ends the stage before. `begins` and `ends` are its share of the whole run's progress.
  void enter(const std::string& name, double begins, double ends) {
    leave();
    name_ = name;
    begins_ = begins;
    ends_ = ends;
    entered_ = Clock::now();
    say(0, "");
  }
  void leave() {
    if (name_.empty()) return;
    seconds_.set(name_, since(entered_));
    total_ = since(started_);
    name_.clear();
  }
  void say(double done, const std::string& what) const {
    if (context_.progress) context_.progress(begins_ + (ends_ - begins_) * done, name_, what);
  }
  const std::string& name() const { return name_; }
  Value seconds() const {
    Value all = seconds_;
    all.set("total", total_);
    return all;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double since(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  }

  const RunContext& context_;
  std::string name_;
  double begins_ = 0, ends_ = 0;
  double total_ = 0;  // until the last stage ended
  Clock::time_point started_ = Clock::now(), entered_ = started_;
  Value seconds_ = Value::object();
};

Embedded embedded(const Model& model, const Data& part) {
  return {.embeddings = model.embed(part.examples),
          .columns = part.columns,
          .targets = part.targets,
          .constraints = part.constraints};
}

Value to_value(Better better) {
  return better == Better::neither ? Value() : Value(better == Better::higher);
}

/// Metrics go to `result` as "evaluator.metric", and so do curves, behind those of the training.
void measure(const Value& evaluators, const Evaluation& input, const Random& random,
             Registry& registry, Value::List curves, Value& result) {
  Value metrics = Value::object(), directions = Value::object(), reasons = Value::object();
  for (const Value& is : evaluators.as_list()) {
    const auto evaluator = registry.create_as<Evaluator>(is.at("block"));
    Evaluation own = input;
    own.random = random.child(is.at("block").at("plugin").as_string());
    Measurement measured = evaluator->measure(own);
    const std::string prefix = is.at("name").as_string() + ".";
    for (Curve& curve : measured.curves) {
      curve.name = prefix + curve.name;
      curves.push_back(to_value(curve));
    }
    for (const Metric& metric : measured.metrics) {
      const std::string name = prefix + metric.name;
      metrics.set(name, metric.value);
      directions.set(name, to_value(metric.better));
      if (!std::isfinite(metric.value)) reasons.set(name, metric.reason);
    }
  }
  result.set("metrics", std::move(metrics));
  result.set("higher_is_better", std::move(directions));
  result.set("reasons", std::move(reasons));
  result.set("curves", Value(std::move(curves)));
}

/// Keeps what a report shows of the test part. No run fails for it.
void write_exhibit(const Value& request, const RunContext& context, const ExhibitInput& input) {
  Value file = Value::object();
  for (const char* key : {"id", "experiment", "run"}) file.set(key, request.at(key));
  Value exhibit = Value::object();
  try {
    exhibit = exhibit_of(input);
  } catch (const Error& error) {
    exhibit.set("schema", kExhibitSchema);
    exhibit.set("reason", std::string(error.what()));
  }
  for (const Value::Member& member : exhibit.as_object()) file.set(member.key, member.value);
  make_folder(context.exhibit.parent_path());
  write_file_whole(context.exhibit, to_json_text(file, -1) + "\n");
}

struct Skipped {
  std::string reason;
};

/// Fills in the result; throws where the run fails, and Skipped.
void attempt(const Value& request, const RunContext& context, Registry& registry, Stages& stages,
             Value& result) {
  const std::int64_t seed = request.at("run").at("seed").as_integer();
  const std::int64_t split_index = request.at("run").at("split_index").as_integer();
  const Value& dataset = request.at("dataset");
  const Value& method_of = request.at("method");
  const Places places{.spec = request.at("places").at("spec").as_string(),
                      .data = request.at("places").at("data").as_string()};

  stages.enter("load", 0, 0.02);
  const Data data = registry.create_as<Dataset>(dataset.at("block"))->load(places);
  Splitting splitting;
  ParameterTraits<Splitting>::assign(splitting, dataset.at("split"), registry);
  // The split depends on the data alone, so that all methods and seeds are compared on the same.
  Split split =
      make_split(splitting, data, static_cast<std::size_t>(split_index), Random(0, "split"));
  Data train = data.subset(split.train), test = data.subset(split.test);
  if (const Value* validation = request.find("validation")) {
    // Nothing of the test part is seen by a trial.
    Splitting inner;
    ParameterTraits<Splitting>::assign(inner, validation->at("split"), registry);
    Split part =
        make_split(inner, train, static_cast<std::size_t>(validation->at("index").as_integer()),
                   Random(0, "validation"));
    test = train.subset(part.test);
    train = train.subset(part.train);
    split.episodes = std::move(part.episodes);
  }
  const Normalization normalization =
      normalization_from_string(dataset.at("normalize").as_string());
  if (data.ids && normalization != Normalization::none)
    throw Error("the examples are ids, which have no scale; \"none\" is to be taken")
        .in("normalize")
        .in("dataset");
  const Normalizer normalizer = Normalizer::fit(normalization, train.examples);
  const Examples as_read = test.examples;
  train.examples = normalizer.apply(train.examples);
  test.examples = normalizer.apply(test.examples);
  Value& facts = *result.find("dataset");
  facts.set("n", data.size());
  facts.set("n_train", train.size());
  facts.set("n_test", test.size());
  facts.set("dimension", data.examples.dimension());
  facts.set("classes", data.n_classes());

  const std::string& kind = method_of.at("kind").as_string();
  const auto method = registry.create_as<Method>(method_of.at("block"), kind);
  if (data.ids && !method->takes_ids())
    throw Skipped{"the examples are ids, which this method would take for quantities"};
  if (const auto reason = method->unsuitable(train)) throw Skipped{*reason};

  stages.enter("fit", 0.02, 0.9);
  const auto step = static_cast<std::uint64_t>(split_index);
  const auto unsigned_seed = static_cast<std::uint64_t>(seed);
  Fit fit = method->fit(
      {.data = train,
       .random = Random(unsigned_seed, "training").child(step),
       .initialization = Random(unsigned_seed, "initialization"),
       .threads = context.threads,
       .checkpoints = context.checkpoints,
       .progress = [&](double done, const std::string& what) { stages.say(done, what); }});
  METRICLAB_CHECK(fit.model != nullptr, "a method that gives no model");
  result.set("report", std::move(fit.report));
  Value::List curves;
  for (const Curve& curve : fit.curves) curves.push_back(to_value(curve));
  if (!context.model.empty())
    save_model(context.model, kind, method_of.at("block"), train, normalizer, *fit.model);

  stages.enter("embed", 0.9, 0.95);
  const Embedded train_embedded = embedded(*fit.model, train);
  const Embedded test_embedded = embedded(*fit.model, test);
  facts.set("embedding_size", static_cast<std::int64_t>(test_embedded.embeddings.cols()));

  stages.enter("evaluate", 0.95, 1);
  measure(request.at("evaluators"),
          {.train = train_embedded,
           .test = test_embedded,
           .distance = fit.model->distance(),
           .episodes = split.episodes,
           .random = Random(0),
           .threads = context.threads},
          Random(unsigned_seed, "evaluation").child(step), registry, std::move(curves), result);
  result.set("distance", to_string(fit.model->distance()));
  stages.leave();
  if (const Value* count = request.find("exhibit"); count != nullptr && !context.exhibit.empty()) {
    test.examples = as_read;
    write_exhibit(request, context,
                  {.test = test,
                   .positions = split.test,
                   .embedded = test_embedded,
                   .distance = fit.model->distance(),
                   .count = count->as_integer(),
                   .random = Random(0, "exhibit").child(step),
                   .threads = context.threads});
  }
}

/// What this process has used of the machine: seconds of all its threads, and memory at most.
void add_usage(Value& result) {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  result.find("seconds")->set("cpu", seconds(usage.ru_utime) + seconds(usage.ru_stime));
  result.set("peak_memory_mib", static_cast<std::int64_t>(usage.ru_maxrss) / 1024);
}

bool is_deep(const Value& request) {
  return request.at("method").at("kind").as_string() != "solver";
}

}  // namespace

Value result_head(const Value& request) {
  Value result = Value::object();
  result.set("schema", kResultSchema);
  for (const char* key : {"id", "experiment", "run"}) result.set(key, request.at(key));
  Value dataset = request.at("dataset");
  dataset.set("content", request.at("content"));
  result.set("dataset", std::move(dataset));
  for (const char* key : {"method", "evaluators", "sources"}) result.set(key, request.at(key));
  result.set("status", Value());  // their places in the file
  result.set("reason", Value());
  result.set("metrics", Value::object());
  return result;
}

Value result_of(const Value& request, const Ending& ending, int threads) {
  Value result = result_head(request);
  result.set("status", ending.status);
  result.set("reason", ending.reason);
  if (ending.from_outside) result.set("from_outside", true);
  result.set("environment", environment(threads, is_deep(request)));
  return result;
}

Value execute(const Value& request, const RunContext& context, Registry& registry) {
  Value result = result_head(request);
  Stages stages(context);
  std::string status = "ok";
  Value reason;
  try {
    attempt(request, context, registry, stages, result);
  } catch (const Skipped& skipped) {
    status = "skipped";
    reason = skipped.reason;
  } catch (const FileError&) {
    throw;
  } catch (const Error& error) {
    status = error.is_by_nature() ? "skipped" : "failed";
    reason = std::string(error.what());
  } catch (const std::bad_alloc&) {
    status = "out_of_memory";
    reason = "no more memory could be had during " + stages.name();
  } catch (const std::exception& error) {
    status = "failed";
    reason = std::string(error.what());
  } catch (...) {
    status = "failed";
    reason = "something that is no std::exception was thrown during " + stages.name();
  }
  result.set("status", status);
  result.set("reason", std::move(reason));
  stages.leave();
  result.set("seconds", stages.seconds());
  add_usage(result);
  result.set("environment", environment(context.threads, is_deep(request)));
  return result;
}

}  // namespace metriclab
