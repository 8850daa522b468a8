"""A solver for proofs: two solvers that are strong at different things, in turn.

    python proofs/solver.py QUERY.smt2

Prints ``sat`` with a model, ``unsat`` or ``unknown``, as a single solver would. Bits are for
Bitwuzla. Time is cut into epochs by division, and shares are worth a fraction: that is for cvc5,
which reads the words of the same query as integers.
"""

from __future__ import annotations

import resource
import subprocess
import sys

TURNS = (("bitwuzla", 8), ("cvc5", 25), ("bitwuzla", 90))
"""Who is asked in turn, and for how many seconds of a processor.

The last turn is for what is long, and not hard.
"""


def bitwuzla(query: str) -> None:
    """Print what Bitwuzla says of a query."""
    import bitwuzla as api

    options = api.Options()
    options.set(api.Option.PRODUCE_MODELS, True)
    api.Parser(api.TermManager(), options).parse(query)


def cvc5(query: str) -> None:
    """Print what cvc5 says of a query, whose words it takes for integers."""
    import cvc5 as api

    solver = api.Solver(api.TermManager())
    solver.setOption("solve-bv-as-int", "sum")
    solver.setOption("produce-models", "true")
    parser = api.InputParser(solver)
    parser.setFileInput(api.InputLanguage.SMT_LIB_2_6, query)
    while not (command := parser.nextCommand()).isNull():
        print(command.invoke(solver, parser.getSymbolManager()), end="", flush=True)


def ask(name: str, query: str, seconds: int) -> str:
    """Return what a solver says, nothing if it does not know in time."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    done = subprocess.run(
        [sys.executable, __file__, name, query],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    return done.stdout if done.stdout.startswith(("sat", "unsat")) else ""


def main(words: list[str]) -> None:
    """Ask them in turn; or be one of them."""
    if len(words) == 2:
        {"bitwuzla": bitwuzla, "cvc5": cvc5}[words[0]](words[1])
        return
    said = (ask(name, words[0], seconds) for name, seconds in TURNS)
    print(next((one for one in said if one), "unknown"))


if __name__ == "__main__":
    main(sys.argv[1:])
