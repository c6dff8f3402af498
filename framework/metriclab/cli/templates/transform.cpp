#include <metriclab/deep/transform.hpp>

namespace {

using namespace metriclab;

/// Blanks values at random.
///
///     x_k → x_k · b_k,  b_k = 0 with `probability`, otherwise 1
///
/// Each value of each example by itself, whatever the shape. Cost: linear in the batch.
class MyTransform final : public Transform {
 public:
  static void describe(Description<MyTransform>& is) {
    is.summary("sets each value to 0 with some probability");
    is.source("yours: authors, title, venue, year; the section");
    is.cost("linear in the batch");
    is.parameter("probability", &MyTransform::probability,
                 "the part of the values that are blanked")
        .at_least(0)
        .below(1);
  }
  void prepare(const std::vector<std::int64_t>&) override {}  // any shape will do
  at::Tensor apply(const at::Tensor& inputs, const std::vector<std::int64_t>&,
                   Random& random) const override {
    const at::Tensor draws = uniform_tensor(inputs.sizes(), 0, 1, random).to(inputs.device());
    return inputs.mul(draws.ge(probability));
  }

 private:
  double probability = 0.1;
};

METRICLAB_PLUGIN(MyTransform, "my_transform");

}  // namespace
