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
}
