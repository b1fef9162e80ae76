#include "CSystem.h"

#include <string.h>

// Reflected Castagnoli polynomial.
#define POLYNOMIAL 0x82F63B78u

static uint32_t table[8][256];
// What appending SHORT or LONG zero bytes does to a CRC, one table per byte of it: joins the three streams.
#define LONG_RUN 2048
#define SHORT_RUN 256
static uint32_t long_shift[4][256];
static uint32_t short_shift[4][256];

static uint32_t multiply(const uint32_t *matrix, uint32_t vector) {
    uint32_t sum = 0;
    for (; vector; vector >>= 1, matrix++)
        if (vector & 1) sum ^= *matrix;
    return sum;
}

static void square(uint32_t *out, const uint32_t *in) {
    for (int n = 0; n < 32; n++) out[n] = multiply(in, in[n]);
}

static void fill_shift(uint32_t shift[4][256], size_t run) {
    uint32_t odd[32], even[32];
    odd[0] = POLYNOMIAL;
    for (int n = 1; n < 32; n++) odd[n] = 1u << (n - 1);
    square(even, odd);
    square(odd, even);
    const uint32_t *result;
    for (;;) {
        square(even, odd);
        run >>= 1;
        result = even;
        if (run == 0) break;
        square(odd, even);
        run >>= 1;
        result = odd;
        if (run == 0) break;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int byte = 0; byte < 4; byte++) shift[byte][n] = multiply(result, n << (8 * byte));
}

__attribute__((constructor)) static void fill_tables(void) {
    for (uint32_t n = 0; n < 256; n++) {
        uint32_t crc = n;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
        table[0][n] = crc;
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int slice = 1; slice < 8; slice++)
            table[slice][n] = (table[slice - 1][n] >> 8) ^ table[0][table[slice - 1][n] & 0xFF];
    fill_shift(long_shift, LONG_RUN);
    fill_shift(short_shift, SHORT_RUN);
}

static uint32_t by_table(uint32_t crc, const uint8_t *at, size_t count) {
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        word ^= crc;
        crc = table[7][word & 0xFF] ^ table[6][(word >> 8) & 0xFF] ^ table[5][(word >> 16) & 0xFF]
            ^ table[4][(word >> 24) & 0xFF] ^ table[3][(word >> 32) & 0xFF] ^ table[2][(word >> 40) & 0xFF]
            ^ table[1][(word >> 48) & 0xFF] ^ table[0][word >> 56];
        at += 8;
        count -= 8;
    }
    while (count--) crc = (crc >> 8) ^ table[0][(crc ^ *at++) & 0xFF];
    return crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>
#define HARDWARE __attribute__((target("sse4.2")))
typedef uint64_t word_t;
HARDWARE static inline uint64_t step8(uint64_t crc, const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    return _mm_crc32_u64(crc, word);
}
HARDWARE static inline uint64_t step1(uint64_t crc, uint8_t byte) { return _mm_crc32_u8((uint32_t)crc, byte); }
static int has_hardware(void) { return __builtin_cpu_supports("sse4.2"); }
#define HAVE_HARDWARE 1
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define HARDWARE
static inline uint64_t step8(uint64_t crc, const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    return __crc32cd((uint32_t)crc, word);
}
static inline uint64_t step1(uint64_t crc, uint8_t byte) { return __crc32cb((uint32_t)crc, byte); }
static int has_hardware(void) { return 1; }
#define HAVE_HARDWARE 1
#endif

#if HAVE_HARDWARE
static inline uint32_t shifted(uint32_t shift[4][256], uint32_t crc) {
    return shift[0][crc & 0xFF] ^ shift[1][(crc >> 8) & 0xFF] ^ shift[2][(crc >> 16) & 0xFF] ^ shift[3][crc >> 24];
}

HARDWARE static uint32_t three_way(uint32_t crc, const uint8_t **from, size_t *count, size_t run, uint32_t shift[4][256]) {
    const uint8_t *at = *from;
    size_t left = *count;
    while (left >= run * 3) {
        uint64_t first = crc, second = 0, third = 0;
        for (size_t n = 0; n < run; n += 8) {
            first = step8(first, at + n);
            second = step8(second, at + run + n);
            third = step8(third, at + run * 2 + n);
        }
        crc = shifted(shift, (uint32_t)first) ^ (uint32_t)second;
        crc = shifted(shift, crc) ^ (uint32_t)third;
        at += run * 3;
        left -= run * 3;
    }
    *from = at;
    *count = left;
    return crc;
}

HARDWARE static uint32_t by_hardware(uint32_t crc, const uint8_t *at, size_t count) {
    crc = three_way(crc, &at, &count, LONG_RUN, long_shift);
    crc = three_way(crc, &at, &count, SHORT_RUN, short_shift);
    uint64_t sum = crc;
    while (count >= 8) {
        sum = step8(sum, at);
        at += 8;
        count -= 8;
    }
    while (count--) sum = step1(sum, *at++);
    return (uint32_t)sum;
}
#endif

uint32_t tidings_crc32c(uint32_t crc, const void *bytes, size_t count) {
    crc = ~crc;
#if HAVE_HARDWARE
    if (has_hardware()) return ~by_hardware(crc, bytes, count);
#endif
    return ~by_table(crc, bytes, count);
}
