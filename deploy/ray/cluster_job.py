"""A job on a Ray cluster, as its command line asks for it."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from deploy.ray.cluster_workers import ClusterWorkers, ProcessSize, connected
from deploy.ray.part_actor import VersionSource
from model_store import RELEASED, Store
from scoring.cli import STANDARD, STORE_VARIABLE
from scoring.command import job_options, say
from scoring.errors import UnusableInput
from scoring.inputs import find_inputs, fingerprint
from scoring.job import Job
from scoring.output import check_ending
from scoring.summary import summary_lines

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Run a job on the cluster, and say at the end what came of it; raises SentimentError."""
    if STANDARD in (*options.inputs, options.output):
        raise UnusableInput("standard input and output are on one machine: name files that all nodes see")
    check_ending(Path(options.output).name)
    paths = find_inputs(options.inputs)
    with connected(options.address):
        workers = _workers(options)
        # The processes on the nodes have other working folders. Their processors may differ.
        files = tuple(fingerprint(path.absolute(), str(path)) for path in paths)
        job = job_options(options, files, Path(options.output).absolute())
        say(*summary_lines(Job(replace(job, allow_other_hardware=True), workers).run()))


def _workers(options: argparse.Namespace) -> ClusterWorkers:
    given = options.store or os.environ.get(STORE_VARIABLE)
    store = Store(given or RELEASED)
    model, version = store.resolve(options.model or "reviews@production")
    size = ProcessSize.for_cluster(options.device or "auto", options.threads)
    source = VersionSource(
        store=store.root.absolute() if given else None,
        reference=f"{model}@{version}",
        device=size.device,
        num_threads=size.num_cpus,
    )
    num_processes = options.concurrency or size.num_processes()
    return ClusterWorkers(store.manifest(model, version), source, size, num_processes)
