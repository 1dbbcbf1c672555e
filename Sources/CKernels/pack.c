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

void ck_pack_f32(const ck_kernels *kernels, const void *const *rows, long n, void *out) {
  const long group = kernels->group;
  float *to = out;
  memset(out, 0, (size_t)ck_packed_group_bytes_f32(kernels, n));
  for (long r = 0; r < group; r++) {
    const uint8_t *from = rows[r];
    if (from == NULL) continue;
    for (long k = 0; k < n; k++) memcpy(&to[k * group + r], from + k * 4, 4);
  }
}

void ck_pack_f16(const ck_kernels *kernels, const void *const *rows, long n, void *out) {
  const long group = kernels->group;
  uint16_t *to = out;
  memset(out, 0, (size_t)ck_packed_group_bytes_f16(kernels, n));
  for (long r = 0; r < group; r++) {
    const uint8_t *from = rows[r];
    if (from == NULL) continue;
    for (long k = 0; k < n; k++) memcpy(&to[k * group + r], from + k * 2, 2);
  }
}

void ck_pack_q8_0(const ck_kernels *kernels, const void *const *rows, long n, void *out) {
  const long group = kernels->group, blocks = n / CK_QUANT_BLOCK;
  const uint32_t flip = kernels->biased ? 0x80808080u : 0;
  uint8_t *values = out;
  uint8_t *scales = values + n * group;
  memset(out, 0, (size_t)ck_packed_group_bytes_q8_0(kernels, n));
  for (long r = 0; r < group; r++) {
    const uint8_t *from = rows[r];
    if (from == NULL) continue;
    for (long b = 0; b < blocks; b++, from += 34) {
      memcpy(scales + (b * group + r) * 2, from, 2);
      for (long q = 0; q < 8; q++) {
        uint32_t four;
        memcpy(&four, from + 2 + q * 4, 4);
        four ^= flip;
        memcpy(values + ((b * 8 + q) * group + r) * 4, &four, 4);
      }
    }
  }
}
