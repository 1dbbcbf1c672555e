// Half precision in plain C, for any machine.
#pragma once

#include <stdint.h>

/// IEEE 754 half to single precision by shifting the fields; subnormals by one multiplication.
static inline float ck_float_of(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  const uint32_t rest = half & 0x7fff;
  union { uint32_t bits; float value; } result;
  if (rest >= 0x7c00) {
    result.bits = 0x7f800000u | (rest & 0x3ff) << 13;
  } else if (rest >= 0x400) {
    result.bits = (rest << 13) + ((127u - 15u) << 23);
  } else {
    result.value = (float)rest * 5.9604644775390625e-8f;  // 2^-24
  }
  result.bits |= sign;
  return result.value;
}
