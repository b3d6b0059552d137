"""Letting workers join: tokens that people make here, and that managers ask about when a worker shows one."""
