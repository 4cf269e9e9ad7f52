#!/usr/bin/env bash
# From the start of the process to the line that says it listens: mapwire over a folder of many titles that were played before (a warm
# index cache), alternating with an empty .NET program. Prints the medians and their ratio.
#
#   bench/start/run.sh [--titles N] [--rounds N] [--work DIR] [--built]
#
# --built: take the mapwire that is in DIR/mapwire already.
set -u
cd "$(dirname "$0")/../.."
titles=10000 rounds=15 work=${TMPDIR:-/tmp}/mapwire-start built=no
while [ $# -gt 0 ]; do
  case $1 in
    --built) built=yes; shift; continue ;;
    --titles) titles=$2 ;;
    --rounds) rounds=$2 ;;
    --work) work=$2 ;;
    *) printf 'run.sh: no option %s\n' "$1" >&2; exit 2 ;;
  esac
  shift 2
done
die() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }
mkdir -p "$work/films"
work=$(cd "$work" && pwd)
if [ $built = no ]; then
  dotnet publish -c Release src/Mapwire.Cli -o "$work/mapwire" -v quiet --nologo >&2 || die "mapwire does not build"
fi
dotnet publish -c Release bench/start/empty -o "$work/empty" -v quiet --nologo >&2 || die "the empty program does not build"

# Titles in a hundred folders, each a file of its own.
for ((i = 0; i < titles; i++)); do
  folder=$work/films/$((i % 100))
  if [ ! -s "$folder/$i.mp4" ]; then
    mkdir -p "$folder"
    cp samples/clips/sample.mp4 "$folder/$i.mp4" || die "cannot write $folder"
  fi
done

begin() { # begin PATTERN COMMAND...: leaves the line that matches in $line, the microseconds until it came in $took, and the process in $pid
  local pattern=$1 start
  shift
  start=${EPOCHREALTIME/./}
  exec {output}< <(exec "$@" 2>&1)
  pid=$!
  while read -r -t 60 -u "$output" line; do
    case $line in *$pattern*) took=$((${EPOCHREALTIME/./} - start)); return ;; esac
  done
  die "$1 said nothing"
}
finish() { kill -TERM "$pid" 2>/dev/null; while read -r -t 10 -u "$output" _; do :; done; exec {output}<&-; pid=; }
pid=
trap '[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null' EXIT # whatever goes wrong, no server is left
serve() { begin rtmp:// "$work/mapwire/mapwire" serve "$work/films" --rtmp 127.0.0.1:0 --index-cache "$work/indices" "$@"; }

# Every title once, so that the cache is warm.
played=$work/played.$titles
if [ ! -e "$played" ]; then
  serve
  url=${line##* }
  cat <&"$output" > "$work/log" & # a log that nobody reads is a log with gaps
  urls=()
  for ((i = 0; i < titles; i++)); do urls+=("$url/$((i % 100))/$i"); done
  for ((i = 0; i < titles; i += 500)); do
    "$work/mapwire/mapwire" bench "${urls[@]:i:500}" --players 500 --seconds 1 --ramp 1 --rehearsal 0 --json > "$work/warm.json" || die "not all titles play"
  done
  # The last indices are kept some time after their titles play.
  for ((i = 0; i < 300; i++)); do
    [ "$(find "$work/indices" -type f -name '*.structure' | wc -l)" -lt "$titles" ] || break
    sleep 0.1
  done
  touch "$played"
  finish
fi
printf '%s titles, %s kept indices\n' "$titles" "$(find "$work/indices" -type f -name '*.structure' | wc -l)"

: > "$work/mapwire.us"
: > "$work/empty.us"
for ((round = 0; round <= rounds; round++)); do
  begin Running "$work/empty/empty"; [ $round -gt 0 ] && echo $took >> "$work/empty.us"; finish
  serve; [ $round -gt 0 ] && echo $took >> "$work/mapwire.us"; finish
done
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] / 1000 }'; }
mapwire=$(median "$work/mapwire.us") empty=$(median "$work/empty.us")
printf 'start to listening: %s ms; empty program: %s ms; ratio %s (medians of %s)\n' "$mapwire" "$empty" \
  "$(awk -v a="$mapwire" -v b="$empty" 'BEGIN { printf "%.2f", a / b }')" "$rounds"
