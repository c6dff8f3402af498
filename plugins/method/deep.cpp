// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <cmath>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/trainer.hpp>

namespace {

using namespace metriclab;

/// The composed deep method: a network, trained by the framework's Trainer to make a loss small on
/// the tuples that a miner finds in the batches that a sampler makes of transformed examples.
///
/// Without a loss it is the network as it starts, which is not trained: the baseline of the trained
/// ones. Its weights are those from which all methods of that architecture and seed start.
/// Embeddings are compared by the distance that the loss learns; without a loss by the Euclidean
/// one.
class Deep final : public Method {
 public:
  static constexpr std::string_view abi = kDeepMethodAbi;

  static void describe(Description<Deep>& is) {
    is.summary("a network trained with a loss, or, without one, as it starts");
    is.source(
        "Musgrave, Belongie, Lim. A metric learning reality check. ECCV 2020 (how such methods are "
        "compared)");
    is.cost("epochs × examples × the network's cost, and the loss of each batch");
    is.parameter("architecture", &Deep::architecture, "the network from inputs to embeddings")
        .required();
    is.parameter("loss", &Deep::loss, "what training makes small; null: the network as it starts");
    is.parameter("miner", &Deep::miner, "which tuples of a batch the loss sees; null: all")
        .unused_when("loss", nullptr);
    is.parameter("sampler", &Deep::sampler, "which examples make a batch")
        .unused_when("loss", nullptr);
    is.parameter("transforms", &Deep::transforms,
                 "changes to the examples of a batch, in this order")
        .unused_when("loss", nullptr);
    is.parameter("training", &Deep::training, "how the network is trained");
  }

  bool takes_ids() const override { return architecture->takes_ids(); }

  std::optional<std::string> unsuitable(const Data& data) const override {
    if (takes_ids() && !data.ids)
      if (const auto reason = not_ids(data.examples)) return reason;
    try {
      build_network(*architecture, data.examples.shape(), Random(0), at::kCPU);
      for (const Plugin<Transform>& transform : transforms)
        transform->prepare(data.examples.shape());
    } catch (const Error& error) {
      return error.message();
    }
    return std::nullopt;
  }

  Fit fit(const Training& given) override {
    prepare_process(given.threads);
    const at::Device device = device_from_string(training.device);
    Fit fit;
    if (loss) {
      TrainingParts parts{
          .network = *architecture, .loss = *loss, .sampler = *sampler, .miner = miner.get()};
      for (const Plugin<Transform>& transform : transforms)
        parts.transforms.push_back(transform.get());
      Trained trained = train(training, parts, given);
      fit.report = std::move(trained.report);
      fit.curves = std::move(trained.curves);
    } else {
      build_network(*architecture, given.data.examples.shape(), given.initialization, device);
      fit.report.set("stopped", "untrained");
    }
    fit.model =
        std::make_unique<NetworkModel>(architecture, given.data.examples.shape(),
                                       loss ? loss->learned_distance() : Distance::euclidean,
                                       loss ? loss->learned_scale() : at::Tensor(), device);
    return fit;
  }

  std::unique_ptr<Model> restore(const std::filesystem::path& folder) const override {
    return NetworkModel::restore(architecture, folder, device_from_string(training.device));
  }

 private:
  /// Of a data set that doesn't say whether its values are ids: why they can't be.
  static std::optional<std::string> not_ids(const Examples& examples) {
    const Matrix values = examples.as_double();
    for (std::int64_t i = 0; i < values.rows(); ++i)
      for (const double value : values.row(i))
        if (!(value >= 0 && value == std::floor(value)))
          return fmt::format("the network takes ids, integers from 0; training example {} has {}",
                             i, value);
    return std::nullopt;
  }

  Plugin<Architecture> architecture;
  Plugin<Loss> loss;
  Plugin<Miner> miner;
  Plugin<Sampler> sampler = "balanced";
  std::vector<Plugin<Transform>> transforms;
  TrainingSettings training;
};

METRICLAB_PLUGIN(Deep, "deep");

}  // namespace
