"""What the documentation shows is run: commands, scenarios, and whole small projects."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks/README.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Lines of shell that a test cannot run as they stand, and what vouches for them.
ELSEWHERE = {
    "make demo": "the Makefile's target is checked here, the scenarios in tests/documents",
    "make test": "is what runs this",
    "make mutate": "takes minutes; test_mutation.py tries a few",
    'make mutate MUTATE="--all --json mutants.json"': "takes an hour, as above",
    'make mutate MUTATE="--all --contract FirstFit --contract RequestIds"': "as above",
    'make mutate MUTATE="--seed 7"': "as above",
    "make package": "is run by test_package.py",
    "make pictures": "is compared with what is there, below",
    "pip install dist/unbond-0.1.0-py3-none-any.whl": "is done by test_package.py",
    ".venv/bin/python benchmarks/flows.py": "takes minutes; test_benchmarks.py runs one flow",
    ".venv/bin/python benchmarks/suite.py": "takes minutes; test_benchmarks.py runs some of it",
    ".venv/bin/python benchmarks/suite.py --profile": "the same",
    ".venv/bin/python benchmarks/payouts.py": "takes a minute; test_benchmarks.py runs it smaller",
    ".venv/bin/python benchmarks/bugs.py": "takes an hour; test_bugs.py looks for three of them",
    ".venv/bin/python benchmarks/bugs.py --only ticket-a-second-early --seeds 1": (
        "compiles a contract; test_bugs.py looks for others"
    ),
    ".venv/bin/python benchmarks/campaign.py": "takes minutes; test_benchmarks.py runs it smaller",
    ".venv/bin/python benchmarks/campaign.py --system delegated --rounds 1 --memory 0": (
        "takes a minute; test_benchmarks.py runs it smaller"
    ),
    ".venv/bin/python benchmarks/gas.py": "takes a minute; test_benchmarks.py runs it smaller",
}


# Pages whose commands are run in the project that they show, one after another.
OF_A_PROJECT = ["docs/cookbook/coverage-and-gas.md"]


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text()) if kind == language]


def commands(block: str) -> list[str]:
    """The commands of a block of shell, without comments."""
    lines = (re.sub(r"\s+#\s.*$", "", line).strip() for line in block.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def shell_blocks() -> Iterator[object]:
    for page in PAGES:
        if str(page.relative_to(ROOT)) in OF_A_PROJECT:
            continue
        for number, block in enumerate(blocks(page, "sh")):
            runnable = [line for line in commands(block) if line not in ELSEWHERE]
            if runnable:
                name = f"{page.relative_to(ROOT)}-{number}"
                yield pytest.param("\n".join(runnable), id=name)


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize("block", shell_blocks())
def test_commands_of_the_documentation_succeed(block: str, tmp_path: Path, free_port: int) -> None:
    # A devnet on a port and in a folder of its own, stopped by process id. "exec" lets the job's
    # process be its own. What is written into the folder of a page's reader goes elsewhere.
    block = re.sub(
        r"^ape run devnet\b(?!.*--port)", rf"\g<0> --port {free_port}", block, flags=re.M
    )
    block = re.sub(
        r"^(ape run devnet\b.*?) *&$",
        r"background() { exec \1; }; background & devnet=$!; wait_for",
        block,
        flags=re.MULTILINE,
    )
    block = block.replace("--out src/contracts", f"--out {tmp_path}/contracts")
    script = f"""
{READY}
trap 'kill $(jobs -p) 2>/dev/null && wait || true' EXIT
{block}
"""
    done = run(
        script,
        ROOT,
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        APE_FOUNDRY_HOST=f"http://127.0.0.1:{free_port}",
        UNBOND_BOOK=str(tmp_path / "book.json"),
        UNBOND_DEVNET=str(tmp_path / "devnet"),
    )
    assert done.returncode == 0, done.stdout + done.stderr


# A devnet is ready when it can be found: the file that says so is waited for, a minute at most.
READY = r"""
wait_for() {
  for attempt in $(seq 1200); do
    [ -e "$UNBOND_DEVNET/running.json" ] && return
    kill -0 "$devnet" || return 1
    read -r -t 0.05 <> <(:) || true
  done
}
"""


def test_make_targets_of_the_documentation_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = {
        line.split()[1]
        for page in PAGES
        for block in blocks(page, "sh")
        for line in commands(block)
        if line.startswith("make ")
    }
    assert targets
    assert [t for t in targets if not re.search(rf"^{t}:", makefile, re.MULTILINE)] == []


def test_what_is_not_run_here_is_still_in_the_documentation() -> None:
    shown = {line for page in PAGES for block in blocks(page, "sh") for line in commands(block)}
    assert set(ELSEWHERE) - shown == set()


def test_links_of_the_documentation_lead_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", BLOCK.sub("", page.read_text()))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []


def project_of(page: Path, folder: Path) -> None:
    """Write the files that a page shows, each named in its first line, as an Ape project."""
    (folder / "ape-config.yaml").write_text("name: shown\nsolidity:\n  version: 0.8.30\n")
    for language in ("python", "yaml", "solidity"):
        for block in blocks(page, language):
            first = re.match(r"(?:#|//) (\S+\.\w+)\n", block)
            if first:
                file = folder / first[1]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/cookbook/a-system-of-your-own.md",
        "docs/cookbook/a-users-complaint.md",
    ],
)
def test_the_projects_of_the_documentation_pass(page: str, tmp_path: Path) -> None:
    project_of(ROOT / page, tmp_path)
    done = run(
        f"{sys.executable} -m pytest -q -p no:cacheprovider -p no:randomly",
        tmp_path,
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1 passed", done.stdout), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("page", OF_A_PROJECT)
def test_the_commands_for_a_project_of_the_documentation_succeed(page: str, tmp_path: Path) -> None:
    project_of(ROOT / page, tmp_path)
    lines = [line for block in blocks(ROOT / page, "sh") for line in commands(block)]
    said = ""
    for command in (line for line in lines if line not in ELSEWHERE):
        done = run(
            f"{command} -p no:cacheprovider -p no:randomly",
            tmp_path,
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said += done.stdout
    # What the page shows is what is said.
    heard = [" ".join(line.split()) for line in said.splitlines()]
    (shown,) = blocks(ROOT / page, "")
    assert [line for line in shown.splitlines() if " ".join(line.split()) not in heard] == []


@pytest.mark.slow
def test_pictures_are_what_the_runs_give(tmp_path: Path) -> None:
    """Each picture is drawn anew in a process of its own, and is the one that is shown."""
    script = (
        "import pathlib, sys; sys.path.insert(0, 'tools'); import pictures; "
        f"pictures.draw_two_readings(pathlib.Path({str(tmp_path / 'picture.svg')!r}))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown = ROOT / "docs/pictures/two-readings.svg"
    assert (tmp_path / "picture.svg").read_bytes() == shown.read_bytes()


def test_the_model_of_the_page_answers() -> None:
    (program,) = blocks(ROOT / "docs/campaigns.md", "python")
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_file_that_a_page_quotes_is_that_file() -> None:
    quoted = 0
    for page in PAGES:
        for block in blocks(page, "yaml"):
            first = re.match(r"# (docs/\S+)\n", block)
            if first:
                assert (ROOT / first[1]).read_text() == block
                quoted += 1
    assert quoted


def test_the_scenario_of_the_readme_goes_as_it_says(tmp_path: Path) -> None:
    (text,) = blocks(ROOT / "README.md", "yaml")
    file = tmp_path / "readme.yaml"
    file.write_text(text)
    done = run(f"{Path(sys.executable).with_name('ape')} run scenario {file}", ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
