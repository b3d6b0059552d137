"""The whole logs of runs, which stay here, and their pieces for whoever reads them."""
