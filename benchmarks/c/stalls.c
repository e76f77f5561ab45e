/* When the machine itself stands still: one thread a processor does nothing but sleep, and notes when it woke late.
 *
 *   stalls LATE_MS
 *
 * At the end of its standard input it prints a line for each time: when it should have woken, and when it did, in ns of
 * CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PROCESSORS = 256, MAX_STALLS = 1 << 16 };
static const int64_t STEP_NS = 4000000;

struct sleeper {
    pthread_t thread;
    int processor, count;
    struct { int64_t due_ns, woke_ns; } stalls[MAX_STALLS];
};

static int64_t late_ns;
static volatile int ended;

static int64_t mono_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void *sleep_on(void *argument) {
    struct sleeper *sleeper = argument;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(sleeper->processor, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    for (int64_t due_ns = mono_ns(); !ended;) {
        due_ns += STEP_NS;
        struct timespec until = {due_ns / 1000000000, due_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        int64_t now_ns = mono_ns();
        if (now_ns - due_ns > late_ns && sleeper->count < MAX_STALLS) {
            sleeper->stalls[sleeper->count].due_ns = due_ns;
            sleeper->stalls[sleeper->count++].woke_ns = now_ns;
        }
        if (now_ns > due_ns) due_ns = now_ns;
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    late_ns = atof(argv[1]) * 1e6;
    cpu_set_t allowed;
    sched_getaffinity(0, sizeof allowed, &allowed);
    static struct sleeper *sleepers[MAX_PROCESSORS];
    int count = 0;
    char line[64];
    for (int processor = 0; processor < MAX_PROCESSORS; processor++) {
        if (!CPU_ISSET(processor, &allowed)) continue;
        struct sleeper *sleeper = sleepers[count++] = calloc(1, sizeof *sleeper);
        sleeper->processor = processor;
        if (pthread_create(&sleeper->thread, NULL, sleep_on, sleeper)) return 1;
    }
    while (read(0, line, sizeof line) > 0) continue;
    ended = 1;
    for (int i = 0; i < count; i++) {
        pthread_join(sleepers[i]->thread, NULL);
        for (int j = 0; j < sleepers[i]->count; j++)
            printf("%ld %ld\n", sleepers[i]->stalls[j].due_ns, sleepers[i]->stalls[j].woke_ns);
    }
    return 0;
}
