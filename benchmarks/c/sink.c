/* The floor of taking pictures in: a server that answers cameras 101, reads what they send, and does nothing with it.
 *
 *   sink      (listens on a free port of 127.0.0.1, and prints it)
 *
 * Ends with its standard input.
 */
#define _GNU_SOURCE
#include "common.h"

enum { EVENTS = 64, SCRATCH = 1 << 18 };

static const char ANSWER[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: unchecked\r\n\r\n";
static char scratch[SCRATCH];

int main(void) {
    static char listening, ending;
    allow_many_descriptors();
    int listener = open_port(), epoll = epoll_create1(0);
    watch(epoll, listener, EPOLLIN, &listening);
    watch(epoll, 0, EPOLLIN, &ending);
    struct epoll_event events[EVENTS];
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1), fd;
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr == &ending) {
                if (read(0, scratch, sizeof scratch) <= 0) return 0;
            } else if (events[i].data.ptr == &listening) {
                while ((fd = accept4(listener, NULL, NULL, 0)) >= 0) {
                    /* Our cameras send their request in one piece, right after connecting. */
                    if (recv(fd, scratch, sizeof scratch, 0) <= 0 || send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0)
                        close(fd);
                    else watch(epoll, fd, EPOLLIN, (void *)(intptr_t)fd);
                }
            } else {
                fd = (intptr_t)events[i].data.ptr;
                if (recv(fd, scratch, sizeof scratch, MSG_DONTWAIT) == 0) close(fd);
            }
        }
    }
}
