// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <metriclab/cli/command.hpp>
#include <metriclab/cli/pdf.hpp>
#include <metriclab/cli/results_argument.hpp>
#include <metriclab/plugin/file.hpp>
#include <metriclab/report/event_file.hpp>
#include <metriclab/report/figures.hpp>

namespace metriclab {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  ResultsArgument of;
  std::vector<std::string> figures;
  std::string format = "svg";
  double width = 0, height = 0;
  bool trials = false;
  fs::path output, tensorboard;
};

FigureOptions options_of(const Arguments& given) {
  FigureOptions options;
  for (const std::string& each : given.figures)
    options.kinds.push_back(figure_kind_from_string(each));
  options.metrics = given.of.metrics;
  options.where = given.of.conditions();
  options.trials = given.trials;
  return options;
}

void write_pictures(const Arguments& given, const Results& results) {
  if (given.format != "svg" && given.format != "pdf")
    throw Error(fmt::format("there is no format \"{}\"{}", given.format,
                            suggestion(given.format, {"svg", "pdf"})));
  std::vector<Picture> pictures = make_figures(results, options_of(given));
  make_folder(given.output);
  for (Picture& picture : pictures) {
    if (auto* figure = std::get_if<Figure>(&picture.drawing)) {
      if (given.width > 0) figure->width = given.width;
      if (given.height > 0) figure->height = given.height;
    }
    const fs::path file = given.output / (picture.name + "." + given.format);
    if (given.format == "pdf")
      write_pdf(file, svg_of(picture));
    else
      write_file_whole(file, svg_of(picture));
    fmt::print("{}\n", file.string());
    for (const std::string& note : picture.notes) fmt::print(stderr, "note: {}\n", note);
  }
}

}  // namespace

void add_plot(CLI::App& app, Globals&, int& exit_code) {
  auto* command = app.add_subcommand(
      "plot", "results as figures: learning curves, parameters, time against quality, ROC, …");
  command->footer(
      "Figures: learning_curves, parameters, pareto, roc, det, curves, dots, critical_difference.\n"
      "Examples:\n"
      "  metriclab plot results/quickstart --output figures\n"
      "  metriclab plot results/faces --figure roc,det --format pdf --output figures\n"
      "  metriclab plot results/keel --figure critical_difference --metric knn.accuracy --output "
      "figures");
  auto given = std::make_shared<Arguments>();
  add_results_argument(*command, given->of);
  command
      ->add_option("--figure", given->figures,
                   "which ones, with commas; else all that the results have")
      ->type_name("NAME,…")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_flag("--trials", given->trials,
                    "the trials of searches in the place of the runs that are compared");
  command->add_option("--format", given->format, "svg, or pdf by rsvg-convert")
      ->capture_default_str()
      ->type_name("FORMAT");
  command->add_option("--width", given->width, "of a figure, in pixels of 1/96 inch; else 640")
      ->check(CLI::Range(200, 10000))
      ->type_name("PIXELS");
  command
      ->add_option("--height", given->height,
                   "likewise, without legends and rows below; else 400, for rows what they take")
      ->check(CLI::Range(120, 10000))
      ->type_name("PIXELS");
  command->add_option("--output", given->output, "a folder for the files, made where there is none")
      ->type_name("DIR");
  command
      ->add_option(
          "--tensorboard", given->tensorboard,
          "writes event files of TensorBoard there, with the curves and metrics of each run")
      ->type_name("DIR");
  command->callback([&exit_code, given] {
    if (given->output.empty() && given->tensorboard.empty())
      throw Error(
          "plot takes --output DIR for figures, --tensorboard DIR for event files, or both");
    const FigureOptions options = options_of(*given);
    const Results results = read_results(given->of.folders, reading(options));
    if (!given->tensorboard.empty())
      fmt::print(stderr, "{}: event files of {} runs; tensorboard --logdir {} shows them\n",
                 given->tensorboard.string(),
                 write_event_files(filter(results, options.where), given->tensorboard),
                 given->tensorboard.string());
    if (!given->output.empty()) write_pictures(*given, results);
    exit_code = tell_problems(results.problems);
  });
}

}  // namespace metriclab
