#!/usr/bin/env bash
# Serves the same films with mapwire, nginx-rtmp and a bare C program in turn, the server on one core and the load on another, and prints
# one table of medians: processor time, memory, stalls, times to the first frame, unpaced pulls, seeks and connections a second.
#
#   bench/versus/run.sh [--quick] [--rounds N] [--seconds S] [--players "500 2000 ..."] [--heavy-peers N]
#                       [--only "paced unpaced seek churn library http live"] [--servers "mapwire nginx4k nginx64k floor"] [--work DIR] [--built]
#                       [--priority] [--nginx-vod PROGRAM] [--srs PROGRAM]
#                       [--parts "files segments tracks https flv unasked cold viewers watch many latency publishers"]
#
# library (not among the usual): 200 films of 100 MB, 20 GB in all, to 2,000 players: once with none of them in memory, once with all.
# http (not among the usual; 75 times as long as --seconds a round): files, HLS, HTTP-FLV and HTTPS beside nginx; http.sh says what,
# --parts which of it.
# live (not among the usual): a stream to 2,000 and 10,000 viewers, its latency at 500, and 1,000 publishers, beside nginx-rtmp and, where
# --srs names a program, SRS; live.sh says what, --parts which of it. For the ten minutes of the publishers' row: --parts publishers --seconds 600.
# --built: take the mapwire that is in DIR/mapwire already.
# --priority (root): server and load run at the highest priority, for a machine that others use too.
# As root on Debian it installs what it compares with. Takes about an hour as it is; --quick takes a minute, tries every part once
# and proves nothing about speed.
set -u
cd "$(dirname "$0")/../.."
repository=$PWD
rounds=3 seconds=15 players="500 2000 8000 16000" heavy_peers=2000 only="paced unpaced seek churn"
servers="mapwire nginx4k nginx64k floor" work=${TMPDIR:-/tmp}/mapwire-versus quick=no film_seconds=600 priority=no built=no nginx_vod= srs=
http_parts="files segments tracks https flv unasked cold viewers"
live_parts="watch many latency publishers"
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes rounds=1 seconds=1 players="20" film_seconds=60; shift; continue ;;
    --priority) priority=yes; shift; continue ;;
    --built) built=yes; shift; continue ;;
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --players) players=$2 ;;
    --heavy-peers) heavy_peers=$2 ;; # nginx-rtmp is asked for at most so many paced players
    --only) only=$2 ;;
    --servers) servers=$2 ;;
    --work) work=$2 ;;
    --nginx-vod) nginx_vod=$2 ;;
    --srs) srs=$2 ;;
    --parts) http_parts=$2 live_parts=$2 ;;
    *) printf 'run.sh: no option %s\n' "$1" >&2; exit 2 ;;
  esac
  shift 2
done
mkdir -p "$work/films"
work=$(cd "$work" && pwd)
results=$work/results.tsv
: > "$results"
server_pids=() server_url= commit=$(git rev-parse --short HEAD 2>/dev/null || echo none)

have() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\n' "$*" >&2; }
die() { say "run.sh: $*"; exit 1; }
wants() { case " $only " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

# --- what is needed -------------------------------------------------------------------------------------------------------

module=$(ls /usr/lib/nginx/modules/ngx_rtmp_module.so /usr/lib64/nginx/modules/ngx_rtmp_module.so 2>/dev/null | head -n 1)
packages=()
have ffmpeg || packages+=(ffmpeg)
have gcc || packages+=(gcc libc6-dev)
have taskset || packages+=(util-linux)
if wants http; then
  have curl || packages+=(curl)
  have nginx || packages+=(nginx)
fi
case $servers in *nginx*) if ! have nginx || [ -z "$module" ]; then packages+=(nginx libnginx-mod-rtmp); fi ;; esac
if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && have apt-get; then
    say "Installing: ${packages[*]}"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"; } >&2 || die "cannot install ${packages[*]}"
    module=/usr/lib/nginx/modules/ngx_rtmp_module.so
  else
    die "needs ${packages[*]} (Debian's names)"
  fi
fi
have dotnet || die "needs the .NET 10 SDK"
ulimit -n "$(ulimit -Hn)"
descriptors=$(ulimit -n)
on_server=(taskset -c 0) on_load=(taskset -c 1) # words before a command, not functions: $! must be the server itself
if [ "$(nproc)" -lt 2 ]; then
  say "One processor only: server and load share it, and the figures mean little."
  on_server=(env) on_load=(env)
fi

if [ $priority = yes ]; then
  { echo -20 > "/proc/$$/autogroup"; } 2>/dev/null # where sessions are scheduled against each other
  on_server=(nice -n -20 "${on_server[@]}") on_load=(nice -n -20 "${on_load[@]}")
fi

if [ $built = no ]; then
  dotnet publish -c Release "$repository/src/Mapwire.Cli" -o "$work/mapwire" -v quiet --nologo >&2 || die "mapwire does not build"
fi
gcc -O2 -o "$work/floor" "$repository/bench/versus/floor.c" || die "floor.c does not build"
if wants library; then gcc -O2 -o "$work/hold" "$repository/bench/versus/hold.c" || die "hold.c does not build"; fi
mapwire=$work/mapwire/mapwire

# A film of N kbit/s in all: 20 s of a test picture with a tone, at constant rates, as often as it takes. Its pieces for floor.c.
film() { # film NAME KBIT WIDTHxHEIGHT
  local file=$work/films/$1.mp4 video=$(($2 - 64))
  if [ ! -s "$file" ] || [ "$(cat "$work/$1.length" 2>/dev/null)" != "$film_seconds" ]; then
    say "Making $1.mp4"
    ffmpeg -v error -y -f lavfi -i "testsrc2=s=$3:r=25" -f lavfi -i sine=f=440:r=44100 -t 20 -c:v libx264 -preset veryfast -g 50 -bf 2 \
      -b:v "${video}k" -minrate "${video}k" -maxrate "${video}k" -bufsize "${video}k" -x264-params nal-hrd=cbr:force-cfr=1 \
      -c:a aac -b:a 64k -ac 2 "$work/segment.mp4" || die "ffmpeg failed"
    ffmpeg -v error -y -stream_loop $((film_seconds / 20 - 1)) -i "$work/segment.mp4" -c copy -movflags +faststart "$file" || die "ffmpeg failed"
    printf '%s' "$film_seconds" > "$work/$1.length"
  fi
  list_pieces "$file" > "$work/$1.pieces"
  [ -s "$work/$1.pieces" ] || die "ffprobe failed"
}
list_pieces() { # list_pieces FILE: what floor.c is told of it
  ffprobe -v error -show_entries packet=codec_type,dts_time,size,pos,flags -of csv=p=0 "$1" |
    awk -F, 'NF >= 5 { print $2, $4, $3, substr($1, 1, 1), ($5 ~ /^K/) + 0 }' | sort -s -g -k 1,1 |
    awk 'NR == 1 { zero = $1 } { print $2, $3, int(($1 - zero) * 1000 + 0.5), $4, $5 }'
}
film slow 500 640x360
film rich 4000 1280x720

# The library: copies of one film, since what is measured is memory and disk, not the film. One small film lies in the processor's cache.
library_films=200
make_library() {
  mkdir -p "$work/films/library"
  film long 500 640x360
  # As long as makes 100 MB, no copy more: with 15 MB more each they would not fit into the memory of a machine with 24 GB, and the warm
  # library would be read from the disk.
  local i whole=$work/films/library/0.mp4
  local whole_seconds=$((100 * 1000 * 1000 / ($(stat -c %s "$work/films/long.mp4") / film_seconds)))
  if [ ! -s "$whole" ] || [ "$(cat "$work/library.length" 2>/dev/null)" != "$whole_seconds $library_films" ]; then
    say "Making a library of $library_films films"
    ffmpeg -v error -y -stream_loop -1 -i "$work/films/long.mp4" -t "$whole_seconds" -c copy -movflags +faststart "$whole" || die "ffmpeg failed"
    for ((i = 1; i < library_films; i++)); do cp --reflink=never "$whole" "$work/films/library/$i.mp4" || die "no room for the library"; done
    printf '%s' "$whole_seconds $library_films" > "$work/library.length"
  fi
  list_pieces "$whole" > "$work/library.pieces"
}

# --- servers --------------------------------------------------------------------------------------------------------------

start_mapwire() { # start_mapwire MODE
  local log=$work/mapwire.log more=()
  : > "$log" # else the address of the run before would be read
  if [ "$1" = unpaced ]; then more=(--max-buffer 86400); fi
  "${on_server[@]}" "$mapwire" serve "$work/films" --rtmp 127.0.0.1:0 --workers 1 --max-connections "$descriptors" --max-address-connections 0 --max-address-connects 0 --max-address-openings 0 "${more[@]}" > "$log" 2>&1 &
  server_pids=($!)
  local i
  for ((i = 0; i < 200; i++)); do
    server_url=$(grep -m 1 -o 'rtmp://[^ ]*' "$log") && return
    sleep 0.1
  done
  die "mapwire does not start: $(tail -n 3 "$log")"
}

start_nginx() { # start_nginx CHUNK_SIZE
  local try i port user=
  if [ "$(id -u)" = 0 ]; then user="user root;"; fi
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 10000))
    cat > "$work/nginx.conf" <<CONF
load_module $module;
$user
daemon off;
worker_processes 1;
worker_rlimit_nofile $descriptors;
pid $work/nginx.pid;
error_log $work/nginx-error.log;
events { worker_connections $descriptors; }
rtmp {
  access_log $work/nginx-access.log;
  server {
    listen 127.0.0.1:$port;
    chunk_size $1;
    application vod { play $work/films; }
  }
}
CONF
    : > "$work/nginx-error.log"
    "${on_server[@]}" nginx -p "$work" -c "$work/nginx.conf" > "$work/nginx.log" 2>&1 &
    local master=$!
    for ((i = 0; i < 30; i++)); do
      local worker
      worker=$(pgrep -P "$master") && [ -s "$work/nginx.pid" ] && server_pids=("$master" "$worker") server_url=rtmp://127.0.0.1:$port/vod && return
      kill -0 "$master" 2>/dev/null || break
      sleep 0.1
    done
    kill "$master" 2>/dev/null
    wait "$master" 2>/dev/null
  done
  die "nginx does not start: $(tail -n 3 "$work/nginx.log" "$work/nginx-error.log")"
}

start_floor() { # start_floor MODE FILM
  : > "$work/floor.port"
  local film=("$work/films/$2.mp4" "$work/$2.pieces" "$1")
  if [ "$2" = library ]; then film=("$work/films/library/%d.mp4" "$work/library.pieces" "$1" "$library_films"); fi
  "${on_server[@]}" "$work/floor" "${film[@]}" > "$work/floor.port" &
  server_pids=($!)
  local i
  for ((i = 0; i < 50; i++)); do
    [ -s "$work/floor.port" ] && server_url=rtmp://127.0.0.1:$(cat "$work/floor.port")/vod && return
    sleep 0.1
  done
  die "floor does not start"
}

start() { # start SERVER MODE FILM
  case $1 in
    mapwire) start_mapwire "$2" ;;
    nginx4k) start_nginx 4096 ;;
    nginx64k) start_nginx 65536 ;;
    floor) start_floor "$2" "$3" ;;
    *) die "no server $1" ;;
  esac
}

stop() {
  [ ${#server_pids[@]} -gt 0 ] || return 0
  kill -TERM "${server_pids[0]}" 2>/dev/null
  wait "${server_pids[0]}" 2>/dev/null
  server_pids=()
}
holder=
trap 'stop; release_library' EXIT

# --- one measurement ------------------------------------------------------------------------------------------------------

# value FILE NAME [INNER]: a number of the report, which has a member a line. NAME may be OUTER/NAME.
value() {
  awk -v outer="\"${2%%/*}\":" -v name="\"${2##*/}\":" -v inner="\"${3:-}\":" '
    outer != name && !reached { if ($1 == outer) reached = 1; next }
    $1 == name { if (inner == "\"\":") { sub(/,$/, "", $2); if ($2 != "null") print $2; exit } inside = 1; next }
    inside && $1 == inner { sub(/,$/, "", $2); print $2; exit }' "$1"
}
keep() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$results"; } # keep ROW SERVER VALUE

measure() { # measure SERVER MODE FILM OPTIONS...: leaves the report in $report
  local server=$1 mode=$2 name=$3 pids=() pid
  shift 3
  start "$server" "$mode" "$name"
  for pid in "${server_pids[@]}"; do pids+=(--server-pid "$pid"); done
  report=$work/report.json
  if [ "$name" = library ]; then name="library/{0..$((library_films - 1))}"; fi
  "${on_load[@]}" "$mapwire" bench "$server_url/$name.mp4" "${pids[@]}" --json "$@" > "$report" 2> "$work/bench.log" ||
    say "  $server: $(grep -A 3 '"failures": {' "$report" | tr -d '\n') $(head -c 300 "$work/bench.log")"
  stop
  say "  $server: $(value "$report" server cpuSecondsPerGigabyte) CPU s/GB, server $(value "$report" server cpuShare), load $(value "$report" cpuSeconds) s, $(value "$report" stalls) stalls"
}

paced() { # paced PLAYERS
  local row="paced $1" server
  for server in $servers; do
    case $server in nginx*) if [ "$1" -gt "$heavy_peers" ]; then continue; fi ;; esac
    say "$row: $server"
    measure "$server" paced slow --players "$1" --seconds "$seconds"
    keep "$row: CPU s/GB" "$server" "$(value "$report" server cpuSecondsPerGigabyte)"
    keep "$row: CPU share of the core" "$server" "$(value "$report" server cpuShare)"
    keep "$row: PSS a player, KiB" "$server" "$(value "$report" server proportionalBytesPerPlayer | awk '{ printf "%.2f", $1 / 1024 }')"
    keep "$row: kernel socket memory a player, KiB" "$server" "$(value "$report" server kernelSocketBytes | awk -v n="$1" '{ printf "%.1f", $1 / 1024 / n }')"
    keep "$row: players served" "$server" "$(value "$report" servedPlayers)"
    keep "$row: stalls" "$server" "$(value "$report" stalls)"
    keep "$row: least media in hand p1, ms" "$server" "$(value "$report" leastLeadP1)"
    keep "$row: first frame p50, ms" "$server" "$(value "$report" firstFrame p50)"
    keep "$row: first frame p99, ms" "$server" "$(value "$report" firstFrame p99)"
    keep "$row: load CPU share" "$server" "$(awk -v c="$(value "$report" cpuSeconds)" -v s="$(value "$report" seconds)" 'BEGIN { print c / s }')"
  done
}

unpaced() { # unpaced PULLS
  local row="unpaced $1" server
  for server in $servers; do
    say "$row: $server"
    measure "$server" unpaced rich --players "$1" --seconds "$(awk -v s="$seconds" 'BEGIN { print s < 5 ? s : 5 }')" --ramp 0 --fast
    keep "$row: GB/s" "$server" "$(value "$report" gigabytesPerSecond)"
    keep "$row: CPU s/GB" "$server" "$(value "$report" server cpuSecondsPerGigabyte)"
  done
}

seeking() { # seeking PLAYERS
  local row="seeks, $1 players each 5 s" server
  for server in $servers; do
    if [ "$server" = floor ]; then continue; fi
    say "$row: $server"
    measure "$server" paced slow --players "$1" --seconds "$seconds" --seek-every "$([ $quick = yes ] && echo 0.5 || echo 5)"
    keep "$row: p50, ms" "$server" "$(value "$report" seek p50)"
    keep "$row: p99, ms" "$server" "$(value "$report" seek p99)"
    keep "$row: without a keyframe" "$server" "$(value "$report" seeksUnanswered)"
  done
}

churning() { # churning PLAYERS
  local row="churn, $1 at once" server
  for server in $servers; do
    if [ "$server" = floor ]; then continue; fi
    say "$row: $server"
    measure "$server" paced slow --players "$1" --seconds "$(awk -v s="$seconds" 'BEGIN { print s < 5 ? s : 5 }')" --ramp 0 --churn
    keep "$row: plays a second" "$server" "$(value "$report" playsPerSecond)"
    keep "$row: first frame p99, ms" "$server" "$(value "$report" firstFrame p99)"
  done
}

library() { # library cold|warm
  local row="library $1, 2,000 players" server i
  for server in $servers; do
    say "$row: $server"
    if [ "$1" = warm ]; then hold_library
    else for ((i = 0; i < library_films; i++)); do "$mapwire" pages "$work/films/library/$i.mp4" --evict > /dev/null; done; fi
    # Opening 200 films, a hundred thousand samples each, is over before the measuring begins: the C program's lists are made beforehand.
    measure "$server" paced library --players 2000 --ramp "$([ $quick = yes ] && echo 1 || echo 15)" --seconds "$seconds"
    keep "$row: CPU s/GB" "$server" "$(value "$report" server cpuSecondsPerGigabyte)"
    keep "$row: stalls" "$server" "$(value "$report" stalls)"
    keep "$row: first frame p99, ms" "$server" "$(value "$report" firstFrame p99)"
  done
  release_library
}

# Locked in memory while it is measured (as root, or with ulimit -l): what is only read beforehand, systems take away again.
hold_library() {
  [ -z "$holder" ] || return 0
  : > "$work/held"
  "$work/hold" "$work/films/library"/*.mp4 > "$work/held" & holder=$!
  until [ -s "$work/held" ]; do
    kill -0 "$holder" 2>/dev/null || die "the library cannot be held in memory"
    sleep 0.5
  done
}
release_library() {
  [ -n "$holder" ] || return 0
  kill "$holder" 2>/dev/null
  wait "$holder" 2>/dev/null
  holder=
}

# --- the run --------------------------------------------------------------------------------------------------------------

if wants library; then make_library; fi
if wants http; then . "$repository/bench/versus/http.sh"; make_http_films; fi
if wants live; then . "$repository/bench/versus/live.sh"; fi
for ((round = 1; round <= rounds; round++)); do
  say "Round $round of $rounds, $(date -u +%H:%M:%S)"
  if wants paced; then for count in $players; do paced "$count"; done; fi
  if wants unpaced; then for count in 1 8 64; do unpaced "$count"; done; fi
  if wants seek; then seeking "$([ $quick = yes ] && echo 10 || echo 500)"; fi
  if wants churn; then churning 64; fi
  if wants library; then library cold; library warm; fi
  if wants http; then http_round; fi
  if wants live; then live_round; fi
done

printf 'Run of %s UTC, commit %s: %s round(s), %s s each, film of %s s.\n' \
  "$(date -u '+%F %H:%M')" "$commit" "$rounds" "$seconds" "$film_seconds"
printf 'Machine: %s, %s processors, Linux %s, %s descriptors, .NET %s, %s; load average %s%s.\n\n' \
  "$(awk -F': ' '/model name/ { print $2; exit }' /proc/cpuinfo)" "$(nproc)" "$(uname -r)" "$descriptors" "$(dotnet --version)" \
  "$(have nginx && nginx -v 2>&1 | sed 's/.*: //')" "$(uptime | sed 's/.*average: //')" "$([ $priority = yes ] && echo ', at the highest priority')"
table() { # table FILE SERVERS PEERS: medians, and mapwire's by those of its peers
  awk -F'\t' -v servers="$2" -v peers="$3" '
  function median(list,   values, n, i, j, t) {
    n = split(list, values, " ")
    for (i = 2; i <= n; i++) for (j = i; j > 1 && values[j - 1] + 0 > values[j] + 0; j--) { t = values[j]; values[j] = values[j - 1]; values[j - 1] = t }
    return n == 0 ? "" : n % 2 ? values[(n + 1) / 2] + 0 : (values[n / 2] + values[n / 2 + 1]) / 2
  }
  function ratio(a, b) { return a == "" || b == "" || b == 0 ? "" : sprintf("%.2f", a / b) }
  function text(v) { return v == "" ? "" : v == int(v) ? v : sprintf(v < 0.1 ? "%.4f" : v < 10 ? "%.3f" : "%.1f", v) }
  $3 != "" { if (!($1 in known)) { known[$1] = 1; rows[++count] = $1 } all[$1, $2] = all[$1, $2] " " $3 }
  END {
    n = split(servers, name, " ")
    head = "| |"; rule = "|---|"
    for (i = 1; i <= n; i++) { head = head " " name[i] " |"; rule = rule "---:|" }
    p = split(peers, peer, " ")
    for (i = 1; i <= p; i++) { head = head " mapwire/" peer[i] " |"; rule = rule "---:|" }
    print head
    print rule
    for (r = 1; r <= count; r++) {
      line = "| " rows[r] " |"
      for (i = 1; i <= n; i++) { m[name[i]] = median(all[rows[r], name[i]]); line = line " " text(m[name[i]]) " |" }
      for (i = 1; i <= p; i++) line = line " " ratio(m["mapwire"], m[peer[i]]) " |"
      print line
    }
  }' "$1"
}
if [ -s "$results" ]; then table "$results" "$servers" "nginx4k nginx64k floor"; fi
if wants http; then
  [ -s "$results" ] && printf '\n'
  table "$http_results" "$http_servers rtmp" "nginx${nginx_vod:+ nginx-vod} rtmp"
fi
if wants live; then
  [ -s "$results" ] && printf '\n'
  table "$live_results" "$live_servers" "${live_servers#mapwire}"
fi
