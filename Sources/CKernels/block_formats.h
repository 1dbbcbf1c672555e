// The formats whose weights are small integers with a scale: what a block holds, and how packed
// groups of rows lay it out. Shared by packing (pack.c) and the products (block_matmul.h).
//
// A weight is q * d, or q * d + m where a block has a minimum as well; q is a few bits, less a
// bias where a format has one, or the entry of a table that they number. Products take 32 inputs at
// a time, or 16 where scales are that fine.
//
// Formats whose blocks number entries of a grid (IQ1 to IQ3) are packed as numbers of the values
// that these stand for, 3 or 4 bits each. Packed rows are then larger than stored ones: IQ3_S and
// IQ3_XXS by 24 and 39 %, IQ2_S, IQ2_XS and IQ2_XXS by 39, 54 and 58 %, while IQ1_S and IQ1_M take
// twice as much. The digits of TQ1_0 take 22 % more.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "CKernels.h"

/// Inputs that a packed chunk covers: a whole number of super-blocks whose unpacked weights fit
/// into the nearest cache.
#define CHUNK_INPUTS 512
#define CHUNK_BLOCKS (CHUNK_INPUTS / CK_QUANT_BLOCK)

typedef enum {
  /// Half-precision d for each block of 32.
  SCALE_OF_32,
  /// Half-precision d and m for each block of 32.
  SCALE_AND_MIN_OF_32,
  /// For each super-block of 256 half-precision d and -m, for each 32 of it 6-bit factors of both.
  FACTORS_AND_MINS_OF_32,
  /// For each super-block half-precision d, for each 16 of it a signed 8-bit factor.
  FACTORS_OF_16,
  /// For each super-block half-precision d and -m, for each 16 of it 4-bit factors of both.
  FACTORS_AND_MINS_OF_16,
  /// For each super-block half-precision d, for each 32 of it a 6-bit factor less 32.
  FACTORS_OF_32,
  /// Half-precision d for each super-block.
  SCALE_OF_256,
  /// For each block of 32 an exponent e; d is 2^(e - 128).
  EXPONENT_OF_32,
} ck_scales;

/// What q numbers entries of.
typedef enum {
  NO_TABLE,
  TABLE_IQ4_NL,
  /// Twice the values of 4-bit floats with two bits of exponent and one of mantissa.
  TABLE_FP4,
  // The magnitudes of a format's grid, then the same below zero.
  TABLE_IQ3_S,
  TABLE_IQ3_XXS,
  TABLE_IQ2,
  /// Eight times -1, 0 and 1, each raised by 1, then each lowered by it.
  TABLE_IQ1,
} ck_table;

typedef struct {
  /// Bits of q stored together, and bits stored apart from them.
  int low_bits, high_bits;
  /// What is subtracted from q.
  int bias;
  ck_scales scales;
  ck_table table;
  /// Elements and bytes of a block as files have it.
  int elements, bytes;
  /// What stored factors are multiplied by beside d; 1 without factors.
  float unit;
} ck_block_format;

/// The values that q numbers. [ck_table, 16]
static const int8_t ck_tables[][16] = {
    [TABLE_IQ4_NL] =
        {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113},
    [TABLE_FP4] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12},
    [TABLE_IQ3_S] = {1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15},
    [TABLE_IQ3_XXS] = {4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62},
    [TABLE_IQ2] = {8, 25, 43, 0, -8, -25, -43, 0},
    [TABLE_IQ1] = {-7, 1, 9, 0, -9, -1, 7, 0},
};

static const ck_block_format ck_block_formats[CK_FORMAT_COUNT] = {
    [CK_Q8_0] = {8, 0, 0, SCALE_OF_32, NO_TABLE, 32, 34, 1},
    [CK_Q4_0] = {4, 0, 8, SCALE_OF_32, NO_TABLE, 32, 18, 1},
    [CK_Q4_1] = {4, 0, 0, SCALE_AND_MIN_OF_32, NO_TABLE, 32, 20, 1},
    [CK_Q5_0] = {4, 1, 16, SCALE_OF_32, NO_TABLE, 32, 22, 1},
    [CK_Q5_1] = {4, 1, 0, SCALE_AND_MIN_OF_32, NO_TABLE, 32, 24, 1},
    [CK_IQ4_NL] = {4, 0, 0, SCALE_OF_32, TABLE_IQ4_NL, 32, 18, 1},
    [CK_Q2_K] = {2, 0, 0, FACTORS_AND_MINS_OF_16, NO_TABLE, 256, 84, 1},
    [CK_Q3_K] = {2, 1, 4, FACTORS_OF_16, NO_TABLE, 256, 110, 1},
    [CK_Q4_K] = {4, 0, 0, FACTORS_AND_MINS_OF_32, NO_TABLE, 256, 144, 1},
    [CK_Q5_K] = {4, 1, 0, FACTORS_AND_MINS_OF_32, NO_TABLE, 256, 176, 1},
    [CK_Q6_K] = {4, 2, 32, FACTORS_OF_16, NO_TABLE, 256, 210, 1},
    [CK_IQ4_XS] = {4, 0, 0, FACTORS_OF_32, TABLE_IQ4_NL, 256, 136, 1},
    [CK_IQ3_S] = {4, 0, 0, FACTORS_OF_32, TABLE_IQ3_S, 256, 110, 1},
    [CK_IQ3_XXS] = {4, 0, 0, FACTORS_OF_32, TABLE_IQ3_XXS, 256, 98, 0.25f},
    [CK_IQ2_XXS] = {2, 1, 0, FACTORS_OF_32, TABLE_IQ2, 256, 66, 0.125f},
    [CK_IQ2_XS] = {2, 1, 0, FACTORS_OF_16, TABLE_IQ2, 256, 74, 0.125f},
    [CK_IQ2_S] = {2, 1, 0, FACTORS_OF_16, TABLE_IQ2, 256, 82, 0.125f},
    [CK_IQ1_S] = {2, 1, 0, FACTORS_OF_32, TABLE_IQ1, 256, 50, 0.125f},
    [CK_IQ1_M] = {2, 1, 0, FACTORS_OF_16, TABLE_IQ1, 256, 56, 0.125f},
    [CK_TQ1_0] = {2, 0, 1, SCALE_OF_256, NO_TABLE, 256, 54, 1},
    [CK_TQ2_0] = {2, 0, 1, SCALE_OF_256, NO_TABLE, 256, 66, 1},
    [CK_MXFP4] = {4, 0, 0, EXPONENT_OF_32, TABLE_FP4, 32, 17, 1},
};

static inline bool ck_has_min(ck_scales scales) {
  return scales == SCALE_AND_MIN_OF_32 || scales == FACTORS_AND_MINS_OF_32
         || scales == FACTORS_AND_MINS_OF_16;
}

/// Whether parts of a super-block multiply its d by factors of their own.
static inline bool ck_has_factors(ck_scales scales) {
  return scales == FACTORS_AND_MINS_OF_32 || scales == FACTORS_OF_16
         || scales == FACTORS_AND_MINS_OF_16 || scales == FACTORS_OF_32;
}

/// Sums that a block of 32 is computed in: one, or one for each 16.
static inline int ck_halves(ck_scales scales) {
  return scales == FACTORS_OF_16 || scales == FACTORS_AND_MINS_OF_16 ? 2 : 1;
}

/// Bytes of packed q of one block of 32, for a group of `lanes` rows.
static inline long ck_packed_values(const ck_block_format *format, long lanes) {
  return lanes * (format->low_bits + format->high_bits) * (CK_QUANT_BLOCK / 8);
}

/// Bytes of packed scales of a number of blocks of 32.
static inline long ck_packed_scales(const ck_block_format *format, long lanes, long blocks) {
  switch (format->scales) {
    case SCALE_OF_32: return blocks * lanes * 2;
    case SCALE_AND_MIN_OF_32: return blocks * lanes * 4;
    case FACTORS_AND_MINS_OF_32: return blocks / 8 * lanes * (4 + 12);
    case FACTORS_OF_16: return blocks / 8 * lanes * (2 + 16);
    case FACTORS_AND_MINS_OF_16: return blocks / 8 * lanes * (4 + 16);
    case FACTORS_OF_32: return blocks / 8 * lanes * (2 + 6);
    case SCALE_OF_256: return blocks / 8 * lanes * 2;
    case EXPONENT_OF_32: return blocks * lanes;
  }
  return 0;
}

/// Bytes of a chunk of some blocks: their values, then their scales, up to a whole cache line.
static inline long ck_packed_chunk(const ck_block_format *format, long lanes, long blocks) {
  const long bytes =
      blocks * ck_packed_values(format, lanes) + ck_packed_scales(format, lanes, blocks);
  return (bytes + 63) / 64 * 64;
}

/// Bytes of a group of rows of n inputs.
static inline long ck_packed_group(const ck_block_format *format, long lanes, long n) {
  const long blocks = n / CK_QUANT_BLOCK;
  return blocks / CHUNK_BLOCKS * ck_packed_chunk(format, lanes, CHUNK_BLOCKS)
         + ck_packed_chunk(format, lanes, blocks % CHUNK_BLOCKS);
}

/// What the bytes are that sums are made of.
typedef struct {
  /// What a weight is less than q.
  int bias;
  bool has_min;
  /// Weights as they are, not q.
  bool is_signed;
  /// The most bits of q, or of a signed weight's magnitude.
  int bits;
  int halves;
  /// Scales are half-precision numbers, one for each block of 32.
  bool half_scales;
  /// Values are unpacked where they are used: fours of q as stored, two to a byte.
  bool packed;
  /// What packed q number entries of.
  ck_table table;
} ck_dot_form;
