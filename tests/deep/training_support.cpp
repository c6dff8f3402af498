// SPDX-License-Identifier: BSD-3-Clause
#include "training_support.hpp"

#include <unistd.h>

#include <cstdlib>
#include <metriclab/deep/network_model.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab::testing {

Data clouds(std::int64_t classes, std::int64_t per_class, const Shape& shape, double apart,
            std::uint64_t seed) {
  std::size_t d = 1;
  for (const std::int64_t length : shape) d *= static_cast<std::size_t>(length);
  std::vector<std::vector<double>> centres(static_cast<std::size_t>(classes));
  Random random(seed, "clouds");
  for (auto& centre : centres)
    for (std::size_t k = 0; k < d; ++k) centre.push_back(apart * random.normal());
  std::vector<float> values;
  Data data;
  data.columns = {{"class", {}, {}}};
  for (std::int64_t c = 0; c < classes; ++c)
    data.columns[0].classes.push_back("class" + std::to_string(c));
  for (std::int64_t i = 0; i < classes * per_class; ++i) {
    data.columns[0].values.push_back(static_cast<std::int32_t>(i % classes));
    for (const double at : centres[static_cast<std::size_t>(i % classes)])
      values.push_back(static_cast<float>(at + random.normal()));
  }
  data.examples = Examples(shape, std::move(values));
  return data;
}

std::unique_ptr<Method> make_method(const std::string& json) {
  return registry().make<Method>(parse_json(json));
}

Fit fit(const std::string& json, const Data& data, const FitOptions& options) {
  return make_method(json)->fit({.data = data,
                                 .random = Random(options.seed, "run"),
                                 .initialization = Random(options.seed, "initialization"),
                                 .checkpoints = options.checkpoints,
                                 .progress = options.progress});
}

double plain_map_at_r(const MatrixF& embeddings, const std::vector<std::int32_t>& labels) {
  double sum = 0, queries = 0;
  const auto n = static_cast<std::int64_t>(labels.size());
  for (std::int64_t i = 0; i < n; ++i) {
    std::vector<std::pair<float, bool>> others;
    int r = 0;
    for (std::int64_t j = 0; j < n; ++j) {
      if (j == i) continue;
      const bool is_same =
          labels[static_cast<std::size_t>(j)] == labels[static_cast<std::size_t>(i)];
      others.emplace_back((embeddings.row(i) - embeddings.row(j)).squaredNorm(), is_same);
      r += is_same ? 1 : 0;
    }
    if (r == 0) continue;
    std::sort(others.begin(), others.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    double hits = 0, precisions = 0;
    for (int k = 0; k < r; ++k) {
      if (!others[static_cast<std::size_t>(k)].second) continue;
      precisions += ++hits / (k + 1);
    }
    sum += precisions / r;
    ++queries;
  }
  return sum / queries;
}

const Curve& curve(const Fit& fit, const std::string& name) {
  for (const Curve& there : fit.curves)
    if (there.name == name) return there;
  throw Error("there is no curve " + name);
}

bool same(const Fit& a, const Fit& b, const Data& data) {
  const MatrixF left = a.model->embed(data.examples), right = b.model->embed(data.examples);
  bool result = left.rows() == right.rows() && left.cols() == right.cols() &&
                std::memcmp(left.data(), right.data(), sizeof(float) * left.size()) == 0 &&
                a.report == b.report && a.curves.size() == b.curves.size();
  for (std::size_t i = 0; result && i < a.curves.size(); ++i)
    result = a.curves[i].name == b.curves[i].name && a.curves[i].at == b.curves[i].at &&
             a.curves[i].values == b.curves[i].values;
  return result;
}

void in_double(const Trainable& trainable) {
  for (const NamedTensor& held : tensors_of(trainable))
    held.tensor.set_data(held.tensor.detach().to(at::kDouble));
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "metriclab_deep_XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw Error("no temporary folder can be made");
  path_ = name;
}
Folder::~Folder() { std::filesystem::remove_all(path_); }

}  // namespace metriclab::testing
