"""Measuring ragkit: fitting, the guard's figures, speed; the question sets live in ``sets/``."""

SYSTEMS = ("quote", "model", "dense", "bm25", "prompted")  # as the command line names them
