"""StoredCopiesClassifier: training on copies that were computed beforehand."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from musigenre.classifiers import CoupledSVC
from musigenre.paper.copies import StoredCopiesClassifier


def test_it_trains_on_both_halves_and_predicts_from_the_first():
    rng = np.random.default_rng(0)
    tracks, copies = rng.normal(size=(2, 30, 3))
    y = np.arange(30) % 3
    model = StoredCopiesClassifier(KNeighborsClassifier(1)).fit(np.hstack([tracks, copies]), y)
    assert model.estimator_.n_samples_fit_ == 60
    # A track that equals a stored copy is given its class, whatever its own copy says.
    asked = np.hstack([copies, rng.normal(size=(30, 3))])
    np.testing.assert_array_equal(model.predict(asked), y)


def test_a_copy_stays_with_its_track_where_probabilities_are_learned():
    rng = np.random.default_rng(1)
    tracks = rng.normal(size=(40, 3)) + (np.arange(40) % 2)[:, None]
    copies = tracks + rng.normal(scale=0.01, size=tracks.shape)
    y = np.arange(40) % 2
    both = np.hstack([tracks, copies])
    model = StoredCopiesClassifier(CoupledSVC(random_state=0))
    known = model.fit(both, y).estimator_.slope_
    owners = np.tile(np.arange(40), 2)
    wanted = CoupledSVC(random_state=0).fit(np.vstack([tracks, copies]), np.tile(y, 2), owners)
    assert known == wanted.slope_
