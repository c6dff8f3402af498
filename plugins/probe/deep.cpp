// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <metriclab/data/deep_probe.hpp>
#include <metriclab/data/npy.hpp>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/loss.hpp>
#include <metriclab/deep/miner.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

namespace {

using namespace metriclab;
namespace fs = std::filesystem;

template <class T>
at::Tensor tensor_of(const Shape& shape, const std::vector<T>& values, at::ScalarType type) {
  const at::Tensor tensor = at::empty(shape, type);
  if (!values.empty()) std::memcpy(tensor.data_ptr(), values.data(), values.size() * sizeof(T));
  return tensor;
}

at::Tensor read_floats(const fs::path& file) {
  const NpyArray array = read_npy(file);
  if (std::holds_alternative<std::vector<double>>(array.values))
    return tensor_of(array.shape, array.as_double(), at::kDouble);
  if (std::holds_alternative<std::vector<float>>(array.values))
    return tensor_of(array.shape, array.as_float(), at::kFloat);
  throw Error(fmt::format("{}: holds integers; float32 or float64 is needed", file.string()));
}

/// Integers or floating-point numbers, as float64.
at::Tensor read_numbers(const fs::path& file) {
  const NpyArray array = read_npy(file);
  return tensor_of(array.shape, array.as_double(), at::kDouble);
}

at::Tensor read_labels(const fs::path& file) {
  const NpyArray array = read_npy(file);
  if (std::holds_alternative<std::vector<double>>(array.values) ||
      std::holds_alternative<std::vector<float>>(array.values))
    throw Error(
        fmt::format("{}: holds floating-point numbers; labels are integers", file.string()));
  return tensor_of(array.shape, array.as_integers(), at::kLong);
}

void write_tensor(const fs::path& file, const at::Tensor& tensor) {
  const at::Tensor here = tensor.to(at::kCPU).contiguous();
  const auto n = static_cast<std::size_t>(here.numel());
  const Shape shape(here.sizes().begin(), here.sizes().end());
  if (here.scalar_type() == at::kLong)
    write_npy(file, shape,
              std::vector<std::int64_t>(here.data_ptr<std::int64_t>(),
                                        here.data_ptr<std::int64_t>() + n));
  else if (here.scalar_type() == at::kDouble)
    write_npy(file, shape,
              std::vector<double>(here.data_ptr<double>(), here.data_ptr<double>() + n));
  else
    write_npy(file, shape, std::vector<float>(here.data_ptr<float>(), here.data_ptr<float>() + n));
}

void require_shape(const fs::path& file, const at::Tensor& tensor, std::int64_t axes,
                   const at::Tensor& embeddings) {
  const auto sizes = embeddings.sizes().slice(0, embeddings.dim() - 1);
  if (tensor.dim() != axes || tensor.sizes().slice(0, sizes.size()) != sizes)
    throw Error(fmt::format("{}: its shape is ({}), which doesn't go with embeddings of shape ({})",
                            file.string(), fmt::join(tensor.sizes(), ", "),
                            fmt::join(embeddings.sizes(), ", ")));
}

/// The batches of a request, one after the other.
std::vector<Batch> read_batches(const DeepProbe::Request& request) {
  const at::Tensor embeddings = read_floats(request.embeddings);
  if (embeddings.dim() != 2 && embeddings.dim() != 3)
    throw Error(
        fmt::format("{}: its shape is ({}); embeddings are (B × d), or (T × B × d) for T "
                    "batches",
                    request.embeddings.string(), fmt::join(embeddings.sizes(), ", ")));
  const std::int64_t axes = embeddings.dim() - 1;
  at::Tensor labels = request.labels.empty()
                          ? at::arange(embeddings.size(axes - 1), at::kLong)
                                .expand(embeddings.sizes().slice(0, static_cast<std::size_t>(axes)))
                          : read_labels(request.labels);
  // A class alone becomes the first of several columns.
  if (labels.dim() == axes) labels = labels.unsqueeze(-1);
  require_shape(request.labels, labels, axes + 1, embeddings);
  auto optional = [&](const fs::path& file, auto read, std::int64_t more) {
    at::Tensor tensor;
    if (file.empty()) return tensor;
    tensor = read(file);
    require_shape(file, tensor, axes + more, embeddings);
    return tensor;
  };
  auto as_double = [](const fs::path& file) { return read_floats(file).to(at::kDouble); };
  const at::Tensor examples = optional(request.examples, read_labels, 0),
                   targets = optional(request.targets, as_double, 0),
                   label_sets = optional(request.label_sets, read_numbers, 1);
  auto of = [&](const at::Tensor& all, std::int64_t step) {
    return all.defined() && axes == 2 ? all.select(0, step) : all;
  };
  std::vector<Batch> batches;
  for (std::int64_t step = 0; step < (axes == 2 ? embeddings.size(0) : 1); ++step) {
    const at::Tensor columns = of(labels, step);
    Batch batch{.embeddings = of(embeddings, step).clone(),
                .labels = columns.select(1, 0).contiguous(),
                .examples = of(examples, step),
                .targets = of(targets, step),
                .label_sets = of(label_sets, step)};
    for (std::int64_t c = 1; c < columns.size(1); ++c)
      batch.columns.push_back(columns.select(1, c).contiguous());
    if (!request.reference.empty()) {
      batch.reference = read_floats(request.reference).to(embeddings.scalar_type());
      batch.reference_labels = read_labels(request.reference_labels);
    }
    check_batch(batch);
    batches.push_back(std::move(batch));
  }
  if (batches.empty()) throw Error(fmt::format("{}: no batch", request.embeddings.string()));
  return batches;
}

/// What losses and miners are told of the data: it is the batch.
LossSetting setting_of(const Batch& batch, std::int64_t n_classes) {
  LossSetting setting{.n_classes = n_classes,
                      .embedding_size = batch.embeddings.size(1),
                      .type = batch.embeddings.scalar_type(),
                      .random = Random(0, "probe"),
                      .labels = as_indices(batch.labels),
                      .n_label_sets = batch.label_sets.defined() ? batch.label_sets.size(1) : 0};
  for (std::size_t c = 0; c < batch.columns.size(); ++c) {
    setting.columns.push_back(as_indices(batch.columns[c]));
    setting.column_names.push_back(fmt::format("column {}", c + 1));
  }
  return setting;
}

std::int64_t count_labels(const std::vector<Batch>& batches) {
  std::int64_t n = 0;
  for (const Batch& batch : batches)
    for (const std::int64_t label : as_indices(batch.labels)) n = std::max(n, label + 1);
  return n;
}

/// Shows the batch to what wants to see the training set embedded before it begins.
template <class Part>
void show(Part& part, const Batch& batch) {
  if (!part.wants_snapshot({})) return;
  const WithoutAutograd off;
  part.see({.embeddings = batch.embeddings.detach().to(at::kFloat), .labels = batch.labels});
}

/// [[…], […]] as so many tensors of indices.
std::vector<at::Tensor> read_lists(const Value* value, std::size_t n, const char* what) {
  std::vector<at::Tensor> lists;
  if (value != nullptr && value->is_list())
    for (const Value& list : value->as_list()) {
      std::vector<std::int64_t> indices;
      if (!list.is_list()) break;
      for (const Value& index : list.as_list()) {
        if (!index.is_integer())
          throw Error(fmt::format("{} holds {}; indices are integers", what, index.type_name()));
        indices.push_back(index.as_integer());
      }
      lists.push_back(index_tensor(indices));
    }
  if (lists.size() != n)
    throw Error(fmt::format("{} is to be a list of {} lists of indices", what, n));
  return lists;
}

Tuples read_tuples(const fs::path& file) {
  if (file.empty()) return Tuples::all();
  try {
    const Value value = parse_json(read_file(file));
    if (const Value* triplets = value.find("triplets")) {
      const auto lists = read_lists(triplets, 3, "\"triplets\"");
      return Tuples::triplets(lists[0], lists[1], lists[2]);
    }
    const Value* pairs = value.find("pairs");
    if (pairs == nullptr) throw Error("has neither \"triplets\" nor \"pairs\"");
    const auto positive = read_lists(pairs->find("positive"), 2, "\"positive\"");
    const auto negative = read_lists(pairs->find("negative"), 2, "\"negative\"");
    return Tuples::pairs(positive[0], positive[1], negative[0], negative[1]);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", file.string(), error.what()));
  }
}

Value as_list(const at::Tensor& indices) {
  Value::List list;
  for (std::int64_t index : as_indices(indices)) list.emplace_back(index);
  return Value(std::move(list));
}

Value as_lists(const std::vector<at::Tensor>& tensors) {
  Value::List lists;
  for (const at::Tensor& tensor : tensors) lists.push_back(as_list(tensor));
  return Value(std::move(lists));
}

/// All the pairs of a batch, listed.
Tuples listed(const Batch& batch) {
  const AnchorPairs pairs(batch, Tuples::all());
  std::vector<std::int64_t> lists[4];
  for (std::int64_t i = 0; i < pairs.n_anchors(); ++i) {
    for (Index p : pairs.positives(i)) lists[0].push_back(i), lists[1].push_back(p);
    for (Index q : pairs.negatives(i)) lists[2].push_back(i), lists[3].push_back(q);
  }
  return Tuples::pairs(index_tensor(lists[0]), index_tensor(lists[1]), index_tensor(lists[2]),
                       index_tensor(lists[3]));
}

struct State {
  std::string name;
  fs::path file;
  at::Tensor tensor;
};

std::vector<NamedTensor> tensors_of(const Loss& loss) {
  std::vector<NamedTensor> tensors = loss.parameters();
  tensors.insert(tensors.end(), loss.buffers().begin(), loss.buffers().end());
  return tensors;
}

const NamedTensor* find(const std::vector<NamedTensor>& tensors, const std::string& name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(),
                                  [&](const NamedTensor& one) { return one.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

bool fits(const Loss& loss, const std::vector<State>& state) {
  const std::vector<NamedTensor> tensors = tensors_of(loss);
  return std::all_of(state.begin(), state.end(), [&](const State& given) {
    const NamedTensor* there = find(tensors, given.name);
    return there == nullptr || there->tensor.sizes() == given.tensor.sizes();
  });
}

/// The loss with its tensors made for as many classes as the labels show, or, where the state given
/// is of another shape, as many as one of its axes has.
std::unique_ptr<Loss> prepared(const Value& resolved, const std::vector<Batch>& batches,
                               const std::vector<State>& state, Factory& factory) {
  const std::int64_t n_labels = count_labels(batches);
  std::vector<std::int64_t> choices = {n_labels};
  for (const State& given : state)
    for (std::int64_t size : given.tensor.sizes())
      if (size > n_labels) choices.push_back(size);
  std::unique_ptr<Loss> first;
  for (std::int64_t n_classes : choices) {
    std::unique_ptr<Loss> loss = factory.create_as<Loss>(resolved);
    loss->prepare(setting_of(batches.front(), n_classes));
    if (fits(*loss, state)) return loss;
    if (!first) first = std::move(loss);
  }
  return first;
}

void put(const Loss& loss, const std::vector<State>& state) {
  const std::vector<NamedTensor> tensors = tensors_of(loss);
  std::vector<std::string> names;
  for (const NamedTensor& tensor : tensors) names.push_back(tensor.name);
  for (const State& given : state) {
    const NamedTensor* there = find(tensors, given.name);
    if (there == nullptr)
      throw Error(names.empty()
                      ? fmt::format("--state {}: this loss has no tensors of its own", given.name)
                      : fmt::format("--state {}: there is no such tensor{}", given.name,
                                    suggestion(given.name, names)));
    if (there->tensor.sizes() != given.tensor.sizes())
      throw Error(fmt::format("{}: its shape is ({}), \"{}\" has ({})", given.file.string(),
                              fmt::join(given.tensor.sizes(), ", "), given.name,
                              fmt::join(there->tensor.sizes(), ", ")));
    there->tensor.detach().copy_(given.tensor);
  }
}

/// Writes a tensor; "a/b" is a file in a folder. Its path.
std::string written(const fs::path& folder, const std::string& name, const at::Tensor& tensor) {
  const fs::path file = folder / (name + ".npy");
  fs::create_directories(file.parent_path());
  write_tensor(file, tensor);
  return file.string();
}

/// Losses and miners by themselves.
class Deep final : public DeepProbe {
 public:
  static void describe(Description<Deep>& is) {
    is.summary("what `metriclab probe loss` and `metriclab probe miner` do");
    is.source("metriclab's own");
  }

  Value loss(const Value& resolved, const Request& request, Factory& factory) override {
    std::vector<Batch> batches = read_batches(request);
    const Tuples tuples = read_tuples(request.tuples);
    std::vector<State> state;
    for (const auto& [name, file] : request.state)
      state.push_back({name, file, read_numbers(file)});
    const std::unique_ptr<Loss> loss = prepared(resolved, batches, state, factory);
    put(*loss, state);
    show(*loss, batches.front());

    std::vector<NamedTensor> inputs;
    std::vector<at::Tensor> gradients, of_embeddings;
    Value::List values;
    for (Batch& batch : batches) {
      batch.embeddings.requires_grad_(true);
      inputs = {{"embeddings", batch.embeddings}};
      if (batch.has_reference())
        inputs.push_back({"reference", batch.reference.requires_grad_(true)});
      inputs.insert(inputs.end(), loss->parameters().begin(), loss->parameters().end());
      const at::Tensor value = loss->forward(batch, tuples);
      values.emplace_back(value.item<double>());
      if (request.gradients.empty()) continue;
      std::vector<at::Tensor> tensors;
      for (const NamedTensor& input : inputs) tensors.push_back(input.tensor);
      gradients = value.requires_grad() ? gradients_of(value, tensors)
                                        : std::vector<at::Tensor>(tensors.size());
      for (std::size_t i = 0; i < tensors.size(); ++i)
        if (!gradients[i].defined()) gradients[i] = at::zeros_like(tensors[i].detach());
      of_embeddings.push_back(gradients[0]);
    }

    Value result = Value::object();
    result.set("value", values.back());
    if (values.size() > 1) result.set("values", Value(values));
    Value::List names;
    for (const NamedTensor& tensor : tensors_of(*loss)) names.emplace_back(tensor.name);
    result.set("state", Value(std::move(names)));
    if (!request.gradients.empty()) {
      if (batches.size() > 1) gradients[0] = at::stack(of_embeddings);
      Value files = Value::object();
      for (std::size_t i = 0; i < inputs.size(); ++i)
        files.set(inputs[i].name, written(request.gradients, inputs[i].name, gradients[i]));
      result.set("gradients", std::move(files));
    }
    if (!request.state_after.empty()) {
      Value files = Value::object();
      for (const NamedTensor& tensor : tensors_of(*loss))
        files.set(tensor.name, written(request.state_after, tensor.name, tensor.tensor.detach()));
      result.set("state_after", std::move(files));
    }
    return result;
  }

  Value mine(const Value& resolved, const Request& request, Factory& factory) override {
    const std::vector<Batch> batches = read_batches(request);
    if (batches.size() != 1)
      throw Error(fmt::format("{}: {} batches; a miner is given one", request.embeddings.string(),
                              batches.size()));
    const Batch& batch = batches.front();
    Random random(0, "probe");
    const std::unique_ptr<Miner> miner = factory.create_as<Miner>(resolved);
    miner->prepare(setting_of(batch, count_labels(batches)));
    show(*miner, batch);
    Tuples tuples = miner->mine(batch, random);
    if (tuples.form == Tuples::Form::all) tuples = listed(batch);
    Value result = Value::object();
    if (tuples.form == Tuples::Form::triplets) {
      result.set("triplets", as_lists({tuples.anchor, tuples.positive, tuples.negative}));
      return result;
    }
    Value pairs = Value::object();
    pairs.set("positive", as_lists({tuples.positive_anchor, tuples.positive}));
    pairs.set("negative", as_lists({tuples.negative_anchor, tuples.negative}));
    result.set("pairs", std::move(pairs));
    return result;
  }
};

METRICLAB_PLUGIN(Deep, "deep");

}  // namespace
