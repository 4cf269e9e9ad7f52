// Viewers of films over RTMP on one thread: how long each waits between two receives, and how far it is behind the time it has played.
//   viewers PORT SECONDS BUFFER_MS SPREAD_MS NAME COUNT [NAME COUNT]..
// A NAME with %d in it is another film for each of its viewers. A line for each NAME:
//   NAME viewers gap_median gap_p99 gap_max behind_at_3s behind_max below_real_time ended
// Gaps count from the first byte after the play command; a viewer's own end is a gap until now. "behind" is the time since the play command
// less the media that has come; "behind_at_3s" how many were behind at any moment later than 3 s.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 20000

// Where a viewer is in its chunks (RTMP 5.3): what is known of each chunk stream, and what comes next.
struct chunks {
    int length[16], type[16], left[16], extended[16];
    unsigned time[16];
    int stream, size, chunk_left, have, first;
    unsigned char header[20];
};

struct viewer {
    int socket, group;
    double asked, last, gap, behind, media; // media: seconds of it that have come, to the last whole message
    int late;
    struct chunks chunks;
};

static struct viewer viewers[MOST];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

// A message of AMF0 in one chunk: type 0 header, stream, body.
static int message(unsigned char *to, int chunk_stream, int type, int stream, const unsigned char *body, int length) {
    int at = 0;
    to[at++] = chunk_stream;
    memset(to + at, 0, 3);
    at += 3;
    to[at++] = length >> 16, to[at++] = length >> 8, to[at++] = length, to[at++] = type;
    to[at++] = stream, to[at++] = 0, to[at++] = 0, to[at++] = 0;
    for (int sent = 0; sent < length; sent++) { // chunks of 128 bytes until we say otherwise
        if (sent && sent % 128 == 0) to[at++] = 0xC0 | chunk_stream;
        to[at++] = body[sent];
    }
    return at;
}

static int text(unsigned char *to, const char *value) {
    int length = strlen(value);
    to[0] = 2, to[1] = length >> 8, to[2] = length;
    memcpy(to + 3, value, length);
    return 3 + length;
}

static int number(unsigned char *to, double value) {
    unsigned long bits;
    memcpy(&bits, &value, 8);
    to[0] = 0;
    for (int i = 0; i < 8; i++) to[1 + i] = bits >> (56 - 8 * i);
    return 9;
}

static int commands(unsigned char *to, const char *name, int buffer) {
    unsigned char body[2048];
    int length = 0, at = 0;
    length += text(body, "connect");
    length += number(body + length, 1);
    body[length++] = 3;
    body[length++] = 0, body[length++] = 3, memcpy(body + length, "app", 3), length += 3;
    length += text(body + length, "vod");
    body[length++] = 0, body[length++] = 0, body[length++] = 9;
    at += message(to + at, 3, 20, 0, body, length);
    length = text(body, "createStream");
    length += number(body + length, 2);
    body[length++] = 5;
    at += message(to + at, 3, 20, 0, body, length);
    unsigned char event[10] = {0, 3, 0, 0, 0, 1, buffer >> 24, buffer >> 16, buffer >> 8, buffer};
    at += message(to + at, 2, 4, 0, event, 10);
    length = text(body, "play");
    length += number(body + length, 0);
    body[length++] = 5;
    length += text(body + length, name);
    at += message(to + at, 8, 20, 1, body, length);
    return at;
}

static unsigned big(const unsigned char *at, int count) {
    unsigned value = 0;
    while (count--) value = value << 8 | *at++;
    return value;
}

static void receive(struct viewer *v, const unsigned char *at, int count) {
    struct chunks *c = &v->chunks;
    while (count > 0) {
        if (c->chunk_left > 0) {
            int part = count < c->chunk_left ? count : c->chunk_left, s = c->stream;
            if (c->type[s] == 1 && c->left[s] == c->length[s] && part >= 4) c->size = big(at, 4); // Set Chunk Size
            at += part, count -= part, c->chunk_left -= part, c->left[s] -= part;
            if (c->left[s] == 0 && (c->type[s] == 8 || c->type[s] == 9) && c->time[s] / 1000.0 > v->media) v->media = c->time[s] / 1000.0;
            continue;
        }
        c->header[c->have++] = *at++, count--;
        int format = c->header[0] >> 6, s = c->header[0] & 15, need = 1 + (format == 0 ? 11 : format == 1 ? 7 : format == 2 ? 3 : 0);
        if (c->have < need) continue;
        int extended = format < 3 ? big(c->header + 1, 3) == 0xFFFFFF : c->extended[s];
        if (c->have < need + 4 * extended) continue;
        if (format < 3) {
            unsigned time = extended ? big(c->header + need, 4) : big(c->header + 1, 3);
            c->time[s] = format == 0 ? time : c->time[s] + time;
            c->extended[s] = extended;
        }
        if (format < 2) c->length[s] = big(c->header + 4, 3), c->type[s] = c->header[7];
        if (c->left[s] == 0) c->left[s] = c->length[s];
        c->stream = s;
        c->chunk_left = c->left[s] < c->size ? c->left[s] : c->size;
        c->have = 0;
    }
}

static int by_value(const void *a, const void *b) { return (*(double *)a > *(double *)b) - (*(double *)a < *(double *)b); }

int main(int count, char **words) {
    if (count < 7) {
        fprintf(stderr, "usage: viewers PORT SECONDS BUFFER_MS SPREAD_MS NAME COUNT [NAME COUNT]..\n");
        return 2;
    }
    int port = atoi(words[1]), buffer = atoi(words[3]), total = 0, groups = (count - 5) / 2;
    double seconds = atof(words[2]), spread = atof(words[4]) / 1000;
    struct rlimit files = {MOST + 100, MOST + 100};
    setrlimit(RLIMIT_NOFILE, &files);
    int poll = epoll_create1(0);
    static char names[MOST][64];
    static unsigned char scratch[1 << 18], hello[1537] = {3}, out[4096];
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    // All shake hands first; the play commands go out one after another then.
    for (int g = 0; g < groups; g++)
        for (int i = 0; i < atoi(words[6 + 2 * g]) && total < MOST; i++, total++) {
            struct viewer *v = &viewers[total];
            snprintf(names[total], sizeof names[total], words[5 + 2 * g], i);
            v->group = g;
            v->chunks.size = 128;
            v->socket = socket(AF_INET, SOCK_STREAM, 0);
            int on = 1, room = 4 << 20;
            setsockopt(v->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            setsockopt(v->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
            if (connect(v->socket, (struct sockaddr *)&server, sizeof server) || send(v->socket, hello, 1537, 0) != 1537) {
                perror("connect");
                return 1;
            }
            for (int got = 0; got < 3073;) {
                int n = recv(v->socket, scratch, 3073 - got, 0);
                if (n <= 0) { fprintf(stderr, "no handshake\n"); return 1; }
                got += n;
            }
            fcntl(v->socket, F_SETFL, O_NONBLOCK);
            struct epoll_event event = {.events = EPOLLIN, .data.u32 = total};
            epoll_ctl(poll, EPOLL_CTL_ADD, v->socket, &event);
        }
    double begun = now(), end = 0, checked = begun;
    int next = 0;
    while (1) {
        double t = now();
        while (next < total && t - begun >= next * spread) {
            struct viewer *v = &viewers[next];
            int length = commands(out + 1536, names[next], buffer); // the echo of the handshake first
            memset(out, 0, 1536);
            v->asked = v->last = t;
            if (send(v->socket, out, 1536 + length, 0) != 1536 + length) perror("send");
            next++;
        }
        if (next == total && end == 0) end = t + seconds;
        if (end != 0 && t >= end) break;
        if (t - checked > 0.1) { // who is behind is so at some moment between two receives, too
            for (int i = 0; i < next; i++) {
                struct viewer *v = &viewers[i];
                double behind = t - v->asked - v->media;
                if (v->socket >= 0 && t - v->asked > 3) {
                    if (behind > v->behind) v->behind = behind;
                    if (behind > 0.05) v->late = 1;
                }
            }
            checked = t;
        }
        struct epoll_event events[512];
        int ready = epoll_wait(poll, events, 512, 10);
        for (int e = 0; e < ready; e++) {
            struct viewer *v = &viewers[events[e].data.u32];
            int n = recv(v->socket, scratch, sizeof scratch, 0);
            if (n < 0 && errno == EAGAIN) continue;
            double at = now();
            if (n <= 0) {
                printf("# %s ended after %.2f s\n", names[events[e].data.u32], at - v->asked);
                epoll_ctl(poll, EPOLL_CTL_DEL, v->socket, NULL);
                close(v->socket);
                v->socket = -1;
                continue;
            }
            if (at - v->last > v->gap) v->gap = at - v->last;
            v->last = at;
            receive(v, scratch, n);
        }
    }
    for (int g = 0; g < groups; g++) {
        static double gaps[MOST];
        int n = 0, late = 0, below = 0, ended = 0;
        double behind = 0;
        for (int i = 0; i < total; i++) {
            struct viewer *v = &viewers[i];
            if (v->group != g) continue;
            double gap = v->socket >= 0 && now() - v->last > v->gap ? now() - v->last : v->gap;
            gaps[n++] = gap;
            late += v->late;
            ended += v->socket < 0;
            below += now() - v->asked - v->media > 1;
            if (v->behind > behind) behind = v->behind;
        }
        qsort(gaps, n, sizeof(double), by_value);
        printf("%s viewers %d gap_median %.2f gap_p99 %.2f gap_max %.2f behind_at_3s %d behind_max %.2f below_real_time %d ended %d\n",
               words[5 + 2 * g], n, gaps[n / 2], gaps[(int)(n * 0.99)], gaps[n - 1], late, behind, below, ended);
    }
    return 0;
}
