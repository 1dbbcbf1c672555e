package import CKernels

/// The instruction sets the kernels are written for.
public enum InstructionSet: String, Sendable, CaseIterable {
  /// Plain C, for any machine.
  case generic
  /// x86-64 with AVX2, FMA and F16C.
  case avx2
  /// x86-64 with AVX-512 (F, BW, VL, DQ) and VNNI.
  case avx512 = "avx512-vnni"
  /// 64-bit ARM.
  case neon
  /// 64-bit ARM with dot products of bytes.
  case neonDotProducts = "neon-dotprod"

  /// The kernels, or nil when this machine cannot run them.
  package var kernels: UnsafePointer<ck_kernels>? {
    switch self {
    case .generic: ck_kernels_for(CK_GENERIC)
    case .avx2: ck_kernels_for(CK_AVX2)
    case .avx512: ck_kernels_for(CK_AVX512)
    case .neon: ck_kernels_for(CK_NEON)
    case .neonDotProducts: ck_kernels_for(CK_NEON_DOTPROD)
    }
  }

  /// What this machine can run, the best first.
  public static let available: [InstructionSet] =
    [.avx512, .avx2, .neonDotProducts, .neon, .generic].filter { $0.kernels != nil }
}
