"""``python -m memwall_trends`` is the command."""

from memwall_trends.cli import main

if __name__ == "__main__":
    main()
