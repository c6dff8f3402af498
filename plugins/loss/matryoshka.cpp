// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/deep/outer_loss.hpp>

namespace {

using namespace metriclab;

/// Matryoshka representation learning: the leading dimensions of an embedding are embeddings too.
///
///     loss = Σ over m in {d, sizes…} of weights_m · (the inner loss of the first m dimensions)
///                                                                                          (Eq. 1)
///
/// A loss without trained tensors is given once and used for every size; one with tensors, whose
/// shapes go with the size, once for each: in "losses", as in "weights", the first is that of the
/// whole embedding, the others follow in the order of "sizes". Tensors stand under loss_0/…,
/// loss_1/… . What evaluators compare is the whole embedding, as its loss learns it. Tuples given
/// are those of every size. Cost: that of the inner losses together.
/// Differs from the paper: any loss may stand in the place of its softmax over the classes.
class Matryoshka final : public OuterLoss {
 public:
  static void describe(Description<Matryoshka>& is) {
    is.summary("the leading dimensions of an embedding are to be a good embedding by themselves");
    is.source(
        "Kusupati, Bhatt, Rege, Wallingford, Sinha, Ramanujan, Howard-Snyder, Chen, Kakade, Jain, "
        "Farhadi. Matryoshka representation learning. NeurIPS 2022");
    is.cost("that of the loss, once for each size");
    is.parameter("losses", &Matryoshka::losses,
                 "one for all sizes, or, where it has trained tensors, one for each: for the whole "
                 "embedding first");
    is.parameter("sizes", &Matryoshka::sizes,
                 "how many leading dimensions are compared, beside all of them; none: halves, "
                 "quarters and so on of at least 8")
        .at_least(1);
    is.parameter("weights", &Matryoshka::weights,
                 "one for the whole embedding and one for each size; none: all count the same")
        .at_least(0);
  }

  void prepare(const LossSetting& setting) override {
    const std::int64_t d = setting.embedding_size;
    for (const std::int64_t size : sizes)
      if (size >= d)
        throw Error(fmt::format("{} dimensions of embeddings that have {}; give fewer", size, d))
            .in("sizes");
    sizes_ = {d};
    sizes_.insert(sizes_.end(), sizes.begin(), sizes.end());
    // The paper's sizes end at 8.
    constexpr std::int64_t kLeast = 8;
    if (sizes.empty())
      for (std::int64_t size = d / 2; size >= kLeast; size /= 2) sizes_.push_back(size);
    check_count("losses", losses.size() == 1 ? sizes_.size() : losses.size());
    if (weights.empty()) weights.assign(sizes_.size(), 1);
    check_count("weights", weights.size());
    for (std::size_t k = 0; k < losses.size(); ++k) {
      const std::string name = fmt::format("loss_{}", k);
      LossSetting own = setting;
      own.embedding_size = sizes_[k];
      own.random = setting.random.child(name);
      losses[k]->prepare(own);
      adopt(name, *losses[k]);
    }
    if (losses.size() < sizes_.size() && !(parameters().empty() && buffers().empty()))
      throw Error(fmt::format("the loss has tensors of its own, which go with one size; give one "
                              "loss for each of the {} sizes, the whole embedding's first",
                              sizes_.size()))
          .in("losses");
  }

  at::Tensor forward(const Batch& batch, const Tuples& tuples) override {
    METRICLAB_CHECK(!sizes_.empty(), "a loss that was not prepared");
    at::Tensor sum;
    for (std::size_t k = 0; k < sizes_.size(); ++k) {
      auto leading = [&](const at::Tensor& x) {
        return x.defined() && x.dim() == 2 && x.size(1) > sizes_[k] ? x.narrow(1, 0, sizes_[k]) : x;
      };
      Batch seen = batch;
      Tuples chosen = tuples;
      for (at::Tensor* x : {&seen.embeddings, &seen.reference, &chosen.reference}) *x = leading(*x);
      Loss& loss = *losses[losses.size() == 1 ? 0 : k];
      const at::Tensor term = loss.forward(seen, chosen).mul(weights[k]);
      sum = sum.defined() ? sum.add(term) : term;
    }
    return sum;
  }

 protected:
  std::vector<Loss*> inner() const override {
    std::vector<Loss*> all;
    for (const Plugin<Loss>& loss : losses) all.push_back(loss.get());
    return all;
  }
  Snapshot seen_by(std::size_t k, const Snapshot& snapshot) const override {
    return {.embeddings = snapshot.embeddings.narrow(1, 0, sizes_[k]), .labels = snapshot.labels};
  }

 private:
  void check_count(const char* parameter, std::size_t n) const {
    if (n != sizes_.size())
      throw Error(fmt::format("{} of them for the whole embedding and {} sizes; give {}", n,
                              sizes_.size() - 1, sizes_.size()))
          .in(parameter);
  }

  std::vector<Plugin<Loss>> losses = {"multi_similarity"};
  std::vector<std::int64_t> sizes;
  std::vector<double> weights;
  std::vector<std::int64_t> sizes_;  // the whole embedding's, then `sizes`
};

METRICLAB_PLUGIN(Matryoshka, "matryoshka");

}  // namespace
