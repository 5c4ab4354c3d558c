"""Music genre classification with deep neural networks, as scikit-learn estimators.

Public names are loaded when they are first used, so that importing the package loads neither
TensorFlow nor librosa, numba or matplotlib. ``__init__.pyi`` lists them.
"""

import lazy_loader

__version__ = "0.1.0.dev0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
