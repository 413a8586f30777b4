"""Silence: Guardrails AI without telemetry.

Out of the box it reports every use of a guard and of a validator to its makers (hub_telemetry), traces to
any OpenTelemetry sink, and fetches a price list for models on import. What a person says to a chatbot must
not be followed by a connection that nobody asked for.
"""

import os


def silence() -> None:
    """Turn off all that Guardrails sends by itself. May be called again, before or after a guard is made."""
    # litellm, which comes with Guardrails, reads its price list from disk instead of from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    from guardrails.settings import settings  # noqa: PLC0415
    from guardrails.utils.hub_telemetry_utils import HubTelemetry  # noqa: PLC0415
    from opentelemetry.trace import NoOpTracer  # noqa: PLC0415

    settings.rc.enable_metrics = False
    settings.rc.use_remote_inferencing = False
    settings.disable_tracing = True
    # A guard reads the user's settings file anew when it is made, and reports unless that file says no. There
    # is one reporter in a process: with a tracer that does nothing, it has nothing to send whatever they say.
    HubTelemetry(enabled=False)._tracer = NoOpTracer()
