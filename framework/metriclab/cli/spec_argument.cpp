// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <metriclab/cli/spec_argument.hpp>

namespace metriclab {
namespace {

/// The plan of one spec; what is wrong goes to `problems`. Throws Error where it can't be read.
PlannedSpec plan_spec(const std::filesystem::path& file, const std::vector<std::string>& settings,
                      Registry& registry, Problems& problems) {
  PlannedSpec planned{.file = file, .spec = std::make_unique<Spec>(), .plan = {}};
  Value document = read_document(file, settings, problems);
  *planned.spec =
      make_spec(std::move(document), Places::beside(file.parent_path()), registry, problems);
  if (problems.empty()) planned.plan = make_plan(*planned.spec, registry, problems);
  return planned;
}

}  // namespace

std::vector<PlannedSpec> plan_specs(const std::vector<std::filesystem::path>& files,
                                    const std::vector<std::string>& settings, Registry& registry) {
  std::vector<PlannedSpec> all;
  std::size_t errors = 0;
  auto tell = [&](const std::string& message) {
    fmt::print(stderr, "error: {}\n", message);
    ++errors;
  };
  for (const auto& file : files) {
    Problems problems;
    try {
      all.push_back(plan_spec(file, settings, registry, problems));
    } catch (const Error& error) {
      const std::string what = error.what();
      if (what.starts_with(file.string()) || what.starts_with("--set"))
        tell(what);
      else if (!what.empty() && what[0] >= '0' && what[0] <= '9')  // LINE:COLUMN: …
        tell(file.string() + ":" + what);
      else
        tell(file.string() + ": " + what);
    }
    for (const Problem& problem : problems)
      tell(file.string() + ": " + (problem.pointer.empty() ? "" : problem.pointer + ": ") +
           problem.message);
  }
  for (std::size_t i = 0; i < all.size() && errors == 0; ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (all[i].spec->settings.name == all[j].spec->settings.name)
        tell(
            fmt::format("{}: its name \"{}\" is also that of {}; results go to a folder of that "
                        "name",
                        all[i].file.string(), all[i].spec->settings.name, all[j].file.string()));
  if (errors > 0) {
    fmt::print(stderr, "{} error{}; nothing was run\n", errors, errors == 1 ? "" : "s");
    all.clear();
  }
  return all;
}

}  // namespace metriclab
