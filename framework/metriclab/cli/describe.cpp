// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/plugin/json.hpp>

namespace metriclab {
namespace {

/// The value, or "a or b or c" of a list of them.
std::string unused_text(const Value& unused) {
  if (!unused.is_list()) return to_json_text(unused, -1);
  std::string text;
  for (const Value& value : unused.as_list())
    text += (text.empty() ? "" : " or ") + to_json_text(value, -1);
  return text;
}

void print_parameters(const std::vector<ParameterDescription>& parameters,
                      const std::string& indent) {
  for (const ParameterDescription& is : parameters) {
    fmt::print("{}{}: {}\n", indent, is.name, type_text(is));
    fmt::print("{}    {}\n", indent, is.meaning);
    if (is.required)
      fmt::print("{}    required\n", indent);
    else if (is.type != ParameterType::group || is.list || is.nullable)
      fmt::print("{}    default {}\n", indent, to_json_text(is.default_value, -1));
    if (!is.unused_when.empty())
      fmt::print("{}    no effect while {} is {}\n", indent, is.unused_when,
                 unused_text(is.unused_value));
    print_parameters(is.fields, indent + "    ");
  }
}

/// Text for Markdown, where it would otherwise be a tag, a column or emphasis.
std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '<' || c == '`' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

void print_markdown_rows(const std::vector<ParameterDescription>& parameters,
                         const std::string& prefix) {
  for (const ParameterDescription& is : parameters) {
    std::string meaning = escaped(is.meaning);
    if (!is.unused_when.empty())
      meaning += fmt::format("; no effect while `{}` is `{}`", is.unused_when,
                             unused_text(is.unused_value));
    const bool group = is.type == ParameterType::group && !is.list && !is.nullable;
    const std::string value = is.required ? "required"
                              : group     ? ""
                                          : "`" + to_json_text(is.default_value, -1) + "`";
    fmt::print("| `{}{}` | {} | {} | {} |\n", prefix, is.name, escaped(type_text(is)), value,
               meaning);
    print_markdown_rows(is.fields, prefix + is.name + ".");
  }
}

void print_markdown(const PluginDescription& is) {
  fmt::print("# {} `{}`\n\n{}.\n\n", is.kind, is.name, escaped(is.summary));
  for (const std::string& source : is.sources) fmt::print("Source: {}.\n\n", escaped(source));
  if (!is.cost.empty()) fmt::print("Cost: {}.\n\n", escaped(is.cost));
  if (is.parameters.empty()) {
    fmt::print("It has no parameters.\n");
    return;
  }
  fmt::print("| parameter | type | default | meaning |\n|---|---|---|---|\n");
  print_markdown_rows(is.parameters, "");
}

}  // namespace

void add_describe(CLI::App& app, Globals& globals, int&) {
  auto* command = app.add_subcommand("describe", "everything one plugin declares");
  command->footer("Example: metriclab describe loss triplet");
  struct Options {
    std::string kind, name;
    bool json = false, markdown = false;
  };
  auto options = std::make_shared<Options>();
  command->add_option("kind", options->kind, "the plugin's kind")->required();
  command->add_option("name", options->name, "its name")->required();
  command->add_flag("--json", options->json, "JSON on stdout");
  command->add_flag("--markdown", options->markdown, "a page of the reference on stdout")
      ->excludes("--json");
  command->callback([&globals, options] {
    Registry registry = globals.registry();
    const PluginDescription& is = registry.description(options->kind, options->name);
    const LibraryFile& library = registry.library(options->kind, options->name);
    if (options->json) {
      Value value = Value::object();
      value.set("build_id", library.build_id);
      value.set("description", to_value(is));
      fmt::print("{}\n", to_json_text(value));
      return;
    }
    if (options->markdown) {
      print_markdown(is);
      return;
    }
    fmt::print("{} {}: {}\n", is.kind, is.name, is.summary);
    for (const std::string& source : is.sources) fmt::print("source: {}\n", source);
    if (!is.cost.empty()) fmt::print("cost: {}\n", is.cost);
    fmt::print("library: {}\n\n", library.path.string());
    print_parameters(is.parameters, "  ");
  });
}

}  // namespace metriclab
