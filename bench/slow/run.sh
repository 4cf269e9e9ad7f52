#!/usr/bin/env bash
# A seek on a slow link, with a socket that is always full: how long until the new picture? What was sent before has to pass first.
# One player of a film of 2 Mbit/s, who buffers 30 s, behind 3 Mbit/s, 80 ms and 1 % of loss (link.c: not every kernel has netem).
#
#   bench/slow/run.sh [--seeks N] [--work DIR] [--built] [--server-options "..."]
#
# As root on Linux, for a network namespace and /dev/net/tun. Fails when the median is more than 0.4 s.
# --built: take the mapwire that is in DIR/mapwire already.
set -u
cd "$(dirname "$0")/../.."
seeks=30 every=4 work=${TMPDIR:-/tmp}/mapwire-slow built=no more=
while [ $# -gt 0 ]; do
  case $1 in
    --built) built=yes; shift; continue ;;
    --seeks) seeks=$2 ;;
    --work) work=$2 ;;
    --server-options) more=$2 ;;
    *) printf 'run.sh: no option %s\n' "$1" >&2; exit 2 ;;
  esac
  shift 2
done
die() { printf 'run.sh: %s\n' "$*" >&2; exit 1; }
PATH=$PATH:/usr/sbin:/sbin
for program in ffmpeg gcc ip python3; do command -v $program > /dev/null || die "needs $program"; done
[ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] || die "needs root and /dev/net/tun"
mkdir -p "$work/films"
work=$(cd "$work" && pwd)
mapwire=$work/mapwire/mapwire
[ $built = yes ] || dotnet publish -c Release src/Mapwire.Cli -o "$work/mapwire" -v quiet --nologo >&2 || die "mapwire does not build"
gcc -O2 -Wall bench/slow/link.c -o "$work/link" || die "link.c does not compile"
film=$work/films/film.mp4
if [ ! -s "$film" ]; then
  ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=size=320x240:rate=25 -f lavfi -i sine=440 -t 60 -c:v libx264 -preset ultrafast -g 50 \
    -pix_fmt yuv420p -b:v 1900k -minrate 1900k -maxrate 1900k -bufsize 1900k -x264-params nal-hrd=cbr:force-cfr=1 -c:a aac -b:a 64k \
    "$work/minute.mp4" || die "ffmpeg failed"
  ffmpeg -v error -nostdin -y -stream_loop 4 -i "$work/minute.mp4" -c copy -movflags faststart "$film" || die "ffmpeg failed"
fi

namespace=mapwire-slow-$$
pids=()
finish() {
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2> /dev/null; wait "$pid" 2> /dev/null; done
  ip netns del "$namespace" 2> /dev/null
}
trap finish EXIT
ip netns add "$namespace" || die "no network namespace"
"$work/link" "$namespace" 3000000 80 10 64000 > "$work/link.txt" & pids+=($!)
for _ in $(seq 50); do grep -q ready "$work/link.txt" && break; sleep 0.1; done
grep -q ready "$work/link.txt" || die "the link does not come up"
{ ip address add 10.199.0.1/24 dev slow0 && ip link set slow0 up mtu 1500; } || die "slow0 does not come up"
{ ip -n "$namespace" address add 10.199.0.2/24 dev slow1 && ip -n "$namespace" link set slow1 up mtu 1500; } || die "slow1 does not come up"

# shellcheck disable=SC2086
"$mapwire" serve "$work/films" --rtmp 10.199.0.1:0 --http none --workers 1 --max-buffer 60 $more > "$work/server.log" 2>&1 & pids+=($!)
url=
for _ in $(seq 200); do url=$(grep -m 1 -o 'rtmp://[^ ]*' "$work/server.log") && break; sleep 0.1; done
[ -n "$url" ] || die "mapwire does not start"
ip netns exec "$namespace" "$mapwire" bench "$url/film.mp4" --remote --json --rehearsal 0 --ramp 0 --players 1 --buffer 30000 \
  --seek-every $every --seconds $((seeks * every + every / 2)) > "$work/report.json" || die "the player failed"

python3 - "$work/report.json" "$seeks" <<'PYTHON'
import json, sys
report, seeks = json.load(open(sys.argv[1])), int(sys.argv[2])
seek = report['seek']
print(f"{seek['count']} seeks: median {seek['p50'] / 1000:.2f} s, p99 {seek['p99'] / 1000:.2f} s, the longest {seek['max'] / 1000:.2f} s; "
      f"{report['seeksUnanswered']} without a picture; {report['measuredBytes'] * 8 / report['seconds'] / 1e6:.2f} Mbit/s")
bad = [text for text, holds in (('too few seeks', seek['count'] < seeks - 1), ('a seek without a picture', report['seeksUnanswered'] > 1),
                                ('the median is more than 0.4 s', seek['p50'] > 400)) if holds]
print('OK' if not bad else 'NOT SO: ' + '; '.join(bad))
sys.exit(bool(bad))
PYTHON
