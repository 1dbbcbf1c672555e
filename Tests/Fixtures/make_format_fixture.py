"""Makes formats.gguf: blocks of the formats IQ1 to IQ4_XS, TQ and MXFP4, and their values.

Run it in an environment with the packages gguf and numpy. For each format the file has a tensor
of blocks, named after it, and a tensor of what gguf's reference decoding makes of them, in F32.
Blocks are random bits but for their scales, which are ordinary numbers, and for the indices of
grids, which count through all entries; the exponents of MXFP4 count through all but the last five,
which are too large for F32.
"""

import pathlib

import gguf
import numpy as np

OUT = pathlib.Path(__file__).parent / "formats.gguf"
TYPES = gguf.GGMLQuantizationType


def put_bits(blocks, first, values, count):
    """Writes `count` bits of `values` ([blocks]) from bit `first` of each block, lowest first."""
    for i in range(count):
        byte, bit = divmod(first + i, 8)
        blocks[:, byte] &= 255 - (1 << bit)
        blocks[:, byte] |= ((values >> i & 1) << bit).astype(np.uint8)


# For each format with a grid: its entries, indices in a block, and where the bits of index k are.
GRIDS = {
    "IQ1_S": (2048, 32, lambda k: [(16 + 8 * k, 8), (8 * (34 + k // 4 * 2) + k % 4 * 3, 3)]),
    "IQ2_XXS": (256, 32, lambda k: [(8 * (2 + k // 4 * 8 + k % 4), 8)]),
    "IQ2_XS": (512, 32, lambda k: [(16 + 16 * k, 9)]),
    "IQ2_S": (1024, 32, lambda k: [(16 + 8 * k, 8), (8 * (66 + k // 4) + k % 4 * 2, 2)]),
    "IQ3_XXS": (256, 64, lambda k: [(16 + 8 * k, 8)]),
    "IQ3_S": (512, 64, lambda k: [(16 + 8 * k, 8), (8 * 66 + k, 1)]),
}
# Where the half-precision d is.
SCALES = {"TQ1_0": 52, "TQ2_0": 64}
BLOCKS = {"IQ1_M": 8, "IQ4_XS": 8, "TQ1_0": 8, "TQ2_0": 8, "MXFP4": 251}


def random_blocks(name, random):
    _, size = gguf.GGML_QUANT_SIZES[TYPES[name]]
    entries, indices, places = GRIDS.get(name, (0, 1, None))
    count = BLOCKS.get(name, entries // indices)
    blocks = random.integers(0, 256, (count, size)).astype(np.uint8)
    for k in range(indices if entries else 0):
        index = (np.arange(count) * indices + k) % entries
        for first, bits in places(k):
            put_bits(blocks, first, index, bits)
            index = index >> bits
    if name == "MXFP4":
        blocks[:, 0] = np.arange(count)
        return blocks
    scales = random.uniform(-2, 2, count).astype(np.float16).view(np.uint16).astype(int)
    if name == "IQ1_M":
        for i in range(4):
            put_bits(blocks, 8 * (48 + 2 * i) + 12, scales >> 4 * i, 4)
    else:
        put_bits(blocks, 8 * SCALES.get(name, 0), scales, 16)
    return blocks


def main():
    random = np.random.default_rng(14)
    writer = gguf.GGUFWriter(OUT, "none")
    for name in list(GRIDS) + list(BLOCKS):
        blocks = random_blocks(name, random)
        values = gguf.quants.dequantize(blocks.reshape(-1), TYPES[name])
        assert np.isfinite(values).all()
        writer.add_tensor(name, blocks.reshape(1, -1), raw_dtype=TYPES[name])
        writer.add_tensor(name + ".values", values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
