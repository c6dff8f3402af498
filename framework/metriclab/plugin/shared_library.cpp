// SPDX-License-Identifier: BSD-3-Clause
#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <metriclab/plugin/eigen_abi.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/plugin/shared_library.hpp>

namespace metriclab {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kOurMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kOurMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half kOurMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr Elf64_Half kOurMachine = EM_PPC64;
#else
#error "metriclab does not know the ELF machine number of this processor"
#endif

/// The parts of a 64-bit ELF file that are asked for, read without mapping or loading it.
class ElfFile {
 public:
  explicit ElfFile(const std::filesystem::path& path) : stream_(path, std::ios::binary) {
    if (!stream_) throw Error("can't be read");
    Elf64_Ehdr header;
    if (!read(0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
      throw Error("is not a shared library");
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN)
      throw Error("is not a 64-bit shared library");
    if (header.e_machine != kOurMachine) throw Error("is built for another kind of processor");
    sections_.resize(header.e_shnum);
    if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shstrndx >= sections_.size() ||
        !read(header.e_shoff, sections_.data(), sections_.size() * sizeof(Elf64_Shdr)))
      throw Error("is not a whole shared library: its section table can't be read");
    names_ = bytes(sections_[header.e_shstrndx]);
  }

  /// The content of a section, or "" if there is none of that name.
  std::string section(std::string_view name) {
    for (const Elf64_Shdr& section : sections_)
      if (section.sh_name < names_.size() && name == names_.c_str() + section.sh_name)
        return bytes(section);
    return "";
  }

 private:
  bool read(std::uint64_t offset, void* into, std::size_t size) {
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    return static_cast<bool>(
        stream_.read(static_cast<char*>(into), static_cast<std::streamsize>(size)));
  }
  std::string bytes(const Elf64_Shdr& section) {
    constexpr std::uint64_t kMost =
        64 << 20;  // a section table of rubbish must not ask for all memory
    if (section.sh_type == SHT_NOBITS || section.sh_size > kMost) return "";
    std::string content(section.sh_size, '\0');
    if (!read(section.sh_offset, content.data(), content.size()))
      throw Error("is not a whole shared library: it ends early");
    return content;
  }

  std::ifstream stream_;
  std::vector<Elf64_Shdr> sections_;
  std::string names_;
};

std::map<std::string, std::string> parse_stamp(const std::string& text) {
  std::map<std::string, std::string> stamp;
  for (std::size_t at = 0; at < text.size() && text[at] != '\0';) {
    const std::size_t end = std::min(text.find('\n', at), text.find('\0', at));
    const std::string line = text.substr(at, end - at);
    if (const auto equals = line.find('='); equals != std::string::npos)
      stamp[line.substr(0, equals)] = line.substr(equals + 1);
    if (end == std::string::npos || text[end] == '\0') break;
    at = end + 1;
  }
  return stamp;
}

std::string build_id_of(const std::string& note) {
  Elf64_Nhdr header;
  if (note.size() < sizeof header) return "";
  std::memcpy(&header, note.data(), sizeof header);
  const std::size_t start = sizeof header + (header.n_namesz + 3) / 4 * 4;
  std::string digits;
  for (std::size_t i = start; i < std::min(start + header.n_descsz, note.size()); ++i)
    digits += fmt::format("{:02x}", static_cast<unsigned char>(note[i]));
  return digits;
}

}  // namespace

std::string normalized_source(const std::string& source) {
  std::string text;
  char quote = 0;
  auto blank = [&] {
    if (!text.empty() && text.back() != ' ') text += ' ';
  };
  for (std::size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (quote == 0 && c == '"' && i > 0 && source[i - 1] == 'R') {  // R"mark( … )mark"
      const std::size_t open = std::min(source.find('(', i), source.size());
      const std::string close = ")" + source.substr(i + 1, open - i - 1) + "\"";
      const std::size_t end = source.find(close, open);
      const std::size_t past = end == std::string::npos ? source.size() : end + close.size();
      text.append(source, i, past - i);
      i = past - 1;
      continue;
    }
    if (quote != 0) {
      text += c;
      if (c == '\\' && i + 1 < source.size())
        text += source[++i];
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || (c == '\'' &&
                            (i == 0 || !std::isalnum(static_cast<unsigned char>(source[i - 1]))))) {
      quote = c;  // (1'000'000 has no character literal in it)
      text += c;
    } else if (source.compare(i, 2, "//") == 0) {
      i = std::min(source.find('\n', i), source.size()) - 1;  // the end of the line is the blank
    } else if (source.compare(i, 2, "/*") == 0) {
      i = std::min(source.find("*/", i + 2), source.size() - 2) + 1;
      blank();
    } else if (std::isspace(static_cast<unsigned char>(c))) {
      blank();
    } else {
      text += c;
    }
  }
  return text;
}

LibraryFile read_library(const std::filesystem::path& path) {
  ElfFile elf(path);
  LibraryFile file;
  file.path = path;
  file.stamp = parse_stamp(elf.section(".metriclab.stamp"));
  if (file.stamp.empty())
    throw Error("has no metriclab stamp; a plugin ends with METRICLAB_PLUGIN(Class, \"name\")");
  file.build_id = build_id_of(elf.section(".note.gnu.build-id"));
  const std::size_t initializers = elf.section(".init_array").size() / sizeof(Elf64_Addr);
  file.initializers =
      initializers - std::min<std::size_t>(initializers, 1);  // frame_dummy, of crtbegin.o
  file.source_hash = content_hash(normalized_source(elf.section(".metriclab.source")));
  return file;
}

std::optional<std::string> misfit(const LibraryFile& file,
                                  const std::optional<std::string>& libtorch) {
  static const std::map<std::string, std::string> ours = [] {
    const detail::Stamp stamp = detail::make_stamp("", "", kEigenAbi);
    return parse_stamp(std::string(stamp.data(), stamp.size()));
  }();
  auto differs = [&](const std::string& key, std::string_view what,
                     const std::string& here) -> std::optional<std::string> {
    const auto found = file.stamp.find(key);
    if (found == file.stamp.end() || found->second == here) return std::nullopt;
    return fmt::format(
        "built for {}{}, this metriclab uses {}; rebuild the plugin against this installation",
        what, found->second, here);
  };
  if (!file.stamp.contains("api") || !file.stamp.contains("kind") || !file.stamp.contains("name"))
    return "its stamp lacks the plugin API, the kind or the name; rebuild the plugin against this "
           "installation";
  if (auto reason = differs("api", "plugin API ", ours.at("api"))) return reason;
  if (auto reason = differs("standard library", "", ours.at("standard library"))) return reason;
  if (auto reason = differs("sanitizers", "sanitizers: ", ours.at("sanitizers"))) return reason;
  if (auto reason = differs("eigen", "Eigen ", ours.at("eigen"))) return reason;
  if (libtorch)
    if (auto reason = differs("libtorch", "LibTorch ", *libtorch)) return reason;
  return std::nullopt;
}

const PluginEntry& open_library(const std::filesystem::path& path) {
  // Never closed: LibTorch's globals don't survive it, and nothing is gained.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    std::string text = reason != nullptr ? reason : "no reason given";
    if (text.starts_with(path.string() + ": ")) text = text.substr(path.string().size() + 2);
    throw Error(fmt::format("does not load: {}", text));
  }
  const void* symbol = ::dlsym(handle, "metriclab_plugin");
  if (symbol == nullptr)
    throw Error(
        "has no entry point metriclab_plugin; a plugin ends with METRICLAB_PLUGIN(Class, "
        "\"name\")");
  return *static_cast<const PluginEntry*>(symbol);
}

}  // namespace metriclab
