"""Collections of music: GTZAN, folders of one's own, and synthetic tracks made on the spot."""

from musigenre.datasets._files import AUDIO_EXTENSIONS, find_audio
from musigenre.datasets._playlists import read_playlist, write_playlist
from musigenre.datasets._problems import DatasetWarning
from musigenre.datasets._tracks import find_tracks
from musigenre.datasets.folder import load_folder
from musigenre.datasets.gtzan import load_gtzan
from musigenre.datasets.synthetic import KINDS, make_track, make_tracks

__all__ = [
    "AUDIO_EXTENSIONS",
    "KINDS",
    "DatasetWarning",
    "find_audio",
    "find_tracks",
    "load_folder",
    "load_gtzan",
    "make_track",
    "make_tracks",
    "read_playlist",
    "write_playlist",
]
