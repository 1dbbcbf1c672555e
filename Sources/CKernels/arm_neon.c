// What every 64-bit ARM processor has.
#if defined(__aarch64__)

#include "arm_kernels.h"

const ck_kernels ck_neon_kernels = CK_TABLE("neon", LANES, false);

#endif
