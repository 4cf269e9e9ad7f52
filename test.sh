#!/usr/bin/env bash
# Runs every test of the repository, the same way here and in CI.
#
#   ./test.sh                          everything
#   ./test.sh Mapwire.Rtmp.Tests       one project (several may be named)
#   ./test.sh Mapwire.Rules -- ARGS    what follows -- goes to the test programs (xunit.v3's own options)
#   ./test.sh api                      the reference pages of Mapwire.Memory, by docfx (nightly too)
#   ./test.sh --nightly                the long gates too: hours (CONTRIBUTING.md says which variable gives which gate)
#
# The last line is `N passed, N failed`; the exit code is 0 only if nothing failed. A program that crashes, hangs, does
# not build or runs no test counts as a failure. With CI=true a missing tool is a failure too, and so is a skipped test.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

# Tools speak one language, so that what is read from them below means the same everywhere.
export LC_ALL=C LANGUAGE=en DOTNET_CLI_UI_LANGUAGE=en DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
PATH="$PATH:/usr/sbin:/usr/local/sbin" # where Debian keeps nginx, also for users who do not look there
export PATH

configuration=Release
limit=2400 # seconds that one test program may take
results=artifacts/tests

passed=0
failed=0
skipped=0
notes=()

fail() { failed=$((failed + 1)); notes+=("$1"); printf 'FAILED: %s\n' "$1"; }
finish() {
  if [ "${#notes[@]}" -gt 0 ]; then
    printf '\n'
    # What failed once more, where the end of a log is all that is kept: the test and the first line of what it said.
    for file in "$results"/*.txt; do
      [ -f "$file" ] && grep -h -A 1 -E '\[FAIL\]' "$file" | grep -v '^--' | cut -c 1-300
    done
    printf 'FAILED: %s\n' "${notes[@]}"
  fi
  if [ "$skipped" -gt 0 ]; then
    printf '%d skipped\n' "$skipped"
  fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

# --- what to run ------------------------------------------------------------------------------------------------------

filters=()
arguments=()
nightly=no
while [ $# -gt 0 ]; do
  case "$1" in
    --) shift; arguments=("$@"); break ;;
    --nightly) nightly=yes ;;
    -*) printf 'usage: %s [--nightly] [PROJECT...] [-- TEST OPTIONS]\n' "$0" >&2; exit 2 ;;
    *) filters+=("$1") ;;
  esac
  shift
done

if [ "$nightly" = yes ]; then
  limit=14400
  # The gates of the table in CONTRIBUTING.md, which Mapwire.Rules compares.
  export MAPWIRE_KILL_ROUNDS=${MAPWIRE_KILL_ROUNDS:-1000} MAPWIRE_STRANGERS_KILLS=${MAPWIRE_STRANGERS_KILLS:-1000}
  export MAPWIRE_CUT_ROUNDS=${MAPWIRE_CUT_ROUNDS:-10000} MAPWIRE_DISPOSAL_ROUNDS=${MAPWIRE_DISPOSAL_ROUNDS:-3000}
  export MAPWIRE_CRASH_HISTORIES=${MAPWIRE_CRASH_HISTORIES:-20} MAPWIRE_POWER_HISTORIES=${MAPWIRE_POWER_HISTORIES:-20}
  export MAPWIRE_POWER_PERCENT=${MAPWIRE_POWER_PERCENT:-10} MAPWIRE_POWER_SAMPLES=${MAPWIRE_POWER_SAMPLES:-5}
  export MAPWIRE_POWER_ROUNDS=${MAPWIRE_POWER_ROUNDS:-10000} MAPWIRE_SHARED_STEPS=${MAPWIRE_SHARED_STEPS:-200000}
  export MAPWIRE_MODEL_ROUNDS=${MAPWIRE_MODEL_ROUNDS:-5000} MAPWIRE_WORDS_MIB=${MAPWIRE_WORDS_MIB:-100}
  export MAPWIRE_FUZZ_MUTATIONS=${MAPWIRE_FUZZ_MUTATIONS:-1000000} MAPWIRE_FUZZ_CASES=${MAPWIRE_FUZZ_CASES:-10000000}
  export MAPWIRE_HTTP_RANGES=${MAPWIRE_HTTP_RANGES:-10000} MAPWIRE_LANE_REQUESTS=${MAPWIRE_LANE_REQUESTS:-20000}
  export MAPWIRE_BROWSER_FILMS=${MAPWIRE_BROWSER_FILMS:-1} MAPWIRE_MATRIX_FILMS=${MAPWIRE_MATRIX_FILMS:-1}
  export MAPWIRE_PUBLISH=${MAPWIRE_PUBLISH:-1}
fi

wanted() { # wanted NAME: is it asked for?
  [ "${#filters[@]}" -eq 0 ] && return 0
  local filter
  for filter in "${filters[@]}"; do
    [ "$1" = "$filter" ] && return 0
  done
  return 1
}

projects=()
known=()
for file in tests/*/*.csproj; do
  grep -q 'Include="xunit.v3"' "$file" || continue # a program that the tests start, not tests
  name=$(basename "$file" .csproj)
  known+=("$name")
  wanted "$name" && projects+=("$name")
done
known+=(format api)
format=""
wanted format && format=yes
api=$nightly # minutes
[ "${#filters[@]}" -gt 0 ] && api=no && wanted api && api=yes
wine=""
if [ -f tests/run-wine.sh ]; then
  known+=(wine)
  wanted wine && wine=yes
fi

for filter in ${filters[@]+"${filters[@]}"}; do
  case " ${known[*]} " in
    *" $filter "*) ;;
    *) printf 'no such tests: %s (there are: %s)\n' "$filter" "${known[*]}" >&2; exit 2 ;;
  esac
done

# --- what the tests need ----------------------------------------------------------------------------------------------

have() { command -v "$1" >/dev/null 2>&1; }
nginx_rtmp_module() {
  local directory
  for directory in /usr/lib/nginx/modules /usr/lib64/nginx/modules /usr/local/libexec/nginx /opt/homebrew/lib/nginx/modules; do
    [ -f "$directory/ngx_rtmp_module.so" ] && return 0
  done
  have nginx && nginx -V 2>&1 | grep -q 'add-module=[^ ]*rtmp'
}

# Fills `lacking` (what is missing, in words) and `packages` (what Debian calls it).
lacking=()
packages=()
need() { lacking+=("$1"); shift; packages+=("$@"); }
look() {
  lacking=()
  packages=()
  have dotnet || need "dotnet (the .NET 10 SDK)"
  if [ ${#projects[@]} -gt 0 ] && [[ " ${projects[*]} " == *" Mapwire.Memory.Tests "* ]]; then
    have strace || need "strace" strace # lets system calls fail as other kernels and file systems do
    { have unshare && have setpriv && have prlimit; } || need "unshare, setpriv and prlimit" util-linux
    { have clang || have gcc; } && [ -f /usr/include/zlib.h ] || need "a linker and zlib's headers, for native programs" clang zlib1g-dev
  fi
  if [ ${#projects[@]} -gt 0 ] && [[ " ${projects[*]} " == *" Mapwire.Load.Tests "* ]]; then
    # bench/versus, tried there with few players: a C program and nginx beside ours.
    have gcc || need "gcc with the C library's headers" gcc libc6-dev
    have taskset || need "taskset" util-linux
    have curl || need "curl" curl
    { have ffmpeg && have ffprobe; } || need "ffmpeg and ffprobe" ffmpeg
    nginx_rtmp_module || need "nginx with its RTMP module" nginx libnginx-mod-rtmp
  fi
  if [ ${#projects[@]} -gt 0 ] && [[ " ${projects[*]} " == *" Mapwire.Http.Tests "* ]]; then
    have nginx || need "nginx" nginx # whose answers to ranges ours are compared with
  fi
  if [ ${#projects[@]} -gt 0 ] && [[ " ${projects[*]} " == *" Mapwire.Media.Tests "* ]]; then
    { have ffmpeg && have ffprobe; } || need "ffmpeg and ffprobe" ffmpeg
    local writer
    for writer in videotestsrc x264enc avenc_aac mp4mux h264parse; do
      { have gst-inspect-1.0 && gst-inspect-1.0 --exists "$writer" >/dev/null 2>&1; } || need "GStreamer's $writer" \
        gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
        gstreamer1.0-plugins-ugly gstreamer1.0-libav
    done
  fi
  if [ ${#projects[@]} -gt 0 ] && [[ " ${projects[*]} " == *" Mapwire.Conformance "* ]]; then
    { have ffmpeg && have ffprobe; } || need "ffmpeg and ffprobe" ffmpeg
    have rtmpdump || need "rtmpdump" rtmpdump
    have curl || need "curl" curl
    have h2load || need "h2load" nghttp2-client
    have nginx || need "nginx" nginx # whose answers to ranges are compared
    have gcc || need "gcc with the C library's headers" gcc libc6-dev # a library that makes folders fail
    { have clang || have gcc; } && [ -f /usr/include/zlib.h ] || need "a linker and zlib's headers, for the native program" clang zlib1g-dev
    { have fusermount3 && have pkg-config && pkg-config --exists fuse3; } || need "FUSE 3 with its headers" fuse3 libfuse3-dev pkg-config
    have mpv || need "mpv" mpv
    { have chromium && have chromedriver; } || need "Chromium with its WebDriver" chromium chromium-driver
    have npm || need "npm, for the players that run in a browser" nodejs npm
    have cvlc || need "VLC" vlc-bin vlc-plugin-base
    if ! have gst-launch-1.0 || ! have gst-inspect-1.0; then
      need "GStreamer's gst-launch-1.0 with rtmp2src, rtmp2sink, qtdemux, flvmux, flvdemux, h264parse and aacparse" \
        gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
    else
      local element
      for element in rtmp2src rtmp2sink qtdemux flvmux flvdemux h264parse aacparse fakesink; do
        gst-inspect-1.0 --exists "$element" >/dev/null 2>&1 || need "GStreamer's $element" \
          gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
      done
    fi
    nginx_rtmp_module || need "nginx with its RTMP module" nginx libnginx-mod-rtmp
    if [ "$nightly" = yes ]; then { have obs && have Xvfb; } || need "OBS with a display that nobody sees" obs-studio xvfb; fi
  fi
  if [ -n "$wine" ] && ! have wine && ! have wine64; then need "wine" wine wine64; fi
  if [ -n "$wine" ]; then
    have rtmpdump || need "rtmpdump" rtmpdump
    have curl || need "curl" curl
    have nginx || need "nginx" nginx # whose answers to ranges are compared
    have ffmpeg || need "ffmpeg and ffprobe" ffmpeg
  fi
}

look
if [ "${#packages[@]}" -gt 0 ] && [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && have apt-get; then
  printf 'Installing: %s\n' "${packages[*]}"
  had_nginx=no; have nginx && had_nginx=yes
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"; } \
    || printf 'apt-get did not install everything\n'
  # The package starts a web server on port 80; the tests want only the program.
  if [ "$had_nginx" = no ] && [ -d /run/systemd/system ]; then systemctl disable -q --now nginx || true; fi
  look
fi
for thing in ${lacking[@]+"${lacking[@]}"}; do
  printf 'Missing: %s\n' "$thing"
done
if [ "${#packages[@]}" -gt 0 ]; then
  if [ -f /etc/debian_version ]; then
    printf 'To get it: sudo apt-get install %s\n' "${packages[*]}"
  else
    printf 'Install them with the package manager of this system (Debian calls them: %s); macOS: brew install ffmpeg rtmpdump gstreamer nginx-full --with-rtmp-module\n' "${packages[*]}"
  fi
fi
if [ "${#lacking[@]}" -gt 0 ] && [ "${CI:-}" = true ]; then
  for thing in "${lacking[@]}"; do fail "missing: $thing"; done
fi
if ! have dotnet; then
  printf 'The .NET 10 SDK is needed to build anything: https://dotnet.microsoft.com/download\n'
  [ "${CI:-}" = true ] || fail "missing: dotnet"
  finish
fi

# The players that tests run in a browser, fetched once and kept beside the results.
if [ ${#projects[@]} -gt 0 ] && [[ " ${projects[*]} " == *" Mapwire.Conformance "* ]] && have npm; then
  players=artifacts/players
  if [ ! -f "$players/complete" ] || ! cmp -s tests/Mapwire.Conformance/Browsers/players.json "$players/package.json"; then
    printf 'Fetching the players of tests/Mapwire.Conformance/Browsers/players.json\n'
    rm -rf "$players"
    mkdir -p "$players"
    cp tests/Mapwire.Conformance/Browsers/players.json "$players/package.json"
    { (cd "$players" && npm install --no-package-lock --ignore-scripts --no-audit --no-fund --omit=dev) > "$players/npm.txt" 2>&1 \
      && touch "$players/complete"; } || { cat "$players/npm.txt"; printf 'npm did not fetch the players\n'; }
  fi
fi

# --- build once -------------------------------------------------------------------------------------------------------

# One compiler for all projects, of this build alone: without it each project starts one, which takes twice as long.
compiler=mapwire-$$
build() { # build [PROJECT]
  local code=0 pid
  dotnet build "$@" -c "$configuration" --nologo -v quiet -clp:NoSummary \
    -p:UseSharedCompilation=true -p:SharedCompilationId="$compiler" || code=$?
  for pid in $(have pgrep && pgrep -f -- "VBCSCompiler.*-pipename:$compiler"); do kill "$pid"; done
  return "$code"
}

started=$(date +%s)
if [ "${#filters[@]}" -eq 0 ]; then
  build Mapwire.slnx || { fail "the build"; finish; }
else
  for name in ${projects[@]+"${projects[@]}"}; do
    build "tests/$name" || { fail "the build of $name"; finish; }
  done
fi
printf 'Built in %d s\n' $(($(date +%s) - started))

# --- the pages of the API ---------------------------------------------------------------------------------------------

if [ "$api" = yes ]; then
  printf '\n== api\n'
  if docs/api/build.sh; then passed=$((passed + 1)); else fail "docs/api/build.sh"; fi
fi

# --- run -----------------------------------------------------------------------------------------------------------------

mkdir -p "$results"
rm -f "$results"/*.txt
attribute() { # attribute FILE NAME: an attribute of the report's <assembly> element
  local value
  value=$(head -c 65536 "$1" | tr '>' '\n' | grep -m 1 '<assembly ' | grep -o " $2=\"[0-9]*\"" | grep -o '[0-9]*')
  printf '%d' "${value:-0}"
}
limited() { if have timeout; then timeout -k 10 "$limit" "$@"; else "$@"; fi; }

# What compiles whole programs to machine code or runs a bench takes minutes a test: at night, or when its class is named.
slow=()
if [ "$nightly" = no ] && [ ${#arguments[@]} -eq 0 ]; then
  slow=(-class- '*.NativeTests' -class- '*.BenchScriptTests' -class- '*.Command.PublishTests' -class- '*.WebChangeTests' -class- '*.ObsTests')
fi

# Tests of Conformance mostly wait, for players that play in real time and for limits of time: more of them at once than processors.
waiting=(-maxThreads 1.5x)

# Runs one test program, NAME or NAME@VARIANT; leaves what it printed in NAME.txt and `passed failed skipped note` in NAME.count.
run_program() {
  local name=$1 program report started code ran good bad left note=
  program=tests/${name%@*}/bin/$configuration/net10.0/${name%@*}
  report=$results/$name.xml
  started=$(date +%s)
  local options=(${slow[@]+"${slow[@]}"})
  case $name in Mapwire.Conformance*) options+=("${waiting[@]}") ;; esac
  limited "$program" -noLogo -noColor -longRunning 60 -xml "$report" ${options[@]+"${options[@]}"} ${arguments[@]+"${arguments[@]}"} \
    > "$results/$name.txt" 2>&1
  code=$?
  if [ ! -s "$report" ]; then
    if [ "$code" = 124 ] || [ "$code" = 137 ]; then note="$name did not end within $limit s"; else note="$name crashed (exit code $code)"; fi
    printf '0 1 0 %s\n' "$note" > "$results/$name.count"
    return
  fi
  ran=$(attribute "$report" total)
  good=$(attribute "$report" passed)
  bad=$(($(attribute "$report" failed) + $(attribute "$report" errors)))
  left=$(attribute "$report" skipped)
  printf '== %s: %d passed, %d failed, %d skipped in %d s\n' "$name" "$good" "$bad" "$left" $(($(date +%s) - started)) >> "$results/$name.txt"
  if [ "$bad" -gt 0 ]; then note="$name: $bad"
  elif [ "$ran" -eq 0 ]; then bad=1 note="$name ran no test"
  elif [ "$code" -ne 0 ]; then bad=1 note="$name ended with exit code $code"
  fi
  if [ "$left" -gt 0 ] && [ "${CI:-}" = true ]; then
    bad=$((bad + left))
    note="${note:+$note; }$name: $left skipped where nothing may be skipped"
  fi
  printf '%d %d %d %s\n' "$good" "$bad" "$left" "$note" > "$results/$name.count"
}

# One dialect.
run_format() {
  printf '\n== format\n'
  if dotnet format whitespace Mapwire.slnx --no-restore --verify-no-changes -v quiet \
    && dotnet format style Mapwire.slnx --no-restore --verify-no-changes --severity warn \
      --diagnostics IDE0011 IDE0008 IDE0090 IDE2003 -v quiet; then
    echo '1 0 0' > "$results/format.count"
  else
    echo "0 1 0 dotnet format: run 'dotnet format whitespace' and 'dotnet format style --severity warn --diagnostics IDE0011" \
      "IDE0008 IDE0090 IDE2003'" > "$results/format.count"
  fi
}

run_wine() {
  local code line good bad note=
  printf '\n== wine\n'
  bash tests/run-wine.sh
  code=$?
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$results/wine.txt" | tail -n 1)
  good=${line%% *}; bad=${line#*, }; bad=${bad%% *}
  if [ -z "$line" ]; then good=0 bad=1 note="tests/run-wine.sh ended with exit code $code and without a count"
  elif [ "$bad" -gt 0 ]; then note="wine: $bad"
  elif [ "$code" -ne 0 ]; then bad=1 note="tests/run-wine.sh ended with exit code $code"
  elif [ "$good" -eq 0 ]; then bad=1 note="wine ran no test"
  fi
  echo "$good $bad 0 $note" > "$results/wine.count"
}

# after NAME...: waits for the end of those of these jobs that are in this run.
after() {
  local name
  for name in "$@"; do
    while [[ " ${jobs[*]} " == *" $name "* ]] && [ ! -f "$results/$name.count" ]; do sleep 1; done
  done
}

run_job() {
  case $1 in
    format) run_format > "$results/format.txt" 2>&1 ;;
    wine)
      # It restores the projects for another system, so no job that reads or restores them runs beside it.
      after format Mapwire.Memory.Tests
      [ "$nightly" = no ] || after "${jobs[@]/#wine/}"
      run_wine > "$results/wine.txt" 2>&1
      ;;
    Mapwire.Memory.Tests) after format; run_program "$1" ;; # it packs a project that the other reads
    *@stream) after Mapwire.Conformance; MAPWIRE_SENDER=stream run_program "$1" ;;
    *@published) after Mapwire.Conformance@stream; MAPWIRE_PROGRAM=artifacts/mapwire/mapwire run_program "$1" ;;
    *) run_program "$1" ;;
  esac
  flock "$results/print.lock" cat "$results/$1.txt"
}

# Two lanes side by side take one job after the other, the longest first: Conformance mostly waits for players that play in real time, the
# others compute.
jobs=()
[ -n "$format" ] && jobs+=(format)
for name in Mapwire.Conformance Mapwire.Memory.Tests; do
  [[ " ${projects[*]-} " == *" $name "* ]] && jobs+=("$name")
done
[ -n "$wine" ] && [ "$nightly" = no ] && jobs+=(wine)
for name in Mapwire.Media.Tests Mapwire.Arenas.Tests ${projects[@]+"${projects[@]}"}; do
  [[ " ${projects[*]-} " == *" $name "* ]] && [[ " ${jobs[*]-} " != *" $name "* ]] && jobs+=("$name")
done
if [ "$nightly" = yes ]; then
  if [[ " ${projects[*]-} " == *" Mapwire.Conformance "* ]]; then
    dotnet publish -c "$configuration" src/Mapwire.Cli -o artifacts/mapwire --nologo -v quiet || fail "the published program"
    jobs+=(Mapwire.Conformance@stream Mapwire.Conformance@published)
  fi
  [ -n "$wine" ] && jobs+=(wine)
fi
run_lane() {
  local name
  for name in ${jobs[@]+"${jobs[@]}"}; do
    if mkdir "$results/taken/$name" 2>/dev/null; then run_job "$name"; fi
  done
}

rm -rf "$results/taken"
mkdir "$results/taken"
for name in ${jobs[@]+"${jobs[@]}"}; do
  rm -f "$results/$name.xml" "$results/$name.count"
done
have flock || flock() { shift; "$@"; } # macOS has none; the blocks may mix there
run_lane & first=$!
run_lane & second=$!
wait "$first" "$second"
for name in ${jobs[@]+"${jobs[@]}"}; do
  if ! read -r good bad left note < "$results/$name.count"; then
    fail "$name left no count"
    continue
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
  skipped=$((skipped + left))
  [ -z "$note" ] || notes+=("$note")
done

finish
