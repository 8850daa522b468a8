"""Where forge's report of the corpus differs from ours, and why. Ours comes first.

Each was counted by hand from the table of calls: ours is how often it happened. ``None`` is a line
of which nothing is said. A difference that is not listed here fails a test, and so does one that is
listed and no more there.
"""

from __future__ import annotations

Differences = dict[str, dict[int, tuple[object, object]]]
"""By file and line, what is counted here and what by forge."""

LINES: dict[str, Differences] = {
    "Forge counts that assembly jumps over the function where that is defined.": {
        "Assembly.sol": {9: (6, 8)}
    },
    "Where an if does nothing but jump away, forge counts the condition, or nothing.": {
        "Assembly.sol": {15: (1, 6), 34: (6, 31), 37: (3, 25)},
        "Flow.sol": {46: (1, 11)},
    },
    "A switch is a line with ways here; forge has its cases as lines, counted when looked at.": {
        "Assembly.sol": {
            22: (8, None),
            23: (None, 8),
            26: (None, 7),
            29: (None, 6),
            58: (2, 3),
            59: (None, 0),
        }
    },
    "Forge leaves functions outside of contracts out of its report.": {
        "Construction.sol": {8: (32, None), 9: (32, None)},
        "Inheritance.sol": {95: (0, None), 96: (0, None)},
        "Libraries.sol": {
            8: (3, None),
            9: (3, None),
            12: (5, None),
            13: (5, None),
            16: (7, None),
            17: (7, None),
            18: (2, None),
            20: (5, None),
        },
    },
    "Forge counts a modifier in only one of the functions that have it.": {
        "Construction.sol": {18: (14, 13), 19: (14, 13)},
        "Modifiers.sol": {
            10: (36, 2),
            11: (36, 2),
            13: (33, 2),
            23: (16, 13),
            24: (16, 10),
            27: (4, 3),
            36: (30, 3),
            37: (30, 3),
        },
    },
    "Forge leaves out a constructor with an empty body, whatever stands in front of that.": {
        "Construction.sol": {91: (1, None)}
    },
    "Forge gives each catch clause a line; here it is a way of its try.": {
        "Construction.sol": {109: (None, 2)},
        "Flow.sol": {
            300: (None, 1),
            308: (None, 0),
            310: (None, 2),
            312: (None, 0),
            321: (None, 1),
            323: (None, 3),
            348: (None, 5),
        },
    },
    "Forge counts a public function where it is called from outside, not where from inside.": {
        "Flow.sol": {118: (24, 4), 125: (16, 4), 129: (7, 2), 133: (6, 1)},
        "Inheritance.sol": {11: (14, 11), 53: (5, 3), 61: (3, 1)},
        "Modifiers.sol": {92: (15, 13), 108: (6, 3)},
    },
    "Forge does not count a delete.": {"Flow.sol": {162: (2, None)}},
    "Forge gives a condition that goes over several lines more than the line on which it begins.": {
        "Flow.sol": {202: (None, 3), 203: (None, 2)}
    },
    "A modifier without statements is not counted; forge shows it, and as not reached.": {
        "Modifiers.sol": {31: (None, 0)}
    },
    "Forge counts what a modifier guards in one of the places where it says so, not in both.": {
        "Modifiers.sol": {97: (9, 5)}
    },
    "Forge enters a fallback that begins with a loop as often as the loop goes round.": {
        "Receivers.sol": {35: (3, 8)}
    },
}
"""How often lines were reached, by reason."""

FUNCTIONS: dict[str, Differences] = {
    "Forge counts that assembly jumps over the function where that is defined.": {
        "Assembly.sol": {9: (6, 8)}
    },
    "Forge leaves functions outside of contracts out of its report.": {
        "Construction.sol": {8: (32, None)},
        "Inheritance.sol": {95: (0, None)},
        "Libraries.sol": {8: (3, None), 12: (5, None), 16: (7, None)},
    },
    "Forge counts a modifier in only one of the functions that have it.": {
        "Construction.sol": {18: (14, 13)},
        "Modifiers.sol": {10: (36, 2), 23: (16, 13), 36: (30, 3)},
    },
    "Forge leaves out a constructor with an empty body, whatever stands in front of that.": {
        "Construction.sol": {91: (1, None)}
    },
    "Forge counts a public function where it is called from outside, not where from inside.": {
        "Flow.sol": {118: (24, 4), 125: (16, 4), 129: (7, 2), 133: (6, 1)},
        "Inheritance.sol": {11: (14, 11), 53: (5, 3), 61: (3, 1)},
        "Modifiers.sol": {92: (15, 6), 108: (6, 3)},
    },
    "A modifier without statements is not counted; forge shows it, and as not reached.": {
        "Modifiers.sol": {31: (None, 0)}
    },
    "Forge enters a fallback that begins with a loop as often as the loop goes round.": {
        "Receivers.sol": {35: (3, 8)}
    },
}
"""How often functions were entered, by the line in which they begin."""

WAYS: dict[str, Differences] = {
    "Where an if does nothing but jump away, forge counts the condition, or nothing.": {
        "Assembly.sol": {14: ((1,), (5,)), 33: ((6,), (25,)), 36: ((3,), (22,))},
        "Flow.sol": {
            16: ((2,), (6,)),
            33: ((2,), (10,)),
            45: ((1, 10), (11, 9)),
            58: ((1,), (11,)),
            72: ((3, 3), (15, 3)),
            75: ((2,), (15,)),
            76: ((3,), (0,)),
            349: ((1,), (5,)),
        },
        "Modifiers.sol": {42: ((4,), (10,))},
    },
    "Forge counts attempts where ours are calls that returned, and shows clauses apart.": {
        "Construction.sol": {106: ((2,), (4,)), 109: (None, (2,))},
        "Flow.sol": {
            298: ((2,), (3,)),
            300: (None, (1,)),
            306: ((3,), (5,)),
            308: (None, (0,)),
            310: (None, (2,)),
            312: (None, (0,)),
            319: ((1,), (5,)),
            321: (None, (1,)),
            323: (None, (3,)),
            339: ((1, 0), (2, 0)),
            346: ((0,), (5,)),
            348: (None, (5,)),
        },
    },
    "Forge gives a condition that goes over several lines more than the line on which it begins.": {
        "Flow.sol": {203: (None, (2,))}
    },
    "Forge counts a modifier in only one of the functions that have it.": {
        "Modifiers.sol": {24: ((12, 4), (10, 1))}
    },
}
"""How often ways of branches were taken."""

BRANCHES_ALONE: dict[str, dict[int, list[tuple[str, tuple[int, ...]]]]] = {
    "Assembly.sol": {22: [("switch", (1, 1, 6))], 57: [("switch", (2, 1))]},
    "Flow.sol": {
        126: [("choice", (4, 12))],
        138: [("choice", (2, 3)), ("choice", (2, 1))],
        139: [("choice", (2, 3)), ("choice", (1, 4))],
        143: [("choice", (1, 2))],
        144: [("choice", (1, 2))],
        200: [("if", (2, 2))],
        235: [("require", (3, 1))],
        244: [("choice", (1, 6))],
    },
    "Inheritance.sol": {91: [("choice", (0, 0))]},
    "Libraries.sol": {17: [("if", (2, 5))], 29: [("choice", (0, 2))]},
}
"""The branches of lines for which forge counts none, with how often each way was taken."""

UNTOLD: dict[str, list[int]] = {"Construction.sol": [57], "Flow.sol": [111, 165, 320]}
"""Of these lines' statements, the first of each, the optimizer leaves nothing."""
