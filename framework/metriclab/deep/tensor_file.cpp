// SPDX-License-Identifier: BSD-3-Clause
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <metriclab/deep/autograd.hpp>
#include <metriclab/deep/tensor_file.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/json.hpp>
#include <utility>

namespace metriclab {
namespace {

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 3> kTypes = {
    {{"F32", at::kFloat}, {"F64", at::kDouble}, {"I64", at::kLong}}};
// The format's header size is its first eight bytes, little-endian.
constexpr std::size_t kSizeBytes = 8;

std::string_view name_of(at::ScalarType type) {
  for (const auto& [name, held] : kTypes)
    if (held == type) return name;
  METRICLAB_CHECK(false, "a tensor of a type that tensor files don't hold");
  return {};
}

}  // namespace

const at::Tensor& TensorFile::at(std::string_view name) const {
  for (const NamedTensor& there : tensors)
    if (there.name == name) return there.tensor;
  throw Error(fmt::format("there is no tensor \"{}\"", name));
}

void write_tensors(const std::filesystem::path& file, const TensorFile& content) {
  std::string body;
  Value header = Value::object();
  header.set("__metadata__", Value::object());
  for (const NamedTensor& held : content.tensors) {
    const at::Tensor tensor = held.tensor.detach().to(at::kCPU).contiguous();
    const auto begin = static_cast<std::int64_t>(body.size());
    body.append(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
    Value::List shape(tensor.sizes().begin(), tensor.sizes().end());
    Value entry = Value::object();
    entry.set("dtype", Value(name_of(tensor.scalar_type())));
    entry.set("shape", std::move(shape));
    entry.set("data_offsets", Value::List{begin, static_cast<std::int64_t>(body.size())});
    header.set(held.name, std::move(entry));
  }
  Value& about = *header.find("__metadata__");
  const std::string words = to_json_text(content.about, -1);
  about.set("metriclab", words);
  about.set("content", content_hash(words + body));
  std::string text = to_json_text(header, -1);
  text.append((kSizeBytes - text.size() % kSizeBytes) % kSizeBytes, ' ');
  const std::uint64_t size = text.size();
  std::string bytes(reinterpret_cast<const char*>(&size), kSizeBytes);
  write_file_whole(file, bytes + text + body);
}

TensorFile read_tensors(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  const auto damaged = [&](const std::string& what) {
    return Error(fmt::format("{}: is no whole file of tensors: {}", file.string(), what));
  };
  std::uint64_t size = 0;
  if (bytes.size() < kSizeBytes) throw damaged("it is cut short");
  std::memcpy(&size, bytes.data(), kSizeBytes);
  if (size > bytes.size() - kSizeBytes) throw damaged("it is cut short in its header");
  const std::string_view body = std::string_view(bytes).substr(kSizeBytes + size);
  TensorFile content;
  try {
    const Value header = parse_json(bytes.substr(kSizeBytes, size));
    const Value& about = header.at("__metadata__");
    const std::string& words = about.at("metriclab").as_string();
    if (about.at("content").as_string() != content_hash(words + std::string(body)))
      throw Error("its content is not what was written");
    content.about = parse_json(words);
    for (const Value::Member& entry : header.as_object()) {
      if (entry.key == "__metadata__") continue;
      std::vector<std::int64_t> shape;
      for (const Value& length : entry.value.at("shape").as_list())
        shape.push_back(length.as_integer());
      const std::string& dtype = entry.value.at("dtype").as_string();
      const auto* const type = std::find_if(
          kTypes.begin(), kTypes.end(), [&](const auto& known) { return known.first == dtype; });
      if (type == kTypes.end()) throw Error("type " + dtype + " is not read");
      const at::Tensor tensor = at::empty(shape, type->second);
      const std::int64_t begin = entry.value.at("data_offsets").as_list().at(0).as_integer();
      if (begin < 0 || static_cast<std::size_t>(begin) + tensor.nbytes() > body.size())
        throw Error("\"" + entry.key + "\" lies outside of it");
      if (tensor.nbytes() > 0) std::memcpy(tensor.data_ptr(), body.data() + begin, tensor.nbytes());
      content.tensors.push_back({entry.key, tensor});
    }
  } catch (const std::exception& error) {  // what is missing in a header of ours is a Bug there
    throw damaged(error.what());
  }
  return content;
}

void load_tensors(const std::vector<NamedTensor>& into, const TensorFile& from) {
  const WithoutAutograd off;
  std::vector<at::Tensor> sources;
  for (const NamedTensor& target : into) {
    const at::Tensor& source = sources.emplace_back(from.at(target.name));
    if (source.sizes() != target.tensor.sizes())
      throw Error(fmt::format("\"{}\" has shape ({}), not ({})", target.name,
                              fmt::join(source.sizes(), ", "),
                              fmt::join(target.tensor.sizes(), ", ")));
  }
  for (std::size_t i = 0; i < into.size(); ++i) into[i].tensor.detach().copy_(sources[i]);
}

}  // namespace metriclab
