// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/mm.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <metriclab/deep/anchors.hpp>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/laws.hpp>
#include <metriclab/deep/tuple_loss.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace {

using namespace metriclab;
using Labels = std::vector<std::int64_t>;

constexpr std::int64_t kClasses = 6;

Labels mixed() { return {0, 1, 2, 0, 1, 0, 3, 2, 2, 0}; }

/// Batches that are nothing out of the ordinary.
std::vector<Batch> ordinary() {
  Labels balanced;
  for (std::int64_t i = 0; i < 24; ++i) balanced.push_back(i / 4);
  return {law_batch(mixed(), 5, 11), law_batch(balanced, 8, 12), law_batch({1, 0, 1, 0}, 2, 13)};
}

struct Outcome {
  double value = 0;
  at::Tensor embeddings;               // the gradient
  std::vector<at::Tensor> parameters;  // their gradients

  std::string not_finite() const {
    if (!std::isfinite(value)) return "the value is " + std::to_string(value);
    std::string failure =
        metriclab::not_finite(embeddings, "the gradient with respect to the embeddings");
    for (std::size_t p = 0; p < parameters.size() && failure.empty(); ++p)
      failure = metriclab::not_finite(parameters[p],
                                      "the gradient of its parameter " + std::to_string(p));
    return failure;
  }
};

/// For the span of its life the process may take up only so much more memory.
class MemoryLimit {
 public:
  explicit MemoryLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_AS, &before_);
    rlim_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit limit = before_;
    // The address sanitizer ends the process where an allocation fails.
    if (detail::kSanitizers != "none") return;
    limit.rlim_cur =
        std::min(before_.rlim_max, pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + bytes);
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~MemoryLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  rlimit before_{};
};

/// The laws of one loss. It is made anew for each evaluation, so that what it keeps from one batch
/// to the next doesn't count.
class Laws {
 public:
  Laws(const Value& resolved, Registry& registry) : resolved_(resolved), registry_(registry) {}

  std::unique_ptr<Loss> prepared(std::int64_t d, at::ScalarType type,
                                 std::int64_t n_classes = kClasses) const {
    auto loss = registry_.make<Loss>(resolved_);
    loss->prepare(law_setting(n_classes, d, type));
    return loss;
  }

  Outcome evaluate(const Batch& batch, const Tuples& tuples = Tuples::all(),
                   const at::Tensor& turn = {}, bool in_tensors = false) const {
    Batch own = batch;
    own.embeddings = batch.embeddings.detach().clone().requires_grad_(true);
    const auto loss = prepared(own.embeddings.size(1), own.embeddings.scalar_type());
    std::vector<at::Tensor> inputs = {own.embeddings};
    for (const NamedTensor& parameter : loss->parameters()) {
      // Those that are vectors among the embeddings.
      if (turn.defined() && parameter.tensor.dim() == 2) {
        const at::Tensor values = parameter.tensor.detach();
        values.copy_(at::mm(values, turn));
      }
      inputs.push_back(parameter.tensor);
    }
    auto* tuple_loss = dynamic_cast<TupleLoss*>(loss.get());
    const at::Tensor value = in_tensors && tuple_loss != nullptr
                                 ? tuple_loss->forward_in_tensors(own, tuples)
                                 : loss->forward(own, tuples);
    std::vector<at::Tensor> gradients = gradients_or_zeros(value, inputs);
    Outcome outcome{.value = value.item<double>(), .embeddings = gradients[0], .parameters = {}};
    outcome.parameters.assign(gradients.begin() + 1, gradients.end());
    return outcome;
  }

  std::string finite_on(const Batch& batch) const { return evaluate(batch).not_finite(); }

  std::string gradient_on(const Batch& batch, const Tuples& tuples) const {
    const at::Tensor embeddings = batch.embeddings.detach().clone().requires_grad_(true);
    const auto first = prepared(embeddings.size(1), at::kDouble);
    std::vector<NamedTensor> inputs = {{"the embeddings", embeddings}};
    for (const NamedTensor& parameter : first->parameters()) inputs.push_back(parameter);
    return gradient_differs(
        [&] {
          Batch own = batch;
          own.embeddings = embeddings;
          // A loss with buffers changes them as it goes, so each evaluation begins with those of
          // the start, and with the parameters as they are now.
          if (first->buffers().empty()) return first->forward(own, tuples);
          const auto begun = prepared(embeddings.size(1), at::kDouble);
          for (const NamedTensor& fresh : begun->buffers())
            for (const NamedTensor& buffer : first->buffers())
              if (buffer.name == fresh.name) buffer.tensor.copy_(fresh.tensor);
          return first->forward(own, tuples);
        },
        inputs);
  }

  void check(Checks& checks) const {
    const bool sound =
        checks.law("it gives a finite scalar of the embeddings' type, with finite gradients",
                   [&]() -> std::string {
                     for (const Batch& batch : ordinary())
                       for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
                         Batch typed = batch;
                         typed.embeddings = batch.embeddings.to(type);
                         const auto loss = prepared(typed.embeddings.size(1), type);
                         if (loss->forward(typed, Tuples::all()).scalar_type() != type)
                           return "the scalar is of another type than the embeddings";
                         if (std::string failure = finite_on(typed); !failure.empty())
                           return failure;
                       }
                     return "";
                   });
    if (!sound || !untouched(checks)) return checks.rest_not_checked();
    checks.law("it tells the distance that it learns, and scales each dimension or none",
               [&]() -> std::string {
                 const auto loss = prepared(5, at::kFloat);
                 to_string(loss->learned_distance());
                 const at::Tensor scale = loss->learned_scale();
                 if (scale.defined() && (scale.dim() != 1 || scale.size(0) != 5))
                   return "the learned scale has another shape than (d)";
                 return "";
               });
    const Tuples triplets = Tuples::triplets(index_tensor({0, 0, 3, 2}), index_tensor({3, 5, 9, 7}),
                                             index_tensor({1, 2, 6, 0}));
    const Tuples pairs = Tuples::pairs(index_tensor({0, 5, 2}), index_tensor({3, 9, 8}),
                                       index_tensor({0, 4, 6, 1}), index_tensor({1, 3, 2, 5}));
    gradients(checks, triplets, pairs);
    checks.law(
        "tuples given that are none at all give a finite value; 0 with zero gradient without "
        "trained parameters or penalties",
        [&]() -> std::string {
          const at::Tensor none = index_tensor({});
          for (const Tuples& tuples :
               {Tuples::pairs(none, none, none, none), Tuples::triplets(none, none, none)}) {
            const Outcome outcome = evaluate(law_batch(mixed(), 5, 18), tuples);
            if (std::string failure = outcome.not_finite(); !failure.empty()) return failure;
            if (!outcome.parameters.empty() || penalised() || declares("needs_views")) continue;
            if (outcome.value != 0) return "the value is " + std::to_string(outcome.value);
            if (outcome.embeddings.abs().max().item<double>() != 0) return "the gradient is not 0";
          }
          return "";
        });
    in_tensors(checks, triplets, pairs);
    odd(checks);
    checks.law("the same batch gives the same bytes", [&]() -> std::string {
      for (const Batch& batch : ordinary()) {
        const Outcome first = evaluate(batch), second = evaluate(batch);
        if (first.value != second.value) return "the value differs";
        if (!same_bytes(first.embeddings, second.embeddings)) return "the gradient differs";
      }
      return "";
    });
    order(checks);
    precision(checks);
    checks.law("a batch of 2000 takes less than 1 GiB and needs no list of all triplets",
               [&]() -> std::string {
                 Labels labels;
                 for (std::int64_t i = 0; i < 2000; ++i) labels.push_back(i / 4);
                 const Batch batch = law_batch(labels, 16, 19, at::kFloat);
                 batch.embeddings.requires_grad_(true);
                 const auto loss = prepared(16, at::kFloat, 500);
                 const MemoryLimit limit(rlim_t{1} << 30);
                 const at::Tensor value = loss->forward(batch, Tuples::all());
                 return not_finite(gradients_or_zeros(value, {batch.embeddings})[0],
                                   "the gradient");
               });
    properties(checks);
  }

 private:
  /// Input out of the ordinary.
  void odd(Checks& checks) const {
    checks.law("one class only: finite", [&] { return finite_on(law_batch({2, 2, 2, 2}, 5, 21)); });
    // Batches in which no example has two views.
    auto alone = [&](const char* what, const Labels& labels, std::uint64_t seed) {
      auto body = [&] { return finite_on(law_batch(labels, 5, seed)); };
      if (declares("needs_views"))
        checks.law_or_error(what, body);
      else
        checks.law(what, body);
    };
    alone("all classes different: finite", {0, 1, 2, 3}, 22);
    alone("a batch of one: finite", {1}, 23);
    checks.law_or_error("an empty batch: finite", [&] { return finite_on(law_batch({}, 5, 24)); });
    checks.law("coinciding embeddings: finite", [&]() -> std::string {
      Batch batch = law_batch(mixed(), 5, 25);
      batch.embeddings.copy_(batch.embeddings.narrow(0, 0, 1).expand({10, 5}));
      if (std::string failure = finite_on(batch); !failure.empty()) return failure;
      // Two of one class, two of different classes; the others apart.
      batch = law_batch(mixed(), 5, 25);
      batch.embeddings.select(0, 3).copy_(batch.embeddings.select(0, 0));
      batch.embeddings.select(0, 2).copy_(batch.embeddings.select(0, 1));
      return finite_on(batch);
    });
    checks.law("zero embeddings: finite", [&]() -> std::string {
      Batch batch = law_batch(mixed(), 5, 26);
      batch.embeddings.narrow(0, 1, 4).zero_();
      if (std::string failure = finite_on(batch); !failure.empty()) return failure;
      batch.embeddings.zero_();
      return finite_on(batch);
    });
    checks.law("long embeddings, of a thousand: finite", [&] {
      Batch batch = law_batch(mixed(), 5, 27, at::kFloat);
      batch.embeddings.mul_(1000);
      return finite_on(batch);
    });
  }

  /// Whether its plugin declares a property.
  bool declares(const std::string& property) const {
    const auto is = registry_.description("loss", resolved_.at("plugin").as_string()).properties;
    return std::find(is.begin(), is.end(), property) != is.end();
  }

  void gradients(Checks& checks, const Tuples& triplets, const Tuples& pairs) const {
    const std::string what = "its gradients equal finite differences";
    if (declares("stops_gradient"))
      return checks.not_checked(what, "a part of it is taken as constant by the gradient");
    checks.law(what + " over all tuples", [&]() -> std::string {
      for (const Batch& batch : ordinary())
        if (std::string failure = gradient_on(batch, Tuples::all()); !failure.empty())
          return failure;
      return "";
    });
    checks.law_or_error("… over triplets given",
                        [&] { return gradient_on(law_batch(mixed(), 5, 14), triplets); });
    checks.law_or_error("… over pairs given",
                        [&] { return gradient_on(law_batch(mixed(), 5, 15), pairs); });
    checks.law_or_error("… with a reference set", [&] {
      Batch batch = law_batch(mixed(), 5, 16);
      batch.reference = random_rows(7, 5, 17);
      batch.reference_labels = index_tensor({0, 1, 1, 2, 3, 0, 5});
      return gradient_on(batch, Tuples::all());
    });
  }

  /// The formula for devices of their own.
  void in_tensors(Checks& checks, const Tuples& triplets, const Tuples& pairs) const {
    const auto loss = prepared(5, at::kDouble);
    if (dynamic_cast<TupleLoss*>(loss.get()) == nullptr) return;
    checks.law("in tensor operations alone it gives the same", [&]() -> std::string {
      auto differing = [&](const Batch& batch, const Tuples& tuples) -> std::string {
        try {
          const Outcome fused = evaluate(batch, tuples), plain = evaluate(batch, tuples, {}, true);
          if (!(std::abs(fused.value - plain.value) <=
                1e-12 * std::max(1.0, std::abs(plain.value))))
            return fmt::format("the value is {:.17g} instead of {:.17g}", plain.value, fused.value);
          std::string failure = differs(plain.embeddings, fused.embeddings, 1e-11, "the gradient");
          for (std::size_t p = 0; p < fused.parameters.size() && failure.empty(); ++p)
            failure =
                differs(plain.parameters[p], fused.parameters[p], 1e-11, "a parameter's gradient");
          return failure;
        } catch (const Error&) {
          return "";  // what it doesn't take, it doesn't take either way
        }
      };
      std::vector<Batch> batches = ordinary();
      for (const Labels& labels : {Labels{2, 2, 2, 2}, Labels{0, 1, 2, 3}, Labels{1}, Labels{}})
        batches.push_back(law_batch(labels, 5, 31));
      for (const Batch& batch : batches)
        if (std::string failure = differing(batch, Tuples::all()); !failure.empty()) return failure;
      Batch with_reference = law_batch(mixed(), 5, 32);
      with_reference.reference = random_rows(12, 5, 33);
      with_reference.reference_labels = index_tensor({0, 1, 1, 2, 3, 0, 5, 1, 0, 0, 2, 3});
      if (std::string failure = differing(with_reference, Tuples::all()); !failure.empty())
        return failure + " (with a reference set)";
      with_reference.own = index_tensor({0, 1, 3, -1, 2, 5, 4, 10, -1, 8});
      if (std::string failure = differing(with_reference, Tuples::all()); !failure.empty())
        return failure + " (with a reference set that has the anchors)";
      std::string failure = differing(law_batch(mixed(), 5, 34), triplets);
      if (failure.empty()) failure = differing(law_batch(mixed(), 5, 35), pairs);
      if (!failure.empty()) return failure + " (tuples given)";
      Labels many;
      for (std::int64_t i = 0; i < 48; ++i) many.push_back(i % 6);
      Batch large = law_batch(many, 5, 36);
      failure = differing(large, triplets);
      large.reference = random_rows(48, 5, 37);
      large.reference_labels = index_tensor(many);
      if (failure.empty()) failure = differing(large, triplets);
      return failure.empty() ? "" : failure + " (few tuples of a large batch)";
    });
    checks.law("… without waiting for the device", [&]() -> std::string {
      Batch batch = ordinary()[0];
      batch.embeddings.requires_grad_(true);
      auto& is = dynamic_cast<TupleLoss&>(*loss);
      const std::string found = waits_for_device([&] {
        gradients_or_zeros(is.forward_in_tensors(batch, Tuples::all()), {batch.embeddings});
      });
      return found.empty() ? "" : "it waits in " + found;
    });
  }

  void order(Checks& checks) const {
    const std::string what = "the order of the batch doesn't matter";
    if (!prepared(5, at::kDouble)->buffers().empty())
      return checks.not_checked(what, "it keeps something from batch to batch");
    if (declares("depends_on_order")) return checks.not_checked(what, "it declares that it does");
    checks.law(what, [&]() -> std::string {
      for (const Batch& batch : ordinary()) {
        const at::Tensor order =
            index_tensor(Random(28, "order").permutation(batch.embeddings.size(0)));
        const Batch shuffled = rows_of(batch, order);
        const Outcome first = evaluate(batch), second = evaluate(shuffled);
        if (!(std::abs(second.value - first.value) <= 1e-10 * std::max(1.0, std::abs(first.value))))
          return "the value changes by " + std::to_string(second.value - first.value);
        std::string failure = differs(second.embeddings, first.embeddings.index_select(0, order),
                                      1e-8, "the gradient afterwards");
        if (!failure.empty()) return failure;
      }
      return "";
    });
  }

  void precision(Checks& checks) const {
    checks.law("float32 agrees with float64", [&]() -> std::string {
      for (const Batch& batch : ordinary()) {
        const Outcome expected = evaluate(batch);
        Batch single = batch;
        single.embeddings = batch.embeddings.to(at::kFloat);
        const Outcome got = evaluate(single);
        // 100 roundings of 2⁻²⁴ and more.
        if (!(std::abs(got.value - expected.value) <=
              2e-5 * std::max(1.0, std::abs(expected.value))))
          return "the value is " + std::to_string(got.value) + " instead of " +
                 std::to_string(expected.value);
        const double size = std::max(1.0, expected.embeddings.abs().max().item<double>());
        std::string failure = differs(got.embeddings.to(at::kDouble).div(size),
                                      expected.embeddings.div(size), 1e-3, "the gradient");
        if (!failure.empty()) return failure;
      }
      return "";
    });
  }

  bool untouched(Checks& checks) const {
    return checks.law("it leaves its inputs as they are", [&]() -> std::string {
      for (const Batch& batch : ordinary()) {
        const at::Tensor embeddings = batch.embeddings.clone(), labels = batch.labels.clone();
        const auto loss = prepared(embeddings.size(1), at::kDouble);
        {
          const WithoutAutograd off;
          loss->forward(batch, Tuples::all());
        }
        if (!same_bytes(batch.embeddings, embeddings)) return "it writes to the embeddings";
        if (!same_bytes(batch.labels, labels)) return "it writes to the labels";
      }
      return "";
    });
  }

  /// Whether penalties are added, which act without tuples too.
  bool penalised() const {
    for (const ParameterDescription& is :
         registry_.description("loss", resolved_.at("plugin").as_string()).parameters) {
      if (is.plugin_kind != "regularizer") continue;
      const Value& given = resolved_.at(is.name);
      if (!given.is_null() && !(given.is_list() && given.as_list().empty())) return true;
    }
    return false;
  }

  /// Declared for the defaults, so that is what is held to them.
  void properties(Checks& checks) const {
    const std::string& name = resolved_.at("plugin").as_string();
    const PluginDescription is = registry_.description("loss", name);
    const bool by_default =
        registry_.resolve("loss", stand_in(registry_, "loss", name)) == resolved_;
    for (const std::string& property : is.properties) {
      if (property == "stops_gradient" || property == "depends_on_order" ||
          property == "needs_views")
        continue;
      if (!by_default) {
        checks.not_checked(property, "it is declared for the defaults");
        continue;
      }
      checks.law(property, [&]() -> std::string {
        for (const Batch& batch : ordinary()) {
          Batch changed = batch;
          at::Tensor turn;
          if (property == "invariant_to_rotation") {
            turn = random_rotation(batch.embeddings.size(1), 29);
            changed.embeddings = at::mm(batch.embeddings, turn);
          } else if (property == "invariant_to_scale") {
            changed.embeddings = batch.embeddings.mul(3);
          } else if (property == "invariant_to_translation") {
            changed.embeddings = batch.embeddings.add(2);
          } else {
            return "a loss declares \"invariant_to_rotation\", \"invariant_to_scale\", "
                   "\"invariant_to_translation\", \"stops_gradient\", \"depends_on_order\" or "
                   "\"needs_views\"";
          }
          const double first = evaluate(batch).value,
                       second = evaluate(changed, Tuples::all(), turn).value;
          if (!(std::abs(first - second) <= 1e-9 * std::max(1.0, std::abs(first))))
            return "the value changes by " + std::to_string(second - first);
        }
        return "";
      });
    }
  }

  const Value& resolved_;
  Registry& registry_;
};

class LossLaws final : public Conformance {
 public:
  static constexpr std::string_view abi = kTorchAbi;
  static void describe(Description<LossLaws>& is) {
    is.summary("the laws of losses");
    is.source("the promises of metriclab/deep/loss.hpp");
  }
  bool check(const std::string& plugin_kind, const Value& resolved, Registry& registry,
             Checks& checks) const override {
    if (plugin_kind != "loss") return false;
    Laws(resolved, registry).check(checks);
    return true;
  }
};

METRICLAB_PLUGIN(LossLaws, "loss");

}  // namespace
