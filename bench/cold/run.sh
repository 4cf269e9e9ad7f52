#!/usr/bin/env bash
# Films that are not in memory, on storage that is slow, busy, or fails: who waits, and for how long. As root, for FUSE and control groups.
#   bench/cold/run.sh [MAPWIRE]        the program; the one that `dotnet build -c Release src/Mapwire.Cli` made when left out
# Parts, each with what it is measured against:
#   library  100 viewers of 100 cold films, 10 and 20 ms a read, all begun at once: none behind its play time after 3 s, gaps at most 1.5 s
#   faults   reads fail, the daemon dies, reads hang: viewers of another film on the same worker notice nothing, the film's own end
#   beside   2,000 viewers of a film in memory, alone and beside 200 viewers of 200 cold films on a disk of 30 reads a second: the longest gap
#            of the 2,000 at most 1.2 times that without the cold
#   memory   200 films in a control group that holds 20, each watched: no worker's thread waits for a page (majflt)
# Only by name: PARTS="library memory" bench/cold/run.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=${1:-$here/../../src/Mapwire.Cli/bin/Release/net10.0/mapwire}
work=$(mktemp -d /tmp/mapwire-cold-XXXX)
port=$((20000 + RANDOM % 10000))
cores=$(nproc) server= daemon= disk= slow= group=/sys/fs/cgroup/mapwire-cold-$$

finish() {
    [ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true
    umount -l "$work/mount" 2>/dev/null || true
    [ -z "$disk" ] || { umount -l "$work/disk"; losetup -d "$disk"; } 2>/dev/null || true
    [ -z "$slow" ] || rmdir "$slow" 2>/dev/null || true
    [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
    rmdir "$group" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

gcc -O2 -Wall "$here/slowfs.c" -o "$work/slowfs" $(pkg-config --cflags --libs fuse3)
gcc -O2 -Wall "$here/viewers.c" -o "$work/viewers"
mkdir "$work/films" "$work/mount"
echo "making a film of 60 s at 2 Mbit/s"
ffmpeg -hide_banner -loglevel error -nostdin -y -f lavfi -i testsrc2=size=320x240:rate=25 -f lavfi -i sine=440 -t 60 -c:v libx264 -preset ultrafast \
    -g 50 -pix_fmt yuv420p -b:v 1900k -minrate 1900k -maxrate 1900k -bufsize 1900k -x264-params nal-hrd=cbr:force-cfr=1 -c:a aac -b:a 64k \
    -movflags faststart "$work/film.mp4"
for i in $(seq 0 99); do ln "$work/film.mp4" "$work/films/f$i.mp4"; done
echo ok > "$work/word"

mount_slow() { # each time anew: nothing of it is in memory then
    umount -l "$work/mount" 2>/dev/null || true
    "$work/slowfs" "$work/films" "$work/word" "$work/mount" 2>/dev/null & daemon=$!
    for _ in $(seq 50); do mountpoint -q "$work/mount" && return; sleep 0.1; done
    echo "FUSE does not mount" >&2; exit 1
}

serve() { # FOLDER: one worker
    taskset -c 0 "$program" serve "$1" --rtmp "127.0.0.1:$port" --workers 1 --index-cache none --max-address-connections 0 --max-address-connects 0 --max-address-openings 0 > "$work/log" 2>&1 & server=$!
    for _ in $(seq 100); do (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null && return; sleep 0.1; done
    cat "$work/log" >&2; exit 1
}

make_disk() { # a file system on a loop device with the kernel's usual read-ahead, whose reads a control group bounds
    truncate -s 3400M "$work/image"; mkfs.ext4 -q -F -m 0 "$work/image"
    disk=$(losetup --find --show "$work/image"); blockdev --setra 256 "$disk"
    mkdir "$work/disk"; mount -o noatime "$disk" "$work/disk"
}

throttle() { # READS a second of the server's from the disk; 0 for no bound
    local number; number=$(stat -c '%Hr:%Lr' "$disk")
    if [ -d /sys/fs/cgroup/blkio ]; then
        slow=/sys/fs/cgroup/blkio/mapwire-cold-$$; mkdir -p "$slow"; echo "$number $1" > "$slow/blkio.throttle.read_iops_device"
    else
        echo +io > /sys/fs/cgroup/cgroup.subtree_control; slow=/sys/fs/cgroup/mapwire-slow-$$; mkdir -p "$slow"
        echo "$number riops=$([ "$1" = 0 ] && echo max || echo "$1")" > "$slow/io.max"
    fi
    echo "$server" > "$slow/cgroup.procs"
}

stop() { kill "$server"; wait "$server" 2>/dev/null || true; server=; }

for part in ${PARTS:-library faults beside memory}; do
    case $part in
    library)
        for delay in 10 20; do
            mount_slow; echo "delay $delay" > "$work/word"
            serve "$work/mount"
            echo "== 100 viewers of 100 cold films, $delay ms a read"
            "$work/viewers" "$port" 20 3000 0 f%d.mp4 100 | grep -v '^#'
            stop; echo ok > "$work/word"
        done ;;
    faults)
        for word in eio hang dead; do
            mount_slow; mkdir -p "$work/both"; cp "$work/film.mp4" "$work/both/good.mp4"; mkdir -p "$work/both/slow"
            mount --bind "$work/mount" "$work/both/slow"
            serve "$work/both"
            echo "== after 6 s: $word"
            (sleep 6; echo "$word" > "$work/word") & turn=$!
            "$work/viewers" "$port" 14 3000 0 good.mp4 20 slow/f%d.mp4 20 | grep -v '^#'
            wait "$turn"; echo ok > "$work/word"; stop; umount -l "$work/both/slow" # a thread in a read that hangs cannot end
            grep -o 'ended: .*' "$work/log" | sort | uniq -c | sort -rn | head -2 || true
        done ;;
    beside)
        [ "$(id -u)" = 0 ] && [ -e /dev/loop-control ] || { echo "== no loop devices here: not measured"; continue; }
        make_disk
        for i in $(seq 0 199); do cp "$work/film.mp4" "$work/disk/f$i.mp4"; done; cp "$work/film.mp4" "$work/disk/good.mp4"
        for round in 1 2 3; do
            for cold in 0 200; do
                umount "$work/disk"; mount -o noatime "$disk" "$work/disk"; cat "$work/disk/good.mp4" > /dev/null
                serve "$work/disk"; throttle 30
                echo "== round $round: 2,000 viewers of a film in memory beside $cold viewers of $cold cold ones, 30 reads a second"
                taskset -c "$((cores - 1))" "$work/viewers" "$port" 30 3000 1 good.mp4 2000 $([ $cold = 0 ] || echo f%d.mp4 $cold) | grep -v '^#'
                throttle 0; stop
            done
        done ;;
    memory)
        if [ -f /sys/fs/cgroup/cgroup.controllers ]; then limit=memory.max; else group=/sys/fs/cgroup/memory/mapwire-cold-$$ limit=memory.limit_in_bytes; fi
        { mkdir "$group" && [ -f "$group/$limit" ]; } 2>/dev/null || { echo "== no memory controller of control groups here: not measured"; continue; }
        mkdir "$work/many"; for i in $(seq 0 199); do cp "$work/film.mp4" "$work/many/f$i.mp4"; done
        sync; echo 1 > /proc/sys/vm/drop_caches
        cat "$program" > /dev/null # its own pages were dropped, too: a native program reads each part of itself when it first comes to it
        echo $((20 * $(stat -c %s "$work/film.mp4") + (200 << 20))) > "$group/$limit"
        serve "$work/many"; echo "$server" > "$group/cgroup.procs"
        faults() { for task in /proc/"$server"/task/*; do case $(cat "$task/comm") in "mapwire worker"*) sed 's/.*) //' "$task/stat" | cut -d' ' -f10 ;; esac; done; }
        "$work/viewers" "$port" 5 3000 0 f%d.mp4 1 > /dev/null; before=$(faults)
        echo "== 200 viewers of 200 films of $(stat -c %s "$work/film.mp4") bytes in $(cat "$group/$limit") bytes of memory"
        "$work/viewers" "$port" 40 3000 10 f%d.mp4 200 | grep -v '^#'
        echo "majflt of the worker: $before before, $(faults) after"
        stop ;;
    esac
done
