"""The tables: which there are, how they and a user's rows are read and appended to, and their sources."""

from memwall_trends.datasets.exporting import export_rows as export_rows
from memwall_trends.datasets.reading import Observations as Observations
from memwall_trends.datasets.reading import describe_tables as describe_tables
from memwall_trends.datasets.reading import load_observations as load_observations
from memwall_trends.datasets.reading import load_table as load_table
from memwall_trends.datasets.registry import Table as Table
from memwall_trends.datasets.registry import datasets_folder as datasets_folder
from memwall_trends.datasets.registry import find_series as find_series
from memwall_trends.datasets.registry import find_table as find_table
from memwall_trends.datasets.registry import list_datasets as list_datasets
from memwall_trends.datasets.registry import list_fillable as list_fillable
from memwall_trends.datasets.registry import list_series as list_series
from memwall_trends.datasets.registry import list_tables as list_tables
from memwall_trends.datasets.sources import count_sources as count_sources
from memwall_trends.datasets.sources import find_sources as find_sources
from memwall_trends.datasets.sources import to_bibtex as to_bibtex
