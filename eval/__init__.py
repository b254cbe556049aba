"""Scoring: run folder, protocols, metrics, tables, pictures. Works without the train package."""
