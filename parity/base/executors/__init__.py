"""Executors: other processes that work, on this machine or, by Dask, on many."""
