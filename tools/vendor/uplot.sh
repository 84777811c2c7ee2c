#!/usr/bin/env bash
# Fetches uPlot, which draws the curves of the live page, from the npm registry into the assets of ravine-serve.
# The version is pinned and its contents are checked: running it again changes nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=1.6.32
integrity=sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack "uplot@$version" --pack-destination "$folder" --silent >/dev/null
package="$folder/uplot-$version.tgz"
found=sha512-$(openssl dgst -sha512 -binary "$package" | base64 -w0)
if [ "$found" != "$integrity" ]; then
    echo "uplot-$version.tgz: expected $integrity, found $found" >&2
    exit 1
fi
tar -xzf "$package" -C "$folder"
target=crates/ravine-serve/assets/uplot
mkdir -p "$target"
cp "$folder/package/dist/uPlot.esm.js" "$target/uplot.js"
cp "$folder/package/dist/uPlot.min.css" "$target/uplot.css"
cp "$folder/package/LICENSE" "$target/LICENSE"
echo "uPlot $version is in $target"
