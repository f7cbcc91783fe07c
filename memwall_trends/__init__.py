"""How fast compute, memory and interconnect grow: open data, growth rates and the figures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
