#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each plugins/<kind>/<name>.cpp has its library and its declaration in the build, and the build has no others.
# Arguments: the folder of the sources, that of the build, whether the deep part is built (true or false).
sources=$1 build=$2 deep=$3
wrong=0
complain() { echo "$1"; wrong=1; }
for source in "$sources"/*/*.cpp; do
  plugin=${source#"$sources"/} plugin=${plugin%.cpp}
  [ "$deep" = true ] || ! grep -q '<metriclab/deep/' "$source" || continue
  for made in so json; do
    [ -f "$build/$plugin.$made" ] ||
      complain "plugins/$plugin.cpp has no $plugin.$made in the build; run: meson setup --reconfigure build && meson compile -C build"
  done
done
for library in "$build"/*/*.so; do
  [ -e "$library" ] || continue
  plugin=${library#"$build"/} plugin=${plugin%.so}
  [ -f "$sources/$plugin.cpp" ] || complain "$library has no source plugins/$plugin.cpp; delete it"
done
exit $wrong
