"""From frames on disk to static batches: schedule, sources, batches, tf.data, devices, benchmark."""
