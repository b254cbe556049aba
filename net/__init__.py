"""BiSeNet as TensorFlow graphs: layers, frontends, losses. Knows no files and no device."""
