// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <boost/process.hpp>
#include <iterator>
#include <metriclab/cli/pdf.hpp>
#include <metriclab/plugin/error.hpp>
#include <system_error>

namespace metriclab {

void write_pdf(const std::filesystem::path& file, const std::string& svg) {
  namespace bp = boost::process;
  const auto converter = bp::search_path("rsvg-convert");
  if (converter.empty())
    throw Error(
        "PDF is made by rsvg-convert, which is not on the PATH; on Debian and Ubuntu the package "
        "librsvg2-bin has it, or take --format svg");
  const std::filesystem::path partial = file.string() + ".part";
  bp::opstream in;
  bp::ipstream errors;
  bp::child child(converter, "--format", "pdf", "--output", partial.string(),
                  bp::std_in<in, bp::std_err> errors);
  in << svg;
  in.close();
  in.pipe().close();
  const std::string said(std::istreambuf_iterator<char>(errors), {});
  child.wait();
  std::error_code problem;
  if (child.exit_code() == 0) std::filesystem::rename(partial, file, problem);
  if (child.exit_code() == 0 && !problem) return;
  std::filesystem::remove(partial);
  throw Error(fmt::format("{}: can't be written: {}", file.string(),
                          problem ? problem.message() : "rsvg-convert: " + said));
}

}  // namespace metriclab
