// SPDX-License-Identifier: BSD-3-Clause
// The trainer, by way of the method "deep". All data are seeded.
#include <ATen/Context.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <metriclab/data/split.hpp>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/schedule.hpp>
#include <metriclab/deep/trainer.hpp>
#include <metriclab/deep/training_set.hpp>
#include <metriclab/plugin/json.hpp>

#include "training_support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

/// The block of an MLP trained with what is given as further members.
std::string mlp(const std::string& members, const std::string& training = "\"epochs\": 8") {
  return R"({"plugin": "deep", "architecture": {"plugin": "mlp", "hidden": [16], "embedding": 4}, )" +
         members + R"(, "training": {)" + training + "}}";
}
const std::string kTriplet =
    R"("loss": "triplet", "sampler": {"plugin": "balanced", "classes": 3, "per_class": 4})";
const std::string kUntrained =
    R"({"plugin": "deep", "architecture": {"plugin": "mlp", "hidden": [16], "embedding": 4}})";

double separation(const Fit& fit, const Data& data) {
  MatrixF embeddings = fit.model->embed(data.examples);
  if (fit.model->distance() == Distance::cosine) embeddings.rowwise().normalize();
  return plain_map_at_r(embeddings, data.labels());
}

std::string error_of(const std::string& json, const Data& data) {
  try {
    fit(json, data);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("training makes the loss smaller and brings classes together") {
  const Data data = clouds(6, 20, {10}, 0.7, 1), fresh = clouds(6, 40, {10}, 0.7, 1);
  const double before = separation(fit(kUntrained, data), fresh);
  for (const std::string loss :
       {"contrastive", "triplet", "quadruplet", "multi_similarity", "ntxent", "proxy_anchor"})
    for (const std::string optimizer : {"sgd", "adam", "adamw", "rmsprop"}) {
      CAPTURE(loss);
      CAPTURE(optimizer);
      const bool is_sgd = optimizer == "sgd";
      const Fit trained =
          fit(mlp("\"loss\": \"" + loss +
                      R"(", "sampler": {"plugin": "balanced", "classes": 4, "per_class": 4})",
                  "\"epochs\": 15, \"optimizer\": \"" + optimizer +
                      "\", \"learning_rate\": " + (is_sgd ? "0.05" : "0.005")),
              data);
      const std::vector<double>& losses = curve(trained, "loss").values;
      CHECK(losses.size() == 15);
      CHECK(losses.back() < losses.front());
      CHECK(separation(trained, fresh) > before + 0.1);
      CHECK(trained.report.at("stopped").as_string() == "epochs");
      CHECK(trained.report.at("epochs").as_integer() == 15);
      CHECK(trained.report.at("parameters").as_integer() == 11 * 16 + 17 * 4);
    }
}

TEST_CASE("the same seed gives the same bytes, another one others") {
  const Data data = clouds(4, 10, {5}, 1, 2);
  const std::string json = mlp(
      R"("loss": "triplet", "miner": "semihard", "transforms": [{"plugin": "noise", "deviation": 0.1}],
         "sampler": {"plugin": "balanced", "classes": 3, "per_class": 4})");
  const Fit once = fit(json, data), again = fit(json, data), other = fit(json, data, {.seed = 2});
  CHECK(same(once, again, data));
  CHECK_FALSE(same(once, other, data));
}

TEST_CASE("all methods start from the untrained network of their seed") {
  const Data data = clouds(4, 10, {5}, 1, 3);
  const MatrixF untrained = fit(kUntrained, data).model->embed(data.examples);
  CHECK(fit(mlp(kTriplet, "\"epochs\": 0"), data).model->embed(data.examples) == untrained);
  CHECK(fit(mlp(R"("loss": "proxy_anchor", "sampler": "uniform")", "\"epochs\": 0"), data)
            .model->embed(data.examples) == untrained);
  CHECK(fit(kUntrained, data).report.at("stopped").as_string() == "untrained");
}

TEST_CASE("the model has the distance that the loss learns") {
  const Data data = clouds(3, 6, {5}, 1, 4);
  const auto learned = [&](const std::string& loss) {
    return fit(mlp("\"loss\": " + loss + R"(, "sampler": "uniform")", "\"epochs\": 0"), data)
        .model->distance();
  };
  CHECK(learned(R"("triplet")") == Distance::cosine);  // of normalised embeddings
  CHECK(learned(R"({"plugin": "triplet", "normalize_embeddings": false})") == Distance::euclidean);
  CHECK(
      learned(
          R"({"plugin": "triplet", "normalize_embeddings": false, "distance": "squared_euclidean"})") ==
      Distance::squared_euclidean);
  CHECK(learned(R"({"plugin": "triplet", "normalize_embeddings": false, "distance": "dot"})") ==
        Distance::dot);
  CHECK(learned(R"({"plugin": "triplet", "normalize_embeddings": false, "distance": "cosine"})") ==
        Distance::cosine);
  for (const std::string loss : {R"("multi_similarity")", R"("ntxent")", R"("proxy_anchor")"})
    CHECK(learned(loss) == Distance::cosine);
  // Losses without a parameter "distance".
  for (const std::string loss : {R"("arcface")", R"("large_margin_softmax")", R"("tuplet_margin")",
                                 R"({"plugin": "with_classifier", "loss": "manifold"})"})
    CHECK(learned(loss) == Distance::cosine);
  for (const std::string loss : {R"("center")", R"("deep_svdd")"})
    CHECK(learned(loss) == Distance::squared_euclidean);
  CHECK(learned(R"("vicreg")") == Distance::euclidean);
  CHECK(fit(kUntrained, data).model->distance() == Distance::euclidean);
}

TEST_CASE("curves have the schedule's learning rates") {
  const Data data = clouds(3, 8, {5}, 1, 5);
  const Fit trained = fit(
      mlp(R"("loss": "triplet", "sampler": {"plugin": "balanced", "classes": 3, "per_class": 2})",
          R"("epochs": 4, "learning_rate": 0.01, "schedule": "cosine", "warm_up": 1)"),
      data);
  const auto steps = trained.report.at("steps").as_integer();
  REQUIRE(steps % 4 == 0);
  const Curve& rates = curve(trained, "learning_rate");
  CHECK(rates.unit == "epoch");
  CHECK(rates.at == std::vector<double>{1, 2, 3, 4});
  Schedule schedule;
  schedule.schedule = "cosine";
  schedule.warm_up = 1;
  for (int epoch = 0; epoch < 4; ++epoch)
    CHECK(rates.values[static_cast<std::size_t>(epoch)] ==
          doctest::Approx(0.01 * schedule.factor(epoch + 1 - 2.0 / static_cast<double>(steps), 4)));
}

TEST_CASE("patience ends a training, and the model is that of the best epoch") {
  const Data data = clouds(5, 20, {6}, 0.8, 6);
  for (const std::string of : {"examples", "classes"}) {
    CAPTURE(of);
    const std::string json =
        mlp(kTriplet, R"("epochs": 60, "learning_rate": 0.05, "optimizer": "sgd", "patience": 3,
                         "validation": {"part": 0.4, "of": ")" +
                          of + "\"}");
    const Fit trained = fit(json, data);
    const std::vector<double>& values = curve(trained, "validation.map_at_r").values;
    const auto best = std::max_element(values.begin(), values.end());  // the first of them
    CHECK(trained.report.at("best_epoch").as_integer() == best - values.begin() + 1);
    CHECK(trained.report.at("stopped").as_string() == "patience");
    CHECK(values.end() - best == 4);
    CHECK(trained.report.at("epochs").as_integer() == static_cast<std::int64_t>(values.size()));
    // The part set aside, as the trainer draws it.
    Splitting splitting;
    (of == "classes" ? splitting.class_holdout : splitting.holdout) = 0.4;
    const Split split = make_split(splitting, data, 0, Random(1, "run").child("validation"));
    CHECK(separation(trained, data.subset(split.test)) == doctest::Approx(*best).epsilon(1e-9));
  }
}

TEST_CASE("what the loss learned is that of the best epoch too") {
  const Data data = clouds(5, 20, {6}, 0.8, 6);
  const auto trained = [&](std::int64_t epochs) {
    return fit(
        R"({"plugin": "deep", "architecture": {"plugin": "linear", "embedding": 3}, "loss": "siamese_bce", "sampler": "uniform",
                   "training": {"learning_rate": 3.0, "validation": {"part": 0.4}, "epochs": )" +
            std::to_string(epochs) + "}}",
        data);
  };
  const Fit all = trained(30);
  const std::int64_t best = all.report.at("best_epoch").as_integer();
  REQUIRE(best < 30);
  // Up to there the same steps were made, and there is none after them.
  const Fit until_best = trained(best);
  REQUIRE(until_best.report.at("best_epoch").as_integer() == best);
  CHECK(all.model->embed(data.examples) == until_best.model->embed(data.examples));
}

TEST_CASE("the loss's own parameters can have their own learning rate") {
  const Data data = clouds(4, 10, {5}, 1, 7);
  const auto losses = [&](const std::string& rates) {
    return curve(fit(mlp(R"("loss": "proxy_anchor", "sampler": "uniform")",
                         "\"epochs\": 30, " + rates),
                     data),
                 "loss")
        .values;
  };
  const auto still = losses("\"learning_rate\": 1e-12"),
             moved = losses("\"learning_rate\": 1e-12, \"loss_learning_rate\": 0.05");
  CHECK(still.back() == doctest::Approx(still.front()).epsilon(0.2));
  CHECK(moved.back() < 0.7 * moved.front());
}

TEST_CASE("a clipped gradient moves the network no farther than its length") {
  const Data data = clouds(4, 10, {5}, 1, 8);
  const auto settings = [](const std::string& clip) {
    return R"("epochs": 1, "optimizer": "sgd", "momentum": 0, "learning_rate": 1)" + clip;
  };
  const MatrixF before = fit(kUntrained, data).model->embed(data.examples);
  const auto moved = [&](const std::string& clip) {
    return (fit(mlp(kTriplet, settings(clip)), data).model->embed(data.examples) - before).norm();
  };
  CHECK(moved(", \"gradient_clip\": 1e-5") < 1e-2);
  CHECK(moved(", \"gradient_clip\": 1e6") == moved(""));
  CHECK(moved("") > 1);
}

TEST_CASE("classes may be missing, of one example, or alone") {
  Data data = clouds(4, 6, {5}, 1, 9);
  for (std::int32_t& label : data.columns[0].values) label = label == 0 ? 5 : label;
  data.columns[0].classes = {"a", "b", "c", "d", "e", "f"};  // 0 and 4 have no example
  data.columns[0].values[1] = 4;                             // and 4 a single one
  for (const std::string loss : {"triplet", "proxy_anchor", "ntxent"}) {
    CAPTURE(loss);
    const Fit trained = fit(mlp("\"loss\": \"" + loss + R"(", "sampler": "uniform")"), data);
    CHECK(trained.model->embed(data.examples).allFinite());
  }
  Data alone = clouds(1, 12, {5}, 1, 10);
  for (const std::string loss : {"triplet", "multi_similarity", "contrastive"}) {
    CAPTURE(loss);
    const Fit trained = fit(mlp("\"loss\": \"" + loss + R"(", "sampler": "uniform")"), alone);
    CHECK(trained.model->embed(alone.examples).allFinite());
  }
}

TEST_CASE("what a method can't do by its nature is said before it is tried") {
  const Data vectors = clouds(3, 4, {13}, 1, 11), images = clouds(3, 4, {1, 16, 16}, 1, 11);
  const auto conv4 =
      make_method(R"({"plugin": "deep", "architecture": "conv4", "loss": "triplet"})");
  CHECK(conv4->unsuitable(vectors) ==
        "conv4 takes images, (channels, height, width); these are vectors of 13");
  CHECK_FALSE(conv4->unsuitable(images));
  const auto affine = make_method(
      R"({"plugin": "deep", "architecture": "identity", "loss": "triplet", "transforms": ["affine"]})");
  CHECK(affine->unsuitable(vectors));
  CHECK_FALSE(affine->unsuitable(images));
}

TEST_CASE("networks of ids take ids alone") {
  // Whole numbers, by chance; then one that is none.
  Data counts = clouds(3, 4, {2}, 1, 11);
  counts.examples = Examples({2}, std::vector<float>(24, 3));
  Data quantities = counts;
  std::vector<float> values(24, 3);
  values[7] = 0.5;
  quantities.examples = Examples({2}, values);
  const auto bag = make_method(R"({"plugin": "deep", "architecture": "bag_of_ngrams"})"),
             plain = make_method(R"({"plugin": "deep", "architecture": "identity"})");
  CHECK(bag->takes_ids());
  CHECK_FALSE(plain->takes_ids());
  CHECK_FALSE(bag->unsuitable(counts));
  CHECK(bag->unsuitable(quantities) ==
        "the network takes ids, integers from 0; training example 3 has 0.5");
  counts.ids = true;
  CHECK(counts.subset({1, 2}).ids);
}

TEST_CASE("what a loss learns from and the data lacks is told as such") {
  Data pairs = clouds(2, 10, {5}, 1, 12);
  pairs.columns.clear();
  for (std::int64_t i = 0; i < 9; ++i) pairs.constraints.pairs.push_back({i, i + 1, i % 3 != 0});
  const std::string given = R"(, "sampler": {"plugin": "fixed_tuples", "batch_size": 4})";
  // Its parameters are no classes'.
  CHECK(
      fit(mlp(R"("loss": "siamese_bce")" + given), pairs).model->embed(pairs.examples).allFinite());
  for (const std::string loss :
       {"proxy_anchor", "center", "hierarchical_proxy", "multi_supcon", "log_ratio"}) {
    CAPTURE(loss);
    try {
      fit(mlp("\"loss\": \"" + loss + '"' + given), pairs);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK_MESSAGE(error.is_by_nature(), error.what());
    }
  }
}

TEST_CASE("errors say what to do") {
  const Data data = clouds(3, 10, {5}, 1, 12);
  CHECK(error_of(mlp(kTriplet, R"("optimizer": "sgd", "learning_rate": 1e30)"), data) ==
        "the embeddings are not finite at epoch 1 step 2; a lower learning_rate, normalised "
        "inputs, or "
        "gradient_clip may help");
  // The length of vectors of 10²⁰ is beyond float32.
  Data large = data;
  std::vector<float> values(150);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1e20f * static_cast<float>(i % 7);
  large.examples = Examples({5}, values);
  CHECK(error_of(R"({"plugin": "deep", "architecture": "identity", "sampler": "uniform", "loss":
                     {"plugin": "contrastive", "regularizers": ["lp"]}})",
                 large)
            .starts_with("the loss is not finite at epoch 1 step 1; "));
  Data unlabelled = data;
  unlabelled.columns.clear();
  CHECK(error_of(mlp(kTriplet), unlabelled) ==
        "/loss: learns from class labels, and this data set has none");
  Data missing = data;
  missing.columns[0].values[4] = -1;
  CHECK(error_of(mlp(kTriplet), missing) ==
        "training example 4 has no class label; leave such examples out");
  CHECK(
      error_of(mlp(kTriplet, R"("validation": {"part": 0.1})"), data)
          .starts_with("/training/validation: the 3 examples set aside have no two of one class"));
  if (!at::globalContext().hasCUDA())
    CHECK(error_of(mlp(kTriplet, R"("device": "cuda")"), data)
              .starts_with("device \"cuda\": this LibTorch finds no CUDA device"));
  CHECK_THROWS_WITH(make_method(mlp(kTriplet, R"("momentum": 0.5)")),
                    "/training/momentum: \"momentum\" has no effect while \"optimizer\" is "
                    "\"adam\"; leave it out");
}

TEST_CASE("a training example is a copy of an example, and of a class of its own") {
  const Data data = clouds(3, 2, {1, 4, 4}, 1, 13);
  const auto turns = registry().make<Transform>(parse_json(R"("rotations_as_classes")"));
  const std::int64_t copies = [&] {
    turns->prepare({1, 4, 4});
    return turns->copies();
  }();
  REQUIRE(copies > 1);
  const TrainingSet set(data, {turns.get()});
  REQUIRE(static_cast<std::int64_t>(set.sampling().labels.size()) == 6 * copies);
  CHECK(set.n_classes() == 3 * copies);
  for (std::int64_t i = 0; i < 6 * copies; ++i)
    CHECK(set.sampling().labels[static_cast<std::size_t>(i)] == (i % 6) % 3 + (i / 6) * 3);
  const Batch drawn = set.batch({4, 4 + 6 * (copies - 1), 1}, Random(1));
  CHECK(drawn.labels.equal(integers({1, 1 + 3 * (copies - 1), 1})));
  const at::Tensor all = as_tensor(data.examples, 0, 6);
  CHECK(drawn.embeddings.select(0, 0).equal(all.select(0, 4)));
  CHECK(drawn.embeddings.select(0, 2).equal(all.select(0, 1)));
  CHECK_FALSE(drawn.embeddings.select(0, 1).equal(all.select(0, 4)));

  // Two of them: the second sees each copy of the first as an example.
  const auto more = registry().make<Transform>(parse_json(R"("rotations_as_classes")"));
  const TrainingSet twice(data, {turns.get(), more.get()});
  CHECK(twice.n_classes() == 3 * copies * copies);
  CHECK(twice.sampling().labels.back() == 3 * copies * copies - 1);
  const auto squared = twice.batch({4 + 6 * 1 + 6 * copies * 1}, Random(1));
  CHECK(squared.labels.equal(integers({1 + 3 * 1 + 3 * copies * 1})));
}

TEST_CASE("what a data set knows beside its classes goes along with a batch") {
  Data data = clouds(2, 3, {1, 2, 2}, 1, 14);
  data.columns.push_back({"place", {5, 4, 3, 2, 1, 0}, {"a", "b", "c", "d", "e", "f"}});
  data.targets = {0, 10, 20, 30, 40, 50};
  data.label_sets = {{0}, {}, {1, 2}, {0}, {0, 2}, {1}};
  data.set_classes = {"x", "y", "z"};
  data.constraints.pairs = {{0, 2, true}, {0, 1, false}};
  data.constraints.triplets = {{0, 2, 1}};
  const auto turns = registry().make<Transform>(parse_json(R"("rotations_as_classes")"));
  const TrainingSet set(data, {turns.get()});
  const Batch drawn = set.batch({4, 0, 6 + 4}, Random(1));
  REQUIRE(drawn.columns.size() == 1);
  CHECK(drawn.columns[0].equal(integers({1, 5, 1})));
  CHECK(drawn.targets.equal(integers({40, 0, 40}).to(at::kDouble)));
  CHECK(drawn.label_sets.equal(integers({1, 0, 1, 1, 0, 0, 1, 0, 1}).view({3, 3}).to(at::kDouble)));
  CHECK(drawn.examples.equal(integers({4, 0, 10})));
  const SamplingSetting& is = set.sampling();
  REQUIRE(is.positive_pairs.size() == static_cast<std::size_t>(turns->copies()));
  CHECK(is.positive_pairs[1] == std::array<std::int64_t, 2>{6, 8});
  CHECK(is.negative_pairs[1] == std::array<std::int64_t, 2>{6, 7});
  CHECK(is.triplets[1] == std::array<std::int64_t, 3>{6, 8, 7});
  CHECK(is.columns[0][6 + 1] == 4);
  CHECK(set.setting().n_label_sets == 3);
  CHECK(set.setting().column_names == std::vector<std::string>{"place"});
}

/// Asks for a snapshot in the first step of each epoch, and keeps what the last one was.
class Seeing final : public Loss {
 public:
  void prepare(const LossSetting& setting) override {
    kept_ = buffer("kept", normal_tensor({static_cast<std::int64_t>(setting.labels.size()),
                                          setting.embedding_size},
                                         0, random_));
  }
  at::Tensor forward(const Batch& batch, const Tuples& given) override {
    tuples.push_back(given);
    return batch.embeddings.square().sum().add(kept_.sum());
  }
  bool wants_snapshot(const Progress& progress) const override {
    asked.push_back(progress.step);
    return progress.step_of_epoch == 0;
  }
  void see(const Snapshot& snapshot) override {
    kept_.copy_(snapshot.embeddings);
    seen.push_back(snapshot);
  }
  bool needs_labels() const override { return false; }

  mutable std::vector<std::int64_t> asked;
  std::vector<Snapshot> seen;
  std::vector<Tuples> tuples;

 private:
  Random random_{1};
  at::Tensor kept_;
};

/// Two batches an epoch: one with a triplet, one with pairs; it sees the examples embedded.
class Tupled final : public Sampler {
 public:
  void prepare(const SamplingSetting&) override {}
  bool needs_embeddings() const override { return true; }
  std::vector<SampledBatch> epoch(Random, const EmbeddedExamples& embedded) const override {
    sizes.push_back(embedded.n * embedded.d);
    first.push_back(embedded.values[0]);
    return {{.examples = {4, 0, 2}, .triplets = {{1, 2, 0}}},
            {.examples = {0, 1}, .positive_pairs = {{0, 1}}, .negative_pairs = {{1, 0}}}};
  }
  mutable std::vector<std::int64_t> sizes;
  mutable std::vector<float> first;
};

TEST_CASE("snapshots are of the network as it is, and tuples of a sampler reach the loss") {
  Data data = clouds(3, 2, {4}, 1, 15);
  data.columns.clear();
  auto network =
      registry().make<Architecture>(parse_json(R"({"plugin": "linear", "embedding": 2})"));
  Seeing loss;
  Tupled sampler;
  TrainingSettings settings;
  settings.epochs = 2;
  const Training training{.data = data,
                          .random = Random(1),
                          .initialization = Random(2),
                          .checkpoints = "",
                          .progress = {}};
  train(settings, {.network = *network, .loss = loss, .sampler = sampler}, training);
  CHECK(loss.asked == std::vector<std::int64_t>{0, 1, 2, 3});
  REQUIRE(loss.seen.size() == 2);
  CHECK(loss.seen[0].labels.equal(integers({0, 1, 2, 3, 4, 5})));  // none: each its own class
  CHECK(loss.seen[1].embeddings.size(0) == 6);
  CHECK(loss.seen[1].embeddings.size(1) == 2);
  CHECK_FALSE(loss.seen[0].embeddings.equal(loss.seen[1].embeddings));
  CHECK(sampler.sizes == std::vector<std::int64_t>{12, 12});
  CHECK(sampler.first[1] == loss.seen[1].embeddings[0][0].item<float>());
  REQUIRE(loss.tuples.size() == 4);
  CHECK((loss.tuples[0].form == Tuples::Form::triplets));
  CHECK(as_indices(loss.tuples[0].anchor) == std::vector<std::int64_t>{1});
  CHECK(as_indices(loss.tuples[0].negative) == std::vector<std::int64_t>{0});
  CHECK((loss.tuples[1].form == Tuples::Form::pairs));
  CHECK(as_indices(loss.tuples[1].positive) == std::vector<std::int64_t>{1});
  CHECK(as_indices(loss.tuples[1].negative_anchor) == std::vector<std::int64_t>{1});

  const auto miner = make_miner("\"batch_hard\"");
  try {
    train(settings, {.network = *network, .loss = loss, .sampler = sampler, .miner = miner.get()},
          training);
    FAIL("a miner beside given tuples was taken");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).starts_with("/miner: the sampler makes batches of given"));
  }
}

TEST_CASE("a model's embeddings are in the space of what its loss learned") {
  const Data data = clouds(3, 8, {4}, 1, 16);
  const std::string before =
      R"({"plugin": "deep", "architecture": {"plugin": "linear",)"
      R"("embedding": 3}, "sampler": {"plugin": "uniform", "batch_size": 12},)"
      R"("training": {"epochs": 3, "learning_rate": 0.1}, "loss": )";
  const Fit siamese = fit(before + R"("siamese_bce"})", data),
            ball = fit(before + R"("hyperbolic_proxies"})", data);
  CHECK((siamese.model->distance() == Distance::manhattan));
  CHECK((ball.model->distance() == Distance::poincare));
  CHECK(ball.model->embed(data.examples).rowwise().norm().maxCoeff() < 1);
  CHECK(ball.model->embed(data.examples).rowwise().norm().maxCoeff() > 0);
  // Saved and restored the scale is there still.
  const Folder folder;
  siamese.model->save(folder.path());
  const auto restored = make_method(before + R"("siamese_bce"})")->restore(folder.path());
  CHECK((restored->distance() == Distance::manhattan));
  const MatrixF first = siamese.model->embed(data.examples), again = restored->embed(data.examples);
  CHECK((first.array() == again.array()).all());
  MatrixF plain(2, 2), scaled(2, 2);
  plain << 1, 2, 3, 4;
  scaled << 2, 1, 6, 2;
  prepare_for(Distance::manhattan, double_tensor({2, 0.5}), plain);
  CHECK((plain.array() == scaled.array()).all());
}

}  // namespace
