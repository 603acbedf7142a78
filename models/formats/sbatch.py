"""sbatch scripts and recorded submit lines: options to job keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ProblemLog
from .jobs_arrays import expand_array, parse_array
from .jobs_build import JobContext, JobEntry, build_entry
from .jobs_keys import JOB_KEYS, expand_cached, shown
from .sbatch_options import Argument, Option, long_option, short_option

_DIRECTIVE = "#SBATCH"
# What follows these in an unquoted --wrap are options of theirs.
_LAUNCHERS = frozenset({"srun", "mpirun", "mpiexec", "bash", "sh", "python", "python3"})
_GPUS = re.compile(r"(?:[^:,=]+[:=])*([0-9]{1,9})", re.ASCII)


@dataclass(slots=True)
class SubmitOptions:
    """What the options of one submission say.

    Attributes
    ----------
    values
        Job keys; texts as written, or typed values from `parse_submit_line`.
    places
        Option, and in a script the line, that each key comes from.
    reason
        Why the job cannot start yet: held, dependency, reservation.
    array
        The value of ``--array``.
    sizes
        Task and GPU counts from which node and GPU counts are derived.
    warnings
        ``(option, what to know about it)``.
    errors
        ``(option, found, wanted)``.
    """

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    array: str = ""
    sizes: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    errors: list[tuple[str, str, str]] = field(default_factory=list)


def read_sbatch(text: str, job_id: str, log: ProblemLog, context: JobContext) -> list[JobEntry]:
    """The job of a script, or the tasks of its array.

    Parameters
    ----------
    text
        The script. Its options end at the first command, as for sbatch.
    job_id
        What to call the job: scripts name none (``--job-name`` need not be unique).
    log
        Where problems go.
    context
        What there is to know about the cluster.
    """
    if not text.startswith("#!"):
        log.error("line 1", shown(text.split("\n", 1)[0].rstrip()), "#! and an interpreter")
        return []
    options = SubmitOptions()
    for place, tokens in _directives(text, log):
        warned, wrong, known = len(options.warnings), len(options.errors), dict(options.places)
        _collect(tokens, options, is_lossy=False)
        for option, message in options.warnings[warned:]:
            log.warn(f"{place}, {option}", message)
        for option, found, wanted in options.errors[wrong:]:
            log.error(f"{place}, {option}", found, wanted)
        for key, option in options.places.items():
            if known.get(key) != option:
                options.places[key] = f"{place}, {option}"
    place = f"job {job_id}"
    warned = len(options.warnings)
    _derive_sizes(options)
    for option, message in options.warnings[warned:]:
        log.warn(f"{place}, {option}", message)
    raw = {"job_id": job_id, **options.values}
    entry = build_entry(raw, log, place, context, reason=options.reason, places=options.places)
    if entry is None or not options.array:
        return [] if entry is None else [entry]
    try:
        tasks, throttle = parse_array(options.array)
    except ValueError as error:
        log.error(f"{place}, --array", str(error), "task numbers such as 0-15 or 1,3,5-7:2%4")
        return []
    return expand_array(entry, tasks, throttle)


def parse_submit_line(text: str) -> SubmitOptions:
    """Typed job keys of the ``submit_line`` of squeue or the SubmitLine of sacct.

    Slurm joins the words of the command by blanks and loses their quoting
    (data/README.md, finding 22): free texts therefore extend to the next known option, and a
    ``--wrap`` of several words to the end. What cannot be read becomes a warning.
    """
    tokens = text.split()
    if tokens and not tokens[0].startswith("-"):
        del tokens[0]
    options = SubmitOptions()
    _collect(tokens, options, is_lossy=True)
    _derive_sizes(options)
    options.warnings += [
        (option, f"{found} cannot be read") for option, found, _ in options.errors
    ]
    options.errors.clear()
    typed: dict[str, Any] = {}
    for name, value in options.values.items():
        try:
            typed[name] = JOB_KEYS[name].parse(value)
        except ValueError as error:
            options.warnings.append((name, f"{error} cannot be read"))
    options.values = typed
    return options


def _directives(text: str, log: ProblemLog) -> Iterator[tuple[str, list[str]]]:
    """Place and words of every ``#SBATCH`` line before the first command."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith(_DIRECTIVE) and line[len(_DIRECTIVE) :][:1].isspace():
            place = f"line {number}"
            try:
                tokens = _words(line[len(_DIRECTIVE) :])
            except ValueError as error:
                log.error(place, str(error), "balanced quotes")
                continue
            if tokens and tokens[0].lower() in ("hetjob", "packjob"):
                log.error(place, f"a heterogeneous job ({tokens[0]})", "one job per script")
                return
            yield place, tokens
        elif line.strip() and not line.lstrip().startswith("#"):
            return


def _words(text: str) -> list[str]:
    """Words of an option line: quotes and backslashes as in a shell, ``#`` starts a comment."""
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    characters = iter(text)
    for character in characters:
        if quote:
            if character == quote:
                quote = ""
            elif character == "\\" and quote == '"':
                word = [*(word or []), next(characters, "")]
            else:
                word = [*(word or []), character]
        elif character in "'\"":
            quote, word = character, word or []
        elif character.isspace():
            if word is not None:
                words.append("".join(word))
            word = None
        elif character == "#" and word is None:
            return words
        else:
            word = word or []
            word.append(next(characters, "") if character == "\\" else character)
    if quote:
        raise ValueError(f"unbalanced {quote}")
    return [*words, "".join(word)] if word is not None else words


def _collect(tokens: Sequence[str], options: SubmitOptions, *, is_lossy: bool) -> None:
    """Go through the words up to the first that is no option."""
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token == "--" or not token.startswith("-") or token == "-":
            if not is_lossy and token != "--":
                options.warnings.append((shown(token), "is no option: ignored from here on"))
            return
        option, value, rest = _split(token)
        if option is None:
            options.warnings.append((token.split("=", 1)[0], "unknown option: ignored"))
            continue
        label = f"--{option.name}"
        if option.argument is Argument.NONE and value is not None:
            options.errors.append((label, shown(value), "no value"))
            continue
        if option.argument is Argument.REQUIRED and value is None:
            if position == len(tokens):
                options.errors.append((label, "no value", "a value"))
                return
            value = tokens[position]
            position += 1
            if is_lossy and option.is_text:
                start, position = position - 1, _end_of_text(tokens, position)
                value = " ".join(tokens[start:position])
        if option.effect == ":wrap":
            if is_lossy and (value in _LAUNCHERS or _end_of_text(tokens, position) > position):
                return
            continue
        _apply(option, value, options)
        if rest:
            tokens = [f"-{rest}", *tokens[position:]]
            position = 0


def _end_of_text(tokens: Sequence[str], position: int) -> int:
    """Position of the next word that begins a known option."""
    while position < len(tokens):
        token = tokens[position]
        if token.startswith("-") and len(token) > 1 and _split(token)[0] is not None:
            break
        position += 1
    return position


def _split(token: str) -> tuple[Option | None, str | None, str]:
    """Option and value of ``--name``, ``--name=value``, ``-x``, ``-xvalue``, and what is left."""
    if token.startswith("--"):
        name, equals, value = token[2:].partition("=")
        return long_option(name), value if equals else None, ""
    option = short_option(token[1])
    attached = token[2:]
    if option is None or not attached:
        return option, None, ""
    if option.argument is Argument.NONE:
        return option, None, attached
    return option, attached, ""


def _apply(option: Option, value: str | None, options: SubmitOptions) -> None:
    """Let one option take effect."""
    label, effect = f"--{option.name}", option.effect
    key = effect.removeprefix(":").replace("-", "_")
    if key in JOB_KEYS:
        options.places[key] = label
    if effect.startswith("!"):
        options.warnings.append((label, f"is not modelled: {effect[1:]} may differ from the plan"))
    elif effect.startswith(":"):
        _apply_special(effect[1:], label, value, options)
    elif effect:
        options.values[effect] = "true" if option.argument is Argument.NONE else value


def _apply_special(effect: str, label: str, value: str | None, options: SubmitOptions) -> None:
    text = value or ""
    if effect == "exclusive":
        if text in ("user", "mcs"):
            message = f"={text} is not modelled: planned as whole nodes"
            options.warnings.append((label, message))
        options.values["exclusive"] = "node" if text in ("", "user", "mcs") else text
    elif effect == "dependency":
        options.reason = "Dependency"
    elif effect == "hold":
        options.reason = "JobHeldUser"
    elif effect == "reservation":
        options.reason = f"Reservation {text}"
    elif effect == "array":
        options.array = text
    elif effect == "distribution":
        if text.split(",")[0].split(":")[0].lower() == "arbitrary":
            message = "=arbitrary is not modelled: Slurm refuses it on block, ring and torus3d"
            options.warnings.append((label, message))
    elif effect in ("gpus", "gpus-per-node"):
        options.values[effect.replace("-", "_")] = str(_sum_gpus(text)) if text else None
        if _sum_gpus(text) is None:
            options.errors.append((label, shown(text), "a count or type:count"))
            del options.values[effect.replace("-", "_")]
    elif effect == "gres":
        per_node = count_requested_gpus(text)
        if per_node:
            options.values.setdefault("gpus_per_node", str(per_node))
    else:
        options.sizes[effect] = text


def count_requested_gpus(text: str) -> int:
    """GPUs in a list of GRES or TRES: ``gpu:4``, ``gres/gpu:gb200:4,cpu=2``; 0 if none."""
    items = [item.strip() for item in text.split(",")]
    gpus = [item for item in items if re.match(r"(?:gres[/:])?gpu\b", item)]
    bare = [item for item in gpus if not item[-1].isdigit()]
    return len(bare) + (_sum_gpus(",".join(item for item in gpus if item not in bare)) or 0)


def _sum_gpus(text: str) -> int | None:
    """GPUs of ``4``, ``gb200:4`` or ``a:1,b:2``; None if it says something else."""
    matches = [_GPUS.fullmatch(item.strip()) for item in text.split(",")]
    if not all(matches):
        return None
    return sum(int(match[1]) for match in matches if match)


def _derive_sizes(options: SubmitOptions) -> None:
    """Node and GPU counts that sbatch derives from tasks and lists (slurm_semantics 0.1)."""
    values, sizes = options.values, options.sizes
    tasks = _number(sizes.get("ntasks"))
    per_task = _task_gpus(sizes)
    if per_task and tasks and "gpus" not in values:
        values["gpus"] = str(per_task * tasks)
    if "nodes" in values:
        if tasks and values["nodes"].isdigit() and tasks < int(values["nodes"]):
            options.warnings.append(("--ntasks", f"{tasks} tasks: sbatch lowers nodes to them"))
            values["nodes"] = str(tasks)
        return
    tasks_per_node = _number(sizes.get("ntasks-per-node"))
    if "nodelist" in values:
        try:
            values["nodes"] = str(len(expand_cached(values["nodelist"])))
        except ValueError:
            return  # reported with the key itself
    elif tasks and tasks_per_node:
        values["nodes"] = str(-(-tasks // tasks_per_node))
    elif "gpus" not in values:
        if tasks and tasks > 1:
            message = "without --nodes: the node count depends on CPUs, planned as one node"
            options.warnings.append(("--ntasks", message))
        values["nodes"] = "1"


def _task_gpus(sizes: Mapping[str, str]) -> int | None:
    if "gpus-per-task" in sizes:
        return _sum_gpus(sizes["gpus-per-task"])
    return count_requested_gpus(sizes.get("tres-per-task", "")) or None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
