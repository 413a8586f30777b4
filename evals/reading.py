"""Reading: many exchanges assessed on all cores; a pass runs on one."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from handrail.classifiers.assessment import Assessment
from handrail.classifiers.assessor import Assessor
from handrail.classifiers.exchange import Exchange


def assess_all(assessor: Assessor, exchanges: Sequence[Exchange]) -> list[Assessment]:
    """Assessments in the order of the exchanges."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda exchange: assessor.assess([exchange])[0], exchanges))
