"""Extras: packages that only some commands need, and the line that says so."""

from importlib.util import find_spec

from handrail.classifiers.errors import SettingsError

_EVALS = ("inspect_ai", "matplotlib", "scipy", "sklearn", "statsmodels")


def require_evals() -> None:
    """Raises SettingsError where the packages of the evals extra are not installed."""
    missing = [name for name in _EVALS if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"the experiments need more packages ({', '.join(missing)}): pip install 'handrail[evals]'"
        )
