"""Work on a collection of music: predictions that are kept, tags, tracks that are alike."""

from musigenre.collection.similar_tracks import SimilarTracks

__all__ = ["SimilarTracks"]
