#!/bin/sh
# Makes sample.mp4, the film that `mapwire serve` offers when no folder is given: H.264 High with B-frames and AAC
# stereo, entirely from ffmpeg's own test sources. The encoder delays of both codecs end up in edit lists, so the clip
# shows at once whether a server honours them. The command, not the bytes, is the source: other versions of ffmpeg give
# another file of the same kind.
set -eu
cd "$(dirname "$0")"

ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "testsrc2=size=320x180:rate=25:duration=24" \
  -f lavfi -i "aevalsrc=0.2*sin(2*PI*440*t)|0.2*sin(2*PI*660*t):sample_rate=44100:duration=24" \
  -map 0:v -map 1:a -fflags +bitexact \
  -c:v libx264 -profile:v high -preset slow -crf 30 -g 50 -bf 2 -pix_fmt yuv420p -flags:v +bitexact -threads 1 \
  -c:a aac -b:a 64k -ac 2 -flags:a +bitexact \
  -movflags +faststart -brand mp42 \
  sample.mp4

ls -l sample.mp4
