#!/usr/bin/env bash
# Runs Windows programs under Wine: the tests of Mapwire.Memory, published with the samples self-contained for win-x64, and
# `mapwire serve`, from which ffmpeg pulls the sample clip. The last line is `N passed, N failed`.
# What Wine cannot do is skipped by NotUnderWineFact with the reason; MAPWIRE_WINE_ALL=1 runs that too.
set -uo pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
wine=$(command -v wine64 || command -v wine) || { echo "run-wine.sh: wine is missing" >&2; echo "0 passed, 1 failed"; exit 3; }
work=$(mktemp -d "${TMPDIR:-/tmp}/mapwire-wine.XXXXXX")
export WINEPREFIX="$work/prefix" WINEDEBUG=-all
# With its W^X on, the runtime ends with an internal error (0x80131506) within a second under wine 8.
export DOTNET_EnableWriteXorExecute=0
cleanup() {
  wineserver -k 2>/dev/null || "$(dirname "$(readlink -f "$wine")")/wineserver" -k 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

passed=0
failed=0

publish() { # publish PROJECT FOLDER
  dotnet publish "$1" -c Release -r win-x64 --self-contained -o "$work/$2" -v q --nologo -p:DebugType=embedded -p:PublishReadyToRun=false \
    >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
}

run_memory_tests() {
  local project
  for project in "$root/tests/Mapwire.Memory.Tests/Mapwire.Memory.Tests.csproj" "$root/tests/Mapwire.Memory.Actors/Mapwire.Memory.Actors.csproj" \
      "$root"/samples/*/*.csproj; do
    publish "$project" tests || { failed=$((failed + 1)); return; }
  done
  (cd "$work/tests" && timeout -k 10 180 "$wine" Mapwire.Memory.Tests.exe -noColor "$@") 2>&1 | tr -d '\r' | tee "$work/tests.txt"
  local summary
  summary=$(grep -E 'Total: [0-9]+, Errors: ' "$work/tests.txt" | tail -n 1)
  number() { grep -oE "$1: [0-9]+" <<<"$summary" | grep -oE '[0-9]+' || echo 0; }
  if [ -z "$summary" ] || [ "$(number Total)" -eq 0 ]; then
    echo "FAILED: the tests of Mapwire.Memory did not end under Wine"
    failed=$((failed + 1))
    return
  fi
  local bad=$(($(number Errors) + $(number Failed)))
  failed=$((failed + bad))
  passed=$((passed + $(number Total) - bad - $(number Skipped)))
}

# Serves the sample clip from a Windows process and compares what ffmpeg receives with what it reads from the file.
serve_smoke_test() {
  publish "$root/src/Mapwire.Cli/Mapwire.Cli.csproj" cli || return 1
  timeout -k 5 120 "$wine" "$work/cli/mapwire.exe" serve --rtmp 127.0.0.1:0 --index-cache none >"$work/serve.txt" 2>&1 &
  local server=$! url="" try
  for try in $(seq 600); do
    url=$(tr -d '\r' <"$work/serve.txt" | sed -n 's|^Listening on \(rtmp://[^ ]*\) (1 titles)$|\1|p')
    [ -n "$url" ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  payloads() { ffmpeg -v error -y "$@" -map 0:v -map 0:a -c copy -f framehash -hash md5 - | awk -F, '!/^#/ { print $1, $6 }' | sort -s -k1,1n; }
  [ -n "$url" ] \
    && payloads -i "$root/samples/clips/sample.mp4" >"$work/wanted" \
    && payloads -rtmp_buffer 30000 -i "$url/sample.mp4" >"$work/got" \
    && [ -s "$work/wanted" ] && cmp "$work/wanted" "$work/got"
  local result=$?
  [ "$result" = 0 ] || cat "$work/serve.txt"
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  return "$result"
}

run_memory_tests "$@"
if serve_smoke_test; then
  echo "serve under Wine: ffmpeg receives the sample clip byte for byte"
  passed=$((passed + 1))
else
  echo "FAILED: serve under Wine"
  failed=$((failed + 1))
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
