"""Fits the open constants of the score on labelled files: `python -m benchmarks.fit DIR`.

The form of the score is given; betas, the audience factor and the lists' share may be fitted while every invariant
holds. People used for choosing are never those a choice is reported on.
"""
