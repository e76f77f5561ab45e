/* The floor of fan-out: a server that does nothing but send() the same bytes to every viewer.
 *
 *   floor SIZES FPS      (listens on a free port of 127.0.0.1, and prints it)
 *
 * SIZES is a file with the length of one WebSocket message a line, taken in turn, FPS times a second. Any request is
 * answered 101. Ends with its standard input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_VIEWERS = 8192, MAX_SIZES = 65536, MAX_MESSAGE = 4 << 20, EVENTS = 64 };

static int viewers[MAX_VIEWERS];
static int viewer_count;
static size_t sizes[MAX_SIZES];
static int size_count;
static unsigned char message[MAX_MESSAGE + 10];

static const char ANSWER[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: unchecked\r\n\r\n";

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int64_t mono_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void load_sizes(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    while (size_count < MAX_SIZES && fscanf(file, "%zu", &sizes[size_count]) == 1)
        if (sizes[size_count] > 0 && sizes[size_count] <= MAX_MESSAGE) size_count++;
    fclose(file);
    if (!size_count) {
        fprintf(stderr, "%s holds no size\n", path);
        exit(1);
    }
}

static int open_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) die("listen");
    if (getsockname(fd, (struct sockaddr *)&address, &length)) die("getsockname");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static void admit(int listener) {
    int fd, one = 1;
    char request[4096];
    while ((fd = accept4(listener, NULL, NULL, 0)) >= 0) {
        if (viewer_count == MAX_VIEWERS) exit(1);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        /* Our viewers send their request in one piece, right after connecting. */
        if (recv(fd, request, sizeof request, 0) <= 0 || send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) {
            close(fd);
            continue;
        }
        viewers[viewer_count++] = fd;
    }
}

static size_t frame(size_t size) {
    size_t head = size < 126 ? 2 : size < 65536 ? 4 : 10;
    message[0] = 0x82;
    if (head == 2) message[1] = size;
    else {
        int bytes = head - 2;
        message[1] = head == 4 ? 126 : 127;
        for (int i = 0; i < bytes; i++) message[2 + i] = (uint64_t)size >> (8 * (bytes - 1 - i));
    }
    return head + size;
}

static void send_to_all(size_t length) {
    for (int i = 0; i < viewer_count; i++) {
        ssize_t sent = send(viewers[i], message, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == (ssize_t)length) continue;
        /* A viewer that is gone, or too slow: half a message would spoil its stream. */
        close(viewers[i]);
        viewers[i--] = viewers[--viewer_count];
    }
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    load_sizes(argv[1]);
    struct rlimit limit = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &limit);
    int64_t interval_ns = 1e9 / atof(argv[2]);
    int listener = open_port(), epoll = epoll_create1(0), turn = 0;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    event.data.fd = 0;
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    memset(message, 0x5a, sizeof message);
    for (int64_t due_ns = mono_ns() + interval_ns;;) {
        int64_t left_ns = due_ns - mono_ns();
        if (left_ns <= 0) {
            send_to_all(frame(sizes[turn++ % size_count]));
            due_ns += interval_ns;
            continue;
        }
        struct timespec timeout = {left_ns / 1000000000, left_ns % 1000000000};
        int ready = epoll_pwait2(epoll, events, EVENTS, &timeout, NULL);
        if (ready < 0 && errno != EINTR) die("epoll");
        for (int i = 0; i < ready; i++) {
            char ignored[64];
            if (events[i].data.fd == listener) admit(listener);
            else if (read(0, ignored, sizeof ignored) <= 0) return 0;
        }
    }
}
