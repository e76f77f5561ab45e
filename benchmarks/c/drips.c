/* Clients that hold a connection and never ask anything whole.
 *
 *   drips PORT COUNT A_SECOND
 *
 * They take turns in what they do: connect and say nothing; half a request line; a header that grows by a byte a second;
 * a body that does; half of a camera's handshake. A line on standard input is answered by a line of JSON with how many are
 * open, how many the server cut, and the longest that one of each kind was open. Ends with its standard input.
 */
#define _GNU_SOURCE
#include "common.h"

enum { EVENTS = 256, KINDS = 5 };
enum state { ABSENT, CONNECTING, OPEN, CUT };

static const struct { const char *name, *opening; int drips; } kinds[KINDS] = {
    {"silent", "", 0},
    {"half a request line", "GET /sta", 0},
    {"a growing header", "GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Drip: ", 1},
    {"a growing body", "POST /cameras/drip/frame.jpg HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\n"
                       "Content-Length: 100000\r\n\r\n\xff\xd8", 1},
    {"half a camera", "GET /ws/camera/drip HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n", 0},
};

struct client {
    int fd;
    enum state state;
    int64_t since_ns, drip_ns, cut_ns;
};

static struct client *clients;
static int count, epoll;

static void cut(struct client *client) {
    close(client->fd);
    client->state = CUT;
    client->cut_ns = mono_ns();
}

static void start(struct client *client, const struct sockaddr_in *address) {
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0) die("socket");
    client->state = CONNECTING;
    client->since_ns = client->drip_ns = mono_ns();
    if (connect(client->fd, (const struct sockaddr *)address, sizeof *address) && errno != EINPROGRESS) cut(client);
    else watch(epoll, client->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, client);
}

static void say(struct client *client, const char *words) {
    size_t length = strlen(words);
    if (length && send(client->fd, words, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length) cut(client);
}

static void hear(struct client *client) {
    char answer[4096];
    ssize_t size;
    do size = recv(client->fd, answer, sizeof answer, 0);
    while (size > 0);
    if (!size || (errno != EAGAIN && errno != EINTR)) cut(client);
}

static void drip(int64_t now_ns) {
    for (int i = 0; i < count; i++) {
        struct client *client = &clients[i];
        if (client->state != OPEN || !kinds[i % KINDS].drips || now_ns - client->drip_ns < 1000000000) continue;
        client->drip_ns = now_ns;
        say(client, "x");
    }
}

static void say_totals(int begun) {
    int open = 0, ended = 0;
    int64_t now_ns = mono_ns(), longest_ns[KINDS] = {0};
    for (int i = 0; i < begun; i++) {
        struct client *client = &clients[i];
        int64_t open_ns = (client->state == CUT ? client->cut_ns : now_ns) - client->since_ns;
        *(client->state == CUT ? &ended : &open) += 1;
        if (open_ns > longest_ns[i % KINDS]) longest_ns[i % KINDS] = open_ns;
    }
    printf("{\"begun\": %d, \"open\": %d, \"cut\": %d, \"longest_s\": {", begun, open, ended);
    for (int i = 0; i < KINDS; i++) printf("%s\"%s\": %.2f", i ? ", " : "", kinds[i].name, longest_ns[i] * 1e-9);
    printf("}}\n");
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    struct sockaddr_in address = here(atoi(argv[1]));
    double a_second = atof(argv[3]);
    int begun = 0;
    allow_many_descriptors();
    count = atoi(argv[2]);
    clients = calloc(count, sizeof *clients);
    epoll = epoll_create1(0);
    watch(epoll, 0, EPOLLIN, NULL);
    struct epoll_event events[EVENTS];
    int64_t start_ns = mono_ns();
    for (;;) {
        int64_t now_ns = mono_ns();
        int due = (now_ns - start_ns) * 1e-9 * a_second + 1;
        while (begun < count && begun < due) start(&clients[begun++], &address);
        drip(now_ns);
        int ready = epoll_wait(epoll, events, EVENTS, 5);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            char line[64];
            if (!client) {
                if (read(0, line, sizeof line) <= 0) return 0;
                say_totals(begun);
                continue;
            }
            if (client->state == CONNECTING && events[i].events & (EPOLLERR | EPOLLHUP)) cut(client);
            else if (client->state == CONNECTING && events[i].events & EPOLLOUT) {
                client->state = OPEN;
                say(client, kinds[(client - clients) % KINDS].opening);
            }
            if (client->state == OPEN && events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) hear(client);
        }
    }
}
