"""The figures of a run as lines for the terminal."""

from collections.abc import Iterator

from eval.report import Report
from eval.scoring import MEASURES


def table_lines(report: Report) -> Iterator[str]:
    """A table for each set: measures down, systems across."""
    names = [s.name for s in report.systems]
    for split in report.splits:
        count = sum(q.split == split for q in report.questions)
        yield f"set {split}, {count} questions"
        yield _row("", names)
        for measure, (_, more_is_better) in MEASURES.items():
            means = [s.splits[split].measures[measure] for s in report.systems]
            cells = [
                f"{m.mean:.3f} [{m.low:.2f}, {m.high:.2f}] n={m.n}" if m.n else "-" for m in means
            ]
            yield _row(measure if more_is_better else f"{measure} (lower)", cells)
        for type in report.systems[0].splits[split].right_by_type:
            means = [s.splits[split].right_by_type[type] for s in report.systems]
            yield _row(f"right: {type}", [f"{m.mean:.3f} n={m.n}" for m in means])
        found = [s.splits[split] for s in report.systems]
        yield _row("words, median", [f"{f.words_p50:.0f}" for f in found])
        yield _row("find evidence, p95 ms", [f"{f.find_p95_ms:.0f}" for f in found])
        cells = [f"{f.total_p50_s:.2f} / {f.total_p95_s:.2f}" for f in found]
        yield _row("whole answer, p50 / p95 s", cells)


def _row(name: str, cells: list[str]) -> str:
    return f"{name:28}" + "".join(f"{c:>28}" for c in cells)
