"""Host-side augmentation: (image, label, draw) -> pixels. Knows no files and no TensorFlow."""
