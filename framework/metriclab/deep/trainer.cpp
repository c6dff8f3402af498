// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <metriclab/data/split.hpp>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/checkpoint.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/trainer.hpp>
#include <metriclab/deep/training_set.hpp>
#include <metriclab/neighbors/ranking.hpp>
#include <numeric>

namespace metriclab {
namespace {

using Clock = std::chrono::steady_clock;
// How seldom progress is told within an epoch, and checkpoints are written where nothing is said.
constexpr std::chrono::seconds kProgressInterval{1}, kCheckpointInterval{30};
// So many examples are embedded at a time.
constexpr std::int64_t kSnapshotChunk = 256;

/// Where something is set aside for validation: the rest, and that.
struct Parts {
  std::optional<Data> trained, validated;
};

Parts set_aside(const std::optional<Validation>& validation, const Training& training) {
  if (!validation || training.data.columns.empty()) return {};
  Splitting splitting;
  (validation->of == "classes" ? splitting.class_holdout : splitting.holdout) = validation->part;
  const Split split = make_split(splitting, training.data, 0, training.random.child("validation"));
  Parts parts{training.data.subset(split.train), training.data.subset(split.test)};
  std::vector<int> count(static_cast<std::size_t>(training.data.n_classes()));
  int most = 0;
  for (const std::int32_t label : parts.validated->labels())
    most = std::max(most, ++count[static_cast<std::size_t>(label)]);
  if (most < 2)
    throw Error(fmt::format("the {} examples set aside have no two of one class, which MAP@R "
                            "needs; a larger \"part\", or \"of\": \"classes\"",
                            parts.validated->size()))
        .in("validation")
        .in("training");
  return parts;
}

double map_at_r(const MatrixF& embeddings, const std::vector<std::int32_t>& labels,
                Distance distance) {
  double sum = 0, queries = 0;
  rank_same_class(embeddings, labels, distance,
                  [&](std::int64_t, std::span<const std::int64_t> ranks) {
                    if (ranks.empty()) return;
                    const auto r = static_cast<std::int64_t>(ranks.size());
                    double precisions = 0;
                    for (std::size_t i = 0; i < ranks.size() && ranks[i] <= r; ++i)
                      precisions += static_cast<double>(i + 1) / static_cast<double>(ranks[i]);
                    sum += precisions / static_cast<double>(r);
                    ++queries;
                  });
  return sum / queries;
}

struct NotFinite {
  const char* what;
};

class Run {
 public:
  Run(const TrainingSettings& settings, const TrainingParts& parts, const Training& training)
      : settings_(settings),
        parts_(parts),
        training_(training),
        device_(device_from_string(settings.device)),
        data_(set_aside(settings.validation, training)),
        set_(data_.trained ? *data_.trained : training.data, parts.transforms) {
    const bool lacks_labels = training.data.columns.empty() && parts_.loss.needs_labels();
    if (lacks_labels && !parts_.sampler.gives_tuples()) throw no_labels();
    named("sampler", [&] { parts_.sampler.prepare(set_.sampling()); });
    build_network(parts_.network, training.data.examples.shape(), training.initialization, device_);
    LossSetting setting = set_.setting();
    setting.embedding_size = parts_.network.embedding_size();
    // Each example is a class of its own then, which is nothing to learn classes' parameters from.
    if (lacks_labels) setting.n_classes = 0;
    setting.random = training.initialization.child("loss");
    named("loss", [&] { parts_.loss.prepare(setting); });
    move_to(parts_.loss, device_);
    if (parts_.miner != nullptr) {
      setting.random = training.initialization.child("miner");
      named("miner", [&] { parts_.miner->prepare(setting); });
    }
    network_optimizer_.emplace(settings_, parts_.network.parameters());
    loss_optimizer_.emplace(settings_, parts_.loss.parameters());
    for (const Trainable* part : {static_cast<const Trainable*>(&parts_.network),
                                  static_cast<const Trainable*>(&parts_.loss)})
      for (const NamedTensor& parameter : part->parameters()) moved_.push_back(parameter.tensor);
    gather_state();
  }

  Trained train() {
    if (!training_.checkpoints.empty() && read_checkpoint(training_.checkpoints, state_)) {
      network_optimizer_->set_steps(state_.step);
      loss_optimizer_->set_steps(state_.step);
    }
    last_checkpoint_ = last_progress_ = Clock::now();
    while (state_.epoch < settings_.epochs && !out_of_patience()) {
      train_epoch();
      validate();
      save();
      tell(static_cast<double>(state_.epoch), state_.epoch, state_.losses.back());
    }
    return finish();
  }

 private:
  static Error no_labels() {
    return Error("learns from class labels, and this data set has none").in("loss").by_nature();
  }

  /// What a part throws says which part it is.
  template <class F>
  static void named(const char* part, F f) {
    try {
      f();
    } catch (Error& error) {
      throw error.in(part);
    }
  }

  void gather_state() {
    const auto add = [&](const std::string& prefix, const std::vector<NamedTensor>& tensors) {
      for (const NamedTensor& held : tensors)
        state_.tensors.push_back({prefix + held.name, held.tensor});
    };
    add("network/", tensors_of(parts_.network));
    add("loss/", tensors_of(parts_.loss));
    if (parts_.miner != nullptr) add("miner/", tensors_of(*parts_.miner));
    add("optimizer/network/", network_optimizer_->state());
    add("optimizer/loss/", loss_optimizer_->state());
    if (!data_.validated) return;
    for (const NamedTensor& held : trained())
      best_.push_back({held.name, held.tensor.detach().clone()});
    add("best/", best_);
  }

  /// What the best epoch is remembered by: the loss belongs to it, for evaluators compare by what
  /// it learned.
  std::vector<NamedTensor> trained() const {
    std::vector<NamedTensor> all = tensors_of(parts_.network);
    for (const NamedTensor& held : tensors_of(parts_.loss))
      all.push_back({"loss/" + held.name, held.tensor});
    return all;
  }

  void train_epoch() {
    const auto epoch = static_cast<std::uint64_t>(state_.epoch);
    const at::Tensor embedded =
        parts_.sampler.needs_embeddings() ? snapshot().embeddings : at::Tensor();
    const std::vector<SampledBatch> batches = parts_.sampler.epoch(
        training_.random.child("sampler").child(epoch),
        embedded.defined()
            ? EmbeddedExamples{embedded.data_ptr<float>(), embedded.size(0), embedded.size(1)}
            : EmbeddedExamples{});
    if (batches.empty())
      throw Error("the sampler makes no batch of these examples; smaller batches would do")
          .in("sampler");
    const auto n = static_cast<double>(batches.size());
    double sum = 0, rate = 0;
    for (std::size_t s = 0; s < batches.size(); ++s) {
      const double t = static_cast<double>(epoch) + (static_cast<double>(s) + 0.5) / n;
      rate = settings_.factor(t, static_cast<double>(settings_.epochs));
      try {
        sum += step(batches[s], static_cast<std::int64_t>(s), rate);
      } catch (const NotFinite& what) {
        throw Error(
            fmt::format("the {} at epoch {} step {}; a lower learning_rate, normalised inputs, or "
                        "gradient_clip may help",
                        what.what, epoch + 1, s + 1));
      }
      if (Clock::now() - last_progress_ >= kProgressInterval)
        tell(static_cast<double>(epoch) + static_cast<double>(s + 1) / n, state_.epoch + 1,
             sum / static_cast<double>(s + 1));
    }
    ++state_.epoch;
    state_.losses.push_back(sum / n);
    state_.rates.push_back(rate * settings_.learning_rate);
  }

  /// The loss of a batch, for which the parameters are then moved. Throws NotFinite.
  double step(const SampledBatch& sampled, std::int64_t step_of_epoch, double rate) {
    show_snapshot({state_.step, state_.epoch, step_of_epoch});
    const auto number = static_cast<std::uint64_t>(state_.step++);
    const auto stream = [&](std::string_view name) {
      return training_.random.child(name).child(number);
    };
    Batch batch = set_.batch(sampled.examples, stream("transforms"));
    parts_.network.draw_from(stream("architecture"));
    batch.embeddings = parts_.network.forward(batch.embeddings.to(device_), true);
    // Of distances that are no numbers a hinge makes 0, so that the loss alone doesn't tell.
    if (!batch.embeddings.detach().isfinite().all().item<bool>())
      throw NotFinite{"embeddings are not finite"};
    const at::Tensor loss = parts_.loss.forward(batch, chosen(batch, sampled, stream("miner")));
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) throw NotFinite{"loss is not finite"};
    // A network or loss without a part in the batch (identity, no pairs) has no gradient.
    if (!loss.requires_grad() || moved_.empty()) return value;
    std::vector<at::Tensor> gradients = gradients_of(loss, moved_);
    const auto border =
        gradients.begin() + static_cast<std::ptrdiff_t>(parts_.network.parameters().size());
    network_optimizer_->set_gradients({gradients.begin(), border});
    loss_optimizer_->set_gradients({border, gradients.end()});
    clip();
    network_optimizer_->step(rate * settings_.learning_rate);
    loss_optimizer_->step(rate * settings_.loss_learning_rate.value_or(settings_.learning_rate));
    return value;
  }

  /// The tuples that the batch was made of, or those mined.
  Tuples chosen(const Batch& batch, const SampledBatch& sampled, Random random) const {
    if (sampled.has_tuples()) {
      if (parts_.miner != nullptr)
        throw Error(
            "the sampler makes batches of given tuples, among which nothing is mined; "
            "leave the miner out")
            .in("miner");
      return given_tuples(sampled);
    }
    if (parts_.miner == nullptr) return Tuples::all();
    const WithoutAutograd off;
    Batch seen = batch;
    seen.embeddings = batch.embeddings.detach();
    return parts_.miner->mine(seen, random);
  }

  static Tuples given_tuples(const SampledBatch& sampled) {
    auto column = [](const auto& tuples, std::size_t k) {
      std::vector<std::int64_t> places;
      for (const auto& tuple : tuples) places.push_back(tuple[k]);
      return index_tensor(places);
    };
    if (!sampled.triplets.empty())
      return Tuples::triplets(column(sampled.triplets, 0), column(sampled.triplets, 1),
                              column(sampled.triplets, 2));
    return Tuples::pairs(column(sampled.positive_pairs, 0), column(sampled.positive_pairs, 1),
                         column(sampled.negative_pairs, 0), column(sampled.negative_pairs, 1));
  }

  void show_snapshot(const Progress& progress) {
    const bool loss = parts_.loss.wants_snapshot(progress),
               miner = parts_.miner != nullptr && parts_.miner->wants_snapshot(progress);
    if (!loss && !miner) return;
    const Snapshot seen = snapshot();
    const WithoutAutograd off;
    if (loss) parts_.loss.see(seen);
    if (miner) parts_.miner->see(seen);
  }

  /// The training examples as the network embeds them now; the stream is that of the step.
  Snapshot snapshot() const {
    const WithoutAutograd off;
    const Random random =
        training_.random.child("snapshot").child(static_cast<std::uint64_t>(state_.step));
    Snapshot seen{
        .embeddings = at::empty({set_.size(), parts_.network.embedding_size()}, at::kFloat),
        .labels = index_tensor(set_.sampling().labels)};
    for (std::int64_t begin = 0; begin < set_.size(); begin += kSnapshotChunk) {
      const std::int64_t end = std::min(begin + kSnapshotChunk, set_.size());
      std::vector<std::int64_t> examples(static_cast<std::size_t>(end - begin));
      std::iota(examples.begin(), examples.end(), begin);
      const Batch batch = set_.batch(examples, random.child(static_cast<std::uint64_t>(begin)));
      seen.embeddings.narrow(0, begin, end - begin)
          .copy_(parts_.network.forward(batch.embeddings.to(device_), false));
    }
    return seen;
  }

  void clip() {
    if (!settings_.gradient_clip) return;
    const double length =
        std::sqrt(network_optimizer_->squared_norm() + loss_optimizer_->squared_norm());
    if (length <= *settings_.gradient_clip) return;
    network_optimizer_->scale_gradients(*settings_.gradient_clip / length);
    loss_optimizer_->scale_gradients(*settings_.gradient_clip / length);
  }

  void validate() {
    if (!data_.validated) return;
    MatrixF embeddings = embed(parts_.network, data_.validated->examples, device_);
    prepare_for(parts_.loss.learned_distance(), parts_.loss.learned_scale(), embeddings);
    const double value =
        map_at_r(embeddings, data_.validated->labels(), parts_.loss.learned_distance());
    state_.validations.push_back(value);
    if (state_.best_epoch > 0 && value <= state_.best) return;
    state_.best = value;
    state_.best_epoch = state_.epoch;
    copy(trained(), best_);
  }

  static void copy(const std::vector<NamedTensor>& from, const std::vector<NamedTensor>& to) {
    const WithoutAutograd off;
    for (std::size_t i = 0; i < from.size(); ++i) to[i].tensor.detach().copy_(from[i].tensor);
  }

  bool out_of_patience() const {
    return settings_.patience && data_.validated && state_.epoch > 0 &&
           state_.epoch - state_.best_epoch >= *settings_.patience;
  }

  void save() {
    if (training_.checkpoints.empty()) return;
    const bool is_due = settings_.checkpoint
                            ? state_.epoch % *settings_.checkpoint == 0
                            : Clock::now() - last_checkpoint_ >= kCheckpointInterval;
    if (!is_due) return;
    write_checkpoint(training_.checkpoints, state_);
    last_checkpoint_ = Clock::now();
  }

  void tell(double done, std::int64_t epoch, double loss) {
    last_progress_ = Clock::now();
    if (!training_.progress) return;
    std::string what = fmt::format("epoch {} of {}, loss {:.4g}", epoch, settings_.epochs, loss);
    if (!state_.validations.empty())
      what += fmt::format(", validation MAP@R {:.4f}", state_.validations.back());
    training_.progress(done / static_cast<double>(settings_.epochs), what);
  }

  Trained finish() {
    if (data_.validated) copy(best_, trained());
    Trained trained;
    std::int64_t parameters = 0;
    for (const NamedTensor& held : parts_.network.parameters()) parameters += held.tensor.numel();
    trained.report.set("epochs", state_.epoch);
    trained.report.set("steps", state_.step);
    trained.report.set("stopped", state_.epoch < settings_.epochs ? "patience" : "epochs");
    trained.report.set("parameters", parameters);
    if (data_.validated) trained.report.set("best_epoch", state_.best_epoch);
    const auto add = [&](const char* name, const std::vector<double>& values) {
      Curve curve{name, "epoch", {}, values};
      for (std::size_t i = 0; i < values.size(); ++i)
        curve.at.push_back(static_cast<double>(i + 1));
      trained.curves.push_back(std::move(curve));
    };
    add("loss", state_.losses);
    add("learning_rate", state_.rates);
    if (data_.validated) add("validation.map_at_r", state_.validations);
    return trained;
  }

  const TrainingSettings& settings_;
  const TrainingParts& parts_;
  const Training& training_;
  at::Device device_;
  Parts data_;
  TrainingSet set_;
  std::optional<Optimizer> network_optimizer_, loss_optimizer_;
  std::vector<at::Tensor> moved_;  // the network's parameters, then the loss's
  std::vector<NamedTensor> best_;
  TrainingState state_;
  Clock::time_point last_checkpoint_, last_progress_;
};

}  // namespace

void Validation::describe(Description<Validation>& is) {
  is.parameter("part", &Validation::part, "what part of the training data is set aside")
      .above(0)
      .below(1);
  is.parameter("of", &Validation::of,
               "a part of the examples of each class, or of the classes with all their examples")
      .one_of({"examples", "classes"});
}

void TrainingSettings::describe(Description<TrainingSettings>& is) {
  is.parameter("epochs", &TrainingSettings::epochs, "how often the sampler goes through the data")
      .at_least(0);
  OptimizerSettings::describe_common(is);
  is.parameter("learning_rate", &TrainingSettings::learning_rate, "the length of steps").above(0);
  is.parameter("loss_learning_rate", &TrainingSettings::loss_learning_rate,
               "that of the loss's own parameters (proxies); null: the same")
      .above(0);
  Schedule::describe_common(is);
  is.parameter("gradient_clip", &TrainingSettings::gradient_clip,
               "the greatest length of the gradient; a longer one is scaled down to it")
      .above(0);
  is.parameter("validation", &TrainingSettings::validation,
               "set aside and measured after each epoch, the best of which is kept; null: none");
  is.parameter("patience", &TrainingSettings::patience,
               "training stops after so many epochs without a better validation; null: never")
      .at_least(1)
      .unused_when("validation", nullptr);
  is.parameter("checkpoint", &TrainingSettings::checkpoint,
               "epochs between checkpoints; null: half a minute or an epoch, whichever is longer")
      .at_least(1);
  is.parameter("device", &TrainingSettings::device, "\"auto\" is cuda where LibTorch finds one")
      .one_of({"auto", "cpu", "cuda"});
}

Trained train(const TrainingSettings& settings, const TrainingParts& parts,
              const Training& training) {
  return Run(settings, parts, training).train();
}

}  // namespace metriclab
