"""Run: starts what a plan needs, lets Inspect run its tasks, and takes up again what was interrupted."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from inspect_ai import Task, eval_set, task_with
from inspect_ai.model import get_model

from handrail.evals.experiments.appropriate import appropriate, recorded
from handrail.evals.experiments.arm import Arm
from handrail.evals.experiments.drift import drift
from handrail.evals.experiments.harmless import harmless
from handrail.evals.experiments.mapping import mapping
from handrail.evals.experiments.stigma import free_text, stigma
from handrail.evals.running.plan import Job, Plan, claim
from handrail.evals.targets.guard import guarding
from handrail.evals.targets.process import serving
from handrail.evals.targets.provider import NAME
from handrail.evals.targets.target import Target, TargetKind

Display = Literal["rich", "plain"]
_BY_NAME = {"appropriate": appropriate, "drift": drift, "harmless": harmless, "mapping": mapping}

# Samples that a killed run may have to ask again, at most, in each task.
_BUFFER = 20


def run(plan: Plan, folder: Path, *, display: Display = "rich") -> bool:
    """Run what of a plan is not done yet; logs go to `folder/logs`. Whether all of it succeeded.

    Raises SettingsError for a folder that holds another run, or a server that doesn't start.
    """
    claim(folder, plan)
    _quiet(folder)
    with _servers(plan, folder) as urls:
        tasks = [_task(plan, job, urls[job.target, _mode(job.arm)]) for job in plan.tasks]
        done, _ = eval_set(
            tasks,
            log_dir=str(folder / "logs"),
            display=display,
            max_tasks=1,
            limit=plan.limit,
            log_buffer=_BUFFER,
            log_realtime=False,
            log_model_api=False,
            ctl_server=False,
            fail_on_error=0.1,
            retry_on_error=1,
            retry_attempts=1,
        )
    return done


def _quiet(folder: Path) -> None:
    """Inspect keeps its own data beside the run's, and nothing of the environment steers it elsewhere."""
    os.environ.setdefault("INSPECT_CACHE_DIR", str(folder / "cache"))


def _mode(arm: Arm) -> Arm:
    """The guard that an arm meets: none, enforcing or in shadow."""
    if not arm.guarded:
        return Arm.BARE
    return Arm.SHADOW if arm == Arm.SHADOW else Arm.GUARD


@contextmanager
def _servers(plan: Plan, folder: Path) -> Iterator[dict[tuple[Target, Arm], str]]:
    """Where each target listens, bare and behind each guard that the plan needs."""
    urls: dict[tuple[Target, Arm], str] = {}
    upstreams: dict[tuple[str, ...], str] = {}
    guards: dict[tuple[str, Arm], str] = {}
    with ExitStack() as stack:
        for job in plan.tasks:
            upstream = job.target.url or _upstream(stack, plan, job.target, folder, upstreams)
            urls[job.target, Arm.BARE] = upstream
            mode = _mode(job.arm)
            if mode != Arm.BARE and (upstream, mode) not in guards:
                place = folder / "guard" / f"{len(guards) + 1}-{mode}"
                guarded = guarding(upstream, mode, place, job.target.generic, plan.guard_settings)
                guards[upstream, mode] = stack.enter_context(guarded)
            if mode != Arm.BARE:
                urls[job.target, mode] = guards[upstream, mode]
        yield urls


def _upstream(
    stack: ExitStack, plan: Plan, target: Target, folder: Path, known: dict[tuple[str, ...], str]
) -> str:
    """The server of a target that has none of its own; one for all targets of a kind."""
    arguments = ["handrail.evals.targets.server", str(target.kind), "--seed", str(plan.seed)]
    if target.kind == TargetKind.RECORDED and target.file:
        arguments += ["--file", str(target.file)]
    key = tuple(arguments)
    if key not in known:
        log = folder / f"server-{target.kind}.log"
        known[key] = stack.enter_context(serving(arguments, os.environ, log, b"listening at"))
    return known[key]


def _task(plan: Plan, job: Job, url: str) -> Task:
    target = job.target
    task = made(plan, job)
    model = get_model(
        f"{NAME}/{target.name}",
        base_url=url,
        memoize=False,
        asked=target.model,
        dialect=target.dialect,
        generic=target.generic,
    )
    return task_with(task, name=f"{job.experiment}_{job.arm}", model=model)


def made(plan: Plan, job: Job) -> Task:
    """A job's task, without a model."""
    name, arm = job.target.name, str(job.arm)
    if job.target.kind == TargetKind.RECORDED:
        file = str(job.target.file) if job.target.file else None
        return recorded(target=name, arm=arm, judge=plan.judge, file=file)
    if job.experiment == "stigma":
        return stigma(target=name, arm=arm, seed=plan.seed, people=_people(plan, job))
    if job.experiment == "free_text":
        return free_text(
            target=name, arm=arm, judge=plan.judge, seed=plan.seed, people=18 if plan.thorough else 3
        )
    return _BY_NAME[job.experiment](
        target=name, arm=arm, judge=plan.judge, seed=plan.seed, thorough=plan.thorough
    )


def _people(plan: Plan, job: Job) -> int:
    """All 18 of a condition; behind the guard, which can read nothing in a letter, three will do."""
    return 18 if plan.thorough or not job.arm.guarded else 3
