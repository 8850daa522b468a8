"""Which statements and branches of Solidity a test run reached, on Ape's own chain.

py-evm is asked which jumps it took (:mod:`~unbond.coverage.recorder`); with what the compiler says
about each instruction (:mod:`~unbond.coverage.compiled`, :mod:`~unbond.coverage.code`) and about
the text (:mod:`~unbond.coverage.syntax`), that makes hit counts (:mod:`~unbond.coverage.measure`),
which are shown as a table, for programs, and as a page (:mod:`~unbond.coverage.report`).
"""
