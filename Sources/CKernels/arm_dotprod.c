// 64-bit ARM with dot products of bytes, as most have since version 8.2.
#if defined(__aarch64__)

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#define DOT_PRODUCTS
#include "arm_kernels.h"

#pragma clang attribute pop

const ck_kernels ck_dotprod_kernels = CK_TABLE("neon-dotprod", LANES, false);

#endif
