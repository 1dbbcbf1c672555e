"""Makes Archives/deflated.zip: what ModelStoresTests unpack, deflated in every way there is.

Run it here with any Python 3; it writes the same bytes every time.
"""
import zipfile

STAMP = (2026, 1, 1, 0, 0, 0)


def noise(count, seed=1):
    """As `noise` in ModelStoresTests."""
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(state >> 56)
    return bytes(out)


def add(archive, name, content, level):
    info = zipfile.ZipInfo(name, STAMP)
    info.compress_type = zipfile.ZIP_STORED if level is None else zipfile.ZIP_DEFLATED
    archive.writestr(info, content, compresslevel=level)


with zipfile.ZipFile("Archives/deflated.zip", "w") as archive:
    add(archive, "package/short.txt", b"hello, hello, hello", 9)  # the fixed code
    add(archive, "package/empty.txt", b"", 9)
    add(archive, "package/zeros.gguf", bytes(3_000_000), 9)  # the longest copies, over the window
    # Codes of their own, and copies from as far back as there are any.
    few = bytes(byte % 7 for byte in noise(20_000))
    add(archive, "package/few.bin", few + noise(12_000, 9) + few, 9)
    add(archive, "package/noise.bin", noise(9_000, 3), 0)  # blocks that are stored
    add(archive, "package/stored.bin", noise(500, 4), None)  # not deflated
