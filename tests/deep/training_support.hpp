// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/data/method.hpp>
#include <metriclab/deep/architecture.hpp>
#include <string>
#include <vector>

#include "support.hpp"

namespace metriclab::testing {

/// Seeded clouds: example i is of class i mod `classes`; each class has a centre of its own,
/// standard normal times `apart`, and standard normal noise around it.
Data clouds(std::int64_t classes, std::int64_t per_class, const Shape& shape, double apart,
            std::uint64_t seed);

/// A method from its block, fitted. What is not said of `options` is the default.
struct FitOptions {
  std::uint64_t seed = 1;
  std::filesystem::path checkpoints = "";
  std::function<void(double, const std::string&)> progress = {};
};
std::unique_ptr<Method> make_method(const std::string& json);
Fit fit(const std::string& json, const Data& data, const FitOptions& options = {});

/// MAP@R within a set, from all its distances (Euclidean); of the examples that have others of
/// their class.
double plain_map_at_r(const MatrixF& embeddings, const std::vector<std::int32_t>& labels);

const Curve& curve(const Fit& fit, const std::string& name);

/// Whether two results are the same to the byte: embeddings of `data`, curves, report.
bool same(const Fit& a, const Fit& b, const Data& data);

/// Parameters and buffers become float64, so that gradients can be held against finite differences.
void in_double(const Trainable& trainable);

/// A fresh folder that is gone at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace metriclab::testing
