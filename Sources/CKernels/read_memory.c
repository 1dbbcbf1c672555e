// Reads memory as fast as the machine can, to know what weights could at best be read at.
#include "CKernels.h"

typedef uint64_t line __attribute__((vector_size(64)));

// Four sums, so that no load waits for an addition.
#define READ_BODY                                                                                 \
  const line *p = memory;                                                                         \
  line a = {0}, b = {0}, c = {0}, d = {0};                                                        \
  for (long i = 0; i + 4 <= bytes / 64; i += 4) {                                                 \
    a ^= p[i];                                                                                    \
    b ^= p[i + 1];                                                                                \
    c ^= p[i + 2];                                                                                \
    d ^= p[i + 3];                                                                                \
  }                                                                                               \
  a ^= b ^ c ^ d;                                                                                 \
  uint64_t sum = 0;                                                                               \
  for (int i = 0; i < 8; i++) sum ^= a[i];                                                        \
  return sum;

static uint64_t read_generic(const void *memory, long bytes) { READ_BODY }

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t read_avx2(const void *memory, long bytes) {
  READ_BODY
}

__attribute__((target("avx512f"))) static uint64_t read_avx512(const void *memory, long bytes) {
  READ_BODY
}
#endif

uint64_t ck_read_memory(const void *memory, long bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return read_avx512(memory, bytes);
  if (__builtin_cpu_supports("avx2")) return read_avx2(memory, bytes);
#endif
  return read_generic(memory, bytes);
}
