"""What is taken where the user says nothing."""

DATASET = "curated"
PAPER = "gholami2024"
"""The dataset of the paper's own points."""

USER_FILE = "my-chips.csv"
"""Where 'add' writes outside of a checkout."""

PERIOD_YEARS = 2.0
LEVEL = 0.95
MARGIN = 1.25
"""Factor on the growth per two years within which two rates are as good as the same."""
FIGURE_FORMATS = ("svg", "png", "pdf", "html", "json", "pgfplots", "tikz")
"""What a figure can be written as, the default first."""
FIGURE_SIZE = "page"
DRAWS = 2000
SEED = 0
