import re
import urllib.error
import urllib.request
from collections.abc import Callable
from subprocess import Popen
from typing import Any

Run = Callable[..., Any]
WORD = "four quiet garden walls\n"


def test_accounts_are_added_changed_listed_and_removed(run: Run) -> None:
    """The commands look after accounts, leave their acts on the trail, and never show a password."""
    assert (
        run("review", "add-user", "Ada", "--role", "lead", "--password", "stdin", text=WORD).returncode == 0
    )
    assert run("review", "add-user", "ext@example.org", "--password", "none").returncode == 0
    assert run("review", "set-role", "ada", "auditor").returncode == 0
    assert run("review", "set-password", "ada", "--password", "stdin", text=WORD).returncode == 0
    listed = run("review", "list-users").stdout
    assert listed == "ada\tauditor\tpassword\next@example.org\treviewer\texternal\n"
    assert run("review", "remove-user", "ada").returncode == 0
    assert "ada" not in run("review", "list-users").stdout
    trail = run("journal", "audit").stdout
    for did in ("added an account", "set a role", "set a password", "removed an account"):
        assert did in trail
    assert "garden" not in trail


def test_what_is_wrong_is_said_in_one_line(run: Run) -> None:
    """A short password, a bad name, a name that is there or is not: each says what to do."""
    run("review", "add-user", "ada", "--password", "stdin", text=WORD)
    for arguments, text, said in (
        (("add-user", "ada", "--password", "stdin"), WORD, "is there already"),
        (("add-user", "bob", "--password", "stdin"), "short\n", "12 to 256 characters"),
        (("add-user", "<b>", "--password", "stdin"), WORD, "an account's name must be"),
        (("add-user", "system", "--password", "stdin"), WORD, "an account's name must be"),
        (("set-role", "bob", "lead"), "", "there is no account bob"),
    ):
        done = run("review", *arguments, text=text)
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_an_empty_password_is_made_and_shown_once(run: Run) -> None:
    """Whoever types none gets a random one."""
    done = run("review", "add-user", "ada", text="\n")
    assert done.returncode == 0
    assert re.search(r"Password, shown this once: \S{20}", done.stdout)


def test_the_pages_are_served(launch: Callable[..., "Popen[str]"]) -> None:
    """`handrail review serve` needs no upstream, says where it is, and answers there."""
    process = launch("review", "serve", "--port", "0")
    assert process.stderr is not None
    url = next(m[1] for line in process.stderr if (m := re.search(r"are at (http://\S+)", line)))
    with urllib.request.urlopen(url) as answer:
        assert "Sign in" in answer.read().decode()
