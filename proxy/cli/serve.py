"""`handrail serve`: the guarding proxy."""

import asyncio
import gc
from pathlib import Path

import click
import uvloop

from handrail.proxy.app import build_app, load_judgement
from handrail.proxy.logs import configure, logger
from handrail.proxy.server import Site
from handrail.proxy.server import serve as run
from handrail.proxy.settings import load_settings


@click.command()
@click.option("--settings", "path", type=click.Path(path_type=Path), help="YAML file of settings.")
@click.option("--upstream-url", help="Base URL of the chatbot server.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.")
def serve(path: Path | None, upstream_url: str | None, host: str | None, port: int | None) -> None:
    """Guard the chatbot server at the upstream URL. Settings: see docs/operators.md."""
    settings = load_settings(path, upstream_url=upstream_url, host=host, port=port)
    configure(settings.log_level)
    judgement = load_judgement(settings)
    site = Site(build_app(settings, judgement), settings.host, settings.port, settings.max_header_bytes)

    def ready(url: str) -> None:
        logger("serve").info("ready", url=url, model=judgement.assessor.version)
        click.echo(f"handrail guards {settings.upstream_url} at {url}", err=True)

    # What is loaded stays: the collector, called more rarely too, passes over it.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(site, settings.drain_seconds, ready))
