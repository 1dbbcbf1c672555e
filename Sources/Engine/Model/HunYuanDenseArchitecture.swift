import Foundation

/// Hunyuan's dense models (Tencent 2025): each head's queries and keys are normalised after they are
/// turned. The rotary base grows with the context by a factor that files may state apart.
enum HunYuanDenseArchitecture: Architecture {
  static let name = "hunyuan-dense"

  static func configure(
    _ configuration: inout ModelConfiguration, from metadata: ArchitectureMetadata
  ) throws {
    guard let alpha = try metadata.optionalNumber("rope.scaling.alpha"), alpha > 0 else { return }
    let size = Double(configuration.headSize)
    guard size > 2 else { return }
    configuration.rotary.base *= pow(alpha, size / (size - 2))
  }

  static func design(_ configuration: ModelConfiguration) -> TransformerDesign {
    TransformerDesign(headNorms: .eachHeadAfterRotation)
  }
}
