"""The native backend: compiled Newton and compiled learning steps, over lanes."""

from netlearn.backends.native.backend import Native

__all__ = ["Native"]
