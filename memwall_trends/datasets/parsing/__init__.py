"""A user's file: from its bytes to rows of text, and from those to dates and values.

`Reading` is what the user says of the file; what is not said is found out, and is `Found`.
"""

from memwall_trends.datasets.parsing.columns import find_column as find_column
from memwall_trends.datasets.parsing.columns import observe as observe
from memwall_trends.datasets.parsing.columns import refuse as refuse
from memwall_trends.datasets.parsing.columns import unique_names as unique_names
from memwall_trends.datasets.parsing.options import Found as Found
from memwall_trends.datasets.parsing.options import Reading as Reading
from memwall_trends.datasets.parsing.rows import UserRows as UserRows
from memwall_trends.datasets.parsing.rows import read_rows as read_rows
