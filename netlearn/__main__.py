"""`python -m netlearn`."""

from netlearn.cli import main

main()
