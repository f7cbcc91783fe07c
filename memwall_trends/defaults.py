"""What is taken where the user says nothing."""

DATASET = "gholami2024"
PERIOD_YEARS = 2.0
LEVEL = 0.95
FIGURE_FORMATS = ("svg", "png", "pdf", "html", "json")
"""What a figure can be written as, the default first."""
