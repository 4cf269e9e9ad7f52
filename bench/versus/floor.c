/* The floor: what sending a film costs when nothing but the sending is done. Answers an RTMP player with canned bytes up to play, then
 * gathers [chunk header, piece of the mapping] pairs with writev: paced, what is due up to 3 s ahead, once a second for each player; or
 * unpaced, whatever the socket takes. No commands, no seeking, no limits: a yardstick, not a server.
 *
 * usage: floor FILM PIECES paced|unpaced [COUNT]
 * With COUNT the film is COUNT copies, FILM being a pattern such as films/%d.mp4, numbered from 0, and each player gets the next one.
 * PIECES has a line a frame in the order of decode time: offset size milliseconds v|a key(0|1)
 * Prints its port, serves 127.0.0.1 until it is killed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { HANDSHAKE = 1537, CHUNK = 1 << 20, LEAD_MS = 3000, SLOTS = 100, SLOT_MS = 10, PIECES_A_CALL = 512, TURN = 1 << 20 };

struct piece { uint64_t offset; uint32_t size, time; uint8_t video, key; };

struct player {
  int fd, stage, got, next; /* next piece */
  uint32_t skip;            /* bytes of it that are on the wire */
  int64_t started;
  int blocked, ended;
  const uint8_t *film;
  struct player *slot_next;
};

static struct piece *pieces;
static int piece_count;
static const uint8_t **films;
static int film_count = 1, called;
static int unpaced, poller;
static struct player *slots[SLOTS];

static void fail(const char *what) { perror(what); exit(1); }

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int put24(uint8_t *to, uint32_t v) { to[0] = v >> 16; to[1] = v >> 8; to[2] = v; return 3; }

/* type 0 chunk header and codec header of a piece */
static int header(uint8_t *to, const struct piece *p) {
  int tag = p->video ? 5 : 2;
  to[0] = p->video ? 6 : 4;
  put24(to + 1, p->time);
  put24(to + 4, p->size + tag);
  to[7] = p->video ? 9 : 8;
  memcpy(to + 8, "\1\0\0\0", 4);
  if (p->video) { to[12] = p->key ? 0x17 : 0x27; to[13] = 1; put24(to + 14, 0); } else { to[12] = 0xAF; to[13] = 1; }
  return 12 + tag;
}

static void send_all(int fd, const void *bytes, size_t length) {
  if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) { /* a new socket has room for some hundred bytes */ }
}

/* one message on chunk stream 3 */
static void send_message(int fd, uint8_t type, uint8_t stream, const uint8_t *body, int length) {
  uint8_t b[512] = {3};
  put24(b + 4, length);
  b[7] = type;
  b[8] = stream;
  memcpy(b + 12, body, length);
  send_all(fd, b, 12 + length);
}

static int amf_string(uint8_t *to, const char *s) {
  int n = strlen(s);
  to[0] = 2; to[1] = 0; to[2] = n;
  memcpy(to + 3, s, n);
  return 3 + n;
}

static int amf_number(uint8_t *to, double v) {
  uint64_t bits;
  memcpy(&bits, &v, 8);
  to[0] = 0;
  for (int i = 0; i < 8; i++) to[1 + i] = bits >> (56 - 8 * i);
  return 9;
}

static int amf_info(uint8_t *to, const char *code) {
  int n = 0;
  to[n++] = 3;
  memcpy(to + n, "\0\5level", 7); n += 7;
  n += amf_string(to + n, "status");
  memcpy(to + n, "\0\4code", 6); n += 6;
  n += amf_string(to + n, code);
  memcpy(to + n, "\0\0\11", 3);
  return n + 3;
}

static void answer_connect(int fd) {
  uint8_t b[256];
  send_message(fd, 1, 0, (const uint8_t[]){0, CHUNK >> 16, 0, 0}, 4);
  int n = amf_string(b, "_result");
  n += amf_number(b + n, 1);
  b[n++] = 5;
  n += amf_info(b + n, "NetConnection.Connect.Success");
  send_message(fd, 20, 0, b, n);
}

static void answer_create(int fd) {
  uint8_t b[64];
  int n = amf_string(b, "_result");
  n += amf_number(b + n, 2);
  b[n++] = 5;
  n += amf_number(b + n, 1);
  send_message(fd, 20, 0, b, n);
}

static void answer_play(int fd) {
  uint8_t b[256];
  int n = amf_string(b, "onStatus");
  n += amf_number(b + n, 0);
  b[n++] = 5;
  n += amf_info(b + n, "NetStream.Play.Start");
  send_message(fd, 20, 1, b, n);
}

static void want(struct player *p, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = p};
  epoll_ctl(poller, EPOLL_CTL_MOD, p->fd, &e);
}

/* Sends what is due. Unpaced: one turn, the poller (level-triggered) gives the next. */
static void send_due(struct player *p, int64_t now) {
  static struct iovec vec[2 * PIECES_A_CALL];
  static uint8_t scratch[PIECES_A_CALL * 17];
  int64_t until = unpaced ? INT64_MAX : now - p->started + LEAD_MS;
  while (p->next < piece_count && pieces[p->next].time <= until) {
    int count = 0, used = 0, i = p->next;
    size_t bytes = 0;
    uint32_t skip = p->skip;
    for (; i < piece_count && pieces[i].time <= until && count < 2 * PIECES_A_CALL && bytes < TURN; i++) {
      int length = header(scratch + used, &pieces[i]);
      if ((int)skip < length) { vec[count++] = (struct iovec){scratch + used + skip, length - skip}; bytes += length - skip; skip = 0; }
      else skip -= length;
      vec[count++] = (struct iovec){(void *)(p->film + pieces[i].offset + skip), pieces[i].size - skip};
      bytes += pieces[i].size - skip;
      skip = 0;
      used += length;
    }
    ssize_t sent = writev(p->fd, vec, count);
    if (sent < 0) {
      if (errno != EAGAIN) return; /* the read side sees the end */
      sent = 0;
    }
    for (size_t rest = sent + p->skip;;) {
      uint32_t whole = pieces[p->next].size + (pieces[p->next].video ? 17 : 14);
      if (rest < whole) { p->skip = rest; break; }
      rest -= whole;
      p->skip = 0;
      if (++p->next == piece_count) break;
    }
    if ((size_t)sent < bytes) {
      if (!unpaced && !p->blocked) { p->blocked = 1; want(p, EPOLLIN | EPOLLOUT); }
      return;
    }
    if (unpaced) break;
  }
  if (p->blocked) { p->blocked = 0; want(p, EPOLLIN); }
  if (p->next == piece_count && !p->ended) {
    p->ended = 1;
    send_message(p->fd, 4, 0, (const uint8_t[]){0, 1, 0, 0, 0, 1}, 6); /* StreamEOF */
    if (unpaced) want(p, EPOLLIN);
  }
}

static void leave(struct player *p) {
  for (int i = 0; i < SLOTS; i++)
    for (struct player **at = &slots[i]; *at; at = &(*at)->slot_next)
      if (*at == p) { *at = p->slot_next; goto gone; }
gone:
  close(p->fd);
  free(p);
}

/* Returns 0 when the player is gone. */
static int hear(struct player *p) {
  static uint8_t b[65536];
  static uint8_t greeting[1 + 2 * 1536] = {3};
  ssize_t n;
  while ((n = recv(p->fd, b, sizeof b - 1, 0)) > 0) {
    if (p->stage == 0) {
      memcpy(greeting + 1 + 1536 + (p->got ? p->got - 1 : 0), b + (p->got ? 0 : 1), n - (p->got ? 0 : 1)); /* S2 echoes C1 */
      if ((p->got += n) >= HANDSHAKE) { send_all(p->fd, greeting, sizeof greeting); p->stage = 1; }
    } else if (p->stage == 1 && memmem(b, n, "connect", 7)) { answer_connect(p->fd); p->stage = 2; }
    else if (p->stage == 2 && memmem(b, n, "createStream", 12)) { answer_create(p->fd); p->stage = 3; }
    else if (p->stage == 3 && memmem(b, n, "play", 4)) {
      answer_play(p->fd);
      p->stage = 4;
      p->started = now_ms();
      if (unpaced) want(p, EPOLLIN | EPOLLOUT);
      else {
        int slot = p->started / SLOT_MS % SLOTS;
        p->slot_next = slots[slot];
        slots[slot] = p;
        send_due(p, p->started);
      }
    }
  }
  if (n == 0 || errno != EAGAIN) { leave(p); return 0; }
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) { fprintf(stderr, "usage: floor FILM PIECES paced|unpaced [COUNT]\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  unpaced = !strcmp(argv[3], "unpaced");
  if (argc == 5) film_count = atoi(argv[4]);
  films = calloc(film_count, sizeof *films);
  struct stat status;
  for (int i = 0; i < film_count; i++) {
    char path[4096];
    snprintf(path, sizeof path, argv[1], i); /* a pattern of the one who calls, as is the whole command line */
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &status)) fail(path);
    films[i] = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (films[i] == MAP_FAILED) fail("mmap");
    close(fd);
  }
  FILE *list = fopen(argv[2], "r");
  if (!list) fail(argv[2]);
  struct piece p;
  char kind;
  unsigned key;
  for (size_t room = 0; fscanf(list, "%lu %u %u %c %u", &p.offset, &p.size, &p.time, &kind, &key) == 5; piece_count++) {
    if (piece_count == (int)room) pieces = realloc(pieces, (room = room * 2 + 1024) * sizeof *pieces);
    p.video = kind == 'v';
    p.key = key;
    if (p.offset + p.size > (uint64_t)status.st_size) { fprintf(stderr, "floor: a piece past the end\n"); return 1; }
    pieces[piece_count] = p;
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  if (listener < 0 || bind(listener, (void *)&at, sizeof at) || listen(listener, 4096) || getsockname(listener, (void *)&at, &length)) fail("listen");
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  poller = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN}, seen[512];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
  for (int64_t tick = now_ms() / SLOT_MS;;) {
    int count = epoll_wait(poller, seen, 512, unpaced ? -1 : SLOT_MS);
    for (int i = 0; i < count; i++) {
      struct player *player = seen[i].data.ptr;
      if (!player) {
        int one = 1;
        for (int new; (new = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
          setsockopt(new, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          player = calloc(1, sizeof *player);
          player->fd = new;
          player->film = films[called++ % film_count];
          e = (struct epoll_event){.events = EPOLLIN, .data.ptr = player};
          epoll_ctl(poller, EPOLL_CTL_ADD, new, &e);
        }
      } else if ((!(seen[i].events & ~EPOLLOUT) || hear(player)) && seen[i].events & EPOLLOUT && player->stage == 4)
        send_due(player, now_ms());
    }
    if (unpaced) continue;
    for (int64_t now = now_ms(); tick < now / SLOT_MS;)
      for (struct player *player = slots[++tick % SLOTS]; player; player = player->slot_next)
        if (!player->blocked) send_due(player, now);
  }
}
