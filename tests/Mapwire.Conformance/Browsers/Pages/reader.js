// Reads the numbers that the pictures of a film carry back from the video element of a page: twenty columns, the first white, sixteen bits
// (least first), the last three black; the lower half has the bits turned over, so that half a picture is told from a whole one.
"use strict";
(() => {
  const columns = 20, bits = 16, width = 320, height = 64;
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const seen = []; // [number, media time]; as they are told of also when on the clock and, with hls.js, their program date
  performance.setResourceTimingBufferSize(100000); // else the first 250 requests are known
  const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));

  // The number, or -1 for a picture that carries none, and its time. A callback that comes late is told of one picture and finds the next
  // one in the element, so both are taken from the same frame.
  function read() {
    const frame = new VideoFrame(video);
    context.drawImage(frame, 0, 0, width, height);
    const time = frame.timestamp / 1e6;
    frame.close();
    const pixels = context.getImageData(0, 0, width, height).data;
    const isLight = (column, y) => {
      const at = 4 * (y * width + (column + 0.5) * width / columns);
      return pixels[at] + pixels[at + 1] + pixels[at + 2] > 3 * 128;
    };
    let number = 0;
    for (let bit = 0; bit < bits; bit++) {
      if (isLight(bit + 1, height / 4) === isLight(bit + 1, 3 * height / 4)) {
        return [-1, time];
      }
      number |= isLight(bit + 1, height / 4) << bit;
    }
    return [isLight(0, height / 4) && !isLight(columns - 1, height / 4) ? number : -1, time];
  }

  function state() {
    const quality = video.getVideoPlaybackQuality();
    const buffered = [...Array(video.buffered.length).keys()].map(i => [video.buffered.start(i), video.buffered.end(i)]);
    const asked = performance.getEntriesByType("resource").slice(-12);
    return {
      ended: video.ended, time: video.currentTime, duration: video.duration, ready: video.readyState,
      error: video.error && (video.error.message || String(video.error.code)),
      width: video.videoWidth, height: video.videoHeight, pictures: quality.totalVideoFrames, dropped: quality.droppedVideoFrames,
      sound: video.webkitAudioDecodedByteCount > 0,
      buffered, asked: asked.map(one => `${one.name.replace(/^.*[/]/, "")} ${one.responseStatus} ${Math.round(one.responseEnd)}`),
    };
  }

  window.reader = {
    // Plays from where the video is to its end, or to a time; gives up when nothing moves for a while.
    async play(rate, patience, until = Infinity) {
      const note = () => {
        const now = Date.now(), picture = read(), date = window.hls && window.hls.playingDate;
        seen.push([...picture, now, date ? date.getTime() + 1000 * (picture[1] - video.currentTime) : null]);
        video.requestVideoFrameCallback(note);
      };
      video.requestVideoFrameCallback(note);
      for (let i = 0; video.readyState < 2 && !video.error && i < patience * 10; i++) {
        await pause(100);
      }
      if (video.readyState >= 2 && video.videoWidth > 0) {
        try {
          seen.push(read()); // the first picture may have been there before anybody could ask to be told of it
        } catch (error) {
          if (error.name !== "InvalidStateError") { // it is decoded, and not there yet
            throw error;
          }
        }
      }
      video.playbackRate = rate;
      video.play().catch(() => {}); // not awaited: it waits for data that may never come
      let last = -1;
      for (let still = 0; !video.ended && !video.error && video.currentTime < until && still < patience * 20;) {
        still = video.currentTime === last ? still + 1 : 0;
        last = video.currentTime;
        await pause(50);
      }
      return { seen, ...state() };
    },
    // Goes to a time and reads the picture there. A busy browser may say that it is there before it shows it: the one that is wanted is
    // waited for, a quarter of the patience long.
    async seek(time, patience, wanted) {
      video.pause();
      const picture = new Promise(done => video.requestVideoFrameCallback(done));
      const there = new Promise(done => video.addEventListener("seeked", done, { once: true }));
      video.currentTime = time;
      const late = pause(patience * 1000).then(() => "late");
      if (await Promise.race([there, late]) === "late") {
        return [-2, video.currentTime];
      }
      await Promise.race([picture, pause(500)]); // none comes where the same picture is shown again
      let found = read();
      for (let i = 0; found[0] !== wanted && i < patience * 5; i++) {
        await pause(50);
        found = read();
      }
      return found;
    },
    state,
  };
})();
