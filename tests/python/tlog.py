"""Checks an exported log with aics-tlog, which knows nothing of Vouchsafe: `tlog.py DIRECTORY KEY [WITNESS]`."""

import json
import sys
from pathlib import Path

from aics_tlog import (
    FileSystemTileReader,
    VerifiedTileReader,
    audit_tiles,
    inclusion_proof_from_tiles,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_leaf_inclusion,
)

directory, key, *witnesses = sys.argv[1:]
note = parse_note((Path(directory) / "checkpoint").read_bytes())
known = [parse_vkey(witness) for witness in witnesses]
verdict = verify_checkpoint(note, parse_vkey(key), known, quorum=len(known))
if not verdict.ok:
    sys.exit(f"the checkpoint is not good: {verdict.error}")
checkpoint = parse_checkpoint(note.text)
reader = FileSystemTileReader(directory)
report = audit_tiles(reader, checkpoint.size, checkpoint.root)
tiles = VerifiedTileReader(reader, checkpoint.size, checkpoint.root)
for index in {0, checkpoint.size // 2, checkpoint.size - 1}:
    entry = tiles.entry(index)
    assert json.loads(entry)["seq"] == index + 1
    proof = inclusion_proof_from_tiles(tiles, index, checkpoint.size)
    assert verify_leaf_inclusion(entry, index, checkpoint.size, proof, checkpoint.root)
print(json.dumps({"origin": checkpoint.origin, "size": report.size, "tiles": report.tiles}))
