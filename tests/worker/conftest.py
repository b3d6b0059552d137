"""Fixtures of the worker's tests."""

from worker_parts import bench, gate, manager, start_worker

__all__ = ["bench", "gate", "manager", "start_worker"]
