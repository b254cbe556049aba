"""CamVid on disk: find, split, check, mend and encode it. Needs numpy, OpenCV, h5py and tqdm; never TensorFlow."""

import os

__version__ = "0.1.0"

# OpenCV reads it when it is loaded: a small file that claims to be a huge picture is refused, not decoded.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(1 << 27))
