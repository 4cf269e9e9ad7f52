#!/usr/bin/env bash
# Players who play, and beside them a storm of players who connect: does anybody who has a picture stall, and how long do newcomers wait?
# The server has one core, the load the other.
#
#   bench/storm/run.sh [--playing N] [--storm N] [--within SECONDS] [--seconds S] [--work DIR] [--built] [--server-options "..."]
#
# Defaults: 2,000 who play, 14,000 who connect within 4 s, 20 s after. Prints a table and fails when it is not so that
#   - nobody who had a first picture stalled, of either kind,
#   - every newcomer had a first picture within 10 s of the moment it was meant to connect, and none was refused.
# --built: take the mapwire that is in DIR/mapwire already.
set -u
cd "$(dirname "$0")/../.."
repository=$PWD
playing=2000 storm=14000 within=4 seconds=20 work=${TMPDIR:-/tmp}/mapwire-storm built=no more=
while [ $# -gt 0 ]; do
  case $1 in
    --built) built=yes; shift; continue ;;
    --playing) playing=$2 ;;
    --storm) storm=$2 ;;
    --within) within=$2 ;;
    --seconds) seconds=$2 ;;
    --work) work=$2 ;;
    --server-options) more=$2 ;;
    *) printf 'run.sh: no option %s\n' "$1" >&2; exit 2 ;;
  esac
  shift 2
done
mkdir -p "$work/films"
work=$(cd "$work" && pwd)
die() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }
for program in ffmpeg dotnet taskset python3; do command -v $program > /dev/null || die "needs $program"; done
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" -ge $((playing + storm + 1000)) ] || die "a process may have $(ulimit -n) descriptors only (ulimit -n)"
on_server=(taskset -c 0) on_load=(taskset -c 1)
[ "$(nproc)" -ge 2 ] || { on_server=(env) on_load=(env); }
mapwire=$work/mapwire/mapwire
[ $built = yes ] || dotnet publish -c Release "$repository/src/Mapwire.Cli" -o "$work/mapwire" -v quiet --nologo >&2 || die "mapwire does not build"
film=$work/films/film.mp4
if [ ! -s "$film" ]; then
  ffmpeg -v error -y -f lavfi -i testsrc2=s=640x360:r=25 -f lavfi -i sine=f=440:r=44100 -t 20 -c:v libx264 -preset veryfast -g 50 -bf 2 \
    -b:v 436k -minrate 436k -maxrate 436k -bufsize 436k -c:a aac -b:a 64k -ac 2 "$work/segment.mp4" || die "ffmpeg failed"
  ffmpeg -v error -y -stream_loop 29 -i "$work/segment.mp4" -c copy -movflags +faststart "$film" || die "ffmpeg failed"
fi

pids=()
finish() { for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null; done; wait 2> /dev/null; }
trap finish EXIT
# shellcheck disable=SC2086
"${on_server[@]}" "$mapwire" serve "$work/films" --rtmp 127.0.0.1:0 --workers 1 --max-connections $((playing + storm + 100)) \
  --max-address-connections 0 --max-address-connects 0 --max-address-openings 0 $more > "$work/server.log" 2>&1 &
pids+=($!)
url=
for _ in $(seq 200); do url=$(grep -m 1 -o 'rtmp://[^ ]*' "$work/server.log") && break; sleep 0.1; done
[ -n "$url" ] || die "mapwire does not start"
load() { "${on_load[@]}" "$mapwire" bench "$url/film.mp4" --json --rehearsal 0 "$@"; }
before=$((playing / 250 + 2)) # the ramp of those who play, and a moment
load --players "$playing" --ramp $((playing / 250 + 1)) --seconds $((before + within + seconds)) > "$work/playing.json" &
playing_pid=$!
sleep "$before"
sleep 2
load --players "$storm" --ramp "$within" --seconds "$seconds" > "$work/storm.json" || die "the storm failed"
wait "$playing_pid" || die "the load failed"

python3 - "$work" "$playing" "$storm" <<'PYTHON'
import json, sys
work, playing, storm = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
bad = []
print(f"{'':10}{'players':>9}{'served':>9}{'stalled':>9}{'first p50':>11}{'p99':>9}{'max ms':>9}{'lost':>6}  failures   late p99 ms (this side)")
for name, count in (('playing', playing), ('storm', storm)):
    r = json.load(open(f'{work}/{name}.json')); f = r['firstFrame']
    print(f"{name:10}{count:>9}{r['servedPlayers']:>9}{r['stalledPlayers']:>9}{f['p50']:>11.1f}{f['p99']:>9.1f}{f['max']:>9.1f}{r['lost']:>6}  {r['failures'] or '-'}   {r['lateness']['p99']:.1f}")
    if r['stalledPlayers']: bad.append(f'{name}: {r["stalledPlayers"]} stalled')
    if r['servedPlayers'] < count or r['failures']: bad.append(f'{name}: {count - r["servedPlayers"]} had no picture')
    if name == 'storm' and f['max'] > 10_000: bad.append(f'storm: one waited {f["max"] / 1000:.1f} s')
print('OK' if not bad else 'NOT SO: ' + '; '.join(bad))
sys.exit(bool(bad))
PYTHON
