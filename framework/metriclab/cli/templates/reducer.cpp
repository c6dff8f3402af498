#include <metriclab/deep/reducer.hpp>

namespace {

using namespace metriclab;

/// The mean over the anchors of the mean over an anchor's terms, of those anchors alone whose mean
/// is above `low`: each anchor counts the same, and satisfied ones not at all. 0 where none is.
class MyReducer final : public Reducer {
 public:
  static void describe(Description<MyReducer>& is) {
    is.summary("each anchor's terms are averaged, then the anchors that are not yet satisfied");
    is.source("yours: authors, title, venue, year; the section");
    is.parameter("low", &MyReducer::low, "anchors whose mean is not above this are left out")
        .at_least(0);
  }
  Reduction reduction() const override {
    return {.low = low, .count = Reduction::Count::kept, .per_anchor = true};
  }

 private:
  double low = 0;
};

METRICLAB_PLUGIN(MyReducer, "my_reducer");

}  // namespace
