"""Quantises a model to many formats with llama.cpp's own library, for measure_divergence.py.

    python quantise_formats.py SOURCE.gguf FOLDER [TYPE...]

Types are names of llama-quantize, or MXFP4 for a file whose blocks have that format only; without
any they are TYPES. A source that is quantised itself is taken for what its weights stand for. Every
weight is as important as the others: some types want an importance matrix, but how far a program's
sums stray from a file's own weights does not depend on how well these were chosen. Needs gguf and
llama-cpp-python; no test does.
"""

import ctypes
import pathlib
import sys

import gguf
import llama_cpp

TYPES = (
    "IQ4_XS MXFP4 IQ3_S IQ3_XXS IQ2_XXS IQ2_XS IQ2_S IQ2_M IQ1_S IQ1_M TQ1_0 TQ2_0 Q4_K_M Q8_0"
).split()
MXFP4_MOE = 38


class Importance(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("data", ctypes.POINTER(ctypes.c_float)),
        ("size", ctypes.c_size_t),
    ]


class Override(ctypes.Structure):
    _fields_ = [("pattern", ctypes.c_char_p), ("type", ctypes.c_int)]


def importance(source):
    """Ones for every input of every matrix."""
    entries, kept = [], []
    for tensor in gguf.GGUFReader(source).tensors:
        if len(tensor.shape) < 2:
            continue
        count = int(tensor.shape[0]) * (int(tensor.shape[2]) if len(tensor.shape) > 2 else 1)
        ones = (ctypes.c_float * count)(*([1.0] * count))
        kept.append(ones)
        data = ctypes.cast(ones, ctypes.POINTER(ctypes.c_float))
        entries.append(Importance(tensor.name.encode(), data, count))
    entries.append(Importance(None, None, 0))
    return (Importance * len(entries))(*entries), kept


def file_type(name):
    for prefix in ("MOSTLY_", "ALL_"):
        if prefix + name in gguf.LlamaFileType.__members__:
            return int(gguf.LlamaFileType[prefix + name])
    sys.exit("there is no file type " + name)


def quantise(source, target, name, ones):
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.allow_requantize = True
    if name == "MXFP4":
        settings.ftype = MXFP4_MOE
        overrides = (Override * 2)(
            Override(b"blk.*weight", int(gguf.GGMLQuantizationType.MXFP4)), Override(None, 0))
        settings.tt_overrides = ctypes.cast(overrides, type(settings.tt_overrides))
    else:
        settings.ftype = file_type(name)
        settings.imatrix = ctypes.cast(ones, type(settings.imatrix))
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), settings) != 0:
        sys.exit("llama.cpp cannot make " + name)


def main(source, folder, *types):
    ones, _kept = importance(source)
    stem = pathlib.Path(source).name.removesuffix(".gguf").rsplit(".", 1)[0]
    for name in types or TYPES:
        quantise(source, pathlib.Path(folder) / f"{stem}.{name}.gguf", name, ones)


if __name__ == "__main__":
    main(*sys.argv[1:])
