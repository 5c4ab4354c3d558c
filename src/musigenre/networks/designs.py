"""Names and sizes that classifiers and architectures share; known without Keras."""

MLP_30S = (256, 128, 64)
"""Hidden layers for features of whole tracks. The paper gives their number (three, section
III.C), not their widths: those are this library's."""

MLP_3S = (512, 256, 128, 64)
"""Hidden layers for features of 3 s clips. The paper gives their number (four, section III.C),
not their widths: those are this library's."""

#: What may read the spectrograms of a multi-modal network: architectures, up to their dense layer.
BRANCHES = ("cnn", "conv1d", "crnn", "lstm")

#: The heads of a multi-modal network with a head for each branch, in the order of its outputs.
HEADS = ("both", "features_alone", "spectrogram_alone")
