"""Adding a chip, and the rules that its rows must pass."""
