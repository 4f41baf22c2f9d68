"""Answers from reports in which every sentence is quoted or checked, and every citation opens.

The stages, in the order in which data flows, one module each: load, parse, chunk, embed, index,
retrieve, select, write, verify, render; ``ragkit.pipeline`` joins them.
"""
