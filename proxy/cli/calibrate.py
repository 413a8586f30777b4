"""`handrail calibrate`: thresholds for one's own traffic, from one's own labelled exchanges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click
import yaml

from handrail.classifiers.assessor import Assessor
from handrail.classifiers.calibration import Bounds
from handrail.classifiers.errors import SettingsError
from handrail.classifiers.labelled import read_labelled
from handrail.classifiers.manifest import THRESHOLDS
from handrail.classifiers.proposal import Proposal, propose
from handrail.policies.load import load_decider
from handrail.proxy.cli.opened import TIME, WHO
from handrail.proxy.cli.tune import Asked, tune_from_reviews

_DEFAULT = Bounds()
_HEAD = f"{'label':30} {'present':>7} {'absent':>7}" + "".join(
    f"   {when:>6} {'found':>6} {'false':>6}" for when in ("now", "new")
)
_FEW = 30


def _bound(name: str) -> str:
    return f"Largest share {Bounds.model_fields[name].description}."


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--risk", default=_DEFAULT.risk, show_default=True, help=_bound("risk"))
@click.option("--owed", default=_DEFAULT.owed, show_default=True, help=_bound("owed"))
@click.option("--harmful", default=_DEFAULT.harmful, show_default=True, help=_bound("harmful"))
@click.option("--stigma", default=_DEFAULT.stigma, show_default=True, help=_bound("stigma"))
@click.option("--protective", default=_DEFAULT.protective, show_default=True, help=_bound("protective"))
@click.option("--policy", "policy_path", type=click.Path(path_type=Path), help="Policy file (default: ours).")
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model folder (default: ours).")
@click.option("--out", type=click.Path(path_type=Path), help="Write the thresholds here, as policy YAML.")
@click.option("--from-reviews", is_flag=True, help="Go by the journal's reviewed exchanges instead of FILES.")
@click.option("--settings", "settings_path", type=click.Path(path_type=Path), help="With reviews: settings.")
@click.option("--since", type=TIME, help="With reviews: first moment (UTC) of the exchanges.")
@click.option(
    "--worth",
    type=click.FloatRange(min=1),
    default=20,
    show_default=True,
    help="With reviews: how many false flags a harm found is worth.",
)
@click.option("--write", is_flag=True, help="With reviews: put the new thresholds into the policy file.")
@WHO
def calibrate(  # noqa: PLR0913  (one parameter an option is how click works)
    files: tuple[Path, ...],
    risk: float,
    owed: float,
    harmful: float,
    stigma: float,
    protective: float,
    policy_path: Path | None,
    model_path: Path | None,
    out: Path | None,
    from_reviews: bool,
    settings_path: Path | None,
    since: datetime | None,
    worth: float,
    write: bool,
    who: str,
) -> None:
    """Propose thresholds from the labelled exchanges in FILES, one JSON object a line.

    A row is {"messages": [{"role", "content"}, ...], "risk": {"mania": "latent"}, "reply", "behaviours":
    ["declines"]}, or has "replies": [{"text", "behaviours"}, ...]. For each label the threshold with the
    highest recall within the bound is shown beside the one in force. Nothing is changed; --out writes the
    proposal for you to put into a policy.

    With --from-reviews thresholds are proposed by which the exchanges that people have reviewed would be
    flagged more rightly, with what is expected of recall and of flags a day. Nothing is changed unless
    --write says so.
    """
    if from_reviews == bool(files):
        raise SettingsError("give either FILES with labelled exchanges, or --from-reviews")
    if from_reviews:
        asked = Asked(settings_path, who, since, worth, policy_path, model_path, write)
        changed = tune_from_reviews(asked)
        if out:
            _write(out, changed)
        return
    if write:
        raise SettingsError("--write goes with --from-reviews; --out writes what FILES propose")
    bounds = _bounds(risk=risk, owed=owed, harmful=harmful, stigma=stigma, protective=protective)
    exchanges = [row for file in files for row in read_labelled(file)]
    assessor = Assessor.load(model_path)
    decider = load_decider(assessor.manifest.levels, policy_path)
    now = {label: decider.threshold(label) for label in THRESHOLDS}
    proposals = propose(assessor, exchanges, bounds, now)
    click.echo("\n".join(_table(proposals)))
    if out:
        _write(out, {str(p.label): p.proposed for p in proposals if p.grounded})


def _bounds(**given: float) -> Bounds:
    for name, value in given.items():
        if not 0 < value < 1:
            raise SettingsError(f"--{name} is {value}; give a share between 0 and 1, such as 0.02")
    return Bounds(**given)


def _table(proposals: Sequence[Proposal]) -> list[str]:
    lines = [_HEAD]
    lines += [
        f"{p.label:30} {p.positives:7} {p.negatives:7}   {p.now:6.2f} {_share(p.rates_now.recall)} "
        f"{_share(p.rates_now.false_positives)}   {p.proposed:6.2f} {_share(p.rates_proposed.recall)} "
        f"{_share(p.rates_proposed.false_positives)}"
        + ("" if p.grounded else "   kept: needs rows of both kinds")
        for p in proposals
    ]
    few = [p.label for p in proposals if p.grounded and min(p.positives, p.negatives) < _FEW]
    if few:
        lines.append(f"Fewer than {_FEW} rows on one side, so treat with care: {', '.join(few)}.")
    return [
        *lines,
        "New rates are cross-fitted: each fifth of the conversations by thresholds of the others.",
    ]


def _share(value: float | None) -> str:
    return f"{'none' if value is None else f'{value:.3f}':>6}"


def _write(out: Path, thresholds: Mapping[str, float]) -> None:
    try:
        out.write_text(yaml.safe_dump({"thresholds": dict(thresholds)}, sort_keys=False), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{out} can't be written: {error.strerror}") from error
    click.echo(f"wrote {len(thresholds)} thresholds to {out}", err=True)
