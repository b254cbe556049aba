"""CamVid on disk: find, split, check and encode it. Needs numpy, OpenCV, h5py and tqdm; never TensorFlow."""

__version__ = "0.1.0"
