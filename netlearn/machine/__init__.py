"""Circuits that learn by themselves: driven over time, compared with the rules they carry out."""
