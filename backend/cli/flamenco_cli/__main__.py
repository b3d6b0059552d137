"""`python -m flamenco_cli`: how the all-in-one starts its parts."""

from flamenco_cli.main import main

if __name__ == "__main__":
    main()
