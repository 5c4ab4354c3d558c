"""What happens to features before a model sees them."""

from musigenre.preprocessing.block_scaler import BlockScaler
from musigenre.preprocessing.mfcc_cmvn import MfccCMVN
from musigenre.preprocessing.robust_scaler import RobustScaler

__all__ = ["BlockScaler", "MfccCMVN", "RobustScaler"]
