// Packing: run once when weights are loaded or changed.
#include <string.h>

#include "block_formats.h"
#include "half.h"
#include "stored_blocks.h"

static long round_up(long value, long multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

bool ck_takes_blocks(ck_format format) { return ck_block_formats[format].elements > 0; }

long ck_packed_group_bytes(const ck_kernels *kernels, ck_format format, long n) {
  if (ck_takes_blocks(format)) {
    return ck_packed_group(&ck_block_formats[format], kernels->group, n);
  }
  return round_up(n * kernels->group * (format == CK_F32 ? 4 : 2), 64);
}

/// Rows are walked in steps of one cache line, so that what is written stays in the nearest cache.
#define STEP 32

static void pack_words(long group, const void *const *rows, long n, uint32_t *to) {
  for (long start = 0; start < n; start += STEP) {
    const long end = start + STEP < n ? start + STEP : n;
    for (long r = 0; r < group; r++) {
      const uint8_t *from = rows[r];
      for (long k = start; k < end; k++) to[k * group + r] = from ? word_at(from + k * 4) : 0;
    }
  }
}

static void pack_halves(long group, const void *const *rows, long n, uint16_t *to) {
  for (long start = 0; start < n; start += STEP) {
    const long end = start + STEP < n ? start + STEP : n;
    for (long r = 0; r < group; r++) {
      const uint8_t *from = rows[r];
      for (long k = start; k < end; k++) to[k * group + r] = from ? half_at(from + k * 2) : 0;
    }
  }
}

/// The two bits at `shift` of each byte of four words, side by side in one.
static inline uint32_t two_bits_of(const uint32_t words[4], int shift) {
  uint32_t result = 0;
  for (int i = 0; i < 4; i++) result |= (words[i] >> shift & 0x03030303u) << 2 * i;
  return result;
}

/// The values of one row's block, into its lane of the group.
static inline __attribute__((always_inline)) void pack_values(
    const ck_format number, const uint8_t *row, long block, uint32_t *to, long group,
    uint32_t flip) {
  const ck_block_format *format = &ck_block_formats[number];
  uint32_t fours[8];
  stored_values(number, row, block, fours);
  long place = 0;
  if (format->low_bits == 8) {
    for (int j = 0; j < 8; j++) to[place++ * group] = fours[j] ^ flip;
  } else if (format->low_bits == 4) {
    for (int j = 0; j < 4; j++) {
      to[place++ * group] = (fours[j] & 0x0f0f0f0fu) | (fours[j + 4] & 0x0f0f0f0fu) << 4;
    }
  } else {
    for (int j = 0; j < 8; j += 4) to[place++ * group] = two_bits_of(fours + j, 0);
  }
  if (format->high_bits == 1) {
    uint32_t word = 0;
    for (int j = 0; j < 8; j++) word |= (fours[j] >> format->low_bits & 0x01010101u) << j;
    to[place++ * group] = word;
  } else if (format->high_bits == 2) {
    for (int j = 0; j < 8; j += 4) to[place++ * group] = two_bits_of(fours + j, 4);
  }
}

/// The scales of one row's blocks `block ..< block + count`, into its lane of the chunk's scales.
static inline __attribute__((always_inline)) void pack_scales(
    const ck_format number, const uint8_t *row, long block, long count, uint8_t *to, long group,
    long lane) {
  const ck_block_format *format = &ck_block_formats[number];
  const bool super = format->elements == 256;
  for (long b = block; b < block + count; b += super ? 8 : 1) {
    uint16_t scale, min;
    const uint8_t *from = stored_super_block(format, row, b);
    if (format->scales == EXPONENT_OF_32) {
      to[lane] = from[0];
      to += group;
      continue;
    }
    stored_scales(number, from, &scale, &min);
    memcpy(to + lane * 2, &scale, 2);
    to += group * 2;
    if (ck_has_min(format->scales)) {
      memcpy(to + lane * 2, &min, 2);
      to += group * 2;
    }
    if (!ck_has_factors(format->scales)) continue;
    int8_t scales[16], mins[16];
    stored_factors(number, from, scales, mins);
    switch (format->scales) {
      case FACTORS_AND_MINS_OF_32:
        for (int i = 0; i < 8; i++) {
          to[i * group + lane] = (uint8_t)((scales[i] & 15) | (mins[i] & 15) << 4);
        }
        to += 8 * group;
        for (int i = 0; i < 4; i++) {
          to[i * group + lane] =
              (uint8_t)(scales[2 * i] >> 4 | mins[2 * i] >> 4 << 2 | scales[2 * i + 1] >> 4 << 4
                        | mins[2 * i + 1] >> 4 << 6);
        }
        to += 4 * group;
        break;
      case FACTORS_OF_32:
        for (int i = 0; i < 4; i++) {
          to[i * group + lane] =
              (uint8_t)(((scales[2 * i] + 32) & 15) | ((scales[2 * i + 1] + 32) & 15) << 4);
        }
        to += 4 * group;
        for (int i = 0; i < 2; i++) {
          uint8_t high = 0;
          for (int j = 0; j < 4; j++) high |= (uint8_t)(scales[4 * i + j] + 32) >> 4 << 2 * j;
          to[i * group + lane] = high;
        }
        to += 2 * group;
        break;
      case FACTORS_OF_16:
        for (int i = 0; i < 16; i++) to[i * group + lane] = (uint8_t)scales[i];
        to += 16 * group;
        break;
      default:
        for (int i = 0; i < 16; i++) {
          to[i * group + lane] = (uint8_t)(scales[i] | mins[i] << 4);
        }
        to += 16 * group;
    }
  }
}

static inline __attribute__((always_inline)) void pack_blocks(
    const ck_kernels *kernels, const ck_format number, const void *const *rows, long n,
    uint8_t *out) {
  const ck_block_format *format = &ck_block_formats[number];
  const long group = kernels->group, blocks = n / CK_QUANT_BLOCK;
  const uint32_t flip = kernels->biased ? 0x80808080u : 0;
  for (long first = 0; first < blocks; first += CHUNK_BLOCKS) {
    const long count = blocks - first < CHUNK_BLOCKS ? blocks - first : CHUNK_BLOCKS;
    const long values = ck_packed_values(format, group);
    uint8_t *scales = out + count * values;
    const long bytes = ck_packed_chunk(format, group, count);
    for (long r = 0; r < group; r++) {
      if (rows[r] == NULL) continue;
      for (long b = 0; b < count; b++) {
        pack_values(
            number, rows[r], first + b, (uint32_t *)(out + b * values) + r, group, flip);
      }
      pack_scales(number, rows[r], first, count, scales, group, r);
    }
    out += bytes;
  }
}

void ck_pack(
    const ck_kernels *kernels, ck_format format, const void *const *rows, long n, void *out) {
  for (long r = 0; r < kernels->group; r++) {
    if (rows[r] != NULL || !ck_takes_blocks(format)) continue;
    // A missing row has scale 0.
    memset(out, 0, (size_t)ck_packed_group_bytes(kernels, format, n));
    break;
  }
  switch (format) {
    case CK_F32: pack_words(kernels->group, rows, n, out); break;
    case CK_F16:
    case CK_BF16: pack_halves(kernels->group, rows, n, out); break;
#define PACK(FORMAT) \
  case FORMAT: pack_blocks(kernels, FORMAT, rows, n, out); break;
    PACK(CK_Q8_0)
    PACK(CK_Q4_0)
    PACK(CK_Q4_1)
    PACK(CK_Q5_0)
    PACK(CK_Q5_1)
    PACK(CK_IQ4_NL)
    PACK(CK_Q2_K)
    PACK(CK_Q3_K)
    PACK(CK_Q4_K)
    PACK(CK_Q5_K)
    PACK(CK_Q6_K)
    PACK(CK_IQ4_XS)
    PACK(CK_IQ3_S)
    PACK(CK_IQ3_XXS)
    PACK(CK_IQ2_XXS)
    PACK(CK_IQ2_XS)
    PACK(CK_IQ2_S)
    PACK(CK_IQ1_S)
    PACK(CK_IQ1_M)
    PACK(CK_TQ1_0)
    PACK(CK_TQ2_0)
    PACK(CK_MXFP4)
    case CK_FORMAT_COUNT: break;
  }
}

const uint16_t *ck_grid(ck_format format, long *count) {
#define GRID(FORMAT, GRID)                        \
  case FORMAT:                                    \
    *count = (long)(sizeof GRID / sizeof GRID[0]); \
    return GRID;
  switch (format) {
    GRID(CK_IQ3_S, ck_iq3_s_grid)
    GRID(CK_IQ3_XXS, ck_iq3_xxs_grid)
    GRID(CK_IQ2_XXS, ck_iq2_xxs_grid)
    GRID(CK_IQ2_XS, ck_iq2_xs_grid)
    GRID(CK_IQ2_S, ck_iq2_s_grid)
    GRID(CK_IQ1_S, ck_iq1_grid)
    GRID(CK_IQ1_M, ck_iq1_grid)
    default: *count = 0; return NULL;
  }
#undef GRID
}

/// 2^(e - 128), which is no normal number for the two smallest e.
static float ck_power_of(uint8_t e) {
  const uint32_t bits = e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

static void decode_blocks(ck_format number, const uint8_t *row, float *out, long n) {
  const ck_block_format *format = &ck_block_formats[number];
  const bool has_factors = ck_has_factors(format->scales);
  for (long b = 0; b < n / CK_QUANT_BLOCK; b++, out += CK_QUANT_BLOCK) {
    const uint8_t *from = stored_super_block(format, row, b);
    uint32_t fours[8];
    uint8_t values[CK_QUANT_BLOCK];
    uint16_t scale, min;
    int8_t scales[16], mins[16];
    stored_values(number, row, b, fours);
    memcpy(values, fours, sizeof values);
    stored_scales(number, from, &scale, &min);
    if (has_factors) stored_factors(number, from, scales, mins);
    const int halves = ck_halves(format->scales);
    for (int i = 0; i < CK_QUANT_BLOCK; i++) {
      float d = format->scales == EXPONENT_OF_32 ? ck_power_of(from[0]) : ck_float_of(scale);
      float m = ck_float_of(min);
      if (has_factors) {
        const int factor = (int)(b % 8) * halves + i / (CK_QUANT_BLOCK / halves);
        d *= format->unit * scales[factor];
        m *= -mins[factor];
      }
      const int q = format->table != NO_TABLE ? ck_tables[format->table][values[i] & 15]
                    : format->low_bits == 8   ? (int8_t)values[i]
                                              : values[i] - format->bias;
      out[i] = (float)q * d + m;
    }
  }
}

void ck_decode_row(ck_format format, const void *row, float *out, long n) {
  const uint8_t *from = row;
  switch (format) {
    case CK_F32: memcpy(out, from, (size_t)n * 4); break;
    case CK_F16:
      for (long i = 0; i < n; i++) out[i] = ck_float_of(half_at(from + i * 2));
      break;
    case CK_BF16:
      for (long i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)half_at(from + i * 2) << 16;
        memcpy(out + i, &bits, 4);
      }
      break;
    case CK_FORMAT_COUNT: break;
    default: decode_blocks(format, from, out, n);
  }
}
