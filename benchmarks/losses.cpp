// SPDX-License-Identifier: BSD-3-Clause
// Forward and backward of losses, with mining where it says so, on one thread and in float32: D =
// 128, classes of four examples. Each is measured in a process of its own, in seconds and in
// products (the time of one 2048³ single-precision matrix product in the same run); beside it the
// growth of peak memory, the same loss in tensor operations alone ("tensors", the formula that
// devices of their own run), and, from a file of figures in products, another implementation:
//     losses [--peers peers.csv] [--batches 128,512,2048,8192] [--device cuda] [NAME of a loss or
//     miner, or JSON of a loss…]
#include <ATen/Parallel.h>
#include <ATen/ops/mm.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <map>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/plugin/registry.hpp>
#include <sstream>
#include <vector>

namespace {

using namespace metriclab;

constexpr std::int64_t kDimensions = 128, kPerClass = 4;

/// What is measured, and what the file of peers calls it.
struct Subject {
  std::string loss, miner, peer;
};

// clang-format off
const std::vector<Subject> kSubjects = {
    {R"("contrastive")", "", "Contrastive"},
    {R"("triplet")", "", "TripletMargin(all)"},
    {R"({"plugin": "triplet", "swap": true})", "", "TripletMargin(all,swap)"},
    {R"({"plugin": "triplet", "smooth": true})", "", ""},
    {R"("triplet")", R"("semihard")", "TripletMargin+semihard"},
    {R"("triplet")", R"("batch_hard")", "TripletMargin+BatchHard"},
    {R"("triplet")", R"("multi_similarity")", "TripletMargin+MSMiner"},
    {R"("triplet")", R"("distance_weighted")", "TripletMargin+DistWeighted"},
    {R"("triplet")", R"("angular")", "TripletMargin+Angular"},
    {R"("triplet")", R"("batch_easy_hard")", ""},
    {R"("triplet")", R"("triplet_margin")", ""},
    {R"("triplet")", R"("easy_positive")", ""},
    {R"("triplet")", R"("hdc")", ""},
    {R"("triplet")", R"("uniform_histogram")", ""},
    {R"("triplet")", R"("maximum_loss")", ""},
    {R"("triplet")", R"("global_hard")", ""},
    {R"("contrastive")", R"("all")", ""},
    {R"("contrastive")", R"("pair_margin")", ""},
    {R"("quadruplet")", "", ""},
    {R"("margin")", "", "Margin(all)"},
    {R"("multi_similarity")", "", "MultiSimilarity"},
    {R"("multi_similarity")", R"("multi_similarity")", "MultiSimilarity+MSMiner"},
    {R"("n_pairs")", "", "NPairs"},
    {R"("lifted_structure")", "", "LiftedStructure"},
    {R"("generalized_lifted_structure")", "", "GenLifted"},
    {R"("circle")", "", "Circle"},
    {R"("angular")", "", "Angular"},
    {R"("signal_to_noise_contrastive")", "", "SNRContrastive"},
    {R"("intra_pair_variance")", "", "IntraPairVariance"},
    {R"("tuplet_margin")", "", "TupletMargin"},
    {R"("ranked_list")", "", "RankedList"},
    {R"("dynamic_soft_margin")", "", "DynamicSoftMargin"},
    {R"("selectively_contrastive_triplet")", "", ""},
    {R"("log_ratio")", "", ""},
    {R"("threshold_consistent_margin")", "", "ThresholdConsistentMargin"},
    {R"("siamese_bce")", "", ""},
    {R"("ntxent")", "", "NTXent"},
    {R"("infonce")", "", ""},
    {R"("supcon")", "", "SupCon"},
    {R"("multi_supcon")", "", ""},
    {R"("decoupled_contrastive")", "", ""},
    {R"("nca")", "", "NCA"},
    {R"("instance")", "", "Instance"},
    {R"("siglip")", "", ""},
    {R"("fast_ap")", "", "FastAP"},
    {R"("smooth_ap")", "", ""},
    {R"("histogram")", "", "Histogram"},
    {R"("pnp")", "", "PNP"},
    {R"("roadmap")", "", ""},
    {R"("recall_at_k")", "", ""},
    {R"("proxy_nca")", "", "ProxyNCA"},
    {R"("proxy_nca_plus_plus")", "", ""},
    {R"("proxy_anchor")", "", "ProxyAnchor"},
    {R"("soft_triple")", "", "SoftTriple"},
    {R"("normalized_softmax")", "", "NormalizedSoftmax"},
    {R"("arcface")", "", "ArcFace"},
    {R"("subcenter_arcface")", "", "SubCenterArcFace"},
    {R"("dynamic_arcface")", "", ""},
    {R"("cosface")", "", "CosFace"},
    {R"("sphereface")", "", "SphereFace"},
    {R"("large_margin_softmax")", "", "LargeMarginSoftmax"},
    {R"("p2s_grad")", "", "P2SGrad"},
    {R"("adacos")", "", ""},
    {R"("curricularface")", "", ""},
    {R"("magface")", "", ""},
    {R"("center")", "", ""},
    {R"("manifold")", "", "Manifold"},
    {R"("hyperbolic_proxies")", "", ""},
    {R"("hierarchical_triplet")", "", ""},
    {R"("hierarchical_proxy")", "", ""},
    {R"("hierarchical_supcon")", "", ""},
    {R"("vicreg")", "", "VICReg"},
    {R"("barlow_twins")", "", ""},
    {R"({"plugin": "self_supervised", "loss": "ntxent"})", "", "SelfSup(NTXent)"},
    {R"("deep_svdd")", "", ""},
    {R"("deep_sad")", "", ""},
    {R"("collaborative_metric")", "", ""},
    {R"("bpr")", "", ""},
    {R"({"plugin": "cross_batch_memory", "loss": "contrastive", "memory_size": 4096})", "",
     "XBM(Contrastive,4096)"},
    {R"({"plugin": "cross_batch_memory", "loss": "triplet", "memory_size": 1024})", "",
     "XBM(Triplet,1024)"},
};
// clang-format on

/// The median of several runs, of as many as 20 seconds allow, after one that counts for nothing.
template <class F>
double seconds(F run) {
  run();
  std::vector<double> took;
  double total = 0;
  while (took.size() < 50 && total < 20 && (took.size() < 3 || total < 1)) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    took.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    total += took.back();
  }
  std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2),
                   took.end());
  return took[took.size() / 2];
}

/// A device has computed what it can give a value of.
void wait_for(const at::Tensor& tensor) {
  if (tensor.defined() && !tensor.is_cpu()) tensor.flatten().select(0, 0).item();
}

double product_seconds(at::Device device) {
  Random random(1);
  const at::Tensor a = normal_tensor({2048, 2048}, 1, random).to(device),
                   b = normal_tensor({2048, 2048}, 1, random).to(device);
  return seconds([&] { wait_for(at::mm(a, b)); });
}

double peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

struct Measured {
  double seconds = NAN, mib = NAN, tensors = NAN;
};

Measured measure(const Subject& subject, std::int64_t n, at::Device device) {
  prepare_process(1);
  Registry registry(Registry::standard_folders());
  const auto loss = registry.make<Loss>(parse_json(subject.loss));
  std::unique_ptr<Miner> miner;
  if (!subject.miner.empty()) miner = registry.make<Miner>(parse_json(subject.miner));
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(i / kPerClass);
  LossSetting setting = law_setting(n / kPerClass, kDimensions, at::kFloat);
  loss->prepare(setting);
  move_to(*loss, device);
  Batch batch = law_batch(labels, kDimensions, 1, at::kFloat);
  if (miner) {
    // The training set that it may look into is as large as the batch.
    setting.labels = labels;
    miner->prepare(setting);
    if (miner->wants_snapshot({}))
      miner->see({law_batch(labels, kDimensions, 3, at::kFloat).embeddings, batch.labels});
  }
  batch.embeddings = batch.embeddings.to(device).requires_grad_(true);
  Batch mined = batch;
  mined.embeddings = batch.embeddings.detach();
  std::vector<at::Tensor> inputs = {batch.embeddings};
  for (const NamedTensor& parameter : loss->parameters()) inputs.push_back(parameter.tensor);
  Random random(2);
  const double before = peak_mib();
  auto tuples = [&] {
    if (!miner) return Tuples::all();
    const WithoutAutograd off;
    return miner->mine(mined, random);
  };
  Measured result;
  result.seconds =
      seconds([&] { wait_for(gradients_of(loss->forward(batch, tuples()), inputs).front()); });
  result.mib = peak_mib() - before;
  auto* plain = dynamic_cast<TupleLoss*>(loss.get());
  if (plain != nullptr && !miner && n <= 2048 && device.is_cpu())
    result.tensors =
        seconds([&] { gradients_of(plain->forward_in_tensors(batch, Tuples::all()), inputs); });
  return result;
}

/// In a process of its own; NaN where it failed.
template <class F>
Measured measured_apart(const std::string& what, F f) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    Measured result;
    try {
      result = f();
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}: {}\n", what, error.what());
    }
    const bool written = ::write(ends[1], &result, sizeof result) == sizeof result;
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  Measured result;
  if (::read(ends[0], &result, sizeof result) != sizeof result) result = {};
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return result;
}

/// Products by what and batch: lines of what,batch,status,seconds,products,…
std::map<std::pair<std::string, std::int64_t>, std::string> read_peers(const std::string& file) {
  std::map<std::pair<std::string, std::int64_t>, std::string> peers;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::string what;
    if (line.starts_with('"')) {
      what = line.substr(1, line.find('"', 1) - 1);
      line.erase(0, what.size() + 3);
    } else {
      what = line.substr(0, line.find(','));
      line.erase(0, what.size() + 1);
    }
    std::vector<std::string> fields;
    std::istringstream rest(line);
    for (std::string field; std::getline(rest, field, ',');) fields.push_back(field);
    if (fields.size() < 2 || fields[0].empty() || !std::isdigit(fields[0][0])) continue;
    peers[{what, std::stoll(fields[0])}] = fields[1] == "ok" ? fields[3] : fields[1];
  }
  return peers;
}

std::string shown(double value, const char* format) {
  return std::isnan(value) ? "" : fmt::format(fmt::runtime(format), value);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::int64_t> batches = {128, 512, 2048, 8192};
  std::map<std::pair<std::string, std::int64_t>, std::string> peers;
  std::vector<std::string> names;
  at::Device device = at::kCPU;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--peers" && i + 1 < argc) {
      peers = read_peers(argv[++i]);
    } else if (argument == "--batches" && i + 1 < argc) {
      batches.clear();
      std::istringstream list(argv[++i]);
      for (std::string n; std::getline(list, n, ',');) batches.push_back(std::stoll(n));
    } else if (argument == "--device" && i + 1 < argc) {
      device = at::Device(argv[++i]);
    } else {
      names.push_back(argument);
    }
  }
  std::vector<Subject> subjects;
  for (const Subject& subject : kSubjects)
    if (names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
          const std::string quoted = '"' + name + '"';
          return subject.loss == name || subject.loss == quoted || subject.miner == quoted;
        }))
      subjects.push_back(subject);
  for (const std::string& name : names)
    if (name.starts_with('{')) subjects.push_back({name, "", ""});

  // Before any child: LibTorch's threads don't outlive a fork, and one thread has none.
  at::set_num_threads(1);
  prepare_process(1);
  Registry registry(Registry::standard_folders());
  // In a child as well: a process that has opened a device can't be forked.
  const double product = measured_apart("product", [&] {
                           return Measured{.seconds = product_seconds(device)};
                         }).seconds;
  fmt::print("product {:.4f} s\n{:<64} {:>5} {:>10} {:>9} {:>8} {:>9} {:>9} {:>7}\n", product,
             "loss", "batch", "seconds", "products", "MiB", "tensors", "peer", "ratio");
  for (const Subject& subject : subjects) {
    const Value block = parse_json(subject.loss);
    const std::string loss = block.is_object() ? block.at("plugin").as_string() : block.as_string();
    if (!registry.has("loss", loss)) continue;
    if (!subject.miner.empty() && !registry.has("miner", parse_json(subject.miner).as_string()))
      continue;
    for (const std::int64_t n : batches) {
      const Measured is = measured_apart(subject.loss, [&] { return measure(subject, n, device); });
      const auto found = peers.find({subject.peer, n});
      const std::string peer = found == peers.end() ? "" : found->second;
      const bool number = !peer.empty() && std::isdigit(peer[0]);
      const std::string label =
          subject.miner.empty() ? subject.loss : subject.loss + " + " + subject.miner;
      fmt::print("{:<64} {:>5} {:>10} {:>9} {:>8} {:>9} {:>9} {:>7}\n", label, n,
                 shown(is.seconds, "{:.6f}"), shown(is.seconds / product, "{:.4f}"),
                 shown(is.mib, "{:.0f}"), shown(is.tensors / product, "{:.4f}"), peer,
                 number ? shown(std::stod(peer) * product / is.seconds, "{:.1f}") : "");
      std::fflush(stdout);
    }
  }
}
