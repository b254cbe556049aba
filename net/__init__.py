"""BiSeNet as TensorFlow graphs: layers, frontends, losses. Knows no data set, no run folder and no device."""
