"""Figures in Prometheus' text format (version 0.0.4)."""

from collections.abc import Iterable, Mapping

from rotation.workflows.reading.metrics import Gauge

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text_of(gauges: Iterable[Gauge]) -> str:
    """Write every figure with what it says."""
    return "".join(f"{line}\n" for gauge in gauges for line in _lines(gauge))


def _lines(gauge: Gauge) -> Iterable[str]:
    yield f"# HELP {gauge.name} {_escaped(gauge.says)}"
    yield f"# TYPE {gauge.name} gauge"
    for labels, value in gauge.series:
        yield f"{gauge.name}{_labels(labels)} {value:.15g}"


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    told = ",".join(f'{name}="{_escaped(value).replace(chr(34), chr(92) + chr(34))}"' for name, value in labels.items())
    return f"{{{told}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
