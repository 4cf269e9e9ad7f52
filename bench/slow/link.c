// A slow link between this network namespace and another one: two TUN devices, which go when it ends.
//   link NAMESPACE BITS_A_SECOND ROUND_TRIP_MS LOSS_PER_THOUSAND QUEUE_BYTES
// Says "ready" when there are slow0 here and slow1 there. Rate, queue and loss are those of the way there; the way back only takes time.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PACKETS = 4096, PACKET = 2048 };
static const int64_t SECOND = 1000000000;

struct way {
    int64_t rate, delay, queue; // bits a second or 0, nanoseconds, bytes
    int loss;                   // of a thousand
    int64_t free_at;            // when the last packet has left
    unsigned first, last;       // of the ring; the oldest is first
    struct { int64_t due; int length; char bytes[PACKET]; } ring[PACKETS];
};

static struct way there, back;

static void fail(const char *what) { perror(what); exit(1); }

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static int device(const char *name) {
    int file = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) fail("/dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    strcpy(request.ifr_name, name);
    if (ioctl(file, TUNSETIFF, &request)) fail(name);
    return file;
}

static int is_lost(int loss) { // the same packets in each run
    static uint64_t state = 88172645463325252;
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (int)(state % 1000) < loss;
}

static void take(int file, struct way *way) {
    char bytes[PACKET];
    int length;
    while ((length = (int)read(file, bytes, sizeof bytes)) > 0) {
        int64_t time = now();
        int64_t leaves = way->free_at > time ? way->free_at : time;
        if (is_lost(way->loss) || way->last - way->first == PACKETS) continue;
        if (way->rate) {
            if ((leaves - time) / 1000 * way->rate / 8 / 1000000 > way->queue) continue; // no room: dropped
            way->free_at = leaves += length * 8 * SECOND / way->rate;
        }
        unsigned place = way->last++ % PACKETS;
        way->ring[place].due = leaves + way->delay;
        way->ring[place].length = length;
        memcpy(way->ring[place].bytes, bytes, length);
    }
}

// Sends what has arrived; when the next one does.
static int64_t give(int file, struct way *way) {
    while (way->first != way->last) {
        unsigned place = way->first % PACKETS;
        if (way->ring[place].due > now()) return way->ring[place].due;
        if (write(file, way->ring[place].bytes, way->ring[place].length) < 0) { /* the other end is not up yet: lost */ }
        way->first++;
    }
    return INT64_MAX;
}

int main(int count, char **words) {
    if (count != 6) {
        fprintf(stderr, "usage: link NAMESPACE BITS_A_SECOND ROUND_TRIP_MS LOSS_PER_THOUSAND QUEUE_BYTES\n");
        return 2;
    }
    there.rate = atoll(words[2]), there.loss = atoi(words[4]), there.queue = atoll(words[5]);
    there.delay = back.delay = atoll(words[3]) * SECOND / 2000;
    int here = device("slow0");
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", words[1]);
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET)) fail(path);
    int other = device("slow1");
    puts("ready");
    fflush(stdout);
    while (1) {
        int64_t next = give(other, &there), of_back = give(here, &back);
        if (of_back < next) next = of_back;
        int64_t wait = next == INT64_MAX ? SECOND : next - now();
        struct timespec most = {wait > 0 ? wait / SECOND : 0, wait > 0 ? wait % SECOND : 0};
        struct pollfd files[] = {{here, POLLIN, 0}, {other, POLLIN, 0}};
        ppoll(files, 2, &most, NULL);
        take(here, &there);
        take(other, &back);
    }
}
