#!/usr/bin/env bash
# Windows, as far as Wine is Windows: publishes the tests of Mapwire.Memory, what they start and the mapwire command self-contained
# for win-x64, runs the test executables under Wine, pulls a film from `mapwire serve` by every protocol, publishes and plays it live, and
# looks at it with `mapwire top`.
#
#   tests/run-wine.sh [TEST OPTIONS]    options are xunit.v3's own, such as -class '*.RangeLockTests'
#
# Wine 8 cannot stop a thread that stays in managed code, as a garbage collection must, which then waits for it: the loops of threads in
# these tests leave managed code each time round (Thread.SpinWait is enough).
# What Wine cannot do is skipped by NotUnderWineFact, which prints the reason; MAPWIRE_WINE_ALL=1 runs that too. The last line is
# `N passed, N failed`; the exit code is 0 only if nothing failed.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
wine=$(command -v wine64 || command -v wine) || { echo "run-wine.sh: wine is missing" >&2; exit 3; }
work=$(mktemp -d "${TMPDIR:-/tmp}/mapwire-wine.XXXXXX")
export WINEPREFIX="$work/prefix" WINEDEBUG=-all
# With its W^X on, the runtime ends with an internal error (0x80131506) within a second under wine 8.
export DOTNET_EnableWriteXorExecute=0
# A process that crashes while it is being killed is not asked about: the debugger would wait for an answer.
export WINEDLLOVERRIDES="winedbg.exe=d"
server="" peer=""
cleanup() {
  if [ -n "$peer" ]; then kill "$peer" 2>/dev/null; wait "$peer" 2>/dev/null; fi
  if [ -n "$server" ]; then kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; fi
  # The Wine server of this prefix only; it also ends what a test may have left running in it.
  WINEPREFIX="$WINEPREFIX" "$(command -v wineserver || echo /usr/lib/wine/wineserver)" -k 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

dotnet msbuild "$root/tests/wine.proj" -v:q -nologo -p:Into="$work" >"$work/log" 2>&1 \
  || { cat "$work/log" >&2; echo "0 passed, 1 failed"; exit 1; }
good=0 bad=0 skipped=0
run() { # run PROGRAM OPTIONS...: its tests
  local program=$1 code total errors failed left
  shift
  echo "== $program"
  # To a file, not a pipe: a pipe lasts as long as the last process that got it, and Wine's own outlive the tests.
  timeout 1500 "$wine" "$work/tests/$program.exe" -noColor "$@" >"$work/output" 2>"$work/errors"
  code=$?
  cat "$work/output"
  total=$(grep -oE 'Total: [0-9]+' "$work/output" | grep -oE '[0-9]+')
  errors=$(grep -oE 'Errors: [0-9]+' "$work/output" | grep -oE '[0-9]+')
  failed=$(grep -oE 'Failed: [0-9]+' "$work/output" | grep -oE '[0-9]+')
  left=$(grep -oE 'Skipped: [0-9]+' "$work/output" | grep -oE '[0-9]+')
  if [ -z "$total" ]; then # it crashed, or took too long
    tail -n 20 "$work/errors" >&2
    echo "run-wine.sh: $program ended with exit code $code and without a summary" >&2
    bad=$((bad + 1))
    return
  fi
  good=$((good + total - failed - left))
  skipped=$((skipped + left))
  bad=$((bad + failed + errors))
  if [ "$code" -ne 0 ] && [ $((failed + errors)) -eq 0 ]; then bad=$((bad + 1)); fi
}
run Mapwire.Memory.Tests "$@"
run Mapwire.Sharing.Tests "$@"
run Mapwire.Arenas.Tests "$@"

# The server: a film pulled from it has the payload of the file, packet by packet.
if [ $# -eq 0 ]; then
  "$wine" "$work/mapwire/mapwire.exe" serve "Z:${root//\//\\}\\samples\\clips" --rtmp 127.0.0.1:0 --http 127.0.0.1:0 --viewer-ids off \
    --publish-key none >"$work/serve" 2>&1 &
  server=$!
  for _ in $(seq 120); do grep -q '^Listening' "$work/serve" && break; sleep 0.25; done
  url=$(tr -d '\r' < "$work/serve" | grep -oE 'rtmp://[^ ]+' | head -n 1)
  shown=$(timeout 60 "$wine" "$work/mapwire/mapwire.exe" top --once 2>&1)
  case $shown in
    *"$url"*running*) echo "mapwire top: the server is shown"; good=$((good + 1)) ;;
    *) echo "mapwire top: the server is not shown: $shown"; bad=$((bad + 1)) ;;
  esac
  timeout 60 rtmpdump -q -r "$url/sample.mp4" -o "$work/pulled.flv"
  hash() { ffmpeg -v error -i "$1" -map 0:v -map 0:a -c copy -f streamhash -; }
  if [ -n "$url" ] && sent=$(hash "$work/pulled.flv") && [ "$sent" = "$(hash "$root/samples/clips/sample.mp4")" ]; then
    echo "mapwire serve: the film came through whole"
    good=$((good + 1))
  else
    echo "mapwire serve: the film did not come through:"
    cat "$work/serve"
    bad=$((bad + 1))
  fi
  web=$(tr -d '\r' < "$work/serve" | grep -oE 'http://[^ ]+' | head -n 1)
  fetch() { [ -n "$1" ] && timeout 60 curl -sS --fail "${@:3}" -o "$2" "$1"; } # fetch URL FILE OPTIONS...
  judge() { # judge CODE WHAT: counts a test
    if [ "$1" -eq 0 ]; then echo "mapwire serve: $2"; good=$((good + 1)); else echo "mapwire serve: not so: $2"; bad=$((bad + 1)); fi
  }

  # The file by HTTP: from the loop, and from Kestrel, which reads HTTP/1.0 and HTTP/2.
  for offer in --http1.1 --http1.0 --http2-prior-knowledge; do
    rm -f "$work/pulled.mp4"
    fetch "$web/sample.mp4" "$work/pulled.mp4" "$offer" && cmp "$work/pulled.mp4" "$root/samples/clips/sample.mp4"
    judge $? "curl $offer got the film as it is"
  done
  fetch "$web/sample.mp4" "$work/part" -r 100000-299999 \
    && cmp "$work/part" <(tail -c +100001 "$root/samples/clips/sample.mp4" | head -c 200000)
  judge $? "curl got a part of the film as it is"

  # Live: published by ffmpeg in real time, and watched by ffmpeg from before the publisher comes to the end. A player of HLS that begins
  # with the first segment is sent all of it, too.
  ffmpeg -v error -nostdin -y -i "$root/samples/clips/sample.mp4" -t 11 -c copy "$work/published.flv"
  hash "$work/published.flv" >"$work/live-published"
  watchers=()
  for way in "rtmp $url/live/cam" "flv $web/live/cam/stream.flv" "hls $web/live/cam/index.m3u8"; do
    timeout 90 ffmpeg -v error -nostdin -i "${way#* }" -map 0:v -map 0:a -c copy -f streamhash - \
      >"$work/live-${way%% *}" 2>"$work/live-errors-${way%% *}" &
    watchers+=($!)
  done
  sleep 2
  timeout 90 ffmpeg -v error -nostdin -re -i "$work/published.flv" -c copy -f flv "$url/live/cam"
  judge $? "ffmpeg published a live stream"
  wait "${watchers[@]}"
  for protocol in rtmp flv hls; do
    [ -s "$work/live-published" ] && cmp "$work/live-published" "$work/live-$protocol"
    judge $? "a viewer of $protocol was sent all frames of the live stream as they were published"
    tail -n 3 "$work/live-errors-$protocol"
  done

  # What is made of the film: the bytes are those that the server of this system makes.
  native="$root/src/Mapwire.Cli/bin/Release/net10.0/mapwire"
  [ -x "$native" ] || dotnet build "$root/src/Mapwire.Cli" -c Release --nologo -v quiet -clp:NoSummary
  "$native" serve "$root/samples/clips" --rtmp 127.0.0.1:0 --http 127.0.0.1:0 --viewer-ids off >"$work/peer" 2>&1 &
  peer=$!
  for _ in $(seq 120); do grep -q '^Listening on http' "$work/peer" && break; sleep 0.25; done
  local=$(grep -oE 'http://[^ ]+' "$work/peer" | head -n 1)
  # Addresses carry which version of the file they are of (r=), in which the systems' identities of files are.
  plain() { sed -E 's/\?r=[0-9a-f]+//g' "$1"; }
  same() { # same PATH WHAT: both servers send the same
    rm -f "$work/here" "$work/there"
    fetch "$local/sample.mp4/$1" "$work/here" && fetch "$web/sample.mp4/$1" "$work/there" && [ -s "$work/here" ]
    case $? in
      0) if [ "${1##*.}" = m3u8 ]; then cmp <(plain "$work/here") <(plain "$work/there"); else cmp "$work/here" "$work/there"; fi ;;
      *) false ;;
    esac
    judge $? "$2 is that of Linux, byte for byte"
  }
  same 'stream.flv?buffer=3600' "FLV over HTTP"
  same stream.mp4 "the film as one fragmented file"
  same 'clip.mp4?start=3&end=9' "a clip"
  same index.m3u8 "the master playlist of HLS"
  for list in $(grep -ohE '^v[^?]*[.]m3u8|v[^"?]*-pictures[.]m3u8' "$work/there" | sort -u); do
    same "$list" "$list"
    for child in $(plain "$work/there" | grep -oE 'v[^"]*-init-[0-9]+[.]mp4|^v[^"]*[.]m4s' | sort -u); do same "$child" "$child"; done
  done
fi

echo "$skipped skipped, for the reasons above"
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ]
