// SPDX-License-Identifier: BSD-3-Clause
#include <sys/ioctl.h>
#include <unistd.h>

#include <metriclab/cli/terminal.hpp>

namespace metriclab {

std::optional<std::size_t> terminal_width(std::FILE* stream) {
  ::winsize size{};
  if (::isatty(::fileno(stream)) == 0) return std::nullopt;
  if (::ioctl(::fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace metriclab
