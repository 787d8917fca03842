"""One line of the bench's table (`tests/bench/run.py`)."""

import dataclasses


@dataclasses.dataclass
class Row:
    name: str
    value: float
    unit: str
    limit: float
    bound: float = 1.0
    at_least: bool = False  # the ratio must be at least the bound, not at most
    judged: bool = True

    @property
    def ratio(self) -> float:
        return self.value / self.limit

    @property
    def ok(self) -> bool:
        return not self.judged or (self.ratio >= self.bound if self.at_least else self.ratio <= self.bound)

    def as_json(self) -> dict:
        sign = ">=" if self.at_least else "<="
        row = {"name": self.name, "value": round(self.value, 4), "unit": self.unit, "limit": round(self.limit, 4),
               "ratio": round(self.ratio, 3)}
        return row | ({"bound": f"ratio {sign} {self.bound}", "ok": self.ok} if self.judged else {})


def print_table(rows):
    print(f"{'name':<32} {'value':>12} {'unit':<10} {'limit':>12} {'ratio':>7}  bound")
    for row in rows:
        verdict = "" if not row.judged else f"{'>=' if row.at_least else '<='} {row.bound:g} {'ok' if row.ok else 'MISSED'}"
        print(f"{row.name:<32} {row.value:>12.3f} {row.unit:<10} {row.limit:>12.3f} {row.ratio:>7.3f}  {verdict}")
