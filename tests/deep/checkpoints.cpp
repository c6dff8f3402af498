// SPDX-License-Identifier: BSD-3-Clause
// What is written and read back: tensor files, models, and trainings that were interrupted. All
// data are seeded.
#include <ATen/ops/zeros.h>

#include <fstream>
#include <metriclab/deep/checkpoint.hpp>
#include <metriclab/deep/tensor_file.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>

#include "training_support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;
namespace fs = std::filesystem;

struct Stopped : std::exception {};

/// Fits until so many epochs are done, by an exception from the progress callback.
void stop_after(double epochs, double of, const std::string& json, const Data& data,
                const fs::path& folder) {
  FitOptions options{.checkpoints = folder, .progress = [&](double done, const std::string&) {
                       if (done >= epochs / of - 1e-9) throw Stopped();
                     }};
  CHECK_THROWS_AS(fit(json, data, options), Stopped);
}

/// Each with something that a checkpoint might forget.
const std::vector<std::string> kMethods = {
    R"({"plugin": "deep", "architecture": {"plugin": "mlp", "hidden": [8], "embedding": 4, "batch_norm": true,
        "dropout": 0.2}, "loss": "proxy_anchor", "miner": "semihard", "transforms": ["noise"],
        "sampler": {"plugin": "balanced", "classes": 3, "per_class": 4},
        "training": {"epochs": 6, "checkpoint": 1, "schedule": "cosine", "warm_up": 2,
                     "validation": {"part": 0.3}}})",
    R"({"plugin": "deep", "architecture": {"plugin": "mlp", "hidden": [8], "embedding": 4}, "loss": "triplet",
        "sampler": "uniform", "training": {"epochs": 6, "checkpoint": 2, "optimizer": "sgd"}})",
    R"({"plugin": "deep", "architecture": {"plugin": "linear", "embedding": 4}, "loss": "contrastive",
        "sampler": "uniform", "training": {"epochs": 6, "checkpoint": 1, "optimizer": "rmsprop", "gradient_clip": 0.1}})",
    R"({"plugin": "deep", "architecture": {"plugin": "linear", "embedding": 4}, "loss": "ntxent",
        "sampler": "uniform", "training": {"epochs": 6, "checkpoint": 1, "optimizer": "adamw", "weight_decay": 0.1, "patience": 1,
                     "validation": {"part": 0.4, "of": "classes"}}})"};

TEST_CASE("a resumed training equals an uninterrupted one, to the byte") {
  const Data data = clouds(5, 12, {6}, 0.8, 1);
  for (const std::string& json : kMethods) {
    CAPTURE(json);
    const Fit whole = fit(json, data);
    for (const double epochs : {1.0, 3.0}) {
      if (whole.report.at("epochs").as_integer() <= static_cast<std::int64_t>(epochs)) continue;
      const Folder folder;
      stop_after(epochs, 6, json, data, folder.path());
      CHECK(same(fit(json, data, {.checkpoints = folder.path()}), whole, data));
      // Once more, now that it is finished.
      CHECK(same(fit(json, data, {.checkpoints = folder.path()}), whole, data));
    }
  }
}

TEST_CASE("a resumed training goes on and does not begin again") {
  const Data data = clouds(5, 12, {6}, 0.8, 2);
  const Folder folder;
  stop_after(3, 6, kMethods[0], data, folder.path());
  double first = 1;
  fit(kMethods[0], data,
      {.checkpoints = folder.path(),
       .progress = [&](double done, const std::string&) { first = std::min(first, done); }});
  CHECK(first > 3.0 / 6);
}

TEST_CASE("images, too") {
  const Data data = clouds(3, 8, {1, 16, 16}, 0.5, 3);
  const std::string json =
      R"({"plugin": "deep", "architecture": {"plugin": "conv4", "filters": 4}, "loss": "multi_similarity",
          "miner": "multi_similarity", "transforms": ["rotations_as_classes", "affine"],
          "sampler": {"plugin": "balanced", "classes": 4, "per_class": 3},
          "training": {"epochs": 3, "checkpoint": 1}})";
  const Fit whole = fit(json, data);
  const Folder folder;
  stop_after(2, 3, json, data, folder.path());
  CHECK(same(fit(json, data, {.checkpoints = folder.path()}), whole, data));
}

TEST_CASE("a damaged checkpoint is passed over") {
  const Data data = clouds(5, 12, {6}, 0.8, 4);
  const Fit whole = fit(kMethods[0], data);
  for (const std::string damage : {"cut short", "changed", "empty", "other network"}) {
    CAPTURE(damage);
    const Folder folder;
    const bool is_other = damage == "other network";
    stop_after(3, 6, kMethods[is_other ? 1 : 0], data, folder.path());
    REQUIRE(std::distance(fs::directory_iterator(folder.path()), {}) == 1);  // nothing is left over
    const fs::path file = fs::directory_iterator(folder.path())->path();
    const auto size = fs::file_size(file);
    if (damage == "cut short") fs::resize_file(file, size - 1);
    if (damage == "empty") fs::resize_file(file, 0);
    if (damage == "changed") {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekg(static_cast<std::streamoff>(size - 3));
      const int byte = stream.get();
      stream.seekp(static_cast<std::streamoff>(size - 3));
      stream.put(static_cast<char>(byte ^ 1));
    }
    CHECK(same(fit(kMethods[0], data, {.checkpoints = folder.path()}), whole, data));
  }
}

TEST_CASE("a saved model embeds to the same bytes") {
  const Data data = clouds(3, 8, {1, 16, 16}, 0.5, 5);
  for (
      const char* json :
      {R"({"plugin": "deep", "architecture": {"plugin": "conv4", "filters": 4}, "loss": "triplet", "sampler": "uniform", "training": {"epochs": 2}})",
       R"({"plugin": "deep", "architecture": {"plugin": "mlp", "batch_norm": true}, "loss": "contrastive", "sampler": "uniform", "training": {"epochs": 2}})",
       R"({"plugin": "deep", "architecture": {"plugin": "linear", "embedding": 3}})",
       R"({"plugin": "deep", "architecture": "identity"})"}) {
    CAPTURE(json);
    const Folder folder;
    const Fit trained = fit(json, data);
    trained.model->save(folder.path());
    const auto model = make_method(json)->restore(folder.path());
    CHECK(model->embed(data.examples) == trained.model->embed(data.examples));
    CHECK(model->distance() == trained.model->distance());
    CHECK_THROWS_WITH(model->embed(clouds(2, 2, {3}, 1, 1).examples),
                      "the model takes examples of shape (1, 16, 16), these are (3)");
  }
}

TEST_CASE("a model file that doesn't fit is refused by name") {
  const Data data = clouds(3, 8, {6}, 0.5, 6);
  const Folder folder;
  const std::string linear =
      R"({"plugin": "deep", "architecture": {"plugin": "linear", "embedding": 3}})";
  fit(linear, data).model->save(folder.path());
  const fs::path file = fs::directory_iterator(folder.path())->path();
  const auto message = [&](const std::string& json) -> std::string {
    try {
      make_method(json)->restore(folder.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message(R"({"plugin": "deep", "architecture": {"plugin": "linear", "embedding": 4}})") ==
        file.string() +
            ": is not of this architecture: \"linear.weight\" has shape (3, 6), not (4, 6)");
  CHECK(message(R"({"plugin": "deep", "architecture": "mlp"})") ==
        file.string() + ": is not of this architecture: there is no tensor \"hidden1.weight\"");
  fs::resize_file(file, fs::file_size(file) - 4);
  CHECK(message(linear) ==
        file.string() + ": is no whole file of tensors: its content is not what was written");
}

TEST_CASE("the models of one method keep their own weights") {
  const Data vectors = clouds(3, 8, {6}, 0.5, 7), images = clouds(3, 8, {1, 4, 4}, 0.5, 7);
  const auto method = make_method(R"({"plugin": "deep", "architecture": "mlp"})");
  const auto fitted = [&](const Data& data, std::uint64_t seed) {
    return method->fit({.data = data,
                        .random = Random(seed),
                        .initialization = Random(seed),
                        .checkpoints = {},
                        .progress = {}});
  };
  const Fit first = fitted(vectors, 1);
  const MatrixF before = first.model->embed(vectors.examples);
  const Fit second = fitted(vectors, 2), third = fitted(images, 1);
  CHECK(second.model->embed(vectors.examples) != before);
  CHECK(third.model->embed(images.examples).cols() == 64);
  CHECK(first.model->embed(vectors.examples) == before);
}

TEST_CASE("tensors go through their file unchanged") {
  const Folder folder;
  Random random(1);
  TensorFile content;
  content.tensors = {{"a", normal_tensor({2, 3}, 1, random)},
                     {"b", normal_tensor({4}, 1, random, at::kDouble)},
                     {"c", integers({1, -2, 3})},
                     {"none", at::zeros({0, 5})},
                     {"scalar", at::zeros({}).add(2)}};
  content.about.set("words", "as \"they\" are");
  write_tensors(folder.path() / "file", content);
  const TensorFile read = read_tensors(folder.path() / "file");
  REQUIRE(read.tensors.size() == content.tensors.size());
  for (const NamedTensor& held : content.tensors) CHECK(read.at(held.name).equal(held.tensor));
  CHECK(read.about == content.about);
  CHECK_THROWS_AS(read.at("d"), Error);

  // All or none.
  const at::Tensor a = at::zeros({2, 3});
  CHECK_THROWS_AS(load_tensors({{"a", a}, {"b", at::zeros({5})}}, read), Error);
  CHECK(a.equal(at::zeros({2, 3})));
  load_tensors({{"a", a}}, read);
  CHECK(a.equal(content.tensors[0].tensor));
}

TEST_CASE("a tensor file is laid out as the safetensors format has it") {
  const Folder folder;
  TensorFile content;
  content.tensors = {{"x", at::zeros({2}).add(1)}};
  write_tensors(folder.path() / "file", content);
  const std::string bytes = read_file(folder.path() / "file");
  std::uint64_t size = 0;
  std::memcpy(&size, bytes.data(), 8);
  CHECK(size % 8 == 0);
  REQUIRE(bytes.size() == 8 + size + 2 * sizeof(float));
  const Value header = parse_json(bytes.substr(8, size));
  const Value& x = header.at("x");
  CHECK(x.at("dtype").as_string() == "F32");
  CHECK(x.at("shape") == Value(Value::List{2}));
  CHECK(x.at("data_offsets") == Value(Value::List{0, 8}));
  for (const Value::Member& about : header.at("__metadata__").as_object())
    CHECK(about.value.is_string());
  float one = 0;
  std::memcpy(&one, bytes.data() + 8 + size, sizeof one);
  CHECK(one == 1);
}

}  // namespace
