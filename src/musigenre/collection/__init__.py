"""Work on a collection of music: predictions that are kept, tags, tracks that are alike."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
