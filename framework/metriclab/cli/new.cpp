// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/templates.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/version.hpp>

namespace metriclab {
namespace fs = std::filesystem;
namespace {

struct Options {
  std::string kind, name;
  fs::path folder = ".";
};

bool is_word_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Where `word` stands by itself in `text` from `start` on, or npos.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t start = 0) {
  for (std::size_t at = text.find(word, start); at != text.npos; at = text.find(word, at + 1))
    if ((at == 0 || !is_word_letter(text[at - 1])) &&
        (at + word.size() == text.size() || !is_word_letter(text[at + word.size()])))
      return at;
  return text.npos;
}

std::string with_word(std::string text, std::string_view word, std::string_view instead) {
  for (std::size_t at = find_word(text, word); at != text.npos;
       at = find_word(text, word, at + instead.size()))
    text.replace(at, word.size(), instead);
  return text;
}

std::string with_text(std::string text, std::string_view what, std::string_view instead) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + instead.size()))
    text.replace(at, what.size(), instead);
  return text;
}

/// my_loss → MyLoss.
std::string class_name(std::string_view name) {
  std::string result;
  bool first = true;
  for (const char c : name) {
    if (c != '_')
      result += first ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    first = c == '_';
  }
  return result;
}

const PluginTemplate& template_of(const std::string& kind) {
  std::vector<std::string> kinds;
  for (const PluginTemplate& is : plugin_templates()) {
    if (is.kind == kind) return is;
    kinds.emplace_back(is.kind);
  }
  throw Error(fmt::format("there is no kind of plugin \"{}\"{}", kind, suggestion(kind, kinds)));
}

void check_name(const std::string& name) {
  const bool word = std::islower(static_cast<unsigned char>(name[0])) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_word_letter(c) && !std::isupper(static_cast<unsigned char>(c));
                    });
  if (!word)
    throw Error(fmt::format(
        "\"{}\" can't name a plugin; a name has small letters, digits and _, and begins with a "
        "letter, such as \"my_loss\"",
        name));
  // Targets that every build by Meson has.
  static constexpr std::array<std::string_view, 9> taken = {
      "all",     "benchmark",   "clean", "coverage", "dist",
      "install", "reconfigure", "test",  "uninstall"};
  if (std::find(taken.begin(), taken.end(), name) != taken.end())
    throw Error(
        fmt::format("\"{}\" is a command of the build; give the plugin another name", name));
}

/// The folder with the .pc files of the running command's metriclab: build/meson-uninstalled beside
/// the library in a build tree, pkgconfig in an installation.
fs::path pkgconfig_folder() {
  const fs::path library = running_library().parent_path();
  std::error_code ignored;
  return fs::is_directory(library / "meson-uninstalled", ignored) ? library / "meson-uninstalled"
                                                                  : library / "pkgconfig";
}

/// As a word of a shell command.
std::string for_shell(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return is_word_letter(c) || c == '/' || c == '.' || c == '-' || c == '+' || c == ',' ||
           c == ':';
  });
  return plain && !text.empty() ? text : "'" + with_text(text, "'", "'\\''") + "'";
}

/// Inside a string of a meson.build.
std::string for_meson(const std::string& text) {
  return with_text(with_text(text, "\\", "\\\\"), "'", "\\'");
}

std::string source_of(const PluginTemplate& is, const std::string& name) {
  const std::string kind(is.kind);
  std::string type = class_name(name);
  // `metriclab new sampler random`: a class Random would stand in the way of metriclab's own.
  if (type != class_name("my_" + kind) && find_word(is.source, type) != std::string_view::npos)
    type += class_name("my_" + kind);
  return with_word(with_word(std::string(is.source), class_name("my_" + kind), type), "my_" + kind,
                   name);
}

/// Writes the folder and returns it.
fs::path write_folder(const PluginTemplate& is, const Options& options, const fs::path& place) {
  const fs::path folder = (options.folder / options.name).lexically_normal();
  std::error_code error;
  if (fs::exists(folder, error))
    throw Error(
        fmt::format("{} is there already; give another name, or --folder", folder.string()));
  if (!fs::create_directories(folder, error))
    throw Error(fmt::format("{} can't be made: {}", folder.string(), error.message()));
  const auto filled = [&](std::string_view text) {
    std::string result(text);
    for (const auto& [what, instead] : std::initializer_list<std::pair<const char*, std::string>>{
             {"@SPEC@", std::string(is.spec)},
             {"@NAME@", options.name},
             {"@KIND@", options.kind},
             {"@DEPENDENCY@", is.deep() ? "metriclab_deep" : "metriclab"},
             {"@PLACE@", for_meson(place.string())}})
      result = with_text(std::move(result), what, instead);
    return result;
  };
  write_file_whole(folder / (options.name + ".cpp"), source_of(is, options.name));
  write_file_whole(folder / "meson.build", filled(build_template()));
  write_file_whole(folder / "README.md", filled(readme_template()));
  return folder;
}

}  // namespace

void add_new(CLI::App& app, Globals& globals, int&) {
  auto* command = app.add_subcommand("new", "a plugin's folder to start from: source, build, test");
  command->footer("Example: metriclab new loss my_loss");
  auto options = std::make_shared<Options>();
  command
      ->add_option("kind", options->kind,
                   "dataset, solver, architecture, loss, miner, sampler, transform or evaluator; "
                   "also kernel, distance, reducer, regularizer")
      ->required();
  command->add_option("name", options->name, "the plugin's name, and its folder's")->required();
  command->add_option("--folder", options->folder, "where the plugin's folder is made")
      ->capture_default_str()
      ->type_name("DIR");
  command->callback([&globals, options] {
    const PluginTemplate& is = template_of(options->kind);
    check_name(options->name);
    if (is.deep() && kLibTorchVersion == "none")
      throw Error(
          fmt::format("a {} needs LibTorch, and this metriclab was built without it "
                      "(-Ddeep=disabled)",
                      options->kind));
    const Registry registry = globals.registry();
    if (registry.has(options->kind, options->name))
      throw Error(fmt::format("{} \"{}\" is already taken by {}; give the plugin another name",
                              options->kind, options->name,
                              registry.library(options->kind, options->name).path.string()));
    const fs::path place = pkgconfig_folder();
    const fs::path folder = write_folder(is, *options, place);
    const std::string source = for_shell(folder.string()),
                      build = for_shell((folder / "build").string());
    // A PKG_CONFIG_PATH in the environment takes the place of what meson.build says.
    const char* path = std::getenv("PKG_CONFIG_PATH");
    const std::string option = path != nullptr && *path != '\0'
                                   ? "-Dpkg_config_path=" + for_shell(place.string()) + " "
                                   : "";
    fmt::print(
        "{}/{}.cpp is a working {}; make it yours. README.md beside it has the checklist.\n\n"
        "    meson setup {}{} {} && meson compile -C {}\n"
        "    meson test -C {}\n"
        "    {} --plugin-path {} run SPEC.json\n\n"
        "In the spec: {}\n",
        source, options->name, options->kind, option, build, source, build, build,
        for_shell(globals.command), build,
        with_text(std::string(is.spec), "@NAME@", options->name));
  });
}

}  // namespace metriclab
