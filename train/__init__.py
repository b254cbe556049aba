"""Training: settings, graph, loop, checkpoints, logs. Puts pipeline and net together."""
