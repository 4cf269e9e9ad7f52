# The HTTP part of run.sh, which sources it for `--only http`: mapwire making its answers out of films, beside nginx sending files by
# sendfile: the films themselves, and segments that ffmpeg has cut from them with the same boxes' payload.
#
# A row whose server has no such answer yet is left out, and that is said. --nginx-vod PROGRAM: an nginx built with nginx-vod-module, too.

http_results=$work/http.tsv
: > "$http_results"
http_names=200  # films that viewers share out among themselves
keep_http() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >> "$http_results"; } # keep_http ROW SERVER VALUE

# --- films, and what nginx sends of them ----------------------------------------------------------------------------------

# Links NAME/0.mp4 to NAME/199.mp4 to COPIES copies of a film, and cuts each copy into segments of 6 s below web/. All copies together are
# more than a processor's caches hold and, with what is cut from them, less than memory does.
http_folder() { # http_folder NAME COPIES SECONDS
  local folder=$work/films/http/$1 web=$work/web/$1 i
  if [ "$(cat "$work/http-$1.length" 2>/dev/null)" = "$2 $3" ]; then return; fi
  say "Making $http_names names of $1"
  rm -rf "$folder" "$web"
  mkdir -p "$folder" "$web"
  for ((i = 0; i < http_names; i++)); do
    if [ "$i" -lt "$2" ]; then
      cp --reflink=never "$work/films/$1.mp4" "$folder/$i.mp4" || die "no room for films"
      mkdir -p "$web/$i.mp4" "$web/$i.mp4.silent"
      ffmpeg -v error -y -i "$folder/$i.mp4" -c copy -f hls -hls_time 6 -hls_segment_type fmp4 -hls_playlist_type vod \
        -hls_flags independent_segments "$web/$i.mp4/index.m3u8" || die "ffmpeg cannot cut"
      ffmpeg -v error -y -i "$folder/$i.mp4" -map 0:v -c copy -f hls -hls_time 6 -hls_segment_type fmp4 -hls_playlist_type vod \
        "$web/$i.mp4.silent/index.m3u8" || die "ffmpeg cannot cut"
    else
      ln "$folder/$((i % $2)).mp4" "$folder/$i.mp4"
      ln -s "$((i % $2)).mp4" "$web/$i.mp4"
      ln -s "$((i % $2)).mp4.silent" "$web/$i.mp4.silent"
    fi
  done
  printf '%s' "$2 $3" > "$work/http-$1.length"
}

make_http_films() {
  local usual=$film_seconds
  film_seconds=60
  if [ $quick = yes ]; then film_seconds=20 http_names=4; fi
  # 0.4, 4 and 61 MB in 6 s.
  film http-small 530 640x360
  http_folder http-small "$([ $quick = yes ] && echo 2 || echo 50)" $film_seconds
  if [ $quick = no ]; then
    film http-middle 5330 1280x720
    http_folder http-middle 20 $film_seconds
    film_seconds=20
    film http-large 81300 1920x1080
    http_folder http-large 4 $film_seconds
  fi
  film_seconds=$([ $quick = yes ] && echo 20 || echo 7200)
  film http-hours 500 640x360
  film_seconds=$usual
  local i count
  count=$([ $quick = yes ] && echo 3 || echo 100)
  mkdir -p "$work/films/http/cold"
  for ((i = 0; i < count; i++)); do
    [ -s "$work/films/http/cold/$i.mp4" ] || cp --reflink=never "$work/films/slow.mp4" "$work/films/http/cold/$i.mp4" || die "no room for films"
  done
  "$mapwire" certificate --help > /dev/null 2>&1 && [ ! -s "$work/cert.pem" ] && (cd "$work" && "$mapwire" certificate > /dev/null 2>&1)
}

# --- servers --------------------------------------------------------------------------------------------------------------

# Leaves http_url, and https_url where there is one; false where the server does not speak HTTP.
start_http() { # start_http SERVER [OPTIONS...]
  local server=$1 i port
  shift
  http_url= https_url=
  case $server in
    mapwire)
      "$mapwire" serve --help | grep -q -- '--http ' || { say "  mapwire has no --http"; return 1; }
      local more=() log=$work/mapwire.log
      if "$mapwire" serve --help | grep -q -- '--https '; then
        more=(--https 127.0.0.1:0 --certificate "$work/cert.pem" --key "$work/key.pem")
      fi
      : > "$log"
      "${on_server[@]}" "$mapwire" serve "$work/films/http" --rtmp 127.0.0.1:0 --http 127.0.0.1:0 --workers 1 --max-buffer 86400 \
        --max-connections "$descriptors" --max-address-connections 0 --max-address-connects 0 --max-address-openings 0 "${more[@]}" "$@" \
        > "$log" 2>&1 &
      server_pids=($!)
      for ((i = 0; i < 200; i++)); do
        http_url=$(grep -m 1 -o 'http://[^ ]*/vod' "$log") && break
        kill -0 "${server_pids[0]}" 2>/dev/null || break
        sleep 0.1
      done
      https_url=$(grep -m 1 -o 'https://[^ ]*/vod' "$log")
      server_url=$(grep -m 1 -o 'rtmp://[^ ]*' "$log")
      [ -n "$http_url" ] || die "mapwire does not start: $(tail -n 3 "$log")" ;;
    nginx | nginx-vod)
      local program=nginx vod= tls=
      if [ "$server" = nginx-vod ]; then
        program=$nginx_vod
        vod="location /made/ { vod hls; vod_mode local; vod_segment_duration 6000; vod_hls_container_format fmp4;
              vod_metadata_cache metadata 256m; vod_open_file_thread_pool default; alias $work/films/http/; }"
      fi
      for ((i = 0; i < 5; i++)); do
        port=$((20000 + RANDOM % 10000))
        if [ -s "$work/cert.pem" ]; then
          tls="listen 127.0.0.1:$((port + 1)) ssl; ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem;"
          tls="$tls ssl_session_cache shared:s:1m;"
        fi
        cat > "$work/nginx-http.conf" <<CONF
$([ "$(id -u)" = 0 ] && echo "user root;")
daemon off;
worker_processes 1;
worker_rlimit_nofile $descriptors;
pid $work/nginx-http.pid;
error_log $work/nginx-error.log;
events { worker_connections $descriptors; multi_accept on; }
http {
  access_log off;
  types { video/mp4 mp4 m4s; application/vnd.apple.mpegurl m3u8; video/x-flv flv; }
  sendfile on; tcp_nopush on; tcp_nodelay on; sendfile_max_chunk 2m;
  keepalive_timeout 300; keepalive_requests 100000000;
  open_file_cache max=20000 inactive=1h; open_file_cache_valid 1h; open_file_cache_min_uses 1;
  server {
    listen 127.0.0.1:$port backlog=16384;
    $tls
    location /vod/ { alias $work/films/http/; }
    location /cut/ { alias $work/web/; }
    $vod
  }
}
CONF
        : > "$work/nginx-error.log"
        rm -f "$work/nginx-http.pid"
        "${on_server[@]}" "$program" -p "$work" -c "$work/nginx-http.conf" > "$work/nginx.log" 2>&1 &
        local master=$! tries worker
        for ((tries = 0; tries < 30; tries++)); do
          worker=$(pgrep -P "$master") && [ -s "$work/nginx-http.pid" ] && server_pids=("$master" "$worker") && break
          kill -0 "$master" 2>/dev/null || break
          sleep 0.1
        done
        if [ ${#server_pids[@]} -gt 0 ]; then
          http_url=http://127.0.0.1:$port/vod https_url=${tls:+https://127.0.0.1:$((port + 1))/vod}
          return 0
        fi
        kill "$master" 2>/dev/null
        wait "$master" 2>/dev/null
      done
      die "nginx does not start: $(tail -n 3 "$work/nginx.log" "$work/nginx-error.log")" ;;
  esac
}

has_answer() { # has_answer URL: whether the server has such an answer
  [ "$(curl -k -s -o /dev/null -m 10 -L -w '%{http_code}' "${1//\{0..*\}/0}")" = 200 ]
}

# Runs the load against the server that was started, and leaves the report in $report; false where there is no such answer.
http_load() { # http_load SERVER URL OPTIONS...
  local server=$1 url=$2 pids=() pid
  shift 2
  if ! has_answer "$url"; then say "  $server has no answer for $url"; return 1; fi
  for pid in "${server_pids[@]}"; do pids+=(--server-pid "$pid"); done
  report=$work/report.json
  "${on_load[@]}" "$mapwire" bench "$url" "${pids[@]}" --json "$@" > "$report" 2> "$work/bench.log" ||
    say "  $server: $(grep -A 3 '"failures": {' "$report" | tr -d '\n') $(head -c 300 "$work/bench.log")"
  say "  $server: $(value "$report" server cpuSecondsPerGigabyte) CPU s/GB, $(value "$report" gigabytesPerSecond) GB/s," \
    "server $(value "$report" server cpuShare), load $(value "$report" cpuSeconds) s, $(value "$report" stalls) stalls"
}

# --- rows -----------------------------------------------------------------------------------------------------------------

http_address() { # http_address SERVER NAME WHAT: where a server has it
  local films="{0..$((http_names - 1))}.mp4"
  case $3-$1 in
    file-*) printf '%s/%s/%s' "$http_url" "$2" "$films" ;;
    tls-*) printf '%s/%s/%s' "$https_url" "$2" "$films" ;;
    segment-mapwire) printf '%s/%s/%s/index.m3u8' "$http_url" "$2" "$films" ;;
    track-mapwire) printf '%s/%s/%s/index.m3u8?audio=none' "$http_url" "$2" "$films" ;;
    segment-nginx) printf '%s/%s/%s/index.m3u8' "${http_url%/vod}/cut" "$2" "$films" ;;
    track-nginx) printf '%s/%s/%s.silent/index.m3u8' "${http_url%/vod}/cut" "$2" "$films" ;;
    segment-nginx-vod) printf '%s/%s/%s/index.m3u8' "${http_url%/vod}/made" "$2" "$films" ;;
    track-nginx-vod) printf '%s/%s/%s/index-v1.m3u8' "${http_url%/vod}/made" "$2" "$films" ;;
  esac
}

# Both servers' files come into memory in the same way, by the system's own readahead: what was written or read in single pages costs a
# fifth more to send than what lies in large folios.
http_warm() { # http_warm NAME
  local file
  while IFS= read -r -d '' file; do
    dd if="$file" iflag=nocache count=0 2> /dev/null
    cat "$file" > /dev/null
  done < <(find "$work/films/http/$1" "$work/web/$1" -type f -links 1 -print0; find "$work/films/http/$1" -links +1 -name '[0-9].mp4' -print0)
}

http_bytes() { # http_bytes WHAT LABEL: all sizes to 1, 8 and 64 connections
  local what=$1 row name size count server
  for size in ${http_sizes}; do
    name=${size%%:*}
    http_warm "$name"
    for count in $http_connections; do
      row="http $2, ${size#*:}, $count connections"
      for server in $http_servers; do
        say "$row: $server"
        start_http "$server" || continue
        if [ "$what" = tls ] && [ -z "$https_url" ]; then say "  $server has no https"; stop; continue; fi
        if http_load "$server" "$(http_address "$server" "$name" "$what")" --players "$count" --seconds "$seconds" --ramp 0 --fast; then
          keep_http "$row: CPU s/GB" "$server" "$(value "$report" server cpuSecondsPerGigabyte)"
          keep_http "$row: GB/s" "$server" "$(value "$report" gigabytesPerSecond)"
        fi
        stop
      done
    done
  done
}

http_flv() { # http_flv PLAYERS: paced FLV beside paced RTMP, of the same film by the same server
  local row="http FLV, $1 paced players" way url
  for way in mapwire rtmp; do
    say "$row: $way"
    start_http mapwire || return
    url=$http_url/cold/0.mp4/stream.flv
    if has_answer_head "$url"; then
      if [ $way = rtmp ]; then url=$server_url/cold/0.mp4; fi
      measure_started "$url" --players "$1" --seconds "$seconds"
      keep_http "$row: CPU s/GB" $way "$(value "$report" server cpuSecondsPerGigabyte)"
      keep_http "$row: PSS a player, KiB" $way "$(value "$report" server proportionalBytesPerPlayer | awk '{ printf "%.2f", $1 / 1024 }')"
      keep_http "$row: stalls" $way "$(value "$report" stalls)"
      keep_http "$row: first frame p99, ms" $way "$(value "$report" firstFrame p99)"
    else
      say "  mapwire has no answer for $url"
    fi
    stop
  done
}
has_answer_head() { [ "$(curl -s -o /dev/null -m 10 -I -w '%{http_code}' "$1")" = 200 ]; }
measure_started() { # measure_started URL OPTIONS...
  local url=$1 pids=() pid
  shift
  for pid in "${server_pids[@]}"; do pids+=(--server-pid "$pid"); done
  report=$work/report.json
  "${on_load[@]}" "$mapwire" bench "$url" "${pids[@]}" --json "$@" > "$report" 2> "$work/bench.log" || say "  $(head -c 300 "$work/bench.log")"
}

http_unasked() { # segments of an open film of two hours that nobody asked for yet
  local row="http segments that nobody asked for, of an open two-hour film" count
  count=$([ $quick = yes ] && echo 3 || echo 1000)
  say "$row: mapwire"
  start_http mapwire || return
  ln -f "$work/films/http-hours.mp4" "$work/films/http/hours.mp4"
  if http_load mapwire "$http_url/hours.mp4/index.m3u8" --players 1 --fast --count "$count" --seconds 60 --rehearsal 0 --ramp 0; then
    keep_http "$row: first byte p99, ms" mapwire "$(value "$report" http/firstByte p99)"
    keep_http "$row: first byte p50, ms" mapwire "$(value "$report" http/firstByte p50)"
  fi
  stop
}

http_cold() { # first playlist and segment of films that are not open, nothing of them in memory
  local row="http cold films" film count
  count=$(ls "$work/films/http/cold" | wc -l)
  say "$row: mapwire"
  start_http mapwire --index-cache none || return
  if has_answer "$http_url/cold/0.mp4/index.m3u8"; then
    stop
    for film in "$work"/films/http/cold/*.mp4; do "$mapwire" pages "$film" --evict > /dev/null; done
    start_http mapwire --index-cache none
    measure_started "$http_url/cold/{0..$((count - 1))}.mp4/index.m3u8" --players 1 --churn --count "$count" --seconds 60 --rehearsal 0 --ramp 0
    keep_http "$row: playlist and segment p50, ms" mapwire "$(value "$report" firstFrame p50)"
    keep_http "$row: playlist and segment p99, ms" mapwire "$(value "$report" firstFrame p99)"
  else
    say "  mapwire has no answer for playlists"
  fi
  stop
}

http_viewers() { # http_viewers COUNT: kept connections, a segment of 6 s each 6 s
  local row="http HLS, $1 viewers" server
  for server in $http_servers; do
    say "$row: $server"
    start_http "$server" || continue
    if http_load "$server" "$(http_address "$server" http-small segment)" --players "$1" --seconds "$seconds"; then
      keep_http "$row: PSS a viewer, KiB" "$server" "$(value "$report" server proportionalBytesPerPlayer | awk '{ printf "%.2f", $1 / 1024 }')"
      keep_http "$row: CPU s/GB" "$server" "$(value "$report" server cpuSecondsPerGigabyte)"
      keep_http "$row: viewers served" "$server" "$(value "$report" servedPlayers)"
      keep_http "$row: stalls" "$server" "$(value "$report" stalls)"
      keep_http "$row: late segments" "$server" "$(value "$report" http lateSegments)"
      keep_http "$row: first byte p99, ms" "$server" "$(value "$report" http/firstByte p99)"
    fi
    stop
  done
}

has_part() { case " $http_parts " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }

http_round() {
  has_part files && http_bytes file "files"
  has_part segments && http_bytes segment "segments with all tracks"
  has_part tracks && http_bytes track "segments of one track"
  has_part https && http_bytes tls "files by https"
  has_part flv && http_flv "$([ $quick = yes ] && echo 20 || echo 8000)"
  has_part unasked && http_unasked
  has_part cold && http_cold
  has_part viewers && http_viewers "$([ $quick = yes ] && echo 20 || echo 10000)"
  return 0
}

http_servers="mapwire nginx${nginx_vod:+ nginx-vod}"
http_sizes="http-small:0.4MB http-middle:4MB http-large:61MB"
http_connections="1 8 64"
if [ $quick = yes ]; then http_sizes=http-small:0.4MB http_connections=8; fi
