// How files store blocks of small integers: each format's fields, read without assumptions about
// alignment. Layouts as the GGUF format defines them.
#pragma once

#include "block_formats.h"

static inline uint32_t word_at(const uint8_t *p) {
  uint32_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline uint16_t half_at(const uint8_t *p) {
  uint16_t half;
  memcpy(&half, p, sizeof half);
  return half;
}

/// Where the super-block that holds a block of 32 begins.
static inline const uint8_t *stored_super_block(
    const ck_block_format *format, const uint8_t *row, long block) {
  return row + block / (format->elements / CK_QUANT_BLOCK) * format->bytes;
}

/// The q of one block of 32, four to a word, biased as stored. Q8_0 gives signed bytes.
static inline void stored_values(
    ck_format number, const uint8_t *row, long block, uint32_t fours[8]) {
  const ck_block_format *format = &ck_block_formats[number];
  const uint8_t *from = stored_super_block(format, row, block);
  const int part = (int)(block % 8);
  switch (number) {
    case CK_Q8_0: memcpy(fours, from + 2, 32); return;
    case CK_Q4_0:
    case CK_Q4_1:
    case CK_Q5_0:
    case CK_Q5_1:
    case CK_IQ4_NL: {
      // Element i is the low half of byte i, element i + 16 the high half; fifth bits come first.
      const uint8_t *low = from + format->bytes - 16;
      for (int j = 0; j < 4; j++) {
        const uint32_t word = word_at(low + 4 * j);
        fours[j] = word & 0x0f0f0f0fu;
        fours[j + 4] = word >> 4 & 0x0f0f0f0fu;
      }
      if (format->high_bits == 0) return;
      const uint32_t high = word_at(low - 4);
      for (int j = 0; j < 8; j++) {
        // Four neighbouring bits become the lowest bits of four bytes.
        fours[j] |= ((high >> 4 * j & 0xf) * 0x00204081u & 0x01010101u) << 4;
      }
      return;
    }
    case CK_Q4_K:
    case CK_Q5_K: {
      const uint8_t *high = from + 16;
      const uint8_t *low = high + (number == CK_Q5_K ? 32 : 0) + 32 * (part / 2);
      for (int j = 0; j < 8; j++) {
        fours[j] = word_at(low + 4 * j) >> 4 * (part % 2) & 0x0f0f0f0fu;
        if (number == CK_Q5_K) fours[j] |= (word_at(high + 4 * j) >> part & 0x01010101u) << 4;
      }
      return;
    }
    case CK_Q6_K: {
      const uint8_t *low = from + 64 * (part / 4) + 32 * (part % 2);
      const uint8_t *high = from + 128 + 32 * (part / 4);
      for (int j = 0; j < 8; j++) {
        fours[j] = (word_at(low + 4 * j) >> 4 * (part % 4 / 2) & 0x0f0f0f0fu)
                   | (word_at(high + 4 * j) >> 2 * (part % 4) & 0x03030303u) << 4;
      }
      return;
    }
    case CK_Q2_K:
    case CK_Q3_K: {
      const uint8_t *low = from + (number == CK_Q2_K ? 16 : 32) + 32 * (part / 4);
      for (int j = 0; j < 8; j++) {
        fours[j] = word_at(low + 4 * j) >> 2 * (part % 4) & 0x03030303u;
        if (number == CK_Q3_K) fours[j] |= (word_at(from + 4 * j) >> part & 0x01010101u) << 2;
      }
      return;
    }
    default: return;
  }
}

/// The half-precision numbers of a block or super-block: d, and m (what is added, or for
/// super-blocks subtracted), 0 where a format has none.
static inline void stored_scales(
    ck_format number, const uint8_t *from, uint16_t *scale, uint16_t *min) {
  *min = 0;
  switch (number) {
    case CK_Q2_K:
      *scale = half_at(from + 80);
      *min = half_at(from + 82);
      return;
    case CK_Q3_K: *scale = half_at(from + 108); return;
    case CK_Q6_K: *scale = half_at(from + 208); return;
    case CK_Q4_1:
    case CK_Q5_1:
    case CK_Q4_K:
    case CK_Q5_K: *min = half_at(from + 2); break;
    default: break;
  }
  *scale = half_at(from);
}

/// The factors of a super-block's d and m: 8 of each, or 16; those of m are 0 where there are none.
static inline void stored_factors(
    ck_format number, const uint8_t *from, int8_t scales[16], int8_t mins[16]) {
  memset(mins, 0, 16);
  switch (number) {
    case CK_Q2_K:
      for (int i = 0; i < 16; i++) {
        scales[i] = (int8_t)(from[i] & 15);
        mins[i] = (int8_t)(from[i] >> 4);
      }
      return;
    case CK_Q3_K: {
      const uint8_t *packed = from + 96;
      for (int i = 0; i < 16; i++) {
        const int low = i < 8 ? packed[i] & 15 : packed[i - 8] >> 4;
        const int high = packed[8 + i % 4] >> 2 * (i / 4) & 3;
        scales[i] = (int8_t)((low | high << 4) - 32);
      }
      return;
    }
    case CK_Q4_K:
    case CK_Q5_K: {
      const uint8_t *packed = from + 4;
      for (int i = 0; i < 4; i++) {
        scales[i] = (int8_t)(packed[i] & 63);
        mins[i] = (int8_t)(packed[i + 4] & 63);
        scales[i + 4] = (int8_t)((packed[i + 8] & 15) | packed[i] >> 6 << 4);
        mins[i + 4] = (int8_t)(packed[i + 8] >> 4 | packed[i + 4] >> 6 << 4);
      }
      return;
    }
    case CK_Q6_K: memcpy(scales, from + 192, 16); return;
    default: memset(scales, 0, 16); return;
  }
}
