/* Many viewers in one cheap process: connects, reads, counts, and says when each message was complete.
 *
 *   viewers HOST PORT PATH COUNT A_SECOND LOGGED LOG
 *
 * Connects COUNT WebSockets, A_SECOND of them a second (0: all at once). A line on standard input is answered by a line
 * of totals in JSON; the end of standard input ends the program. Of the first LOGGED viewers, LOG receives a record a
 * message: struct record below, in host order; seq is -2 for the start of connecting, and -1 where no `frame` message
 * (`meta=1`) told it.
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

enum { EVENTS = 256, SCRATCH = 1 << 20, NOTE = 512, HEAD = 1024 };
enum state { ABSENT, CONNECTING, ANSWER, LIVE, CLOSED };
enum opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9 };

struct record {
    uint64_t mono_ns;
    int64_t seq;
    uint32_t viewer, bytes;
};

struct viewer {
    int fd;
    enum state state;
    int head_length;     /* bytes of a frame's head, or of the HTTP answer, in `head` */
    int opcode;          /* of the frame being read */
    uint64_t size, left; /* of its payload; left counts down, and the head is incomplete while in_payload is 0 */
    int in_payload, note_length;
    int64_t seq, last_seq;
    unsigned char head[HEAD], note[NOTE];
};

static struct viewer *viewers;
static struct { uint64_t connected, closed, refused, messages, bytes, texts, gaps; } total;
static unsigned char scratch[SCRATCH];
static FILE *records;
static int logged, epoll;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t mono_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void note_down(struct viewer *viewer, int64_t seq, uint64_t bytes) {
    if (viewer - viewers >= logged) return;
    struct record record = {mono_ns(), seq, viewer - viewers, bytes};
    fwrite(&record, sizeof record, 1, records);
}

static void leave(struct viewer *viewer) {
    *(viewer->state == LIVE ? &total.closed : &total.refused) += 1;
    close(viewer->fd);
    viewer->state = CLOSED;
}

static void start(struct viewer *viewer, const struct sockaddr_in *address) {
    viewer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    viewer->state = CONNECTING;
    viewer->seq = viewer->last_seq = -1;
    if (viewer->fd < 0) die("socket");
    note_down(viewer, -2, 0);
    if (connect(viewer->fd, (const struct sockaddr *)address, sizeof *address) && errno != EINPROGRESS) {
        leave(viewer);
        return;
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = viewer};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, viewer->fd, &event)) die("epoll_ctl");
}

static void ask(struct viewer *viewer, const char *host, const char *path) {
    char request[2048];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n", path, host);
    if (send(viewer->fd, request, length, MSG_NOSIGNAL) != length) leave(viewer);
    else viewer->state = ANSWER;
}

/* Returns how many bytes the HTTP answer still took; the rest belongs to frames. */
static size_t take_answer(struct viewer *viewer, const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (viewer->head_length == HEAD - 1) {
            leave(viewer);
            return count;
        }
        viewer->head[viewer->head_length++] = bytes[i];
        viewer->head[viewer->head_length] = 0;
        if (!strstr((char *)viewer->head + (viewer->head_length > 4 ? viewer->head_length - 4 : 0), "\r\n\r\n")) continue;
        if (strncmp((char *)viewer->head, "HTTP/1.1 101", 12)) {
            leave(viewer);
            return count;
        }
        viewer->state = LIVE;
        viewer->head_length = 0;
        total.connected++;
        return i + 1;
    }
    return count;
}

static int head_size(const struct viewer *viewer) {
    if (viewer->head_length < 2) return 2;
    int length = viewer->head[1] & 0x7f;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

static void begin_payload(struct viewer *viewer) {
    int bytes = viewer->head_length == 2 ? 0 : viewer->head_length - 2;
    viewer->size = bytes ? 0 : viewer->head[1] & 0x7f;
    for (int i = 0; i < bytes; i++) viewer->size = viewer->size << 8 | viewer->head[2 + i];
    viewer->opcode = viewer->head[0] & 0x0f;
    viewer->left = viewer->size;
    viewer->in_payload = 1;
    viewer->head_length = viewer->note_length = 0;
}

static void answer_ping(struct viewer *viewer) {
    unsigned char pong[6 + 125] = {0x8a, 0x80 | viewer->note_length}; /* the mask of zeros changes nothing */
    memcpy(pong + 6, viewer->note, viewer->note_length);
    if (send(viewer->fd, pong, 6 + viewer->note_length, MSG_NOSIGNAL) < 0) leave(viewer);
}

static void read_note(struct viewer *viewer) {
    viewer->note[viewer->note_length < NOTE ? viewer->note_length : NOTE - 1] = 0;
    total.texts++;
    if (!strstr((char *)viewer->note, "\"type\":\"frame\"")) return;
    char *seq = strstr((char *)viewer->note, "\"seq\":");
    if (seq) viewer->seq = atoll(seq + 6);
}

static void end_payload(struct viewer *viewer) {
    viewer->in_payload = 0;
    if (viewer->opcode == TEXT) read_note(viewer);
    else if (viewer->opcode == PING) answer_ping(viewer);
    else if (viewer->opcode == CLOSE) leave(viewer);
    else if (viewer->opcode == BINARY) {
        total.messages++;
        total.bytes += viewer->size;
        if (viewer->seq >= 0 && viewer->last_seq >= 0 && viewer->seq > viewer->last_seq + 1)
            total.gaps += viewer->seq - viewer->last_seq - 1;
        note_down(viewer, viewer->seq, viewer->size);
        viewer->last_seq = viewer->seq;
        viewer->seq = -1;
    }
}

static void take(struct viewer *viewer, const unsigned char *bytes, size_t count) {
    size_t at = viewer->state == ANSWER ? take_answer(viewer, bytes, count) : 0;
    while (viewer->state == LIVE && (at < count || (viewer->in_payload && !viewer->left))) {
        if (!viewer->in_payload) {
            viewer->head[viewer->head_length++] = bytes[at++];
            if (viewer->head_length >= 2 && viewer->head_length == head_size(viewer)) begin_payload(viewer);
            continue;
        }
        size_t piece = viewer->left < count - at ? viewer->left : count - at;
        if (viewer->opcode != BINARY && viewer->note_length + piece < NOTE) {
            memcpy(viewer->note + viewer->note_length, bytes + at, piece);
            viewer->note_length += piece;
        }
        at += piece;
        viewer->left -= piece;
        if (!viewer->left) end_payload(viewer);
    }
}

static void read_all(struct viewer *viewer) {
    while (viewer->state == ANSWER || viewer->state == LIVE) {
        ssize_t count = recv(viewer->fd, scratch, sizeof scratch, 0);
        if (count > 0) take(viewer, scratch, count);
        else if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        else leave(viewer);
        if (count < (ssize_t)sizeof scratch) return;
    }
}

static void say_totals(void) {
    printf("{\"mono_ns\": %lu, \"connected\": %lu, \"closed\": %lu, \"refused\": %lu, \"messages\": %lu, \"bytes\": %lu, "
           "\"texts\": %lu, \"gaps\": %lu}\n", mono_ns(), total.connected, total.closed, total.refused, total.messages,
           total.bytes, total.texts, total.gaps);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 8) return 2;
    const char *host = argv[1], *path = argv[3];
    int count = atoi(argv[4]), begun = 0;
    double a_second = atof(argv[5]);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
    struct rlimit limit = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &limit);
    inet_pton(AF_INET, host, &address.sin_addr);
    logged = atoi(argv[6]);
    records = fopen(argv[7], "wb");
    viewers = calloc(count, sizeof *viewers);
    if (!records || !viewers) die(argv[7]);
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[EVENTS];
    epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
    uint64_t start_ns = mono_ns();
    for (;;) {
        int due = a_second ? (mono_ns() - start_ns) * 1e-9 * a_second + 1 : count;
        /* Some at a time: a generator that only connects lets what it should read pile up, which shows as delay. */
        for (int i = 0; i < 20 && begun < count && begun < due; i++) start(&viewers[begun++], &address);
        int ready = epoll_wait(epoll, events, EVENTS, begun == count ? -1 : begun < due ? 0 : 1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct viewer *viewer = events[i].data.ptr;
            char line[64];
            if (!viewer) {
                if (read(0, line, sizeof line) <= 0) return fclose(records) != 0;
                fflush(records);
                say_totals();
                continue;
            }
            if (viewer->state == CONNECTING && events[i].events & EPOLLOUT) ask(viewer, host, path);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
                if (viewer->state == CONNECTING) leave(viewer);
                else read_all(viewer);
            }
        }
    }
}
