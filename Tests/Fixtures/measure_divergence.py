"""How far quantised weights move the distribution: Ponder beside llama.cpp on the same files.

    python measure_divergence.py PONDER [--text FILE] MODEL.gguf...

For each file: its tensors are dequantised to F32 by the gguf package, the logits of that file are
the reference (computed by llama.cpp), and the mean Kullback-Leibler divergence from them is
measured for Ponder and for llama.cpp on the quantised file, over the same tokens: the first of a
text, or random ones, for models with random weights. Keys and values are kept in F32 in all runs.
Needs gguf, numpy and llama-cpp-python; no test does.

In November 2026, over the first 192 tokens of Ponder's README, Ponder's divergence over llama.cpp's
was, for SmolLM2-135M-Instruct by quantise_formats.py: IQ4_XS 0.56, MXFP4 1.02, IQ3_S 0.56, IQ3_XXS
0.59, IQ2_S 0.55, IQ2_XS 0.37, IQ2_XXS 0.28, IQ1_M 0.49, IQ1_S 0.36, TQ1_0 and TQ2_0 0.84; for
Gemma 3 270M: IQ4_XS 0.48, MXFP4 0.97, IQ3_S 0.40. In SmolLM2 only the rows of ffn_down are whole
super-blocks: its other matrices have the formats that llama.cpp takes instead.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile

import gguf
import llama_cpp
import numpy

POSITIONS = 192
F32 = 0


def dequantise(source, target):
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        if key == "general.file_type":
            writer.add_file_type(F32)
        elif field.types[0] == gguf.GGUFValueType.ARRAY:
            writer.add_key_value(key, field.contents(), field.types[0], sub_type=field.types[-1])
        else:
            writer.add_key_value(key, field.contents(), field.types[0])
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, values.astype(numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return len(reader.fields["tokenizer.ggml.tokens"].data)


def llama_model(path):
    return llama_cpp.llama_model_load_from_file(
        path.encode(), llama_cpp.llama_model_default_params())


def text_ids(path, text):
    model = llama_model(path)
    data = text.encode()
    ids = (llama_cpp.llama_token * (len(data) + 2))()
    count = llama_cpp.llama_tokenize(
        llama_cpp.llama_model_get_vocab(model), data, len(data), ids, len(ids), True, False)
    llama_cpp.llama_model_free(model)
    return list(ids[:count])


def llama_logits(path, ids):
    model = llama_model(path)
    settings = llama_cpp.llama_context_default_params()
    settings.n_ctx = settings.n_batch = settings.n_ubatch = max(512, len(ids))
    settings.type_k = settings.type_v = F32
    context = llama_cpp.llama_init_from_model(model, settings)
    batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for place, token in enumerate(ids):
        batch.token[place], batch.pos[place] = token, place
        batch.n_seq_id[place], batch.seq_id[place][0], batch.logits[place] = 1, 0, 1
    if llama_cpp.llama_decode(context, batch) != 0:
        sys.exit("llama.cpp cannot compute " + path)
    size = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
    pointer = ctypes.cast(
        llama_cpp.llama_get_logits(context), ctypes.POINTER(ctypes.c_float))
    logits = numpy.ctypeslib.as_array(pointer, shape=(len(ids), size)).astype(numpy.float64)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(model)
    return logits


def ponder_logits(ponder, path, ids):
    command = [ponder, "logits", "--model", path, "--ids", ",".join(map(str, ids))]
    output = subprocess.run(
        command + ["--all", "--kv", "f32"], capture_output=True, text=True, check=True).stdout
    return numpy.array(json.loads(output)["logits"])


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - numpy.log(numpy.exp(shifted).sum(-1, keepdims=True))


def divergence(reference, logits):
    p, q = log_softmax(reference), log_softmax(logits)
    return (numpy.exp(p) * (p - q)).sum(-1).mean()


def main(ponder, *models):
    random = numpy.random.default_rng(5)
    text = None
    if models[:1] == ("--text",):
        with open(models[1], encoding="utf-8") as file:
            text = file.read()
        models = models[2:]
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            plain = os.path.join(folder, "f32.gguf")
            size = dequantise(model, plain)
            if text is None:
                ids = [int(token) for token in random.integers(0, size - 1, POSITIONS)]
            else:
                ids = text_ids(model, text)[:POSITIONS]
            reference = llama_logits(plain, ids)
            ours = divergence(reference, ponder_logits(ponder, model, ids))
            theirs = divergence(reference, llama_logits(model, ids))
        print(f"{os.path.basename(model)}: {ours:.3e} to {theirs:.3e}, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
