"""Work on a collection of music: predictions that are kept, tags, tracks that are alike."""
