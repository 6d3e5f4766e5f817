"""What the factory does: laws of spread, which parameters they put off, and draws of them as `Params`."""
