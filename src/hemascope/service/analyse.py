"""Smear fields in, one folder of results out.

While the networks examine a field, the next one is read and the one before is written; it is whole on disk before the
next one is examined.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from hemascope.errors import HemascopeError, InputError, OutputError, output_errors
from hemascope.hematology.differential import Specimen, differential
from hemascope.hematology.taxonomy import Language
from hemascope.imaging.decode import ImageSource
from hemascope.imaging.quality import FieldQuality, assess_quality
from hemascope.imaging.resize import RgbArray
from hemascope.inference.detector import DetectorInput
from hemascope.inference.pipeline import FieldFindings
from hemascope.inference.stage_times import StageTimes
from hemascope.service.inputs import InputFile, Inputs
from hemascope.service.output_folder import SUMMARY_FILE, prepare_output_folder, write_whole
from hemascope.service.pictures import overview, quality_sample
from hemascope.service.problems import InputProblem
from hemascope.service.read_ahead import ImageReader, ReadImage
from hemascope.service.recording import UNIDENTIFIED, FieldRecorder, FieldResult, Totals
from hemascope.service.report import write_report
from hemascope.service.summary import (
    AnalysisSummary,
    CellTotals,
    Environment,
    FieldTotals,
    ModelIdentity,
    Timings,
)


class FieldPipeline(Protocol):
    """Detects, crops and classifies; `hemascope.inference.pipeline.Pipeline` is the real one.

    `prepare` is called in another thread than `run`, while that is at work on the field before.
    """

    def prepare(self, source: ImageSource, /) -> DetectorInput | None: ...

    def run(self, source: ImageSource, prepared: DetectorInput | None, /) -> FieldFindings: ...


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    specimen: Specimen = Specimen.PERIPHERAL_BLOOD
    case_id: str | None = None
    language: Language = "en"  # of the report
    overwrite: bool = False  # write into a folder that holds something else


@dataclass(frozen=True, slots=True)
class AnalysisWatch:
    """How the caller follows a run and ends it early; `should_stop` is asked between fields."""

    on_field: Callable[[InputFile], None] = lambda _file: None
    on_problem: Callable[[InputProblem], None] = lambda _problem: None
    should_stop: Callable[[], bool] = lambda: False


def analyse(
    inputs: Inputs,
    folder: Path,
    pipeline: FieldPipeline,
    models: tuple[ModelIdentity, ...],
    options: AnalysisOptions = AnalysisOptions(),
    watch: AnalysisWatch = AnalysisWatch(),
) -> AnalysisSummary:
    """Writes the files of docs/outputs.md to `folder` and returns what summary.json says.

    An image that cannot be used becomes a problem of the summary. Raises OutputError where `folder` cannot be written;
    what was finished stays.
    """
    prepare_output_folder(folder, overwrite=options.overwrite)
    run = _Run(inputs, models, options, list(inputs.problems))
    # Marks the folder as an analysis, and is what a killed run leaves.
    _write_summary(folder, run.summary(Totals(), interrupted=True))
    recorder = FieldRecorder(folder)
    writer = _Writer(recorder)
    interrupted = False
    try:
        paths = [file.path for file in inputs.files]
        with ImageReader(paths, lambda source: run.prepare(source, pipeline), run.times) as reader:
            for file in inputs.files:
                interrupted = watch.should_stop()
                if interrupted:
                    break
                run.process(file, reader, pipeline, writer, watch)
        writer.wait()
    except (HemascopeError, KeyboardInterrupt) as error:
        with suppress(OutputError):  # the first failure is the one to tell
            writer.wait()
        with suppress(OutputError):
            _finish(folder, recorder, run, interrupted=True)
        if isinstance(error, HemascopeError):
            kept = f"{recorder.totals.fields} finished fields are kept in '{folder}'"
            raise type(error)(f"{error}; {kept}") from error
        raise
    summary = _finish(folder, recorder, run, interrupted=interrupted)
    write_report(folder, options.language)
    return summary


def _finish(folder: Path, recorder: FieldRecorder, run: "_Run", *, interrupted: bool) -> AnalysisSummary:
    recorder.close()
    summary = run.summary(recorder.totals, interrupted=interrupted)
    _write_summary(folder, summary)
    return summary


def _write_summary(folder: Path, summary: AnalysisSummary) -> None:
    with output_errors(folder):
        write_whole(folder / SUMMARY_FILE, summary.to_json())


class _Writer:
    """Records one field in a thread while the next is examined: encoding pictures needs no network, and a core is free.

    Both methods raise OutputError of the field before.
    """

    def __init__(self, recorder: FieldRecorder) -> None:
        self._recorder = recorder
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")
        self._pending: Future[None] | None = None

    def record(self, result: FieldResult) -> None:
        self.wait()
        self._pending = self._pool.submit(self._recorder.record, result)

    def wait(self) -> None:
        """Returns when all that was given is on disk."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()


@dataclass(frozen=True, slots=True)
class _PreparedField:
    overview: RgbArray
    quality: FieldQuality
    input: DetectorInput | None


@dataclass(slots=True)
class _Run:
    inputs: Inputs
    models: tuple[ModelIdentity, ...]
    options: AnalysisOptions
    problems: list[InputProblem]
    times: StageTimes = field(default_factory=StageTimes)
    started_s: float = field(default_factory=time.perf_counter)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC).astimezone())

    def prepare(self, source: ImageSource, pipeline: FieldPipeline) -> _PreparedField:
        """What is known of a field before the networks; in the reading thread."""
        with self.times.measure("quality"):
            quality = assess_quality(quality_sample(source))
            small = overview(source)
        with self.times.measure("letterbox"):
            return _PreparedField(small, quality, pipeline.prepare(source))

    def process(
        self,
        file: InputFile,
        reader: ImageReader[_PreparedField],
        pipeline: FieldPipeline,
        writer: _Writer,
        watch: AnalysisWatch,
    ) -> None:
        """One field from file to disk; an unusable image becomes a problem. Raises OutputError."""
        try:
            with reader.next_image() as image:
                result = self._examine(file, image, pipeline)
        except InputError as error:
            problem = InputProblem.from_error(file.shown, error)
            self.problems.append(problem)
            watch.on_problem(problem)
        else:
            with self.times.measure("write"):
                writer.record(result)
        watch.on_field(file)

    def _examine(self, file: InputFile, image: ReadImage[_PreparedField], pipeline: FieldPipeline) -> FieldResult:
        source, prepared = image.source, image.prepared
        started_s = time.perf_counter()
        with self.times.measure("networks"):
            findings = pipeline.run(source, prepared.input)
        seconds = image.seconds + time.perf_counter() - started_s
        return FieldResult(file, source.width, source.height, prepared.overview, prepared.quality, findings, seconds)

    def summary(self, totals: Totals, *, interrupted: bool) -> AnalysisSummary:
        classes = [name for model in self.models if model.task == "classification" for name in model.classes]
        counted = dict.fromkeys([*classes, UNIDENTIFIED], 0) | dict(totals.counted)
        return AnalysisSummary(
            created_at=self.started_at,
            case_id=self.options.case_id,
            language=self.options.language,
            interrupted=interrupted,
            models=self.models,
            fields=FieldTotals(
                given=len(self.inputs.files) + len(self.inputs.problems),
                analysed=totals.fields,
                unreadable=len(self.problems),
            ),
            cells=CellTotals(detected=dict(totals.detected), counted=counted),
            differential=differential(counted, self.options.specimen),
            quality=dict(totals.quality),
            problems=tuple(self.problems),
            timings=Timings(
                total_s=round(time.perf_counter() - self.started_s, 3),
                read_s=round(self.times.seconds["decode"] + self.times.seconds["letterbox"], 3),
                quality_s=round(self.times.seconds["quality"], 3),
                networks_s=round(self.times.seconds["networks"], 3),
                write_s=round(self.times.seconds["write"], 3),
            ),
            environment=Environment.current(),
        )
