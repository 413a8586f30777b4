"""`python -m handrail.classifiers.training`: train the model that handrail ships."""

from pathlib import Path

import click

from handrail.classifiers.training.fit import FitSettings
from handrail.classifiers.training.make import Order, make_model


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write the model to.")
@click.option("--version", required=True, help="Version that the model will call itself.")
@click.option("--corpus", type=click.Path(path_type=Path), help="Folder of JSONL files (default: ours).")
@click.option("--seed", default=0, show_default=True, help="Seed of weights and order.")
@click.option("--epochs", default=FitSettings().epochs, show_default=True, help="Passes over the corpus.")
@click.option("--layers", type=int, help="Keep only the first so many encoder layers.")
@click.option("--sample", type=int, help="Use so many scenarios only.")
@click.option("--bfloat16", is_flag=True, help="Train in mixed precision.")
@click.option("--keep", type=click.Path(path_type=Path), help="File for the weights, or with them.")
def main(  # noqa: PLR0913  (one parameter an option is how click works)
    out: Path,
    version: str,
    corpus: Path | None,
    seed: int,
    epochs: int,
    layers: int | None,
    sample: int | None,
    bfloat16: bool,
    keep: Path | None,
) -> None:
    """Fine-tune the encoder on the corpus, calibrate, measure, and write a model folder."""
    recipe = FitSettings(epochs=epochs, layers=layers, bfloat16=bfloat16)
    command = f"python -m handrail.classifiers.training --out {out.name} --version {version} --seed {seed}"
    command += f" --epochs {epochs}" + (f" --sample {sample}" if sample else "")
    command += (f" --layers {layers}" if layers else "") + (" --bfloat16" if bfloat16 else "")
    make_model(Order(out, version, command, corpus, seed, sample, recipe, keep), click.echo)


if __name__ == "__main__":
    main()
