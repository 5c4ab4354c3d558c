"""Keras, for the modules that build and train networks; imported before anything that imports it.

The classifiers themselves load it when they train: to predict from a file they do without.
"""

from musigenre.networks.quiet_import import import_quietly

import_quietly("keras")

import keras as keras  # noqa: E402
