// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <cblas.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/deep/tensor_file.hpp>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace metriclab {
namespace {

constexpr const char* kFile = "network.safetensors";
// Beside the network's own tensors, whose names are words and dots.
constexpr const char* kScale = "/scale";
// Large enough that products run at full speed, small enough that the widest layer's activations
// stay a few hundred MiB.
constexpr std::int64_t kChunk = 256;
// The heap grows by at least so many bytes.
constexpr int kTopPad = 64 * 1024 * 1024;

}  // namespace

at::Device device_from_string(const std::string& name) {
  const bool has_cuda = at::globalContext().hasCUDA();
  if (name == "cuda" && !has_cuda)
    throw Error(
        "device \"cuda\": this LibTorch finds no CUDA device; take \"auto\" or \"cpu\", or build "
        "metriclab with a LibTorch that has CUDA (-Dlibtorch=DIR)");
  return at::Device(name == "cuda" || (name == "auto" && has_cuda) ? at::kCUDA : at::kCPU);
}

void prepare_process(int threads) {
  at::set_num_threads(threads);
  // LibTorch's BLAS is OpenBLAS with threads of its own, which know nothing of LibTorch's.
  openblas_set_num_threads(threads);
#ifdef __GLIBC__
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, kTopPad);
#endif
}

void build_network(Architecture& network, const Shape& input, const Random& initialization,
                   at::Device device) {
  Random random = initialization.child("architecture");
  network.build(input, random);
  move_to(network, device);
}

void move_to(const Trainable& trainable, at::Device device) {
  const WithoutAutograd off;
  for (const NamedTensor& held : tensors_of(trainable))
    if (held.tensor.is_floating_point() && held.tensor.device() != device)
      held.tensor.set_data(held.tensor.detach().to(device));
}

std::vector<NamedTensor> tensors_of(const Trainable& trainable) {
  std::vector<NamedTensor> all = trainable.parameters();
  all.insert(all.end(), trainable.buffers().begin(), trainable.buffers().end());
  return all;
}

at::Tensor as_tensor(const Examples& examples, std::int64_t begin, std::int64_t count) {
  METRICLAB_CHECK(begin >= 0 && count >= 0 && begin + count <= examples.size(),
                  "examples beyond the last");
  std::vector<std::int64_t> shape = {count};
  shape.insert(shape.end(), examples.shape().begin(), examples.shape().end());
  const at::Tensor tensor = at::empty(shape, at::kFloat);
  const auto first = static_cast<std::size_t>(begin * examples.dimension()),
             values = static_cast<std::size_t>(count * examples.dimension());
  if (values == 0) return tensor;
  if (examples.is_double())
    std::ranges::transform(examples.doubles().subspan(first, values), tensor.data_ptr<float>(),
                           [](double value) { return static_cast<float>(value); });
  else
    std::ranges::copy(examples.floats().subspan(first, values), tensor.data_ptr<float>());
  return tensor;
}

MatrixF embed(Architecture& network, const Examples& examples, at::Device device,
              const at::Tensor& scale) {
  const WithoutAutograd off;
  METRICLAB_CHECK(!scale.defined() || scale.numel() == network.embedding_size(),
                  "a scale that is not one for each dimension of the embeddings");
  MatrixF embeddings(examples.size(), network.embedding_size());
  for (std::int64_t begin = 0; begin < examples.size(); begin += kChunk) {
    const std::int64_t count = std::min(kChunk, examples.size() - begin);
    at::Tensor rows = network.forward(as_tensor(examples, begin, count).to(device), false);
    if (scale.defined()) rows = rows.mul(scale.to(rows.options()));
    rows = rows.to(at::kCPU).contiguous();
    METRICLAB_CHECK(rows.dim() == 2 && rows.size(0) == count && rows.size(1) == embeddings.cols() &&
                        rows.scalar_type() == at::kFloat,
                    "an architecture that doesn't give (B × embedding_size()) float32");
    std::copy_n(rows.data_ptr<float>(), rows.numel(), embeddings.row(begin).data());
  }
  return embeddings;
}

NetworkModel::NetworkModel(Plugin<Architecture> network, Shape input, Distance distance,
                           at::Device device, const at::Tensor& scale)
    : network_(std::move(network)), input_(std::move(input)), distance_(distance), device_(device) {
  for (const NamedTensor& held : tensors_of(*network_))
    tensors_.push_back({held.name, held.tensor.detach()});
  if (scale.defined()) scale_ = scale.detach().clone();
}

std::unique_ptr<NetworkModel> NetworkModel::restore(Plugin<Architecture> network,
                                                    const std::filesystem::path& folder,
                                                    at::Device device) {
  const TensorFile file = read_tensors(folder / kFile);
  Shape input;
  for (const Value& length : file.about.at("input").as_list()) input.push_back(length.as_integer());
  build_network(*network, input, Random(0), device);
  try {
    load_tensors(tensors_of(*network), file);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: is not of this architecture: {}", (folder / kFile).string(),
                            error.what()));
  }
  const auto scale = std::ranges::find(file.tensors, kScale, &NamedTensor::name);
  return std::make_unique<NetworkModel>(
      std::move(network), std::move(input),
      distance_from_string(file.about.at("distance").as_string()), device,
      scale == file.tensors.end() ? at::Tensor() : scale->tensor);
}

MatrixF NetworkModel::embed(const Examples& examples) const {
  if (examples.shape() != input_)
    throw Error(fmt::format("the model takes examples of shape ({}), these are ({})",
                            fmt::join(input_, ", "), fmt::join(examples.shape(), ", ")));
  std::vector<NamedTensor> held = tensors_of(*network_);
  const bool is_ours = std::ranges::equal(
      held, tensors_, [](const auto& a, const auto& b) { return a.tensor.is_alias_of(b.tensor); });
  if (!is_ours || held.empty()) {
    build_network(*network_, input_, Random(0), device_);
    held = tensors_of(*network_);
    for (std::size_t i = 0; i < held.size(); ++i) held[i].tensor.set_data(tensors_[i].tensor);
  }
  return metriclab::embed(*network_, examples, device_, scale_);
}

void NetworkModel::save(const std::filesystem::path& folder) const {
  TensorFile file{.tensors = tensors_};
  if (scale_.defined()) file.tensors.push_back({kScale, scale_});
  file.about.set("input", Value::List(input_.begin(), input_.end()));
  file.about.set("distance", Value(to_string(distance_)));
  write_tensors(folder / kFile, file);
}

}  // namespace metriclab
