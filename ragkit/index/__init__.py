"""The index on disk: one folder a generation, published by renaming a pointer.

Reading order: ``schema`` is the database, ``vectors`` the nearest-neighbour search, ``publish``
makes a new generation durable, ``build`` fills one, ``library`` reads the current one.
"""

from ragkit.index.build import (
    Builder,
    BuildResult,
    IndexKey,
    Known,
    Passage,
    passage_of,
    read_known,
)
from ragkit.index.library import Library, open_library
from ragkit.index.publish import current_generation, read_manifest

__all__ = [
    "BuildResult",
    "Builder",
    "IndexKey",
    "Known",
    "Library",
    "Passage",
    "current_generation",
    "open_library",
    "passage_of",
    "read_known",
    "read_manifest",
]
