// The formats whose weights are small integers with a scale: what a block holds, and how packed
// groups of rows lay it out. Shared by packing (pack.c) and the products (block_matmul.h).
//
// A weight is q * d, or q * d + m where a block has a minimum as well; q is a few bits, less a
// bias where a format has one. Products take 32 inputs at a time, or 16 where scales are that fine.
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
} ck_scales;

typedef struct {
  /// Bits of q stored together, and bits stored apart from them.
  int low_bits, high_bits;
  /// What is subtracted from q.
  int bias;
  ck_scales scales;
  /// q numbers an entry of `ck_iq4_nl_values`.
  bool table;
  /// Elements and bytes of a block as files have it.
  int elements, bytes;
} ck_block_format;

/// The sixteen values of IQ4_NL.
static const int8_t ck_iq4_nl_values[16] = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
};

static const ck_block_format ck_block_formats[CK_FORMAT_COUNT] = {
    [CK_Q8_0] = {8, 0, 0, SCALE_OF_32, false, 32, 34},
    [CK_Q4_0] = {4, 0, 8, SCALE_OF_32, false, 32, 18},
    [CK_Q4_1] = {4, 0, 0, SCALE_AND_MIN_OF_32, false, 32, 20},
    [CK_Q5_0] = {4, 1, 16, SCALE_OF_32, false, 32, 22},
    [CK_Q5_1] = {4, 1, 0, SCALE_AND_MIN_OF_32, false, 32, 24},
    [CK_IQ4_NL] = {4, 0, 0, SCALE_OF_32, true, 32, 18},
    [CK_Q2_K] = {2, 0, 0, FACTORS_AND_MINS_OF_16, false, 256, 84},
    [CK_Q3_K] = {2, 1, 4, FACTORS_OF_16, false, 256, 110},
    [CK_Q4_K] = {4, 0, 0, FACTORS_AND_MINS_OF_32, false, 256, 144},
    [CK_Q5_K] = {4, 1, 0, FACTORS_AND_MINS_OF_32, false, 256, 176},
    [CK_Q6_K] = {4, 2, 32, FACTORS_OF_16, false, 256, 210},
};

static inline bool ck_has_min(ck_scales scales) {
  return scales == SCALE_AND_MIN_OF_32 || scales == FACTORS_AND_MINS_OF_32
         || scales == FACTORS_AND_MINS_OF_16;
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
  /// The most bits of q.
  int bits;
  int halves;
  /// Scales are half-precision numbers, one for each block of 32.
  bool half_scales;
  /// Values are unpacked where they are used: fours of q as stored, two to a byte.
  bool packed;
  /// Packed q number entries of a table.
  bool table;
} ck_dot_form;
