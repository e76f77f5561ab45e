/* What the programs of this folder share: time, failing, many descriptors, and the table of when each picture was sent.
 *
 * The table is a file that cameras write and viewers read, both mapped: RING stamps of CLOCK_MONOTONIC a camera, that of
 * frame `seq` in slot seq % RING.
 */
#ifndef COMMON_H
#define COMMON_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RING = 8192 };

static inline void die(const char *what) {
    perror(what);
    exit(1);
}

static inline int64_t mono_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static inline void allow_many_descriptors(void) {
    struct rlimit limit = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &limit);
}

static inline struct sockaddr_in here(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return address;
}

static inline volatile int64_t *map_stamps(const char *path, int cameras) {
    size_t size = (size_t)cameras * RING * sizeof(int64_t);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, size)) die(path);
    void *table = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (table == MAP_FAILED) die("mmap");
    close(fd);
    return table;
}

static inline void watch(int epoll, int fd, uint32_t what, void *owner) {
    struct epoll_event event = {.events = what, .data.ptr = owner};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

/* Returns the length of an address in which every %d stands for the number. */
static inline int fill_in(char *text, size_t room, const char *pattern, int number) {
    size_t length = 0;
    for (const char *at = pattern; *at && length + 12 < room; at++) {
        if (at[0] == '%' && at[1] == 'd') {
            length += snprintf(text + length, room - length, "%d", number);
            at++;
        } else text[length++] = *at;
    }
    text[length] = 0;
    return length;
}

/* Returns the port of 127.0.0.1 that it listens on, any that is free, and prints it. */
static inline int open_port(void) {
    struct sockaddr_in address = here(0);
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) die("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &length)) die("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}
#endif
