"""Fuzz the protocol.

    pip install atheris                                         # Linux and macOS: coverage-guided, by libFuzzer
    python tests/fuzz/run.py --executions 1000000               # grows fuzz-corpus/
    python tests/fuzz/run.py --executions 10000000 --blind      # mutates that corpus, ten times as fast

A crash, a hang (more than 10 s for one input; 5 minutes for 1000 inputs when blind) or more than 1 GiB of memory ends
the run with an error; the input lies beside the corpus. Prints how many payloads were really decoded.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "tests")]

try:
    import atheris
except ImportError:
    atheris = None
try:
    import resource  # not on Windows: no limit of memory there
except ImportError:
    resource = None  # type: ignore[assignment]

GIB = 1 << 30
BATCH = 1000
HANG = 300  # seconds for a batch: a busy machine may starve a process of low priority for many


def main() -> None:
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=1_000_000, metavar="N", help="inputs to try")
    parser.add_argument("--corpus", type=Path, default=Path("fuzz-corpus"), help="folder of inputs found so far")
    parser.add_argument("--blind", action="store_true", help="no coverage: mutate the corpus at full speed")
    parser.add_argument("--seed", type=int, default=None, help="of the blind mutations")
    options = parser.parse_args()
    options.corpus.mkdir(parents=True, exist_ok=True)
    if options.blind or atheris is None:
        blindly(options.executions, options.corpus, options.seed)
    else:
        by_coverage(options.executions, options.corpus)


def by_coverage(executions: int, corpus: Path) -> None:
    """libFuzzer decides what to mutate by the lines and comparisons that an input reaches."""
    with atheris.instrument_imports(include=["layerlift.wire"]):
        from fuzz import seeds, targets
    for number, seed in enumerate(seeds.seeds()):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    dictionary = corpus.with_suffix(".dict")
    escaped = ("".join(f"\\x{byte:02x}" for byte in word) for word in seeds.words())
    dictionary.write_text("".join(f'"{word}"\n' for word in escaped))
    options = {"runs": executions, "dict": dictionary, "max_len": 4096, "timeout": 10, "rss_limit_mb": 1024}
    options |= {"artifact_prefix": f"{corpus.parent}/finding-", "print_final_stats": 1}
    atheris.Setup(
        [sys.argv[0], str(corpus), *(f"-{name}={value}" for name, value in options.items())],
        counted(targets.any_target, lambda: targets.decodes, executions),
    )
    atheris.Fuzz()


def blindly(executions: int, corpus: Path, seed: int | None) -> None:
    """Mutate the corpus (or the seeds) without looking: the same judges, less insight, far more tries."""
    from fuzz import seeds, targets

    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (GIB, GIB))
    chance, words = random.Random(seed), seeds.words()
    pool = [*seeds.seeds(), *(path.read_bytes() for path in sorted(corpus.iterdir()))]
    run = counted(targets.any_target, lambda: targets.decodes, executions)
    data = b""
    try:
        for number in range(executions):
            if number % BATCH == 0:
                faulthandler.dump_traceback_later(HANG, exit=True)
            data = mutated(chance, pool, words)
            run(data)
    except BaseException:
        (corpus.parent / "finding-blind").write_bytes(data)
        raise
    faulthandler.cancel_dump_traceback_later()


def mutated(chance: random.Random, pool: list[bytes], words: list[bytes]) -> bytes:
    """An input of the pool with one to four places changed: bytes, words, or the tail of another input."""
    data = bytearray(chance.choice(pool))
    for _ in range(chance.randrange(1, 5)):
        at, what = chance.randrange(len(data) + 1), chance.randrange(8)
        if what < 3:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif what == 3:
            del data[at : at + chance.randrange(1, 9)]
        elif what == 4:
            data[at:at] = chance.choice(words)
        elif what == 5:
            data[at : at + 4] = chance.choice((b"\xff" * 4, b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\xdf\xff\xff\xff"))
        elif what == 6:
            data[at : at + 1] = bytes([data[at - 1] ^ (1 << chance.randrange(8))]) if data else b"\x80"
        else:
            other = chance.choice(pool)
            data[at:] = other[chance.randrange(len(other) + 1) :]
    return bytes(data[:4096])


def counted(target: Callable[[bytes], None], decodes: Callable[[], int], executions: int) -> Callable[[bytes], None]:
    """`target`, reporting every so often and at the end (libFuzzer leaves without running Python's exit handlers)."""
    began, tried = time.monotonic(), 0
    every = max(1, min(100_000, executions))

    def run(data: bytes) -> None:
        nonlocal tried
        target(data)
        tried += 1
        if tried % every == 0 or tried == executions:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if resource is not None else 0
            spent = time.monotonic() - began
            print(f"{tried} inputs, {decodes()} payloads decoded, {spent:.0f} s, peak memory {peak}", flush=True)

    return run


if __name__ == "__main__":
    main()
