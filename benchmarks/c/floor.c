/* The floor of fan-out: a server that does nothing but send() the same bytes to every viewer.
 *
 *   floor SIZES FPS STAMPS      (listens on a free port of 127.0.0.1, and prints it)
 *
 * SIZES is a file with the length of one WebSocket message a line, taken in turn, FPS times a second. STAMPS is the table
 * of common.h, - for none: with it each message follows a short text with its number, in the same send(), and its moment
 * is noted. Any request is answered 101. Ends with its standard input.
 */
#define _GNU_SOURCE
#include "common.h"

enum { MAX_VIEWERS = 8192, MAX_SIZES = 65536, MAX_MESSAGE = 4 << 20, NOTE = 125, EVENTS = 64 };

static int viewers[MAX_VIEWERS];
static int viewer_count;
static size_t sizes[MAX_SIZES];
static int size_count;
static unsigned char message[NOTE + 2 + MAX_MESSAGE + 10];

static const char ANSWER[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: unchecked\r\n\r\n";

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

/* Returns the length of the text that tells a message's number, as a WebSocket frame. */
static size_t announce(int64_t seq) {
    int length = snprintf((char *)message + 2, NOTE, "{\"type\":\"frame\",\"seq\":%ld,\"media_time_ns\":%ld,\"key\":false}",
                          seq, mono_ns());
    message[0] = 0x81;
    message[1] = length;
    return length + 2;
}

static size_t frame(unsigned char *at, size_t size) {
    size_t head = size < 126 ? 2 : size < 65536 ? 4 : 10;
    at[0] = 0x82;
    if (head == 2) at[1] = size;
    else {
        int bytes = head - 2;
        at[1] = head == 4 ? 126 : 127;
        for (int i = 0; i < bytes; i++) at[2 + i] = (uint64_t)size >> (8 * (bytes - 1 - i));
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
    if (argc != 4) return 2;
    load_sizes(argv[1]);
    allow_many_descriptors();
    volatile int64_t *stamps = strcmp(argv[3], "-") ? map_stamps(argv[3], 1) : NULL;
    int64_t interval_ns = 1e9 / atof(argv[2]);
    int listener = open_port(), epoll = epoll_create1(0);
    struct epoll_event events[EVENTS];
    watch(epoll, listener, EPOLLIN, &listener);
    watch(epoll, 0, EPOLLIN, NULL);
    memset(message, 0x5a, sizeof message);
    for (int64_t due_ns = mono_ns() + interval_ns, turn = 0;;) {
        int64_t left_ns = due_ns - mono_ns();
        if (left_ns <= 0) {
            if (stamps) stamps[turn % RING] = mono_ns();
            size_t note = stamps ? announce(turn) : 0;
            send_to_all(note + frame(message + note, sizes[turn++ % size_count]));
            due_ns += interval_ns;
            continue;
        }
        struct timespec timeout = {left_ns / 1000000000, left_ns % 1000000000};
        int ready = epoll_pwait2(epoll, events, EVENTS, &timeout, NULL);
        if (ready < 0 && errno != EINTR) die("epoll");
        for (int i = 0; i < ready; i++) {
            char ignored[64];
            if (events[i].data.ptr) admit(listener);
            else if (read(0, ignored, sizeof ignored) <= 0) return 0;
        }
    }
}
