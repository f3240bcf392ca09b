"""What happens in the run itself when a step fails."""

import dagster as dg

from dial2deal import audit, warehouse
from dial2deal.publish import verdict
from dial2deal.settings import Settings
from orchestration import alerts, builds
from orchestration.defs.quality import AUDIT_STEP
from orchestration.defs.transform import MODELS_STEP


def on_failure(settings: Settings) -> dg.HookDefinition:
    """Write an alert and, after a failed audit or transform, the quality report that the run will not reach."""

    @dg.failure_hook(name="alert_on_failure")
    def alert_on_failure(context: dg.HookContext) -> None:
        run = context.instance.get_run_by_id(context.run_id)
        error = context.op_exception
        message = getattr(error, "description", None) or f"{type(error).__name__}: {error}"
        if context.step_key == AUDIT_STEP:
            with warehouse.session(settings) as con:
                message = "; ".join(
                    [
                        message,
                        *(
                            f"{file.file}: {file.status} by rule {file.rule}, {file.rows} row(s)"
                            for file in verdict.incomplete_files(con)
                        ),
                    ]
                )
        alerts.write(settings, run, kind="step_failed", step=context.step_key, message=message)
        if context.step_key in (AUDIT_STEP, MODELS_STEP):
            audit.write_quality_report(settings, builds.build_id(run))

    return alert_on_failure
