#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#if defined(__linux__)
#include <link.h>
#include <malloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/vfs.h>
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

int tidings_open_direct(const char *path) {
    int file = -1;
#if defined(O_DIRECT)
    do {
        file = open(path, O_RDWR | O_CLOEXEC | O_DIRECT);
    } while (file < 0 && errno == EINTR);
    if (file >= 0 || errno != EINVAL) return file;
#endif
    do {
        file = open(path, O_RDWR | O_CLOEXEC);
    } while (file < 0 && errno == EINTR);
    return file;
}

uint32_t tidings_file_system(int file) {
#if defined(__linux__)
    struct statfs status;
    if (fstatfs(file, &status) == 0) return (uint32_t)status.f_type;
#else
    (void)file;
#endif
    return 0;
}

int tidings_write_pieces(int file, const struct iovec *pieces, int count, int64_t offset, tidings_sync how) {
    int synced = how != TIDINGS_UNSYNCED;
    struct iovec window[64];
    int next = 0;
    size_t done = 0; // bytes of pieces[next] that are written
    size_t total = 0;
    for (int at = 0; at < count; at++) total += pieces[at].iov_len;
    // A large write is quicker when its sync is a call of its own; for a small one that is a call more.
    int syncs_after = synced && (how != TIDINGS_SYNCED_AT_ONCE || total >= 65536);
    while (next < count) {
        int used = 0;
        for (int at = next; at < count && used < 64; at++, used++) window[used] = pieces[at];
        window[0].iov_base = (char *)window[0].iov_base + done;
        window[0].iov_len -= done;
#if defined(__linux__)
        ssize_t written = pwritev2(file, window, used, offset, synced && !syncs_after ? RWF_DSYNC : 0);
        if (written < 0 && synced && !syncs_after && (errno == EOPNOTSUPP || errno == ENOSYS)) {
            // A system that cannot do both at once does one after the other.
            syncs_after = 1;
            continue;
        }
#else
        ssize_t written = pwritev(file, window, used, offset);
#endif
        if (written < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        if (written == 0) {
            size_t left = 0;
            for (int at = 0; at < used; at++) left += window[at].iov_len;
            if (left > 0) {
                errno = ENOSPC;
                return -1;
            }
        }
        offset += written;
        size_t taken = (size_t)written + done;
        while (next < count && taken >= pieces[next].iov_len) taken -= pieces[next++].iov_len;
        done = taken;
    }
#if !defined(__linux__)
    syncs_after = synced;
#endif
    if (syncs_after) {
        while (tidings_sync_data(file) != 0) {
            if (errno == EINTR) continue;
            // Lack of room is said of the write only.
            if (errno == ENOSPC || errno == EDQUOT) errno = EIO;
            return -1;
        }
    }
    return 0;
}

void tidings_yield(void) { sched_yield(); }

void tidings_start_reading(int file, int64_t offset, int64_t count) {
#if defined(__linux__)
    posix_fadvise(file, offset, count, POSIX_FADV_WILLNEED);
#else
    (void)file, (void)offset, (void)count;
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

#if defined(__linux__)
static int release_code(struct dl_phdr_info *object, size_t size, void *context) {
    (void)size, (void)context;
    if (strstr(object->dlpi_name, "vdso")) return 0; // the system's own, from no file
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int at = 0; at < object->dlpi_phnum; at++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[at];
        // Code is mapped from its file and never written: what goes is read again from there.
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) || part->p_flags & PF_W) continue;
        uintptr_t first = (object->dlpi_addr + part->p_vaddr + page - 1) / page * page;
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_filesz) / page * page;
        if (end > first) madvise((void *)first, end - first, MADV_DONTNEED);
    }
    return 0;
}
#endif

void tidings_release_code(void) {
#if defined(__linux__)
    dl_iterate_phdr(release_code, NULL);
    malloc_trim(0);
#endif
}
