"""The whole logs of runs, and the last lines of what machines log of themselves: they stay here, and go up to whoever reads them."""
