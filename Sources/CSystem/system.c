#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/random.h>
#else
#include <stdlib.h>
#endif

int tidings_start_write_back(int file, int64_t offset, int64_t count) {
#if defined(__linux__)
    return sync_file_range(file, offset, count, SYNC_FILE_RANGE_WRITE);
#else
    (void)file, (void)offset, (void)count;
    return 0;
#endif
}

int tidings_sync_data(int file) {
#if defined(__APPLE__)
    return fcntl(file, F_FULLFSYNC);
#else
    return fdatasync(file);
#endif
}

int tidings_random(void *bytes, size_t count) {
#if defined(__linux__)
    uint8_t *at = bytes;
    while (count > 0) {
        ssize_t got = getrandom(at, count, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        at += got;
        count -= (size_t)got;
    }
#else
    arc4random_buf(bytes, count);
#endif
    return 0;
}

void tidings_name_thread(const char *name) {
#if defined(__APPLE__)
    pthread_setname_np(name);
#else
    char short_name[16];
    size_t index = 0;
    for (; index < 15 && name[index]; index++) short_name[index] = name[index];
    short_name[index] = 0;
    pthread_setname_np(pthread_self(), short_name);
#endif
}

void tidings_block_signals(void) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

extern char **environ;

char **tidings_environment(void) { return environ; }

int tidings_tcp_socket(int family) {
#if defined(__linux__)
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
    int file = socket(family, SOCK_STREAM, 0);
    if (file >= 0) {
        fcntl(file, F_SETFD, FD_CLOEXEC);
        fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    }
    return file;
#endif
}

int tidings_accept(int listener, struct sockaddr *address, socklen_t *size) {
#if defined(__linux__)
    return accept4(listener, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    int file = accept(listener, address, size);
    if (file >= 0) {
        fcntl(file, F_SETFD, FD_CLOEXEC);
        fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    }
    return file;
#endif
}
