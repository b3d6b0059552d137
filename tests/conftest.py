"""What holds for all tests."""

from hypothesis import settings

# A busy machine is no fault: examples are not timed one by one, pytest-timeout bounds the whole test.
settings.register_profile("farm", deadline=None)
settings.load_profile("farm")
