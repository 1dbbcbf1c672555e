"""Writes a checkpoint of train.py as GGUF that llama.cpp and Ponder load.

    python export_gguf.py RUN/checkpoint.pt vocabulary.gguf model.gguf --type F16
"""

import argparse

import gguf
import numpy as np
import torch


def paired(weight, heads):
    """Reorders the rows of a query or key matrix: here a rotation turns rows i and i + half of a
    head together, in GGUF's llama it turns neighbours."""
    rows, columns = weight.shape
    return (
        weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
    )


def copy_vocabulary(reader, writer):
    for key, field in reader.fields.items():
        if not key.startswith("tokenizer."):
            continue
        kind = field.types[0]
        item = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), kind, sub_type=item)


def size_label(state):
    """0.1M, 0.9M, 2M …: what a file's name and a list of models say."""
    millions = sum(tensor.numel() for tensor in state["model"].values()) / 1e6
    return f"{millions:.1f}M" if millions < 1 else f"{millions:.0f}M"


def export(state, vocabulary, path, kind, stage):
    """kind is F32, F16 or Q8_0; norms stay F32. stage is base or think. The keys general.size_label,
    general.finetune and ponder.tokens_seen tell Ponder how the members of a family differ."""
    shape, weights = state["shape"], {k: v.float().cpu().numpy() for k, v in state["model"].items()}
    writer = gguf.GGUFWriter(path, "llama")
    tokens = state["tokens"]
    label = size_label(state)
    writer.add_name(f"Ponder {stage} {label}")
    writer.add_basename("Ponder")
    writer.add_finetune(stage)
    writer.add_size_label(label)
    writer.add_uint64("ponder.tokens_seen", tokens)
    writer.add_block_count(shape["layers"])
    writer.add_context_length(shape["context"])
    writer.add_embedding_length(shape["width"])
    writer.add_feed_forward_length(shape["feed_forward"])
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["heads"])
    writer.add_layer_norm_rms_eps(shape["epsilon"])
    writer.add_rope_dimension_count(shape["width"] // shape["heads"])
    writer.add_rope_freq_base(shape["rope_base"])
    writer.add_vocab_size(shape["vocabulary"])
    writer.add_file_type(
        {"F32": gguf.LlamaFileType.ALL_F32, "F16": gguf.LlamaFileType.MOSTLY_F16,
         "Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}[kind])
    copy_vocabulary(gguf.GGUFReader(vocabulary), writer)

    def add(tensor, array):
        array = np.ascontiguousarray(array, np.float32)
        if array.ndim == 1 or kind == "F32":
            writer.add_tensor(tensor, array)
        elif kind == "F16":
            writer.add_tensor(tensor, array.astype(np.float16))
        else:
            data = gguf.quants.quantize(array, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(tensor, data, raw_dtype=gguf.GGMLQuantizationType.Q8_0)

    add("token_embd.weight", weights["embedding"])
    add("output_norm.weight", weights["norm"])
    for layer in range(shape["layers"]):
        block = {k.split(".", 2)[2]: v for k, v in weights.items() if k.startswith(f"blocks.{layer}.")}
        q, k, v = block["query_key_value"]
        gate, up = block["gate_up"]
        for part, array in {
            "attn_norm": block["attention_norm"], "attn_q": paired(q, shape["heads"]),
            "attn_k": paired(k, shape["heads"]), "attn_v": v, "attn_output": block["output"],
            "ffn_norm": block["feed_forward_norm"], "ffn_gate": gate, "ffn_up": up,
            "ffn_down": block["down"],
        }.items():
            add(f"blk.{layer}.{part}.weight", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint")
    parser.add_argument("vocabulary")
    parser.add_argument("output")
    parser.add_argument("--type", choices=["F32", "F16", "Q8_0"], default="F16")
    parser.add_argument("--stage", choices=["base", "think"], default="base")
    options = parser.parse_args()
    state = torch.load(options.checkpoint, map_location="cpu")
    export(state, options.vocabulary, options.output, options.type, options.stage)


if __name__ == "__main__":
    main()
