/* A thin line: passes connections on to a server, at so many bytes a second each from the server to the client.
 *
 *   throttle PORT BYTES_A_SECOND      (listens on a free port of 127.0.0.1, and prints it)
 *
 * It keeps little itself (a small receive buffer and CHUNK), so that the server feels the line as it would a real one's
 * queue. Ends with its standard input.
 */
#define _GNU_SOURCE
#include "common.h"

enum { CHUNK = 4096, EVENTS = 64, MAX_LINES = 4096, RECEIVE_BYTES = 16384 };
static const int64_t TICK_NS = 5000000;

struct line {
    int client, server, size, sent;
    double allowance;
    char chunk[CHUNK]; /* from the server, size of them, sent of those are with the client */
};

static struct line *lines[MAX_LINES];
static int line_count;

static void admit(int listener, const struct sockaddr_in *address) {
    int fd, small = RECEIVE_BYTES, one = 1;
    while (line_count < MAX_LINES && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct line *line = calloc(1, sizeof *line);
        line->client = fd;
        line->server = socket(AF_INET, SOCK_STREAM, 0);
        /* Before connecting: it bounds the window that is offered. */
        setsockopt(line->server, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        setsockopt(line->client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(line->server, (const struct sockaddr *)address, sizeof *address)) die("connect");
        lines[line_count++] = line;
    }
}

static int is_over(ssize_t moved) { return moved == 0 || (moved < 0 && errno != EAGAIN && errno != EINTR); }

/* Returns 0 when one of the two has gone. */
static int move(struct line *line, double bytes) {
    char up[CHUNK];
    ssize_t size = recv(line->client, up, sizeof up, MSG_DONTWAIT);
    if (is_over(size) || (size > 0 && send(line->server, up, size, MSG_NOSIGNAL) != size)) return 0;
    line->allowance += bytes;
    if (line->allowance > CHUNK) line->allowance = CHUNK;
    if (line->sent == line->size && line->allowance >= 1) {
        size = recv(line->server, line->chunk, (size_t)line->allowance, MSG_DONTWAIT);
        if (is_over(size)) return 0;
        line->size = size > 0 ? size : 0;
        line->allowance -= line->size;
        line->sent = 0;
    }
    if (line->sent == line->size) return 1;
    size = send(line->client, line->chunk + line->sent, line->size - line->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size > 0) line->sent += size;
    return !is_over(size);
}

static void end(int number) {
    close(lines[number]->client);
    close(lines[number]->server);
    free(lines[number]);
    lines[number] = lines[--line_count];
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    struct sockaddr_in address = here(atoi(argv[1]));
    double a_second = atof(argv[2]);
    allow_many_descriptors();
    int listener = open_port(), epoll = epoll_create1(0);
    watch(epoll, listener, EPOLLIN, &listener);
    watch(epoll, 0, EPOLLIN, NULL);
    struct epoll_event events[EVENTS];
    for (int64_t last_ns = mono_ns();;) {
        struct timespec tick = {0, TICK_NS};
        int ready = epoll_pwait2(epoll, events, EVENTS, &tick, NULL);
        for (int i = 0; i < ready; i++) {
            char ignored[64];
            if (events[i].data.ptr) admit(listener, &address);
            else if (read(0, ignored, sizeof ignored) <= 0) return 0;
        }
        int64_t now_ns = mono_ns();
        if (now_ns - last_ns < TICK_NS) continue;
        for (int i = line_count - 1; i >= 0; i--)
            if (!move(lines[i], a_second * (now_ns - last_ns) * 1e-9)) end(i);
        last_ns = now_ns;
    }
}
