// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/plugin/error.hpp>
#include <metriclab/report/join.hpp>
#include <metriclab/report/result_file.hpp>
#include <set>
#include <tuple>
#include <unordered_map>

namespace metriclab {
namespace {

bool has_result(const Record& record) {
  return record.status != "missing" && record.status != "unreadable";
}

/// Whether two results of one id say the same; times differ from run to run.
bool same_metrics(const Record& a, const Record& b) {
  const auto metrics = [](const Record& record) {
    std::vector<const RecordedMetric*> all;
    for (const RecordedMetric& each : record.measurements)
      if (!each.name.starts_with("seconds.")) all.push_back(&each);
    return all;
  };
  const auto one = metrics(a), other = metrics(b);
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const RecordedMetric* x, const RecordedMetric* y) {
                      const bool both_none = x->value != x->value && y->value != y->value;
                      return x->name == y->name && (x->value == y->value || both_none);
                    });
}

/// Takes runs of the same id and names once.
void merge_same(Results& results, std::vector<std::size_t>& folder_of, bool by_experiment) {
  std::unordered_map<std::string, std::size_t> places;
  std::vector<Record> records;
  std::vector<std::size_t> folders;
  for (std::size_t i = 0; i < results.records.size(); ++i) {
    Record& record = results.records[i];
    if (!record.id.empty()) {
      // By its names too: one spec may call the same run by two.
      std::string key = record.id + '\n' + record.dataset + '\n' + record.method;
      if (by_experiment) key += '\n' + record.experiment;
      const auto [place, fresh] = places.emplace(std::move(key), records.size());
      if (!fresh) {
        Record& first = records[place->second];
        if (has_result(first) && has_result(record) && first.status == "ok" &&
            record.status == "ok" && !same_metrics(first, record))
          results.problems.push_back(
              fmt::format("{}: another result of the same run, {}, has other metrics and is used",
                          record.file.string(), first.file.string()));
        if (!has_result(first) && has_result(record)) {
          std::swap(first, record);
          folders[place->second] = folder_of[i];
        }
        continue;
      }
    }
    records.push_back(std::move(record));
    folders.push_back(folder_of[i]);
  }
  results.records = std::move(records);
  folder_of = std::move(folders);
}

/// Whether two runs have the same coordinates.
bool clash(const Results& results, bool by_experiment) {
  std::set<std::tuple<std::string, std::string, std::string, std::string, std::int64_t>> seen;
  return std::any_of(results.records.begin(), results.records.end(), [&](const Record& record) {
    return !seen.insert({by_experiment ? record.experiment : "", record.dataset, record.split,
                         record.method, record.seed})
                .second;
  });
}

/// Experiments of one name in different folders take their folders' names.
void name_by_folders(Results& results, const std::vector<std::filesystem::path>& folders,
                     const std::vector<std::size_t>& folder_of) {
  std::unordered_map<std::string, std::set<std::size_t>> places;
  for (std::size_t i = 0; i < results.records.size(); ++i)
    places[results.records[i].experiment].insert(folder_of[i]);
  std::vector<std::string> experiments;
  for (const std::string& name : results.experiments) {
    if (places[name].size() < 2)
      experiments.push_back(name);
    else
      for (std::size_t folder : places[name]) experiments.push_back(folders[folder].string());
  }
  for (std::size_t i = 0; i < results.records.size(); ++i)
    if (places[results.records[i].experiment].size() > 1)
      results.records[i].experiment = folders[folder_of[i]].string();
  results.experiments = std::move(experiments);
}

/// The names that decide what is below a pointer: the method's for /method, the data set's for
/// /dataset; of others nothing is known.
std::string decided_by(const Record& record, const std::string& pointer) {
  if (pointer.starts_with("/method/")) return record.experiment + '\n' + record.method;
  if (pointer.starts_with("/dataset/")) return record.experiment + '\n' + record.dataset;
  return "";
}

[[noreturn]] void unknown_pointer(const Results& results, const std::string& pointer) {
  // One result of each method says what there is.
  std::set<std::string> methods;
  std::vector<std::string> known;
  for (const Record& record : results.records) {
    if (!has_result(record) || !methods.insert(record.method).second) continue;
    for (std::string& each : pointers_in(record.file))
      if (std::find(known.begin(), known.end(), each) == known.end())
        known.push_back(std::move(each));
  }
  // The parameter's name counts for more than where it is.
  const auto name_of = [](const std::string& text) { return text.substr(text.rfind('/') + 1); };
  std::vector<std::string> names, candidates;
  for (const std::string& each : known) names.push_back(name_of(each));
  const std::string name = nearest(name_of(pointer), names);
  for (const std::string& each : known)
    if (!name.empty() && name_of(each) == name) candidates.push_back(each);
  std::string near = nearest(pointer, candidates.empty() ? known : candidates);
  if (near.empty() && !candidates.empty()) near = candidates.front();
  throw Error(fmt::format("no result has anything at \"{}\"{}", pointer,
                          near.empty() ? "; pointers go into a result file, such as "
                                         "/method/block/loss/margin"
                                       : fmt::format("; did you mean \"{}\"?", near)));
}

}  // namespace

void join_folders(Results& results, const std::vector<std::filesystem::path>& folders,
                  std::vector<std::size_t> folder_of, bool by_experiment) {
  merge_same(results, folder_of, by_experiment);
  if (clash(results, true)) name_by_folders(results, folders, folder_of);
  if (by_experiment || !clash(results, false)) return;
  for (Record& record : results.records) {
    record.method = record.experiment + ": " + record.method;
    record.base = record.experiment + ": " + record.base;
  }
  results.notes.push_back(
      "the folders have different runs of the same method, so that methods carry their "
      "experiment's name");
}

void complete_parameters(Results& results) {
  for (std::size_t i = 0; i < results.pointers.size(); ++i) {
    const std::string& pointer = results.pointers[i];
    struct Said {
      std::string value;
      bool agreed = true;
    };
    std::unordered_map<std::string, Said> said;
    bool any = false;
    for (const Record& record : results.records) {
      if (!has_result(record)) continue;
      any |= !record.parameters[i].empty();
      const auto [place, fresh] =
          said.emplace(decided_by(record, pointer), Said{record.parameters[i]});
      if (!fresh) place->second.agreed &= place->second.value == record.parameters[i];
    }
    if (!any && !results.records.empty()) unknown_pointer(results, pointer);
    for (Record& record : results.records) {
      if (has_result(record)) continue;
      const std::string key = decided_by(record, pointer);
      const auto found = said.find(key);
      if (!key.empty() && found != said.end() && found->second.agreed)
        record.parameters[i] = found->second.value;
    }
  }
}

}  // namespace metriclab
