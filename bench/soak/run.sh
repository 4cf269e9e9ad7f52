#!/usr/bin/env bash
# Does anything stay behind? A day of film at the highest speed, a day of a live stream at 240 times its speed, then an hour of everything
# that viewers, publishers and operators do to a server at once: churn, seeks, pauses, storms of newcomers, players that stop reading, a
# recording that grows, films on a slow disk that goes away (FUSE, as root), files that are replaced, truncated, overwritten and deleted while
# they are played, and publishers of live streams that reconnect, stall, jump in time and change their resolution, with viewers that stay,
# come and go, and get stuck. Prints what the server holds meanwhile, and fails when memory has grown, a descriptor, a mapping or a live
# stream was left, a timestamp of a live stream went back, or a player who reads steadily ran out of film.
#
#   bench/soak/run.sh [--minutes N] [--film-hours N] [--load N] [--only "films live"] [--work DIR] [--built]
#
# --minutes: of the last part (60). --film-hours: of the first two (24).
# --load: how much of everything, in percent (100: some 10 % of a core).
# --built: take the mapwire that is in DIR/mapwire already.
set -u
cd "$(dirname "$0")/../.."
repository=$PWD
minutes=60 film_hours=24 load=100 only="films live" work=${TMPDIR:-/tmp}/mapwire-soak built=no
while [ $# -gt 0 ]; do
  case $1 in
    --built) built=yes; shift; continue ;;
    --minutes) minutes=$2 ;;
    --film-hours) film_hours=$2 ;;
    --load) load=$2 ;;
    --only) only=$2 ;;
    --work) work=$2 ;;
    *) printf 'run.sh: no option %s\n' "$1" >&2; exit 2 ;;
  esac
  shift 2
done
mkdir -p "$work/films"
work=$(cd "$work" && pwd)
mapwire=$work/mapwire/mapwire
pids=()

wants() { case " $only " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }
say() { printf '%s\n' "$*" >&2; }
die() { say "run.sh: $*"; exit 1; }
end() { # ends what was started, by id
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do
    kill -CONT "$pid" 2>/dev/null
    kill -TERM "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  pids=()
}
trap 'end; umount -l "$work/films/cold" 2>/dev/null' EXIT

for tool in ffmpeg rtmpdump; do
  command -v $tool >/dev/null 2>&1 && continue
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then die "needs $tool"; fi
  say "Installing $tool"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $tool; } >&2 || die "cannot install $tool"
done
if [ $built = no ]; then
  dotnet publish -c Release "$repository/src/Mapwire.Cli" -o "$work/mapwire" -v quiet --nologo >&2 || die "mapwire does not build"
fi
ulimit -n "$(ulimit -Hn)"

# --- films ----------------------------------------------------------------------------------------------------------------

# A minute of picture and tone, joined to itself: long.mp4 has all the hours, short.mp4 five minutes, and the changing films one each.
minute=$work/minute.mp4
if [ ! -s "$minute" ]; then
  ffmpeg -v error -y -f lavfi -i testsrc2=s=320x180:r=10 -f lavfi -i sine=f=440:r=22050 -t 60 -c:v libx264 -preset veryfast -g 50 -bf 2 \
    -b:v 40k -c:a aac -b:a 24k -ac 1 "$minute" || die "ffmpeg failed"
fi
film() { # film NAME MINUTES
  ffmpeg -v error -y -stream_loop $(($2 - 1)) -i "$minute" -c copy -movflags +faststart "$work/films/$1.mp4" || die "ffmpeg failed"
}
film short 5
wants films && film long $((film_hours * 60))
film new 2
# What publishers show in turn: ten seconds each, of two sizes and frame rates.
for size in 320x180:10 640x360:25; do
  [ -s "$work/live-${size%:*}.mp4" ] || ffmpeg -v error -y -f lavfi -i "testsrc2=s=${size%:*}:r=${size#*:}" -f lavfi -i sine=f=440:r=44100 -t 10 \
    -c:v libx264 -preset veryfast -g 20 -bf 2 -b:v 150k -c:a aac -b:a 32k -ac 1 "$work/live-${size%:*}.mp4" || die "ffmpeg failed"
done
cp "$work/films/new.mp4" "$work/new.mp4"
changing=(replaced truncated overwritten deleted)
for name in "${changing[@]}"; do cp "$work/new.mp4" "$work/films/$name.mp4"; done

# Ten films on a disk that is slow: FUSE, where this user may mount.
mkdir -p "$work/cold" "$work/films/cold"
for ((i = 0; i < 10; i++)); do cp "$work/new.mp4" "$work/cold/$i.mp4"; done
echo "delay 10" > "$work/word"
cold=yes
gcc -O2 -Wall "$repository/bench/cold/slowfs.c" -o "$work/slowfs" $(pkg-config --cflags --libs fuse3) && [ "$(id -u)" = 0 ] && [ -e /dev/fuse ] \
  || { say "run.sh: no slow disk: it takes gcc, libfuse3-dev and root"; cold=; }

# --- the server and what it holds -----------------------------------------------------------------------------------------

log=$work/mapwire.log
: > "$log"
mkdir -p "$work/statistics"
"$mapwire" serve "$work/films" --rtmp 127.0.0.1:0 --workers 1 --max-buffer 86400 --send-timeout 5 --publish-key none --statistics soak --statistics-folder "$work/statistics" --max-address-connections 0 --max-address-connects 0 --max-address-openings 0 > "$log" 2>&1 &
server=$!
pids+=("$server")
url=
for ((i = 0; i < 200; i++)); do
  url=$(grep -m 1 -o 'rtmp://[^ ]*' "$log") && break
  sleep 0.1
done
[ -n "$url" ] || die "mapwire does not start: $(tail -n 3 "$log")"

# KiB of anonymous memory, descriptors, mappings of films. The runtime keeps the program's own libraries open as it comes to need them: not counted.
held() { printf '%s\t%s\t%s' "$(awk '/^Anonymous:/ { print $2 }' "/proc/$server/smaps_rollup")" "$(ls -l "/proc/$server/fd" 2>/dev/null | grep -c -v '\.dll$')" "$(grep -c '/films/' "/proc/$server/maps")"; }
bench() { "$mapwire" bench "$@" --server-pid "$server" --rehearsal 0 --json; } # bench URL... OPTIONS: the report
member() { awk -v name="\"$2\":" '$1 == name { sub(/,$/, "", $2); print $2; exit }' "$1"; } # member FILE NAME

published() { "$mapwire" top soak --json --folder "$work/statistics" | grep -c '"publisherId"'; } # live streams now

# tenths FILE: tenths of the time, a line each: the median of what was held.
tenths() {
  awk -F'\t' 'NR > 1 { n++; minute[n] = $1; memory[n] = $2; files[n] = $3; maps[n] = $4 }
    function median(values, from, to,   sorted, i, j, t, count) {
      count = 0
      for (i = from; i <= to; i++) sorted[++count] = values[i]
      for (i = 2; i <= count; i++) for (j = i; j > 1 && sorted[j - 1] + 0 > sorted[j] + 0; j--) { t = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = t }
      return sorted[int((count + 1) / 2)]
    }
    END {
      for (part = 0; part < 10; part++) {
        from = int(n * part / 10) + 1; to = int(n * (part + 1) / 10)
        if (to >= from) printf "%s\t%s\t%s\t%s\n", minute[to], median(memory, from, to), median(files, from, to), median(maps, from, to)
      }
    }' "$1"
}

# growth FILE: of the memory of the last three tenths against the second to fourth, in percent: the first one still fills caches.
growth() {
  awk -F'\t' 'NR >= 2 && NR <= 4 { a += $2; m++ } NR >= 8 { b += $2; n++ } END { printf "%.1f", m && n ? (b / n / (a / m) - 1) * 100 : 0 }' "$1"
}
# gained FILE: the same in KiB.
gained() { awk -F'\t' 'NR >= 2 && NR <= 4 { a += $2; m++ } NR >= 8 { b += $2; n++ } END { printf "%d", m && n ? b / n - a / m : 0 }' "$1"; }
status=0
fail() { say "run.sh: $*"; status=1; }

# --- a day at once --------------------------------------------------------------------------------------------------------

day_of_film() {
say "$film_hours h of film as fast as it goes, four times"
bench "$url/short.mp4" --players 4 --seconds 5 --fast > /dev/null # the server's own start-up is not what is measured
before=$(held)
began=$(date +%s)
for ((i = 0; i < 4; i++)); do
  rtmpdump -q -b 86400000 -r "$url/long.mp4" -o "$work/long.flv" || die "the long film did not come whole: $(tail -n 2 "$log")"
  last=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$work/long.flv")
  awk -v last="$last" -v hours="$film_hours" 'BEGIN { exit !(last >= hours * 3600 - 1) }' || die "the long film ended at $last s"
  rm -f "$work/long.flv"
done
after=$(held)
printf 'A film of %s h four times in %s s: anonymous KiB, descriptors, mappings before: %s; after: %s\n' \
  "$film_hours" "$(($(date +%s) - began))" "$(tr '\t' ' ' <<< "$before")" "$(tr '\t' ' ' <<< "$after")"
[ "$(cut -f 2 <<< "$before")" -ge "$(cut -f 2 <<< "$after" | awk '{ print $1 - 1 }')" ] || die "descriptors were left" # the one title more
}

# A live stream with two viewers; its timestamps need 32 bits from 4.7 hours on. Faster, and a viewer that is 10 s behind is soon made.
live_speed=240
day_of_live() {
  local seconds=$((film_hours * 3600 / live_speed)) began now publishing
  say "$film_hours h of a live stream in $seconds s"
  bench "$url/day" --publish "$minute" --watch 2 --speed $live_speed --seconds 3 > /dev/null
  before=$(held)
  bench "$url/day" --publish "$minute" --watch 2 --speed $live_speed --seconds "$seconds" > "$work/day.json" & publishing=$!
  pids+=("$publishing")
  began=$(date +%s)
  printf 'minute\tanonymous KiB\tdescriptors\tmappings\n' > "$work/day.tsv"
  while kill -0 "$publishing" 2>/dev/null; do
    sleep 0.5
    now=$(date +%s)
    printf '%s\t%s\n' "$(awk -v s=$((now - began)) 'BEGIN { printf "%.2f", s / 60 }')" "$(held)" >> "$work/day.tsv"
  done
  wait "$publishing" || fail "publishing a day failed: $(grep -A 3 '"failures": {' "$work/day.json" | tr -d '\n')"
  pids=("$server")
  after=$(held)
  tenths "$work/day.tsv" > "$work/day-tenths.tsv"
  printf 'A live stream of %s h: %s frames, %s timestamps backwards; memory grew by %s %%; held before: %s; after: %s\n' "$film_hours" \
    "$(member "$work/day.json" frames)" "$(member "$work/day.json" backwards)" "$(growth "$work/day-tenths.tsv")" "$(tr '\t' ' ' <<< "$before")" \
    "$(tr '\t' ' ' <<< "$after")"
  [ "$(member "$work/day.json" backwards)" = 0 ] || fail "timestamps of the live stream went back"
  [ "$(member "$work/day.json" lost)" = 0 ] || fail "a viewer or the publisher of the live stream broke off"
  # Of the 13 MB of a server that has one stream, a step of the collector or of the compiler is a tenth; what a message leaves behind is not.
  awk -v growth="$(growth "$work/day-tenths.tsv")" -v gained="$(gained "$work/day-tenths.tsv")" 'BEGIN { exit !(growth <= 3 || gained <= 2048) }' ||
    fail "memory has grown by $(gained "$work/day-tenths.tsv") KiB with the live stream"
  [ "$(cut -f 2 <<< "$after")" -le "$(cut -f 2 <<< "$before")" ] || fail "descriptors were left by the live stream"
}

rm -f "$work"/*.tsv "$work"/*.err
before=$(held) after=$(held)
wants live && day_of_live
wants films && day_of_film

# --- an hour of everything ------------------------------------------------------------------------------------------------

until=$(($(date +%s) + minutes * 60))
rest() { echo $((until - $(date +%s))); }
share() { echo $((($1 * load + 99) / 100)); }

# Each bench run is a minute at most, so that a report that says something broke is seen early.
keep_playing() { # keep_playing NAME OPTIONS..., and what came of each run in a line
  local name=$1 seconds
  shift
  while [ "$(rest)" -gt 3 ]; do
    seconds=$(($(rest) < 60 ? $(rest) : 60))
    bench "$@" --seconds "$seconds" > "$work/$name.json" 2>> "$work/$name.err"
    printf '%s\t%s\t%s\t%s\n' "$(member "$work/$name.json" plays)" "$(member "$work/$name.json" frames)" "$(member "$work/$name.json" backwards)" \
      "$(member "$work/$name.json" stalls)" >> "$work/$name.tsv"
  done
}

stuck_readers() { # players that ask for everything and stop reading
  local held=() pid
  while [ "$(rest)" -gt 3 ]; do
    held=()
    for ((n = 0; n < $(share 5); n++)); do
      wants films && { rtmpdump -q -b 86400000 -r "$url/long.mp4" -o /dev/null & held+=($!); }
      wants live && { rtmpdump -q -v -r "$url/live$((n % $(share 20)))" -o /dev/null & held+=($!); }
    done
    sleep 0.3
    kill -STOP "${held[@]}" 2>/dev/null
    sleep 8 # longer than the server's patience
    for pid in "${held[@]}"; do kill -KILL "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
    echo "${#held[@]}" >> "$work/stuck.tsv"
  done
}

storms() { # hundreds who come at once, while the others play
  while [ "$(rest)" -gt 20 ]; do
    bench "$url/new.mp4" "$url/short.mp4" --players "$(share 400)" --ramp 0 --seconds 2 > "$work/storms.json" 2>> "$work/storms.err"
    printf '%s\t%s\t%s\t%s\n' "$(member "$work/storms.json" plays)" "$(member "$work/storms.json" frames)" "$(member "$work/storms.json" backwards)" 0 >> "$work/storms.tsv"
    sleep $(($(rest) < 60 ? 1 : 45))
  done
}

grow() { # a recording that is being written: two minutes, then the next one
  while [ "$(rest)" -gt 10 ]; do
    rm -f "$work/films/growing.flv"
    ffmpeg -v error -nostdin -re -stream_loop -1 -i "$minute" -c copy -t $(($(rest) < 120 ? $(rest) : 120)) -flvflags no_duration_filesize \
      -flush_packets 1 "$work/films/growing.flv"
    echo 1 >> "$work/recordings.tsv"
  done
}

slow_disk() { # 10 ms a read; each minute it goes away under its viewers, and another one comes with nothing of it in memory
  local daemon
  while [ "$(rest)" -gt 5 ]; do
    "$work/slowfs" "$work/cold" "$work/word" "$work/films/cold" & daemon=$!
    sleep $(($(rest) < 60 ? $(rest) : 60))
    umount -l "$work/films/cold"
    kill "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
    echo 1 >> "$work/disks.tsv"
  done
}

change_files() {
  local size
  size=$(stat -c %s "$work/new.mp4")
  while [ "$(rest)" -gt 3 ]; do
    cp "$work/new.mp4" "$work/films/.next" && mv "$work/films/.next" "$work/films/replaced.mp4"
    truncate -s $((RANDOM * 13 % size)) "$work/films/truncated.mp4"
    dd if=/dev/urandom of="$work/films/overwritten.mp4" bs=4096 seek=$((RANDOM % (size / 4096))) count=4 conv=notrunc status=none
    rm -f "$work/films/deleted.mp4"
    sleep 1
    for name in truncated overwritten deleted; do cp "$work/new.mp4" "$work/films/$name.mp4"; done
    sleep 2
    echo 1 >> "$work/changes.tsv"
  done
}

# Publishers, each minute anew; what came of those who watch all the time.
publishers() {
  while [ "$(rest)" -gt 20 ]; do
    bench "$url/live%d" --publish "$work/live-320x180.mp4" --publish "$work/live-640x360.mp4" --players "$(share 20)" --watch "$(share 40)" \
      --reconnect-every 20 --stall-every 15 --jump-every 10 --seconds $(($(rest) < 60 ? $(rest) : 60)) > "$work/live.json" 2>> "$work/live.err"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$(member "$work/live.json" plays)" "$(member "$work/live.json" frames)" \
      "$(member "$work/live.json" backwards)" 0 "$(member "$work/live.json" reconnects)" "$(member "$work/live.json" stalled)" \
      "$(member "$work/live.json" jumps)" >> "$work/live.tsv"
  done
}

say "$minutes minutes of everything"
if wants live; then
  publishers &
  pids+=($!)
  keep_playing come-and-go $(for ((n = 0; n < $(share 20); n++)); do printf '%s ' "$url/live$n"; done) --players "$(share 16)" --churn --churn-rate "$(share 20)" &
  pids+=($!)
fi
if wants films; then
keep_playing paced "$url/short.mp4" --players "$(share 100)" &
pids+=($!)
keep_playing seeks "$url/long.mp4" "$url/short.mp4" --players "$(share 50)" --seek-every 2 &
pids+=($!)
keep_playing churn "$url/short.mp4" "$url/new.mp4" --players "$(share 16)" --churn --churn-rate "$(share 40)" &
pids+=($!)
keep_playing changes $(printf "$url/%s.mp4 " "${changing[@]}") --players "$(share 12)" --churn --churn-rate "$(share 10)" &
pids+=($!)
keep_playing paused "$url/long.mp4" --players "$(share 20)" --pause-every 5 &
pids+=($!)
keep_playing growing "$url/growing.flv" --players "$(share 10)" &
pids+=($!)
if [ -n "$cold" ]; then
  keep_playing cold $(printf "$url/cold/%s.mp4 " 0 1 2 3 4 5 6 7 8 9) --players "$(share 10)" &
  pids+=($!)
  slow_disk &
  pids+=($!)
fi
storms &
pids+=($!)
grow &
pids+=($!)
change_files &
pids+=($!)
fi
stuck_readers &
pids+=($!)
started=$(date +%s)
printf 'minute\tanonymous KiB\tdescriptors\tmappings\n' | tee "$work/held.tsv"
while [ "$(rest)" -gt 0 ]; do
  sleep $((minutes > 20 ? 10 : 2))
  kill -0 "$server" 2>/dev/null || die "the server died: $(tail -n 5 "$log")"
  printf '%s\t%s\n' "$(awk -v s=$(($(date +%s) - started)) 'BEGIN { printf "%.2f", s / 60 }')" "$(held)" >> "$work/held.tsv"
done
for pid in "${pids[@]:1}"; do wait "$pid"; done
pids=("$server")
sleep 8 # the last stuck readers

# --- the verdict ----------------------------------------------------------------------------------------------------------

tenths "$work/held.tsv" | tee "$work/tenths.tsv"
parts=
if wants films; then parts="paced paused seeks churn changes growing ${cold:+cold} storms"; fi
if wants live; then parts="$parts live come-and-go"; fi
for part in $parts; do
  awk -F'\t' -v part=$part '{ plays += $1; frames += $2; backwards += $3; stalls += $4 } END { printf "%s: %d plays, %.0f frames, %d timestamps backwards, %d stalls\n", part, plays, frames, backwards, stalls }' "$work/$part.tsv"
done
lines() { cat "$work/$1.tsv" 2>/dev/null | wc -l; }
printf '%s stuck readers, %s rounds of changes to four files, %s recordings that grew, %s slow disks; %s faults of the server in its log\n' \
  "$(awk '{ n += $1 } END { print n + 0 }' "$work/stuck.tsv")" "$(lines changes)" "$(lines recordings)" "$(lines disks)" "$(grep -c -i 'internal error' "$log")"
idle=$(held)
printf 'Held before: %s; held after, with nobody there: %s\n' "$(tr '\t' ' ' <<< "$after")" "$(tr '\t' ' ' <<< "$idle")"

grew=$(growth "$work/tenths.tsv")
printf 'Memory grew by %s %%.\n' "$grew"
awk -v growth="$grew" 'BEGIN { exit !(growth <= 3) }' || fail "memory has grown by more than 3 %"
# The catalog keeps titles open, each with a descriptor and a mapping: as many as there are films.
titles=$(($(find "$work/films" -type f | wc -l) + $([ -n "$cold" ] && echo 10 || echo 0)))
[ "$(cut -f 2 <<< "$idle")" -le $(($(cut -f 2 <<< "$before") + titles)) ] || { fail "descriptors were left:"; ls -l "/proc/$server/fd" | sed 's/.* -> //' >&2; }
[ "$(cut -f 3 <<< "$idle")" -le $((titles * 2)) ] || fail "mappings were left"
grep -q -i 'internal error' "$log" && fail "the server's log has an internal error"
if wants films; then
  for part in paced paused; do
    awk -F'\t' '{ stalls += $4 } END { exit stalls > 0 }' "$work/$part.tsv" || fail "$part players ran out of film"
  done
fi
if wants live; then
  awk -F'\t' '{ r += $5; s += $6; j += $7 } END { printf "publishers: %d connections cut, %d stalls, %d jumps in time\n", r, s, j; exit !(r && s && j) }' \
    "$work/live.tsv" || fail "publishers did not reconnect, stall and jump"
  for part in live come-and-go; do
    awk -F'\t' '{ frames += $2; backwards += $3 } END { exit !(frames > 0 && backwards == 0) }' "$work/$part.tsv" ||
      fail "$part: no frames, or timestamps that went back"
  done
  [ "$(published)" = 0 ] || fail "live streams were left"
fi
for part in $parts; do [ -s "$work/$part.err" ] && say "$part: $(sort "$work/$part.err" | uniq -c | sort -r -n | head -n 3)"; done
exit $status
