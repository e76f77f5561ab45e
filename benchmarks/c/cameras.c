/* Many cameras in one cheap process: each pushes ready pictures over a WebSocket at its pace, and notes when.
 *
 *   cameras PORT PATH COUNT FPS PICTURES STAMPS
 *
 * %d in PATH is a camera's number, from 1. PICTURES holds JPEGs, each after its length (32 bits, host order). The cameras'
 * phases are spread over the frame interval. STAMPS is the table of common.h: the moment before the first byte of each
 * frame is sent. A frame that is due while the one before is still being sent is skipped, and has no number: `seq` counts
 * what was sent on a connection. A line on standard input is answered by a line of totals in JSON; its end ends the program.
 */
#define _GNU_SOURCE
#include "common.h"

enum { EVENTS = 64, MAX_PICTURES = 4096, HEAD = 14 };
static const int64_t AGAIN_NS = 500000000;
enum state { ABSENT, CONNECTING, ANSWER, LIVE };

struct picture {
    unsigned char *bytes; /* the whole WebSocket message, masked */
    size_t size;
};

struct camera {
    int fd, answer_length;
    enum state state;
    int64_t seq, frames, again_ns; /* frames counts over all connections */
    const unsigned char *left;     /* what of a message did not go out at once */
    size_t left_size;
    char answer[4096];
};

static struct picture pictures[MAX_PICTURES];
static struct camera *cameras;
static volatile int64_t *stamps;
static struct { uint64_t sent, skipped, lost, bytes; } total;
static int picture_count, count, epoll, connected;

/* Masked as a camera must (RFC 6455, section 5.3), once for all who send it. */
static struct picture as_message(const unsigned char *jpeg, uint32_t size) {
    static const unsigned char mask[4] = {0x9d, 0x27, 0xe1, 0x5b};
    struct picture message = {malloc(HEAD + size), 0};
    unsigned char *at = message.bytes;
    *at++ = 0x82;
    int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    *at++ = 0x80 | (bytes == 0 ? size : bytes == 2 ? 126 : 127);
    for (int i = bytes; i > 0; i--) *at++ = (uint64_t)size >> (8 * (i - 1));
    memcpy(at, mask, sizeof mask);
    at += sizeof mask;
    for (uint32_t i = 0; i < size; i++) at[i] = jpeg[i] ^ mask[i % 4];
    message.size = at + size - message.bytes;
    return message;
}

static void load(const char *path) {
    FILE *file = fopen(path, "rb");
    uint32_t size;
    if (!file) die(path);
    while (picture_count < MAX_PICTURES && fread(&size, sizeof size, 1, file) == 1) {
        unsigned char *jpeg = malloc(size);
        if (fread(jpeg, 1, size, file) != size) die(path);
        pictures[picture_count++] = as_message(jpeg, size);
        free(jpeg);
    }
    fclose(file);
    if (!picture_count) exit(1);
}

static void lose(struct camera *camera) {
    close(camera->fd);
    connected -= camera->state == LIVE;
    total.lost++;
    camera->state = ABSENT;
    camera->left_size = 0;
    camera->again_ns = mono_ns() + AGAIN_NS;
}

static void start(struct camera *camera, const struct sockaddr_in *address) {
    int one = 1;
    camera->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (camera->fd < 0) die("socket");
    setsockopt(camera->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    camera->state = CONNECTING;
    camera->seq = camera->answer_length = 0;
    if (connect(camera->fd, (const struct sockaddr *)address, sizeof *address) && errno != EINPROGRESS) lose(camera);
    else watch(epoll, camera->fd, EPOLLIN | EPOLLOUT | EPOLLET, camera);
}

static void ask(struct camera *camera, const char *pattern) {
    char path[1024], request[2048];
    fill_in(path, sizeof path, pattern, camera - cameras + 1);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n", path);
    if (send(camera->fd, request, length, MSG_NOSIGNAL) != length) lose(camera);
    else camera->state = ANSWER;
}

static void push_on(struct camera *camera) {
    while (camera->left_size) {
        ssize_t sent = send(camera->fd, camera->left, camera->left_size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (sent < 0) {
            lose(camera);
            return;
        }
        camera->left += sent;
        camera->left_size -= sent;
    }
}

static void take_picture(struct camera *camera) {
    int number = camera - cameras;
    if (camera->state != LIVE) return;
    if (camera->left_size) {
        total.skipped++;
        return;
    }
    struct picture *picture = &pictures[(camera->frames++ + 7 * number) % picture_count];
    stamps[number * RING + camera->seq++ % RING] = mono_ns();
    camera->left = picture->bytes;
    camera->left_size = picture->size;
    total.sent++;
    total.bytes += picture->size;
    push_on(camera);
}

static void hear(struct camera *camera) {
    char ignored[4096];
    for (;;) {
        int room = sizeof camera->answer - 1 - camera->answer_length;
        ssize_t size = camera->state == ANSWER ? recv(camera->fd, camera->answer + camera->answer_length, room, 0)
                                               : recv(camera->fd, ignored, sizeof ignored, 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (size <= 0) {
            lose(camera);
            return;
        }
        if (camera->state != ANSWER) continue;
        camera->answer[camera->answer_length += size] = 0;
        if (!strstr(camera->answer, "\r\n\r\n")) continue;
        if (strncmp(camera->answer, "HTTP/1.1 101", 12)) {
            lose(camera);
            return;
        }
        camera->state = LIVE;
        connected++;
    }
}

static void say_totals(void) {
    printf("{\"mono_ns\": %ld, \"connected\": %d, \"sent\": %lu, \"skipped\": %lu, \"lost\": %lu, \"bytes\": %lu}\n", mono_ns(),
           connected, total.sent, total.skipped, total.lost, total.bytes);
    fflush(stdout);
}

/* Returns the time of the next camera whose turn it is: they take turns, so the list of what is due is a counter. */
static int64_t take_turns(int64_t start_ns, double step_ns) {
    static uint64_t turn;
    int64_t due_ns;
    while ((due_ns = start_ns + turn * step_ns) <= mono_ns()) take_picture(&cameras[turn++ % count]);
    return due_ns;
}

int main(int argc, char **argv) {
    if (argc != 7) return 2;
    const char *path = argv[2];
    struct sockaddr_in address = here(atoi(argv[1]));
    allow_many_descriptors();
    count = atoi(argv[3]);
    load(argv[5]);
    stamps = map_stamps(argv[6], count);
    cameras = calloc(count, sizeof *cameras);
    epoll = epoll_create1(0);
    watch(epoll, 0, EPOLLIN, NULL);
    struct epoll_event events[EVENTS];
    int64_t start_ns = mono_ns();
    for (;;) {
        int64_t due_ns = take_turns(start_ns, 1e9 / atof(argv[4]) / count), now_ns = mono_ns();
        int begun = 0;
        for (int i = 0; i < count && begun < 10; i++)
            if (cameras[i].state == ABSENT && cameras[i].again_ns <= now_ns) {
                start(&cameras[i], &address);
                begun++;
            }
        int64_t left_ns = due_ns > now_ns ? due_ns - now_ns : 0;
        struct timespec timeout = {left_ns / 1000000000, left_ns % 1000000000};
        int ready = epoll_pwait2(epoll, events, EVENTS, &timeout, NULL);
        if (ready < 0 && errno != EINTR) die("epoll");
        for (int i = 0; i < ready; i++) {
            struct camera *camera = events[i].data.ptr;
            char line[64];
            if (!camera) {
                if (read(0, line, sizeof line) <= 0) return 0;
                say_totals();
                continue;
            }
            if (camera->state == CONNECTING && events[i].events & (EPOLLERR | EPOLLHUP)) lose(camera);
            else if (camera->state == CONNECTING && events[i].events & EPOLLOUT) ask(camera, path);
            if (camera->state != ABSENT && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) hear(camera);
            if (camera->state == LIVE && events[i].events & EPOLLOUT) push_on(camera);
        }
    }
}
