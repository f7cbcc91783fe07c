"""The tables: which there are, how they and a user's rows are read and appended to, and their sources."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
