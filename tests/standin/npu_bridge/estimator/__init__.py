"""Modules of the estimator."""
