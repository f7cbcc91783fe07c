from .datasets import describe_tables as describe_tables
from .datasets import find_table as find_table
from .datasets import list_datasets as list_datasets
from .datasets import list_series as list_series
from .datasets import list_tables as list_tables
from .datasets import load_table as load_table
from .errors import MemwallError as MemwallError
