"""Public traces: where they are, under which licence, and which loader reads them."""

from __future__ import annotations

from dataclasses import dataclass

from ..models.errors import InputError, Problem


@dataclass(frozen=True, slots=True)
class PublicFile:
    """One file of a public data set.

    Attributes
    ----------
    url
        Its public address.
    sha256
        Published checksum; None where nobody published one.
    """

    url: str
    sha256: str | None = None

    @property
    def name(self) -> str:
        """File name that it is stored under."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class PublicTrace:
    """A public trace that is not shipped.

    Attributes
    ----------
    format
        Name of its loader.
    read
        The file to give to ``replay --trace``, after unpacking where `note` says so.
    """

    name: str
    summary: str
    format: str
    licence: str
    cite: str
    files: tuple[PublicFile, ...]
    read: str
    note: str = ""


_RAW = "https://raw.githubusercontent.com"
_GITHUB = "https://github.com"

PUBLIC_TRACES: tuple[PublicTrace, ...] = (
    PublicTrace(
        "lingjun-2023",
        "Alibaba Lingjun, LLM training, >800 hosts, two weeks of 2023",
        "lingjun",
        "Apache-2.0",
        "Cao et al., Crux: GPU-Efficient Communication Scheduling for Deep Learning Training,"
        " SIGCOMM 2024",
        tuple(
            PublicFile(f"{_RAW}/alibaba/alibaba-lingjun-dataset-2023/main/data/{name}.csv")
            for name in ("job", "worker", "topo")
        ),
        "job.csv",
        "worker.csv must lie beside job.csv: it holds the GPUs.",
    ),
    PublicTrace(
        "helios-2020",
        "SenseTime Helios, four clusters, 3.4 M jobs, six months of 2020",
        "helios",
        "CC-BY-4.0",
        "Hu et al., Characterization and Prediction of Deep Learning Workloads in Large-Scale GPU"
        " Datacenters, SC 2021",
        (PublicFile(f"{_GITHUB}/S-Lab-System-Group/HeliosData/raw/master/data.zip"),),
        "data/Venus/cluster_log.csv",
        "Unpack data.zip; one cluster_log.csv per cluster.",
    ),
    PublicTrace(
        "acme-kalos-2023",
        "Shanghai AI Lab Acme, cluster Kalos (2,416 A100), LLM development, 62,413 jobs",
        "acme",
        "CC-BY-4.0",
        "Hu et al., Characterization of Large Language Model Development in the Datacenter,"
        " NSDI 2024",
        (
            PublicFile(
                f"{_RAW}/InternLM/AcmeTrace/main/data/job_trace/trace_kalos.csv",
                "7c5a7845da1d66448fa668342e4ecb622fd9a005118080660ec3ad2788d4c9bf",
            ),
        ),
        "trace_kalos.csv",
    ),
    PublicTrace(
        "acme-seren-2023",
        "Shanghai AI Lab Acme, cluster Seren (2,288 A100), 1.03 M jobs",
        "acme",
        "CC-BY-4.0",
        "Hu et al., Characterization of Large Language Model Development in the Datacenter,"
        " NSDI 2024",
        (PublicFile(f"{_RAW}/InternLM/AcmeTrace/main/data/job_trace/trace_seren.csv"),),
        "trace_seren.csv",
    ),
    PublicTrace(
        "philly-2017",
        "Microsoft Philly, 117,325 jobs, mostly 1 to 8 GPUs, 2017",
        "philly",
        "CC-BY-4.0",
        "Jeon et al., Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN Training"
        " Workloads, ATC 2019",
        (PublicFile(f"{_GITHUB}/msr-fiddle/philly-traces/raw/master/trace-data.tar.gz"),),
        "trace-data/cluster_job_log",
        "1.06 GB; unpack trace-data.tar.gz.",
    ),
    PublicTrace(
        "openb-2023",
        "Alibaba openb, 8,152 pods of 1 to 8 GPUs on 1,523 nodes, 2023",
        "openb",
        "for research or study, see the repository",
        "Weng et al., Beware of Fragmentation, ATC 2023",
        (
            PublicFile(
                f"{_RAW}/alibaba/clusterdata/master/cluster-trace-gpu-v2023/csv/"
                "openb_pod_list_default.csv"
            ),
        ),
        "openb_pod_list_default.csv",
    ),
    PublicTrace(
        "kth-sp2-1996",
        "KTH IBM SP2, 28,489 jobs with limits and starts on 100 nodes, 1996",
        "swf",
        "free to use with acknowledgement (Parallel Workloads Archive)",
        "Parallel Workloads Archive, www.cs.huji.ac.il/labs/parallel/workload;"
        " log by Lars Malinowsky",
        (
            PublicFile(
                "https://www.cs.huji.ac.il/labs/parallel/workload/l_kth_sp2/"
                "KTH-SP2-1996-2.1-cln.swf.gz"
            ),
        ),
        "KTH-SP2-1996-2.1-cln.swf.gz",
    ),
    PublicTrace(
        "cea-curie-2011",
        "CEA Curie, 312,826 jobs with limits and starts on 5,544 nodes, 2011",
        "swf",
        "free to use with acknowledgement (Parallel Workloads Archive)",
        "Parallel Workloads Archive, www.cs.huji.ac.il/labs/parallel/workload;"
        " log by Joseph Emeras",
        (
            PublicFile(
                "https://www.cs.huji.ac.il/labs/parallel/workload/l_cea_curie/"
                "CEA-Curie-2011-2.1-cln.swf.gz"
            ),
        ),
        "CEA-Curie-2011-2.1-cln.swf.gz",
    ),
)


def find_public(name: str) -> PublicTrace:
    """The public trace of that name.

    Raises
    ------
    InputError
        If there is none.
    """
    for entry in PUBLIC_TRACES:
        if entry.name == name:
            return entry
    wanted = ", ".join(entry.name for entry in PUBLIC_TRACES)
    raise InputError([Problem("--download", "", f"no public trace {name!r}", wanted)])
