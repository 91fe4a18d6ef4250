"""TorchServe: a server in Java before two Python workers, with dynamic batching."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CONFIGURATION = """\
inference_address=http://127.0.0.1:{port}
management_address=http://127.0.0.1:{management_port}
metrics_address=http://127.0.0.1:{metrics_port}
grpc_inference_port={grpc_port}
grpc_management_port={grpc_management_port}
job_queue_size=64
disable_token_authorization=true
enable_envvars_config=false
model_store={folder}
load_models=sentiment.mar
models={models}
"""
# By default it logs every request, and what each worker does, twice.
LOGGING = """\
<Configuration>
  <Appenders><Console name="STDOUT" target="SYSTEM_OUT"/></Appenders>
  <Loggers><Root level="warn"><AppenderRef ref="STDOUT"/></Root></Loggers>
</Configuration>
"""
MODELS = {
    "sentiment": {
        "1.0": {
            "defaultVersion": True,
            "marName": "sentiment.mar",
            "minWorkers": 2,
            "maxWorkers": 2,
            "batchSize": 32,
            "maxBatchDelay": 5,
            "responseTimeout": 60,
        }
    }
}


class Handler:
    """What each worker runs."""

    def initialize(self, context: Any) -> None:  # noqa: ANN401, ARG002  # TorchServe's own, which we need not
        """Load the model."""
        import torch  # noqa: PLC0415  # the process that starts TorchServe needs none

        from bench.serving.model import PyTorchModel  # noqa: PLC0415

        torch.set_num_threads(1)
        self.model = PyTorchModel()

    def handle(self, data: list[dict[str, Any]], context: Any) -> list[dict[str, Any]]:  # noqa: ANN401, ARG002
        """Return the answer to each request of a batch."""
        predictions = self.model.predict_requests([request["body"]["reviews"] for request in data])
        return [{"predictions": each} for each in predictions]


def main(port: str, folder: Path) -> None:
    """Archive the handler, write the configuration, and become TorchServe."""
    from bench.serving.free_port import free_port  # noqa: PLC0415  # the archived copy runs without it

    programs = Path(sys.executable).parent
    archive = [str(programs / "torch-model-archiver"), "--model-name", "sentiment", "--version", "1.0"]
    archive += ["--handler", __file__, "--export-path", str(folder), "--force"]
    subprocess.run(archive, check=True)  # noqa: S603
    names = ("management_port", "metrics_port", "grpc_port", "grpc_management_port")
    configuration = CONFIGURATION.format(
        port=port, folder=folder, models=json.dumps(MODELS), **{name: free_port() for name in names}
    )
    (folder / "config.properties").write_text(configuration, encoding="utf-8")
    (folder / "log4j2.xml").write_text(LOGGING, encoding="utf-8")
    os.chdir(folder)  # It writes its logs where it stands.
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    command = [str(programs / "torchserve"), "--start", "--foreground", "--ncs"]
    command += ["--ts-config", str(folder / "config.properties"), "--log-config", str(folder / "log4j2.xml")]
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
