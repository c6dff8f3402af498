#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Writes a page for each plugin that a spec can name, made from what it declares, and an index. Arguments: the command,
# the folder.
set -e
command=$1 folder=$2
mkdir -p "$folder"
{
  echo "# Plugins"
  echo
  echo "| kind | name | what it is |"
  echo "|---|---|---|"
} >"$folder/README.md"
"$command" list | grep -v -E '^(conformance|probe) ' | sed "s,<,\&lt;,g; s,|,\\\\|,g" | while read -r kind name summary; do
  mkdir -p "$folder/$kind"
  "$command" describe "$kind" "$name" --markdown >"$folder/$kind/$name.md"
  echo "| $kind | [$name]($kind/$name.md) | $summary |" >>"$folder/README.md"
done
echo "$folder/README.md"
