// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/deep/checkpoint.hpp>
#include <metriclab/deep/tensor_file.hpp>
#include <metriclab/plugin/file.hpp>

namespace metriclab {
namespace {

constexpr const char* kFile = "checkpoint.safetensors";

Value list_of(const std::vector<double>& numbers) {
  return Value::List(numbers.begin(), numbers.end());
}

std::vector<double> numbers_of(const Value& list) {
  std::vector<double> numbers;
  for (const Value& number : list.as_list()) numbers.push_back(number.as_number());
  return numbers;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& folder, const TrainingState& state) {
  make_folder(folder);
  TensorFile file{.tensors = state.tensors};
  file.about.set("epoch", state.epoch);
  file.about.set("step", state.step);
  file.about.set("best_epoch", state.best_epoch);
  file.about.set("best", state.best);
  file.about.set("losses", list_of(state.losses));
  file.about.set("rates", list_of(state.rates));
  file.about.set("validations", list_of(state.validations));
  write_tensors(folder / kFile, file);
}

bool read_checkpoint(const std::filesystem::path& folder, TrainingState& state) {
  if (!std::filesystem::exists(folder / kFile)) return false;
  try {
    const TensorFile file = read_tensors(folder / kFile);
    TrainingState read{.epoch = file.about.at("epoch").as_integer(),
                       .step = file.about.at("step").as_integer(),
                       .best_epoch = file.about.at("best_epoch").as_integer(),
                       .best = file.about.at("best").as_number(),
                       .losses = numbers_of(file.about.at("losses")),
                       .rates = numbers_of(file.about.at("rates")),
                       .validations = numbers_of(file.about.at("validations")),
                       .tensors = state.tensors};
    load_tensors(read.tensors, file);
    state = std::move(read);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace metriclab
