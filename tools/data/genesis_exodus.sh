#!/bin/sh
# Makes the text inside the library: Genesis and Exodus of the King James Version, one verse a line, without the verse
# numbers. Same packages, same bytes.
#
#   apt-get install bible-kjv bible-kjv-text
#   tools/data/genesis_exodus.sh
set -eu
cd "$(dirname "$0")/../../crates/ravine-lab/assets"
bible -f gen1:1-exo40:38 | sed 's/^[^ ]* //' | gzip -9n > genesis_exodus.txt.gz
wc -c genesis_exodus.txt.gz
gzip -dc genesis_exodus.txt.gz | wc -c
gzip -dc genesis_exodus.txt.gz | sha256sum
sha256sum genesis_exodus.txt.gz
