"""The evaluators' command: ``python -m eval bench``; ``python -m eval.fit`` fits the weights."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

_REPORTS = Path("../shared/corpus")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a measurement and print its figures."""
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description="Measure ragkit on this machine.",
        epilog="example: python -m eval bench --reports my/reports",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    bench = commands.add_parser("bench", help="time and memory of ingestion and answers")
    bench.add_argument("--reports", type=Path, help="folder of reports (default: corpus/)")
    bench.add_argument("--questions", type=int, default=60)
    args = parser.parse_args(argv)
    reports = args.reports or (_REPORTS if _REPORTS.is_dir() else Path("corpus"))
    if not reports.is_dir():
        parser.error(f"no folder '{reports}': name one with --reports")
    from eval.bench import run

    for line in run(reports, questions=args.questions):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
