// SPDX-License-Identifier: BSD-3-Clause
// What holds for every loss there is: the registry says which.
#include <ATen/ops/cat.h>
#include <ATen/ops/mm.h>

#include <cmath>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/laws.hpp>

#include "support.hpp"

namespace {

using namespace metriclab;
using namespace metriclab::testing;

const std::vector<std::int64_t> kLabels = {0, 1, 2, 0, 1, 0, 3, 2, 2, 0};

std::unique_ptr<Loss> prepared(const std::string& name, at::ScalarType type = at::kDouble) {
  std::unique_ptr<Loss> loss;
  try {
    loss = make_loss("{\"plugin\": \"" + name + "\"}");
  } catch (const Error&) {
    return nullptr;  // it has a required parameter, such as the loss it wraps
  }
  loss->prepare(law_setting(4, 5, type));
  return loss;
}

template <class F>
void for_each_loss(F f) {
  REQUIRE(registry().names("loss").size() >= 6);
  for (const std::string& name : registry().names("loss")) {
    CAPTURE(name);
    if (const auto loss = prepared(name)) f(*loss, name);
  }
}

bool finite(const Outcome& outcome) {
  bool result = std::isfinite(outcome.value) && outcome.embeddings.isfinite().all().item<bool>();
  for (const at::Tensor& gradient : outcome.parameters)
    result = result && gradient.isfinite().all().item<bool>();
  return result;
}

double value_of(Loss& loss, const Batch& batch) {
  const WithoutAutograd off;
  return loss.forward(batch, Tuples::all()).item<double>();
}

/// The central difference along one entry of a tensor, which is changed and put back.
template <class F>
double central_difference(const at::Tensor& tensor, std::int64_t entry, F value) {
  constexpr double kStep = 1e-6;
  double* at = tensor.data_ptr<double>() + entry;
  const double before = *at;
  *at = before + kStep;
  const double above = value();
  *at = before - kStep;
  const double below = value();
  *at = before;
  return (above - below) / (2 * kStep);
}

Batch turned(const Batch& batch, const at::Tensor& rotation) {
  Batch result = batch;
  result.embeddings = at::mm(batch.embeddings, rotation);
  return result;
}

/// An orthogonal matrix: the product of two reflections.
at::Tensor rotation(std::int64_t d, std::uint64_t seed) {
  Random random(seed, "rotation");
  at::Tensor result;
  for (int i = 0; i < 2; ++i) {
    const at::Tensor v = normal_tensor({d, 1}, 1, random, at::kDouble);
    at::Tensor reflection = at::mm(v, v.t()).mul(-2 / v.pow(2).sum().item<double>());
    reflection.diagonal().add_(1);
    result = result.defined() ? at::mm(result, reflection) : reflection;
  }
  return result;
}

TEST_CASE("gradients are those of finite differences") {
  for_each_loss([](Loss& loss, const std::string&) {
    const Batch batch = law_batch(kLabels, 5, 11);
    const Outcome outcome = evaluate(loss, batch);
    for (std::int64_t entry = 0; entry < batch.embeddings.numel(); ++entry) {
      const double expected =
          central_difference(batch.embeddings, entry, [&] { return value_of(loss, batch); });
      const double got = outcome.embeddings.contiguous().data_ptr<double>()[entry];
      CHECK(std::abs(got - expected) < 1e-6 * std::max(1.0, std::abs(expected)));
    }
    for (std::size_t p = 0; p < loss.parameters().size(); ++p) {
      const at::Tensor values = loss.parameters()[p].tensor.detach();
      for (std::int64_t entry = 0; entry < values.numel(); ++entry) {
        const double expected =
            central_difference(values, entry, [&] { return value_of(loss, batch); });
        const double got = outcome.parameters[p].contiguous().data_ptr<double>()[entry];
        CHECK(std::abs(got - expected) < 1e-6 * std::max(1.0, std::abs(expected)));
      }
    }
  });
}

TEST_CASE("float32 agrees with float64") {
  for_each_loss([](Loss& loss, const std::string& name) {
    const Batch batch = law_batch(kLabels, 5, 12);
    const auto single = prepared(name, at::kFloat);
    for (std::size_t p = 0; p < loss.parameters().size(); ++p)
      single->parameters()[p].tensor.detach().copy_(loss.parameters()[p].tensor.detach());
    Batch as_float = batch;
    as_float.embeddings = batch.embeddings.to(at::kFloat);
    const Outcome expected = evaluate(loss, batch), got = evaluate(*single, as_float);
    CHECK(std::abs(got.value - expected.value) < 2e-5 * std::max(1.0, std::abs(expected.value)));
    CHECK((got.embeddings.scalar_type() == at::kFloat));
    const double size = std::max(1.0, expected.embeddings.abs().max().item<double>());
    CHECK(largest_difference(got.embeddings, expected.embeddings) < 1e-4 * size);
  });
}

TEST_CASE("degenerate batches give finite values and gradients") {
  for_each_loss([](Loss& loss, const std::string&) {
    const std::vector<std::vector<std::int64_t>> all_labels = {{2, 2, 2, 2}, {0, 1, 2, 3}, {1}, {}};
    for (const auto& labels : all_labels) {
      CAPTURE(labels.size());
      CHECK(finite(evaluate(loss, law_batch(labels, 5, 13))));
    }
    // Coinciding embeddings, within a class and across classes; and zero vectors.
    Batch batch = law_batch(kLabels, 5, 14);
    batch.embeddings.copy_(batch.embeddings.narrow(0, 0, 1).expand({10, 5}));
    CHECK(finite(evaluate(loss, batch)));
    batch = law_batch(kLabels, 5, 14);
    batch.embeddings.narrow(0, 1, 4).zero_();
    CHECK(finite(evaluate(loss, batch)));
  });
}

TEST_CASE("mined tuples that are none at all give 0 with zero gradient") {
  const at::Tensor none = integers({});
  for_each_loss([&](Loss& loss, const std::string&) {
    if (!loss.parameters().empty()) return;  // trained vectors of the classes go on without tuples
    for (const Tuples& tuples :
         {Tuples::pairs(none, none, none, none), Tuples::triplets(none, none, none)}) {
      const Outcome outcome = evaluate(loss, law_batch(kLabels, 5, 15), tuples);
      CHECK(outcome.value == 0);
      CHECK(outcome.embeddings.abs().max().item<double>() == 0);
    }
  });
}

TEST_CASE("the order of the batch does not matter") {
  for_each_loss([](Loss& loss, const std::string&) {
    const Batch batch = law_batch(kLabels, 5, 16);
    const at::Tensor order = integers(Random(17).permutation(10));
    const Batch shuffled = rows_of(batch, order);
    const Outcome first = evaluate(loss, batch), second = evaluate(loss, shuffled);
    CHECK(second.value == doctest::Approx(first.value).epsilon(1e-12));
    CHECK(largest_difference(second.embeddings, first.embeddings.index_select(0, order)) < 1e-10);
  });
}

TEST_CASE("a rotation of everything does not matter") {
  const at::Tensor turn = rotation(5, 18);
  for_each_loss([&](Loss& loss, const std::string&) {
    const Batch batch = law_batch(kLabels, 5, 19);
    const Outcome first = evaluate(loss, batch);
    // Trained vectors, a row a class, turn with the embeddings.
    for (const NamedTensor& parameter : loss.parameters()) {
      if (parameter.tensor.dim() != 2 || parameter.tensor.size(1) != 5) return;
      parameter.tensor.detach().copy_(at::mm(parameter.tensor.detach(), turn));
    }
    const Outcome second = evaluate(loss, turned(batch, turn));
    CHECK(second.value == doctest::Approx(first.value).epsilon(1e-10));
    CHECK(largest_difference(second.embeddings, at::mm(first.embeddings, turn)) < 1e-9);
  });
}

TEST_CASE("what does not fit is refused in one line") {
  const auto loss = make_loss("\"contrastive\"");
  Batch batch = law_batch(kLabels, 5, 20);
  batch.labels = integers({0, 1});
  CHECK_THROWS_WITH_AS(loss->forward(batch, Tuples::all()),
                       "there are 10 embeddings and 2 labels for them; each needs one", Error);
  batch = law_batch(kLabels, 5, 20);
  CHECK_THROWS_WITH_AS(
      loss->forward(batch, Tuples::triplets(integers({0}), integers({3}), integers({10}))),
      "a tuple's negative is 10, outside of 0 … 9", Error);
  const auto anchored = make_loss("\"proxy_anchor\"");
  anchored->prepare(
      {.n_classes = 3, .embedding_size = 5, .type = at::kDouble, .random = Random(1)});
  CHECK_THROWS_WITH_AS(anchored->forward(batch, Tuples::all()),
                       "an example of the batch has label 3; there are proxies for 0 … 2", Error);
}

}  // namespace
