"""Random normals as torch draws them on the CPU, without torch: a seed shows the same face wherever it is drawn."""

import numpy as np


def normals(seed: int, count: int) -> np.ndarray:
    """float32 [count], those of `torch.randn(count, generator=torch.Generator().manual_seed(seed))` to its last bits
    where count is a multiple of 16; else the first of so many."""
    twister = np.random.MT19937()
    twister._legacy_seeding(seed & 0xFFFFFFFF)  # the seeding of the algorithm's authors, which torch uses
    bits = twister.random_raw(-(-count // 16) * 16).astype(np.uint32) & 0xFFFFFF
    u, v = np.split((bits.astype(np.float32) * np.float32(2**-24)).reshape(-1, 16), 2, axis=1)
    radius, angle = np.sqrt(-2 * np.log(1 - u)), np.float32(2 * np.pi) * v  # Box and Muller
    found = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return found.reshape(-1)[:count].astype(np.float32)
