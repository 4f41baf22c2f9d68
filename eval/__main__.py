"""The evaluators' command: ``python -m eval --help``; ``python -m eval.fit`` fits the weights."""

import argparse
import logging
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from eval import SYSTEMS
from ragkit.config import load_config
from ragkit.errors import RagkitError

_REPORTS = Path("../shared/corpus")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a measurement and print its figures; 1 when something is wrong."""
    logging.getLogger("langchain_text_splitters").setLevel(logging.ERROR)
    parser = _parser()
    args = parser.parse_args(argv)
    if "reports" in args:
        args.reports = args.reports or (_REPORTS if _REPORTS.is_dir() else Path("corpus"))
        if not args.reports.is_dir():
            parser.error(f"no folder '{args.reports}': name one with --reports")
    try:
        return int(args.run(args))
    except RagkitError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description="Measure ragkit on this machine.",
        epilog="example: python -m eval bench --reports my/reports",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    bench = commands.add_parser("bench", help="time and memory of ingestion and answers")
    bench.add_argument("--questions", type=int, default=60)
    bench.add_argument("--scale", type=int, nargs="+", default=[1], help="copies of the reports")
    bench.set_defaults(run=_bench)
    check = commands.add_parser("check", help="hold question sets against the original reports")
    check.add_argument("sets", type=Path, nargs="*", help="files (default: the shipped sets)")
    check.set_defaults(run=_check)
    run = commands.add_parser(
        "run",
        help="answer the question sets with ragkit and the baselines, and score the answers",
        epilog="example: python -m eval run --sets dev --systems quote dense --out out/eval",
    )
    run.add_argument("--sets", nargs="+", default=["dev", "test"], help="dev, test, or files")
    run.add_argument("--index", type=Path, help="ask this index instead of ingesting reports")
    run.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    run.add_argument("--out", type=Path, default=Path("out/eval"), help="folder of the report")
    run.set_defaults(run=_run)
    compare = commands.add_parser("compare", help="what changed between two runs")
    compare.add_argument("before", type=Path, help="folder of a run")
    compare.add_argument("after", type=Path, help="folder of another")
    compare.add_argument("--system", default="", help="by name (default: the first in both)")
    compare.set_defaults(run=_compare)
    guard = commands.add_parser("guard", help="the guard on labelled claims")
    guard.add_argument("files", type=Path, nargs="*", help="default: eval/sets/guard.jsonl")
    guard.set_defaults(run=_guard)
    attack = commands.add_parser("attack", help="answers from collections tampered with")
    attack.add_argument("--sets", nargs="+", default=["dev"], help="dev, test, or files")
    attack.set_defaults(run=_attack)
    for command in (bench, check, run, attack):
        command.add_argument("--reports", type=Path, help="folder of reports (default: corpus/)")
    return parser


def _bench(args: argparse.Namespace) -> int:
    from eval.bench import run

    _print(str(line) for line in run(args.reports, questions=args.questions, scales=args.scale))
    return 0


def _check(args: argparse.Namespace) -> int:
    from eval.questions import SETS, SPLITS, check, parse_reports, read_set

    parsed = parse_reports(args.reports)
    faults = 0
    for path in args.sets or [SETS / f"{name}.jsonl" for name in SPLITS]:
        questions = read_set(path)
        found = list(check(questions, parsed))
        _print([*found, f"{path}: {len(questions)} questions, {len(found)} faults"])
        faults += len(found)
    return 1 if faults else 0


def _run(args: argparse.Namespace) -> int:
    from rich.progress import Progress, TaskID

    from eval.run import RunPlan, run
    from eval.table import table_lines

    config = load_config(index=args.index)
    plan = RunPlan(
        out=args.out,
        sets=tuple(args.sets),
        systems=tuple(args.systems),
        reports=None if args.index else args.reports,
        config=config,
    )
    tasks: dict[str, TaskID] = {}
    with Progress(console=Console(stderr=True), transient=True) as bar:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        report = run(plan, show)
    _print(table_lines(report))
    _print([f"written: {args.out / 'report.html'}"])
    return 0


def _compare(args: argparse.Namespace) -> int:
    from eval.compare import compare
    from eval.report import read_report

    _print(compare(read_report(args.before), read_report(args.after), system=args.system))
    return 0


def _guard(args: argparse.Namespace) -> int:
    from eval.guard import describe, judge, read_cases
    from eval.questions import SETS
    from ragkit.verify import VerifyConfig

    files = args.files or [SETS / "guard.jsonl"]
    cases = [case for path in files for case in read_cases(path)]
    _print(describe(judge(cases, config=VerifyConfig())))
    return 0


def _attack(args: argparse.Namespace) -> int:
    from eval.attacks import attack_all
    from eval.questions import read_set, set_path
    from ragkit.config import Config
    from ragkit.embed import SentenceTransformerEmbedder

    questions = [q for name in args.sets for q in read_set(set_path(name))]
    embedder = SentenceTransformerEmbedder(Config().embed)
    _print(str(outcome) for outcome in attack_all(args.reports, questions, embedder))
    return 0


def _print(lines: Sequence[str] | Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
