"""Average the interactive predictors of two exports of one detector, where the second was trained on from the first.

    python mix_sam3_tracker.py first.safetensors second.safetensors --out sam3.safetensors [--share 0.5]
"""
from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file


def read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    with safe_open(path, "pt") as file:
        return {k: file.get_tensor(k) for k in file.keys()}, file.metadata()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.5, help="of the second")
    args = parser.parse_args()
    (tensors, metadata), (second, _) = read(args.first), read(args.second)
    for name, value in tensors.items():
        if name.startswith(("tracker_neck.", "tracker_model.")):
            tensors[name] = torch.lerp(value.float(), second[name].float(), args.share).to(torch.float16)
        elif not torch.equal(value, second[name]):
            raise SystemExit(f"the files hold different detectors: {name}")
    part = args.out.with_suffix(".tmp")
    save_file(tensors, part, metadata=metadata)
    part.chmod(0o644)
    part.replace(args.out)


if __name__ == "__main__":
    main()
