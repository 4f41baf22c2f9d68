"""Measuring ragkit: fitting, the guard's figures, speed; the question sets live in ``sets/``."""
