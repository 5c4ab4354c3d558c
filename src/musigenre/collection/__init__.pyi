from .similar_tracks import SimilarTracks as SimilarTracks
