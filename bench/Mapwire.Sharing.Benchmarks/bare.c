// What the machine itself does, on the same two processors: a cache line there and back, a bare ring of 64-byte messages, a robust
// mutex that processes share, and a futex wake. Prints one figure a line.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 200000, MESSAGES = 20000000, PAIRS = 5000000, WAKES = 400, SLOTS = 1024 };

static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void pin(int cpu) { cpu_set_t set; CPU_ZERO(&set); CPU_SET(cpu, &set); sched_setaffinity(0, sizeof set, &set); }
static int order(const void *a, const void *b) { uint64_t x = *(uint64_t *)a, y = *(uint64_t *)b; return x < y ? -1 : x > y; }

struct shared {
    _Alignas(128) _Atomic uint64_t ping;
    _Alignas(128) _Atomic uint64_t pong;
    _Alignas(128) _Atomic uint64_t tail;
    _Alignas(128) _Atomic uint64_t head;
    _Alignas(128) pthread_mutex_t mutex;
    _Alignas(128) _Atomic uint32_t word;
    _Alignas(128) _Atomic uint64_t sent;
    _Alignas(128) char slots[SLOTS][64];
    uint64_t times[ROUNDS];
};

int main(void)
{
    struct shared *s = mmap(0, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(s, 0, sizeof *s);
    pid_t child = fork();
    if (child == 0) {
        pin(1);
        for (uint64_t i = 1; i <= ROUNDS; i++) {
            while (atomic_load_explicit(&s->ping, memory_order_acquire) != i) { }
            atomic_store_explicit(&s->pong, i, memory_order_release);
        }
        uint64_t head = 0, tail = 0, sum = 0;
        while (head < MESSAGES) {
            while (head == tail) tail = atomic_load_explicit(&s->tail, memory_order_acquire);
            sum += *(uint64_t *)s->slots[head % SLOTS];
            head++;
            atomic_store_explicit(&s->head, head, memory_order_release);
        }
        if (sum != (uint64_t)MESSAGES * (MESSAGES - 1ull) / 2) { fprintf(stderr, "wrong sum\n"); _exit(1); }
        for (int i = 0; i < WAKES; i++) {
            while (atomic_load(&s->word) == (uint32_t)i) syscall(SYS_futex, &s->word, FUTEX_WAIT, i, 0, 0, 0);
            s->times[i] = now() - atomic_load(&s->sent);
        }
        _exit(0);
    }
    pin(0);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        uint64_t start = now();
        atomic_store_explicit(&s->ping, i, memory_order_release);
        while (atomic_load_explicit(&s->pong, memory_order_acquire) != i) { }
        s->times[i - 1] = now() - start;
    }
    qsort(s->times, ROUNDS, sizeof *s->times, order);
    printf("line one way p50 ns %.0f\nline one way p99 ns %.0f\n", s->times[ROUNDS / 2] / 2.0, s->times[ROUNDS * 99 / 100] / 2.0);
    uint64_t start = now(), head = 0;
    char message[64] = {0};
    for (uint64_t tail = 0; tail < MESSAGES; tail++) {
        while (tail - head == SLOTS) head = atomic_load_explicit(&s->head, memory_order_acquire);
        *(uint64_t *)message = tail;
        memcpy(s->slots[tail % SLOTS], message, 64);
        atomic_store_explicit(&s->tail, tail + 1, memory_order_release);
    }
    while (atomic_load(&s->head) != MESSAGES) { }
    printf("ring messages/s %.0f\n", MESSAGES * 1e9 / (now() - start));
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s->mutex, &attributes);
    start = now();
    for (int i = 0; i < PAIRS; i++) { pthread_mutex_lock(&s->mutex); pthread_mutex_unlock(&s->mutex); }
    printf("mutex pair ns %.1f\n", (now() - start) / (double)PAIRS);
    for (int i = 0; i < WAKES; i++) {
        usleep(2000);
        atomic_store(&s->sent, now());
        atomic_fetch_add(&s->word, 1);
        syscall(SYS_futex, &s->word, FUTEX_WAKE, 1, 0, 0, 0);
    }
    waitpid(child, 0, 0);
    qsort(s->times, WAKES, sizeof *s->times, order);
    printf("wake p50 ns %.0f\nwake p99 ns %.0f\n", (double)s->times[WAKES / 2], (double)s->times[WAKES * 99 / 100]);
    return 0;
}
