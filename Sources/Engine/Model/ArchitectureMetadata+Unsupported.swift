extension ArchitectureMetadata {
  /// What changes a model's results unless it has one of these values; of use to nobody but the
  /// architectures that ask for it.
  private static let neutralNumbers: [String: [Double]] = [
    "activation.situ_beta": [], "attention.clamp_kqv": [0], "attention.max_alibi_bias": [0],
    "attention.output_scale": [0, 1], "attention.scale": [0], "attention.shared_kv_layers": [0],
    "attention.temperature_length": [0], "attention.temperature_scale": [0],
    "attention.value_scale": [0, 1], "attn_logit_softcapping": [0], "embedding_scale": [0, 1],
    "embedding_length_per_layer_input": [0], "expert_count": [0, 1], "expert_gating_func": [0, 1],
    "expert_group_count": [0, 1], "expert_weights_scale": [0, 1],
    "final_logit_softcapping": [0], "interleave_moe_layer_step": [0, 1],
    "leading_dense_block_count": [0], "logit_scale": [0, 1], "num_loops": [0, 1],
    "residual_scale": [0, 1], "rope.scaling.alpha": [0], "rope.scaling.yarn_attn_factor": [0, 1],
    "router_logit_softcapping": [0], "swiglu_clamp_exp": [0], "swiglu_clamp_shexp": [0],
  ]
  private static let neutralBooleans: [String: Bool] = [
    "attention.causal": true, "swin_norm": false, "use_parallel_residual": false,
  ]

  /// What says nothing about a model of text, or says what the tensors say as well.
  private static let meaningless: Set<String> = [
    "attention.layer_norm_epsilon", "classifier.output_labels", "expert_shared_count",
    "n_deepstack_layers", "pooling_type", "rope.dimension_sections", "rope.scaling.finetuned",
    "tensor_data_layout", "vocab_size",
  ]

  /// The keys under the architecture's prefix that nothing has asked for, without the prefix.
  private var unasked: [(key: String, name: String)] {
    let prefix = architecture + "."
    return metadata.keys.compactMap { key in
      guard key.hasPrefix(prefix), !wasAsked(key) else { return nil }
      return (key, String(key.dropFirst(prefix.count)))
    }
  }

  /// Refuses what changes results and was not asked for by the architecture.
  ///
  /// - Throws: `ModelError.unsupportedMetadata`.
  func refuseUnsupported() throws(ModelError) {
    for (key, name) in unasked {
      guard let value = metadata[key] else { continue }
      if let neutral = Self.neutralBooleans[name], let found = value.boolean, found != neutral {
        throw .unsupportedMetadata(key: key, value: "\(found)")
      }
      if let neutral = Self.neutralNumbers[name], let found = value.number,
        !neutral.contains(found)
      {
        throw .unsupportedMetadata(key: key, value: "\(found)")
      }
    }
  }

  /// Keys that nothing here knows the meaning of, in the order of the file.
  var unheard: [String] {
    unasked.filter { key, name in
      Self.neutralNumbers[name] == nil && Self.neutralBooleans[name] == nil
        && !Self.meaningless.contains(name)
    }.map(\.key)
  }
}
