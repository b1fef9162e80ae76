#ifndef TIDINGS_CSYSTEM_H
#define TIDINGS_CSYSTEM_H
// What Glibc's Swift module lacks, and what only C can say (intrinsics).
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/// CRC-32C (Castagnoli) of `count` bytes, continuing from `crc` (0 to begin). Check value of "123456789": 0xE3069283.
uint32_t tidings_crc32c(uint32_t crc, const void *bytes, size_t count);

/// Starts writing a file range back to disk without waiting (Linux); nothing elsewhere. Returns 0 or -1 with errno.
int tidings_start_write_back(int file, int64_t offset, int64_t count);

/// Opens an existing file for reading and writing past the page cache where the file system can (Linux: O_DIRECT), as
/// any other file where it cannot. Returns the file or -1 with errno.
int tidings_open_direct(const char *path);

/// How a write is made durable.
typedef enum {
    /// Not at all.
    TIDINGS_UNSYNCED,
    /// By a sync of its own behind it.
    TIDINGS_SYNCED,
    /// By the write itself, where that is quicker; only in a part of a file that was written before.
    TIDINGS_SYNCED_AT_ONCE,
} tidings_sync;

/// Writes all pieces one behind the other from `offset` on; synced they are durable when it returns, as fdatasync would
/// have it. Returns 0 or -1 with errno; ENOSPC also when nothing more is taken, never for a sync of its own.
int tidings_write_pieces(int file, const struct iovec *pieces, int count, int64_t offset, tidings_sync how);

/// The type of file system a file lies on, as Linux's statfs numbers them; 0 when it cannot be told.
uint32_t tidings_file_system(int file);

/// Lets other threads run that want to.
void tidings_yield(void);

/// Starts reading a range of a file into the page cache without waiting (Linux); nothing elsewhere.
void tidings_start_reading(int file, int64_t offset, int64_t count);

/// fdatasync on Linux, F_FULLFSYNC on macOS. Returns 0 or -1 with errno.
int tidings_sync_data(int file);

/// Fills `count` bytes from the system's random source. Returns 0 or -1 with errno.
int tidings_random(void *bytes, size_t count);

/// Lets go of the pages of program code that were only needed so far (Linux); those still needed come back by themselves.
void tidings_release_code(void);

/// Names the calling thread (at most 15 characters count).
void tidings_name_thread(const char *name);

/// Sets the calling thread's signal mask so that it takes no signals.
void tidings_block_signals(void);

/// The process's environment: `NAME=VALUE` strings, ended by NULL.
char **tidings_environment(void);

/// A non-blocking TCP socket of family `family` (AF_INET or AF_INET6), closed on exec. Returns -1 with errno.
int tidings_tcp_socket(int family);

/// Accepts a connection, non-blocking and closed on exec. Returns the file or -1 with errno.
int tidings_accept(int listener, struct sockaddr *address, socklen_t *size);
#endif
