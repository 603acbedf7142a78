"""Job files in YAML: a list of mappings with the keys of `jobs_keys`."""

from __future__ import annotations

from ..errors import ProblemLog
from .jobs_build import JobContext, JobEntry, build_entry
from .yaml_file import YamlList, YamlMapping, YamlScalar, YamlValue, describe, parse_yaml


def read_jobs_yaml(text: str, log: ProblemLog, context: JobContext) -> list[JobEntry]:
    """Jobs of a YAML text.

    Parameters
    ----------
    text
        A list of mappings; a single mapping is a list of one, an empty text no job at all.
    log
        Where problems go.
    context
        What there is to know about the cluster.

    Raises
    ------
    InputError
        When it is not YAML at all, or says a key twice.
    """
    root = parse_yaml(text, log)
    if root is None or (isinstance(root, YamlScalar) and root.is_null):
        return []
    if isinstance(root, YamlMapping):
        root = YamlList([root], root.line)
    if not isinstance(root, YamlList):
        log.error(f"line {root.line}", describe(root), "a list of jobs")
        return []
    entries = []
    for index, item in enumerate(root.items):
        if not isinstance(item, YamlMapping):
            log.error(f"line {item.line}, jobs[{index}]", describe(item), "a mapping of job keys")
            continue
        entry = build_entry(_raw(item), log, _place(item, index), context)
        if entry is not None:
            entries.append(entry)
    return entries


def _raw(item: YamlMapping) -> dict[str, object]:
    return {key: _plain(value) for key, value in item.entries.items()}


def _plain(value: YamlValue) -> object:
    """Texts for scalars, so that CSV and YAML are read by the same rules."""
    if isinstance(value, YamlScalar):
        return None if value.is_null else value.text
    if isinstance(value, YamlList):
        return [_plain(item) for item in value.items]
    return {key: _plain(entry) for key, entry in value.entries.items()}


def _place(item: YamlMapping, index: int) -> str:
    job_id = item.entries.get("job_id")
    if isinstance(job_id, YamlScalar) and 0 < len(job_id.text) <= 60 and job_id.text.isprintable():
        return f"line {item.line}, job {job_id.text}"
    return f"line {item.line}, jobs[{index}]"
