#include <metriclab/deep/regularizer.hpp>

namespace {

using namespace metriclab;

/// Keeps the vectors' lengths near one value.
///
///     penalty = mean over the vectors of (‖v‖ − length)²
///
/// Shapes: vectors (n × d). 0 for n = 0; the gradient at v = 0 is 0. Cost: O(n d) time and memory.
class MyRegularizer final : public Regularizer {
 public:
  static void describe(Description<MyRegularizer>& is) {
    is.summary("keeps the lengths of the vectors near one value");
    is.source("yours: authors, title, venue, year; the number of the equation");
    is.cost("O(n d) time and memory");
    is.property("invariant_to_rotation");
    describe_common(is);  // "weight", "on"
    is.parameter("length", &MyRegularizer::length, "the length that costs nothing").at_least(0);
  }
  at::Tensor penalty(const at::Tensor& vectors, std::int64_t) const override {
    if (vectors.size(0) == 0) return vectors.sum();
    return vectors.norm(2, {1}).sub(length).square().mean();
  }

 private:
  double length = 1;
};

METRICLAB_PLUGIN(MyRegularizer, "my_regularizer");

}  // namespace
