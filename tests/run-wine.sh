#!/usr/bin/env bash
# Runs the tests of Mapwire.Memory as Windows programs under Wine: publishes them and the samples, self-contained for win-x64, into
# one folder, and runs the test executable there. The last line but colours is xunit's own summary; the exit code is xunit's.
# What Wine cannot do is skipped by NotUnderWineFact with the reason; MAPWIRE_WINE_ALL=1 runs that too.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
wine=$(command -v wine64 || command -v wine) || { echo "run-wine.sh: wine is missing" >&2; exit 3; }
work=$(mktemp -d "${TMPDIR:-/tmp}/mapwire-wine.XXXXXX")
export WINEPREFIX="$work/prefix" WINEDEBUG=-all
# With its W^X on, the runtime ends with an internal error (0x80131506) within a second under wine 8.
export DOTNET_EnableWriteXorExecute=0
cleanup() {
  wineserver -k 2>/dev/null || "$(dirname "$(readlink -f "$wine")")/wineserver" -k 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

for project in "$root/tests/Mapwire.Memory.Tests/Mapwire.Memory.Tests.csproj" "$root/tests/Mapwire.Memory.Actors/Mapwire.Memory.Actors.csproj" \
    "$root"/samples/*/*.csproj; do
  dotnet publish "$project" -c Release -r win-x64 --self-contained -o "$work/out" -v q --nologo -p:DebugType=embedded >"$work/log" 2>&1 \
    || { cat "$work/log" >&2; exit 1; }
done
cd "$work/out"
timeout 180 "$wine" Mapwire.Memory.Tests.exe -noColor "$@"
