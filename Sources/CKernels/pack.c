// Packing: run once when weights are loaded or changed.
#include <string.h>

#include "CKernels.h"

static long round_up(long value, long multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

long ck_packed_group_bytes_f32(const ck_kernels *kernels, long n) {
  return round_up(n * kernels->group * 4, 64);
}

long ck_packed_group_bytes_f16(const ck_kernels *kernels, long n) {
  return round_up(n * kernels->group * 2, 64);
}

long ck_packed_group_bytes_q8_0(const ck_kernels *kernels, long n) {
  return round_up(n / CK_QUANT_BLOCK * kernels->group * (CK_QUANT_BLOCK + 2), 64);
}

/// Rows are walked in steps of one cache line, so that what is written stays in the nearest cache.
#define STEP 32

void ck_pack_f32(const ck_kernels *kernels, const void *const *rows, long n, void *out) {
  const long group = kernels->group;
  uint32_t *to = out;
  for (long start = 0; start < n; start += STEP) {
    const long end = start + STEP < n ? start + STEP : n;
    for (long r = 0; r < group; r++) {
      const uint8_t *from = rows[r];
      for (long k = start; k < end; k++) {
        uint32_t bits = 0;
        if (from != NULL) memcpy(&bits, from + k * 4, 4);
        to[k * group + r] = bits;
      }
    }
  }
}

void ck_pack_f16(const ck_kernels *kernels, const void *const *rows, long n, void *out) {
  const long group = kernels->group;
  uint16_t *to = out;
  for (long start = 0; start < n; start += STEP) {
    const long end = start + STEP < n ? start + STEP : n;
    for (long r = 0; r < group; r++) {
      const uint8_t *from = rows[r];
      for (long k = start; k < end; k++) {
        uint16_t bits = 0;
        if (from != NULL) memcpy(&bits, from + k * 2, 2);
        to[k * group + r] = bits;
      }
    }
  }
}

void ck_pack_q8_0(const ck_kernels *kernels, const void *const *rows, long n, void *out) {
  const long group = kernels->group, blocks = n / CK_QUANT_BLOCK;
  const uint32_t flip = kernels->biased ? 0x80808080u : 0;
  uint32_t *values = out;
  uint16_t *scales = (uint16_t *)((uint8_t *)out + n * group);
  for (long b = 0; b < blocks; b++) {
    for (long r = 0; r < group; r++) {
      // A missing row has scale 0.
      uint16_t scale = 0;
      uint32_t fours[8] = {0};
      if (rows[r] != NULL) {
        const uint8_t *from = (const uint8_t *)rows[r] + b * (CK_QUANT_BLOCK + 2);
        memcpy(&scale, from, 2);
        memcpy(fours, from + 2, sizeof fours);
      }
      scales[b * group + r] = scale;
      for (long q = 0; q < 8; q++) values[(b * 8 + q) * group + r] = fours[q] ^ flip;
    }
  }
}
