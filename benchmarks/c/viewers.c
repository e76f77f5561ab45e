/* Many viewers in one cheap process: connects, reads, counts, and says how old each message was when it was complete.
 *
 *   viewers HOST PORT PATH COUNT A_SECOND LOGGED LOG STAMPS CAMERAS
 *
 * Connects COUNT WebSockets, A_SECOND of them a second (0: all at once), and reads meanwhile. Viewer n watches camera
 * n % CAMERAS: %d in PATH is its number, from 1. STAMPS is the table of common.h, - for none: ages are then unknown.
 * Which frame a message is, is told by the `frame` message before it (`meta=1`).
 *
 * A line on standard input is answered by a line of JSON: `totals` and `report`; `reset` starts the report anew, `stall`
 * stops reading for good. The end of standard input ends the program. Of the first LOGGED viewers, LOG receives a record
 * a message: struct record below, in host order; seq is -2 for the start of connecting, and -1 where nothing told it.
 */
#define _GNU_SOURCE
#include "common.h"

enum { EVENTS = 256, SCRATCH = 1 << 20, NOTE = 512, HEAD = 1024, BUCKETS = 300000, BEHIND = 2, RESTART = 1000 };
static const int64_t BUCKET_NS = 100000;
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
    int in_payload, note_length, missed;
    int64_t seq, last_seq, started_ns, first_ns;
    unsigned char head[HEAD], note[NOTE];
};

/* Ages in steps of 0.1 ms; the last one is everything beyond 30 s. */
struct ages {
    uint32_t counts[BUCKETS];
    uint64_t count;
    int64_t most_ns;
};

static struct viewer *viewers;
static struct { uint64_t connected, closed, refused, messages, bytes, texts, gaps, backwards; } total, before;
static struct ages age, shown, first;
static unsigned char scratch[SCRATCH];
static FILE *records;
static int logged, epoll, count, cameras;
static volatile int64_t *stamps;

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

static void add_age(struct ages *ages, int64_t ns) {
    int64_t bucket = ns < 0 ? 0 : ns / BUCKET_NS;
    ages->counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
    ages->count++;
    if (ns > ages->most_ns) ages->most_ns = ns;
}

/* Nearest rank, the upper end of its step. */
static double percentile_ms(const struct ages *ages, double percent) {
    uint64_t rank = ages->count * percent / 100, seen = 0;
    if (rank < ages->count * percent / 100 || !rank) rank++;
    for (int i = 0; i < BUCKETS; i++)
        if ((seen += ages->counts[i]) >= rank) return (i + 1) * BUCKET_NS / 1e6;
    return BUCKETS * BUCKET_NS / 1e6;
}

static int64_t sent_ns(const struct viewer *viewer, int64_t seq) {
    return stamps && seq >= 0 ? stamps[(viewer - viewers) % cameras * RING + seq % RING] : 0;
}

static void start(struct viewer *viewer, const struct sockaddr_in *address) {
    viewer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    viewer->state = CONNECTING;
    viewer->seq = viewer->last_seq = -1;
    viewer->started_ns = mono_ns();
    if (viewer->fd < 0) die("socket");
    note_down(viewer, -2, 0);
    if (connect(viewer->fd, (const struct sockaddr *)address, sizeof *address) && errno != EINPROGRESS) {
        leave(viewer);
        return;
    }
    watch(epoll, viewer->fd, EPOLLIN | EPOLLOUT | EPOLLET, viewer);
}

static void ask(struct viewer *viewer, const char *host, const char *pattern) {
    char path[1024], request[2048];
    fill_in(path, sizeof path, pattern, (viewer - viewers) % cameras + 1);
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n", path, host);
    if (send(viewer->fd, request, length, MSG_NOSIGNAL) != length) leave(viewer);
    else viewer->state = ANSWER;
}

/* Returns how many bytes the HTTP answer still took; the rest belongs to frames. */
static size_t take_answer(struct viewer *viewer, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (viewer->head_length == HEAD - 1) {
            leave(viewer);
            return size;
        }
        viewer->head[viewer->head_length++] = bytes[i];
        viewer->head[viewer->head_length] = 0;
        if (!strstr((char *)viewer->head + (viewer->head_length > 4 ? viewer->head_length - 4 : 0), "\r\n\r\n")) continue;
        if (strncmp((char *)viewer->head, "HTTP/1.1 101", 12)) {
            leave(viewer);
            return size;
        }
        viewer->state = LIVE;
        viewer->head_length = 0;
        total.connected++;
        return i + 1;
    }
    return size;
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

static void count_frame(struct viewer *viewer) {
    int64_t now_ns = mono_ns(), seq = viewer->seq, last = viewer->last_seq;
    if (!viewer->first_ns) {
        viewer->first_ns = now_ns;
        add_age(&first, now_ns - viewer->started_ns);
    }
    if (last >= 0 && seq + RESTART < last) last = -1; /* the camera connected anew */
    if (last >= 0 && seq > last + 1) {
        total.gaps += seq - last - 1;
        viewer->missed = 1;
    }
    total.backwards += last >= 0 && seq < last;
    if (sent_ns(viewer, seq)) add_age(&age, now_ns - sent_ns(viewer, seq));
    /* What it showed until now was as old as this. */
    if (sent_ns(viewer, last)) add_age(&shown, now_ns - sent_ns(viewer, last));
    viewer->last_seq = seq;
}

static void end_payload(struct viewer *viewer) {
    viewer->in_payload = 0;
    if (viewer->opcode == TEXT) read_note(viewer);
    else if (viewer->opcode == PING) answer_ping(viewer);
    else if (viewer->opcode == CLOSE) leave(viewer);
    else if (viewer->opcode == BINARY) {
        total.messages++;
        total.bytes += viewer->size;
        note_down(viewer, viewer->seq, viewer->size);
        count_frame(viewer);
        viewer->seq = -1;
    }
}

static void take(struct viewer *viewer, const unsigned char *bytes, size_t size) {
    size_t at = viewer->state == ANSWER ? take_answer(viewer, bytes, size) : 0;
    while (viewer->state == LIVE && (at < size || (viewer->in_payload && !viewer->left))) {
        if (!viewer->in_payload) {
            viewer->head[viewer->head_length++] = bytes[at++];
            if (viewer->head_length >= 2 && viewer->head_length == head_size(viewer)) begin_payload(viewer);
            continue;
        }
        size_t piece = viewer->left < size - at ? viewer->left : size - at;
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
        ssize_t size = recv(viewer->fd, scratch, sizeof scratch, 0);
        if (size > 0) take(viewer, scratch, size);
        else if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        else leave(viewer);
        if (size < (ssize_t)sizeof scratch) return;
    }
}

static void say_totals(void) {
    printf("{\"mono_ns\": %ld, \"connected\": %lu, \"closed\": %lu, \"refused\": %lu, \"messages\": %lu, \"bytes\": %lu, "
           "\"texts\": %lu, \"gaps\": %lu}\n", mono_ns(), total.connected, total.closed, total.refused, total.messages,
           total.bytes, total.texts, total.gaps);
}

static void say_ages(const char *name, const struct ages *ages) {
    if (!ages->count) printf(", \"%s\": null", name);
    else
        printf(", \"%s\": {\"samples\": %lu, \"p50\": %.1f, \"p95\": %.1f, \"p99\": %.1f, \"most\": %.1f}", name, ages->count,
               percentile_ms(ages, 50), percentile_ms(ages, 95), percentile_ms(ages, 99), ages->most_ns / 1e6);
}

/* Of a viewer that no longer receives, nothing tells but that others of its camera are ahead, or that it shows too old. */
static void say_report(void) {
    int with_gaps = 0, without = 0, missing = 0;
    int64_t *newest = calloc(cameras, sizeof *newest), now_ns = mono_ns();
    for (int i = 0; i < count; i++)
        if (viewers[i].last_seq > newest[i % cameras]) newest[i % cameras] = viewers[i].last_seq;
    for (int i = 0; i < count; i++) {
        struct viewer *viewer = &viewers[i];
        with_gaps += viewer->missed;
        without += !viewer->first_ns;
        missing += viewer->missed || viewer->state != LIVE || newest[i % cameras] - viewer->last_seq > BEHIND;
        if (viewer->state == LIVE && sent_ns(viewer, viewer->last_seq))
            add_age(&shown, now_ns - sent_ns(viewer, viewer->last_seq));
    }
    free(newest);
    printf("{\"mono_ns\": %ld, \"messages\": %lu, \"gaps\": %lu, \"backwards\": %lu, \"closed\": %lu, \"with_gaps\": %d, "
           "\"missing\": %d, \"without\": %d", now_ns, total.messages - before.messages, total.gaps - before.gaps,
           total.backwards - before.backwards, total.closed - before.closed, with_gaps, missing, without);
    say_ages("age_ms", &age);
    say_ages("shown_ms", &shown);
    say_ages("first_ms", &first);
    printf("}\n");
}

static void reset(void) {
    before = total;
    memset(&age, 0, sizeof age);
    memset(&shown, 0, sizeof shown);
    for (int i = 0; i < count; i++) viewers[i].missed = 0;
}

static void stall(void) {
    for (int i = 0; i < count; i++)
        if (viewers[i].state != ABSENT && viewers[i].state != CLOSED)
            epoll_ctl(epoll, EPOLL_CTL_DEL, viewers[i].fd, NULL);
}

static void obey(char *line) {
    if (!strncmp(line, "report", 6)) say_report();
    else if (!strncmp(line, "totals", 6)) say_totals();
    else {
        if (!strncmp(line, "reset", 5)) reset();
        if (!strncmp(line, "stall", 5)) stall();
        printf("{}\n");
    }
    fflush(records);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 10) return 2;
    const char *host = argv[1], *path = argv[3];
    int begun = 0;
    double a_second = atof(argv[5]);
    struct sockaddr_in address = here(atoi(argv[2]));
    allow_many_descriptors();
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) return 2;
    count = atoi(argv[4]);
    cameras = atoi(argv[9]);
    logged = atoi(argv[6]);
    records = fopen(argv[7], "wb");
    viewers = calloc(count, sizeof *viewers);
    if (!records || !viewers || cameras < 1) die(argv[7]);
    if (strcmp(argv[8], "-")) stamps = map_stamps(argv[8], cameras);
    epoll = epoll_create1(0);
    struct epoll_event events[EVENTS];
    watch(epoll, 0, EPOLLIN, NULL);
    int64_t start_ns = mono_ns();
    for (;;) {
        int due = a_second ? (mono_ns() - start_ns) * 1e-9 * a_second + 1 : count;
        /* Some at a time: a generator that only connects lets what it should read pile up, which shows as delay. */
        for (int i = 0; i < 20 && begun < count && begun < due; i++) start(&viewers[begun++], &address);
        int ready = epoll_wait(epoll, events, EVENTS, begun == count ? -1 : begun < due ? 0 : 1);
        if (ready < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready; i++) {
            struct viewer *viewer = events[i].data.ptr;
            char line[64] = "";
            if (!viewer) {
                if (read(0, line, sizeof line - 1) <= 0) return fclose(records) != 0;
                obey(line);
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
