"""`python -m workers`: the privileged side."""

from workers.cli.root import main

if __name__ == "__main__":
    main()
