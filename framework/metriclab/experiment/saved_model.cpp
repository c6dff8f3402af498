// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <metriclab/experiment/saved_model.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <metriclab/version.hpp>
#include <numeric>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFile = "model.json";

std::int64_t values_in(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

/// The resolved block of the method, checked against what its plugin declares today.
Value checked_method(const Value& description, Registry& registry) {
  const std::string& kind = description.at("kind").as_string();
  if (kind != "solver" && kind != "method")
    throw Error(fmt::format("\"{}\" is no kind of model; there is \"solver\" and \"method\"", kind))
        .in("kind");
  Problems problems;
  Value resolved = registry.resolve(kind, description.at("method"), "/method", problems);
  if (!problems.empty())
    throw Error(
        fmt::format("{}: {}; the model was saved with another version of its plugins, by "
                    "metriclab {}: fit it again",
                    problems.front().pointer, problems.front().message,
                    description.at("metriclab").as_string()));
  return resolved;
}

SavedModel restored(const fs::path& folder, Value description, Registry& registry) {
  const std::int64_t schema = description.at("schema").as_integer();
  if (schema < 1 || schema > kModelSchema)
    throw Error(fmt::format(
        "has schema {}, this metriclab ({}) reads 1 to {}; it was written by metriclab {}", schema,
        kVersion, kModelSchema, description.at("metriclab").as_string()));
  const Value method = checked_method(description, registry);
  SavedModel is;
  is.method = registry.create_as<Method>(method, description.at("kind").as_string());
  is.normalizer = Normalizer::from_value(description.at("normalization"));
  for (const Value& size : description.at("input").as_list()) {
    is.input.push_back(size.as_integer());
    if (is.input.back() < 1) throw Error("is no shape of an example").in("input");
  }
  for (const Value& name : description.at("classes").as_list())
    is.classes.push_back(name.as_string());
  is.model = is.method->restore(folder);
  is.distance = is.model->distance();
  // An example of zeros shows whether what the files say fits, and how many dimensions come out.
  const std::vector<float> zeros(static_cast<std::size_t>(values_in(is.input)));
  is.dimension = is.model->embed(Examples(is.input, zeros)).cols();
  is.description = std::move(description);
  return is;
}

}  // namespace

MatrixF SavedModel::embed(const Examples& examples, const std::string& what) const {
  if (examples.shape() == input) return model->embed(normalizer.apply(examples));
  if (examples.dimension() != values_in(input) || examples.shape().size() > 1)
    throw Error(fmt::format("{}: its examples have the shape ({}); this model takes ({})", what,
                            fmt::join(examples.shape(), ", "), fmt::join(input, ", ")));
  const auto shaped = [&](const auto& values) {
    return Examples(input, std::vector(values.begin(), values.end()));
  };
  return model->embed(normalizer.apply(examples.is_double() ? shaped(examples.doubles())
                                                            : shaped(examples.floats())));
}

void save_model(const fs::path& folder, const std::string& kind, const Value& resolved,
                const Data& train, const Normalizer& normalizer, const Model& model) {
  METRICLAB_CHECK(kind == "solver" || kind == "method", "a model of no known kind");
  Value classes = Value::list();
  if (!train.columns.empty())
    for (const std::string& name : train.columns.front().classes) classes.as_list().push_back(name);
  Value input = Value::list();
  for (std::int64_t size : train.examples.shape()) input.as_list().push_back(size);
  Value description = Value::object();
  description.set("schema", kModelSchema);
  description.set("metriclab", std::string(kVersion));
  description.set("kind", kind);
  description.set("method", resolved);
  description.set("normalization", normalizer.to_value());
  description.set("input", std::move(input));
  description.set("distance", std::string(to_string(model.distance())));
  description.set("examples", train.size());
  description.set("classes", std::move(classes));

  // Made beside its place and then renamed; the names are fixed, so that what an interrupted run
  // left is cleared away by the next one.
  const fs::path place = folder.has_filename() ? folder : folder.parent_path();
  const std::string name = place.filename().string();
  const fs::path made = place.parent_path() / ("." + name + ".new");
  const fs::path old = place.parent_path() / ("." + name + ".old");
  try {
    fs::remove_all(made);
    fs::remove_all(old);
    make_folder(made);
    model.save(made);
    write_file_whole(made / kFile, to_json_text(description) + "\n");
    if (fs::exists(place)) fs::rename(place, old);
    fs::rename(made, place);
    fs::remove_all(old);
  } catch (const fs::filesystem_error& error) {
    throw FileError(
        fmt::format("{}: the model can't be saved: {}", folder.string(), error.code().message()));
  }
}

SavedModel load_model(const fs::path& folder, Registry& registry) {
  const fs::path file = folder / kFile;
  std::error_code ignored;
  if (!fs::exists(file, ignored))
    throw Error(
        fmt::format("{}: there is no model, since there is no {} in it; models are in "
                    "results/<name>/models/<id>, where \"metriclab run --save-models\" "
                    "puts them",
                    folder.string(), kFile));
  const std::string text = read_file(file);
  try {
    return restored(folder, parse_json(text), registry);
  } catch (const Error& error) {
    throw Error(fmt::format("{}: {}", file.string(), error.what()));
  } catch (const Bug& error) {
    // What metriclab wrote itself is trusted to have its keys and types; edited or damaged files
    // end here.
    throw Error(
        fmt::format("{}: is not the whole of a model as it was saved, or has been changed "
                    "since; fit it again ({})",
                    file.string(), error.what()));
  }
}

}  // namespace metriclab
