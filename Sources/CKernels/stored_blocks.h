// How files store blocks of small integers: each format's fields, read without assumptions about
// alignment. Layouts as the GGUF format defines them.
#pragma once

#include "block_formats.h"
#include "grids.h"

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

/// Four neighbouring bits as the lowest bits of four bytes.
static inline uint32_t spread_bits(uint32_t bits) {
  return (bits & 15) * 0x00204081u & 0x01010101u;
}

/// Four numbers of two bits, or of three, as four bytes.
static inline uint32_t spread_twos(uint32_t bits) {
  return (bits & 3) | (bits & 0xc) << 6 | (bits & 0x30) << 12 | (bits & 0xc0) << 18;
}

static inline uint32_t spread_threes(uint32_t bits) {
  return (bits & 7) | (bits & 0x38) << 5 | (bits & 0x1c0) << 10 | (bits & 0xe00) << 15;
}

/// The signs of eight weights, of which seven are stored: the number of negative ones is even.
static inline uint32_t even_signs(uint32_t seven) {
  seven &= 127;
  return seven | (uint32_t)(__builtin_popcount(seven) & 1) << 7;
}

/// Eight weights of a format with two magnitudes' bits and a sign each: as q of three bits.
static inline void eight_of_grid(uint16_t entry, uint32_t signs, uint32_t *fours) {
  fours[0] = spread_twos(entry) | spread_bits(signs) << 2;
  fours[1] = spread_twos(entry >> 8) | spread_bits(signs >> 4) << 2;
}

/// The digit that stands at a place of a byte of TQ1_0, which holds five of base 3 as a fraction.
static inline uint8_t ternary_digit(uint8_t digits, int place) {
  static const uint8_t powers[5] = {1, 3, 9, 27, 81};
  return (uint8_t)((uint16_t)(uint8_t)(digits * powers[place]) * 3 >> 8);
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
    case CK_IQ4_NL:
    case CK_IQ4_XS:
    case CK_MXFP4: {
      // Element i is the low half of byte i, element i + 16 the high half; fifth bits come first.
      const uint8_t *low = number == CK_IQ4_XS ? from + 8 + 16 * part : from + format->bytes - 16;
      for (int j = 0; j < 4; j++) {
        const uint32_t word = word_at(low + 4 * j);
        fours[j] = word & 0x0f0f0f0fu;
        fours[j + 4] = word >> 4 & 0x0f0f0f0fu;
      }
      if (format->high_bits == 0) return;
      const uint32_t high = word_at(low - 4);
      for (int j = 0; j < 8; j++) {
        fours[j] |= spread_bits(high >> 4 * j) << 4;
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
    case CK_IQ3_S: {
      const uint8_t *indices = from + 2 + 8 * part, *signs = from + 74 + 4 * part;
      for (int j = 0; j < 8; j++) {
        const uint16_t entry = ck_iq3_s_grid[indices[j] | (from[66 + part] >> j & 1) << 8];
        fours[j] = spread_threes(entry) | spread_bits(signs[j / 2] >> 4 * (j % 2)) << 3;
      }
      return;
    }
    case CK_IQ3_XXS: {
      const uint8_t *indices = from + 2 + 8 * part;
      const uint32_t signs = word_at(from + 66 + 4 * part);
      for (int j = 0; j < 8; j++) {
        const uint32_t eight = even_signs(signs >> 7 * (j / 2));
        fours[j] = spread_threes(ck_iq3_xxs_grid[indices[j]])
                   | spread_bits(eight >> 4 * (j % 2)) << 3;
      }
      return;
    }
    case CK_IQ2_XXS: {
      const uint8_t *indices = from + 2 + 8 * part;
      const uint32_t signs = word_at(indices + 4);
      for (int j = 0; j < 4; j++) {
        eight_of_grid(ck_iq2_xxs_grid[indices[j]], even_signs(signs >> 7 * j), fours + 2 * j);
      }
      return;
    }
    case CK_IQ2_XS:
      for (int j = 0; j < 4; j++) {
        const uint16_t stored = half_at(from + 2 + 8 * part + 2 * j);
        eight_of_grid(ck_iq2_xs_grid[stored & 511], even_signs(stored >> 9), fours + 2 * j);
      }
      return;
    case CK_IQ2_S: {
      const uint8_t *indices = from + 2 + 4 * part, *signs = indices + 32;
      for (int j = 0; j < 4; j++) {
        const int index = indices[j] | (from[66 + part] >> 2 * j & 3) << 8;
        eight_of_grid(ck_iq2_s_grid[index], signs[j], fours + 2 * j);
      }
      return;
    }
    case CK_IQ1_S:
    case CK_IQ1_M:
      for (int j = 0; j < 4; j++) {
        // Three more bits of the index, and whether the eight weights are lowered or raised.
        const int high = number == CK_IQ1_S
                             ? (half_at(from + 34 + 2 * part) >> 3 * j & 7)
                                   | half_at(from + 34 + 2 * part) >> 15 << 3
                             : from[32 + 2 * part + j / 2] >> 4 * (j % 2) & 15;
        const int first = number == CK_IQ1_S ? 2 : 0;
        const uint16_t entry = ck_iq1_grid[from[first + 4 * part + j] | (high & 7) << 8];
        eight_of_grid(entry, high >> 3 != 0 ? 255 : 0, fours + 2 * j);
      }
      return;
    case CK_TQ1_0: {
      uint8_t digits[CK_QUANT_BLOCK];
      for (int i = 0; i < CK_QUANT_BLOCK; i++) {
        // 32 bytes of five digits each, then 16, then four with four digits.
        const int e = 32 * part + i;
        digits[i] = e < 160   ? ternary_digit(from[e % 32], e / 32)
                    : e < 240 ? ternary_digit(from[32 + (e - 160) % 16], (e - 160) / 16)
                              : ternary_digit(from[48 + (e - 240) % 4], (e - 240) / 4);
      }
      memcpy(fours, digits, sizeof digits);
      return;
    }
    case CK_TQ2_0:
      for (int j = 0; j < 8; j++) {
        fours[j] = word_at(from + 32 * (part / 4) + 4 * j) >> 2 * (part % 4) & 0x03030303u;
      }
      return;
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
    case CK_TQ1_0: *scale = half_at(from + 52); return;
    case CK_TQ2_0: *scale = half_at(from + 64); return;
    case CK_IQ1_M:
      // Four bits in each of four words.
      *scale = 0;
      for (int i = 0; i < 4; i++) {
        *scale |= (uint16_t)(half_at(from + 48 + 2 * i) >> 12 << 4 * i);
      }
      return;
    case CK_Q4_1:
    case CK_Q5_1:
    case CK_Q4_K:
    case CK_Q5_K: *min = half_at(from + 2); break;
    default: break;
  }
  *scale = half_at(from);
}

static inline int8_t odd_of(uint32_t number) { return (int8_t)(2 * number + 1); }

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
    case CK_IQ4_XS:
      for (int i = 0; i < 8; i++) {
        const int low = from[4 + i / 2] >> 4 * (i % 2) & 15;
        scales[i] = (int8_t)((low | (half_at(from + 2) >> 2 * i & 3) << 4) - 32);
      }
      return;
    // The factors of formats with grids are odd.
    case CK_IQ3_S:
      for (int i = 0; i < 8; i++) scales[i] = odd_of(from[106 + i / 2] >> 4 * (i % 2) & 15);
      return;
    case CK_IQ3_XXS:
      for (int i = 0; i < 8; i++) scales[i] = odd_of(word_at(from + 66 + 4 * i) >> 28);
      return;
    case CK_IQ2_XXS:
      for (int i = 0; i < 8; i++) scales[i] = odd_of(word_at(from + 6 + 8 * i) >> 28);
      return;
    case CK_IQ2_XS:
    case CK_IQ2_S: {
      const uint8_t *packed = from + (number == CK_IQ2_XS ? 66 : 74);
      for (int i = 0; i < 16; i++) scales[i] = odd_of(packed[i / 2] >> 4 * (i % 2) & 15);
      return;
    }
    case CK_IQ1_S:
      for (int i = 0; i < 8; i++) scales[i] = odd_of(half_at(from + 34 + 2 * i) >> 12 & 7);
      return;
    case CK_IQ1_M:
      for (int i = 0; i < 16; i++) {
        scales[i] = odd_of(half_at(from + 48 + 2 * (i / 4)) >> 3 * (i % 4) & 7);
      }
      return;
    default: memset(scales, 0, 16); return;
  }
}
