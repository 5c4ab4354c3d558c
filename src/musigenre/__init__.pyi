__version__: str

from .audio import AudioError as AudioError
from .audio import AudioWarning as AudioWarning
from .clips import clip_table as clip_table
from .datasets import load_folder as load_folder
from .datasets import load_gtzan as load_gtzan
from .datasets import make_tracks as make_tracks
from .evaluation import evaluate as evaluate
from .features import AudioFeatures as AudioFeatures
from .model_selection import StratifiedMonteCarloSplit as StratifiedMonteCarloSplit
from .networks import MLPClassifier as MLPClassifier
from .pipeline import GenrePipeline as GenrePipeline
from .preprocessing import RobustScaler as RobustScaler
from .selection import CorrelationSelector as CorrelationSelector
