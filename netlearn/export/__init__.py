"""Circuits as they leave: in the languages of simulators, of layout and of boards."""
