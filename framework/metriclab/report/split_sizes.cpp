// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/report/split_sizes.hpp>
#include <nlohmann/json.hpp>

namespace metriclab {

std::optional<double> test_over_train(const std::vector<std::filesystem::path>& folders,
                                      const std::string& id) {
  // The curves of a deep run are the most of its file.
  const auto sizes_only = [](int depth, Json::parse_event_t event, Json& parsed) {
    return event != Json::parse_event_t::key || depth != 1 ||
           parsed.get_ref<const std::string&>() == "dataset";
  };
  for (const auto& folder : folders) {
    const auto file = folder / "runs" / (id + ".json");
    if (!std::filesystem::exists(file)) continue;
    const Json result = Json::parse(read_file(file), sizes_only, false);
    const auto dataset = result.is_object() ? result.find("dataset") : result.end();
    if (dataset == result.end() || !dataset->is_object()) return {};
    const auto n_train = dataset->find("n_train"), n_test = dataset->find("n_test");
    if (n_train == dataset->end() || n_test == dataset->end() || !n_train->is_number() ||
        !n_test->is_number() || n_train->get<double>() <= 0 || n_test->get<double>() < 0)
      return {};
    return n_test->get<double>() / n_train->get<double>();
  }
  return {};
}

}  // namespace metriclab
