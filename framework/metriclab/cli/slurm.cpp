// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/process.hpp>
#include <cstdlib>
#include <metriclab/cli/slurm.hpp>
#include <metriclab/plugin/error.hpp>
#include <metriclab/plugin/file.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;
namespace bp = boost::process;

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

/// As one word of a #SBATCH line, which knows quotes and backslashes.
std::string sbatch_word(const std::string& text) {
  return "\"" + replaced(replaced(text, "\\", "\\\\"), "\"", "\\\"") + "\"";
}

fs::path script_of(const SlurmArray& array) { return array.folder / "slurm.sh"; }

}  // namespace

std::string shell_word(const std::string& text) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./=:,+@%-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  return "'" + replaced(text, "'", R"('\'')") + "'";
}

std::string slurm_script(const SlurmArray& array) {
  if (array.options.find_first_of("\r\n") != std::string::npos)
    throw Error("--sbatch is to be one line");
  const std::string script = shell_word(script_of(array).string());
  // In names of files that Slurm fills in, %% is a percent sign.
  const std::string output = replaced((array.folder / "slurm").string(), "%", "%%") + "/%A_%a.txt";
  std::string text = fmt::format(
      "#!/bin/sh\n"
      "# The shards of an experiment, each a task of a job array; written by metriclab run "
      "--slurm.\n"
      "# Submitted again, it makes what is missing:   sbatch {0}\n"
      "# One of the shards, the second:               sbatch --array=2 {0}\n"
      "#SBATCH --job-name={1}\n"
      "#SBATCH --array=1-{2}\n"
      "#SBATCH --output={3}\n",
      script, sbatch_word(array.name), array.tasks, sbatch_word(output));
  if (array.cores > 0) text += fmt::format("#SBATCH --cpus-per-task={}\n", array.cores);
  if (!array.options.empty()) text += fmt::format("#SBATCH {}\n", array.options);
  text += "\n";
  for (const char* name : {"METRICLAB_DATA", "METRICLAB_PLUGIN_PATH"})
    if (const char* value = std::getenv(name))
      text += fmt::format("export {}={}\n", name, shell_word(value));
  std::vector<std::string> words;
  std::ranges::transform(array.command, std::back_inserter(words), shell_word);
  return text + fmt::format("exec {} --shard \"$SLURM_ARRAY_TASK_ID/{}\"\n", fmt::join(words, " "),
                            array.tasks);
}

std::string submit(const SlurmArray& array) {
  const auto sbatch = bp::search_path("sbatch");
  if (sbatch.empty())
    throw Error(fmt::format(
        "there is no sbatch on the path; submit from a machine of a Slurm cluster, or start the "
        "shards by other means: metriclab run … --shard 1/{0} to {0}/{0}",
        array.tasks));
  const fs::path script = script_of(array);
  std::error_code failed;
  fs::create_directories(array.folder / "slurm", failed);  // where tasks say what they say
  write_file_whole(script, slurm_script(array));
  fs::permissions(script, fs::perms::owner_exec, fs::perm_options::add, failed);

  bp::ipstream said;
  bp::child child(sbatch, "--parsable", script.string(), (bp::std_out & bp::std_err) > said,
                  bp::std_in < bp::null, failed);
  std::string words, number;
  for (std::string line; std::getline(said, line);) {
    // "123", or "123;cluster"; warnings stand on lines of their own.
    const std::string head = line.substr(0, line.find(';'));
    if (!head.empty() && std::ranges::all_of(head, [](char c) { return c >= '0' && c <= '9'; }))
      number = head;
    else if (!line.empty())
      words += (words.empty() ? "" : "; ") + line;
  }
  child.wait(failed);
  if (child.exit_code() != 0 || number.empty())
    throw Error(
        fmt::format("sbatch refuses {}: {}; change --sbatch, or the script, which sbatch "
                    "takes by itself",
                    script.string(), words.empty() ? "it says nothing" : words));
  if (!words.empty()) fmt::print(stderr, "{}\n", words);
  return number;
}

}  // namespace metriclab
