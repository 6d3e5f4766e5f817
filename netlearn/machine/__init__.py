"""Circuits that learn by themselves: their update circuitry, and whether it does what it should."""
