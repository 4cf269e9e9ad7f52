# The live part of run.sh, which sources it for `--only live`: one stream of 500 kbit/s to many viewers by RTMP, and many publishers, by
# mapwire, by nginx-rtmp and, with --srs PROGRAM, by SRS; the server on one core, the load that publishes and watches on the other. Every row is
# measured with the same options of each server.

live_results=$work/live.tsv
: > "$live_results"
keep_live() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$live_results"; } # keep_live ROW SERVER VALUE

# --- servers --------------------------------------------------------------------------------------------------------------

start_live_mapwire() {
  local log=$work/mapwire.log i
  : > "$log"
  "${on_server[@]}" "$mapwire" serve "$work/films" --rtmp 127.0.0.1:0 --workers 1 --publish-key none --max-connections "$descriptors" \
    --max-address-connections 0 --max-address-connects 0 --max-address-openings 0 > "$log" 2>&1 &
  server_pids=($!)
  for ((i = 0; i < 200; i++)); do
    server_url=$(grep -m 1 -o 'rtmp://[^ ]*' "$log") && return
    kill -0 "${server_pids[0]}" 2>/dev/null || break
    sleep 0.1
  done
  die "mapwire does not start: $(tail -n 3 "$log")"
}

start_live_nginx() {
  local try i port worker master
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 10000))
    cat > "$work/nginx-live.conf" <<CONF
load_module $module;
$([ "$(id -u)" = 0 ] && echo "user root;")
daemon off;
worker_processes 1;
worker_rlimit_nofile $descriptors;
pid $work/nginx-live.pid;
error_log $work/nginx-error.log;
events { worker_connections $descriptors; }
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:$port;
    chunk_size 4096;
    application vod { live on; }
  }
}
CONF
    : > "$work/nginx-error.log"
    rm -f "$work/nginx-live.pid"
    "${on_server[@]}" nginx -p "$work" -c "$work/nginx-live.conf" > "$work/nginx.log" 2>&1 &
    master=$!
    for ((i = 0; i < 30; i++)); do
      worker=$(pgrep -P "$master") && [ -s "$work/nginx-live.pid" ] && server_pids=("$master" "$worker") server_url=rtmp://127.0.0.1:$port/vod && return
      kill -0 "$master" 2>/dev/null || break
      sleep 0.1
    done
    kill "$master" 2>/dev/null
    wait "$master" 2>/dev/null
  done
  die "nginx does not start: $(tail -n 3 "$work/nginx.log" "$work/nginx-error.log")"
}

# Its defaults, with as many connections as there are descriptors: a keyframe's group is kept, and writes gather for 350 ms.
start_live_srs() {
  local try i port
  for try in 1 2 3 4 5; do
    port=$((20000 + RANDOM % 10000))
    cat > "$work/srs.conf" <<CONF
listen 127.0.0.1:$port;
max_connections $((descriptors > 20000 ? 20000 : descriptors - 200));
daemon off;
srs_log_tank console;
srs_log_level error;
pid $work/srs.pid;
vhost __defaultVhost__ { }
CONF
    (cd "$work" && exec "${on_server[@]}" "$srs" -c "$work/srs.conf") > "$work/srs.log" 2>&1 &
    server_pids=($!)
    for ((i = 0; i < 50; i++)); do
      if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        server_url=rtmp://127.0.0.1:$port/vod
        return
      fi
      kill -0 "${server_pids[0]}" 2>/dev/null || break
      sleep 0.1
    done
    stop
  done
  die "SRS does not start: $(tail -n 3 "$work/srs.log")"
}

start_live() { # start_live SERVER
  case $1 in
    mapwire) start_live_mapwire ;;
    nginx-rtmp) start_live_nginx ;;
    srs) start_live_srs ;;
  esac
}

# --- one measurement ------------------------------------------------------------------------------------------------------

live_load() { # live_load SERVER NAME OPTIONS...: publishes to it and watches; leaves the report in $report
  local server=$1 name=$2 pids=() pid
  shift 2
  start_live "$server"
  for pid in "${server_pids[@]}"; do pids+=(--server-pid "$pid"); done
  report=$work/report.json
  # Like a rehearsal: what is done for the first time, here and there, is not what is measured.
  "${on_load[@]}" "$mapwire" bench "$server_url/warm" --publish "$work/films/slow.mp4" --watch 8 --ramp 1 --seconds 1 > /dev/null 2>&1
  "${on_load[@]}" "$mapwire" bench "$server_url/$name" --publish "$work/films/slow.mp4" "${pids[@]}" --json "$@" > "$report" 2> "$work/bench.log" ||
    say "  $server: $(grep -A 3 '"failures": {' "$report" | tr -d '\n') $(head -c 300 "$work/bench.log")"
  stop
  say "  $server: $(value "$report" server cpuSecondsPerGigabyte) CPU s/GB, server $(value "$report" server cpuShare)," \
    "load $(value "$report" cpuSeconds) s, $(value "$report" servedPlayers) served, $(value "$report" stalls) stalls"
}

live_faults() { { value "$report" publish/missing; value "$report" publish/altered; } | awk '{ n += $1 } END { if (NR > 0) print n }'; }

keep_live_usage() { # keep_live_usage ROW SERVER
  keep_live "$1: CPU s/GB" "$2" "$(value "$report" server cpuSecondsPerGigabyte)"
  keep_live "$1: CPU share of the core" "$2" "$(value "$report" server cpuShare)"
  keep_live "$1: load CPU share" "$2" "$(awk -v c="$(value "$report" cpuSeconds)" -v s="$(value "$report" seconds)" 'BEGIN { if (s > 0) print c / s }')"
}

# --- rows -----------------------------------------------------------------------------------------------------------------

live_watch() { # live_watch VIEWERS SERVERS: one stream to so many, who come 500 a second
  local row="live, $1 viewers" server
  for server in $2; do
    say "$row: $server"
    live_load "$server" cam --watch "$1" --seconds "$live_seconds"
    keep_live_usage "$row" "$server"
    keep_live "$row: PSS a viewer, KiB" "$server" "$(value "$report" server proportionalBytesPerPlayer | awk '{ printf "%.2f", $1 / 1024 }')"
    keep_live "$row: viewers served" "$server" "$(value "$report" servedPlayers)"
    keep_live "$row: stalls" "$server" "$(value "$report" stalls)"
    keep_live "$row: timestamps backwards" "$server" "$(value "$report" backwards)"
    keep_live "$row: first picture p50, ms" "$server" "$(value "$report" publish/firstFrame p50)"
    keep_live "$row: first picture p99, ms" "$server" "$(value "$report" publish/firstFrame p99)"
  done
}

live_latency() { # live_latency VIEWERS: from the publisher's send to the last byte at the viewer, each frame compared with what was sent
  local row="live latency, $1 viewers" server
  for server in $live_servers; do
    say "$row: $server"
    live_load "$server" cam --watch "$1" --latency --seconds "$live_seconds"
    keep_live "$row: p50, ms" "$server" "$(value "$report" publish/latency p50)"
    keep_live "$row: p99, ms" "$server" "$(value "$report" publish/latency p99)"
    keep_live "$row: max, ms" "$server" "$(value "$report" publish/latency max)"
    keep_live "$row: frames missing or altered" "$server" "$(live_faults)"
    keep_live_usage "$row" "$server"
  done
}

live_publishers() { # live_publishers COUNT: each with a viewer
  local row="live, $1 publishers" server
  for server in $live_servers; do
    say "$row: $server"
    live_load "$server" 'cam%d' --players "$1" --watch "$1" --latency --seconds "$live_seconds"
    keep_live "$row: published" "$server" "$(value "$report" publish/publishing)"
    keep_live "$row: viewers served" "$server" "$(value "$report" servedPlayers)"
    keep_live "$row: frames missing or altered" "$server" "$(live_faults)"
    keep_live "$row: latency p99, ms" "$server" "$(value "$report" publish/latency p99)"
    keep_live "$row: latency max, ms" "$server" "$(value "$report" publish/latency max)"
    keep_live "$row: messages the load sent late" "$server" "$(value "$report" publish/lateMessages)"
    keep_live_usage "$row" "$server"
  done
}

has_live_part() { case " $live_parts " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

live_round() {
  has_live_part watch && live_watch "$([ $quick = yes ] && echo 20 || echo 2000)" "$live_servers"
  has_live_part many && live_watch "$([ $quick = yes ] && echo 40 || echo 10000)" mapwire
  has_live_part latency && live_latency "$([ $quick = yes ] && echo 10 || echo 500)"
  has_live_part publishers && live_publishers "$([ $quick = yes ] && echo 5 || echo 1000)"
  return 0
}

live_seconds=$seconds
if [ $quick = yes ]; then live_seconds=4; fi # nginx-rtmp's viewers wait for a keyframe, two seconds at most
live_servers=
case " $servers " in *" mapwire "*) live_servers=mapwire ;; esac
case " $servers " in *" nginx"*) live_servers="$live_servers nginx-rtmp" ;; esac
live_servers="${live_servers# }${srs:+ srs}"
