#!/usr/bin/env bash
# Does anything stay behind? A day of film at the highest speed, then an hour of everything that viewers and operators do to a server at
# once: churn, seeks, pauses, storms of newcomers, players that stop reading, a recording that grows, films on a slow disk that goes away
# (FUSE, as root), and files that are replaced, truncated, overwritten and deleted while they are played. Prints what the server holds
# meanwhile, and fails when memory has grown, a descriptor or mapping was left, or a player who reads steadily ran out of film.
#
#   bench/soak/run.sh [--minutes N] [--film-hours N] [--load N] [--work DIR] [--built]
#
# --minutes: of the second part (60). --film-hours: of the first part (24).
# --load: how much of everything, in percent (100: some 10 % of a core).
# --built: take the mapwire that is in DIR/mapwire already.
set -u
cd "$(dirname "$0")/../.."
repository=$PWD
minutes=60 film_hours=24 load=100 work=${TMPDIR:-/tmp}/mapwire-soak built=no
while [ $# -gt 0 ]; do
  case $1 in
    --built) built=yes; shift; continue ;;
    --minutes) minutes=$2 ;;
    --film-hours) film_hours=$2 ;;
    --load) load=$2 ;;
    --work) work=$2 ;;
    *) printf 'run.sh: no option %s\n' "$1" >&2; exit 2 ;;
  esac
  shift 2
done
mkdir -p "$work/films"
work=$(cd "$work" && pwd)
mapwire=$work/mapwire/mapwire
pids=()

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
film long $((film_hours * 60))
film new 2
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
"$mapwire" serve "$work/films" --rtmp 127.0.0.1:0 --workers 1 --max-buffer 86400 --send-timeout 5 --max-address-connections 0 --max-address-connects 0 --max-address-openings 0 > "$log" 2>&1 &
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

# --- a day at once --------------------------------------------------------------------------------------------------------

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
      rtmpdump -q -b 86400000 -r "$url/long.mp4" -o /dev/null &
      held+=($!)
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

rm -f "$work"/*.tsv "$work"/*.err
say "$minutes minutes of everything"
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
stuck_readers &
pids+=($!)
change_files &
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

# Tenths of the time, a line each: the median of what was held.
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
  }' "$work/held.tsv" | tee "$work/tenths.tsv"
for part in paced paused seeks churn changes growing ${cold:+cold} storms; do
  awk -F'\t' -v part=$part '{ plays += $1; frames += $2; backwards += $3; stalls += $4 } END { printf "%s: %d plays, %.0f frames, %d timestamps backwards, %d stalls\n", part, plays, frames, backwards, stalls }' "$work/$part.tsv"
done
lines() { cat "$work/$1.tsv" 2>/dev/null | wc -l; }
printf '%s stuck readers, %s rounds of changes to four files, %s recordings that grew, %s slow disks; %s faults of the server in its log\n' \
  "$(awk '{ n += $1 } END { print n + 0 }' "$work/stuck.tsv")" "$(lines changes)" "$(lines recordings)" "$(lines disks)" "$(grep -c -i 'internal error' "$log")"
idle=$(held)
printf 'Held before: %s; held after, with nobody there: %s\n' "$(tr '\t' ' ' <<< "$after")" "$(tr '\t' ' ' <<< "$idle")"

# Anonymous memory of the last three tenths against the second to fourth: the first one still fills caches.
growth=$(awk -F'\t' 'NR >= 2 && NR <= 4 { a += $2; m++ } NR >= 8 { b += $2; n++ } END { printf "%.1f", m && n ? (b / n / (a / m) - 1) * 100 : 0 }' "$work/tenths.tsv")
printf 'Memory grew by %s %%.\n' "$growth"
status=0
awk -v growth="$growth" 'BEGIN { exit !(growth <= 3) }' || { say "run.sh: memory has grown by more than 3 %"; status=1; }
# The catalog keeps titles open, each with a descriptor and a mapping: as many as there are films.
titles=$(($(find "$work/films" -type f | wc -l) + $([ -n "$cold" ] && echo 10 || echo 0)))
[ "$(cut -f 2 <<< "$idle")" -le $(($(cut -f 2 <<< "$before") + titles)) ] || { say "run.sh: descriptors were left:"; ls -l "/proc/$server/fd" | sed 's/.* -> //' >&2; status=1; }
[ "$(cut -f 3 <<< "$idle")" -le $((titles * 2)) ] || { say "run.sh: mappings were left"; status=1; }
grep -q -i 'internal error' "$log" && { say "run.sh: the server's log has an internal error"; status=1; }
for part in paced paused; do
  awk -F'\t' '{ stalls += $4 } END { exit stalls > 0 }' "$work/$part.tsv" || { say "run.sh: $part players ran out of film"; status=1; }
done
for part in paced paused seeks churn changes growing cold storms; do [ -s "$work/$part.err" ] && say "$part: $(sort "$work/$part.err" | uniq -c | sort -r -n | head -n 3)"; done
exit $status
