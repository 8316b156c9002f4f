"""Finds duplicate and near-duplicate images among millions."""
