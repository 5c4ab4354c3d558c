__version__: str

from . import audio as audio
from . import clips as clips
from . import datasets as datasets
from . import evaluation as evaluation
from . import features as features
from . import model_selection as model_selection
from . import networks as networks
from . import preprocessing as preprocessing
from . import selection as selection
from .archive import ModelFileError as ModelFileError
from .audio import AudioError as AudioError
from .audio import AudioWarning as AudioWarning
from .clip_model import make_clip_model as make_clip_model
from .clips import clip_table as clip_table
from .datasets import DatasetWarning as DatasetWarning
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
