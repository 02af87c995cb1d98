"""Looks for networks under a budget: architectures, features, window lengths, with Optuna."""
