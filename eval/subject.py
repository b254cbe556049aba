"""What is scored: a source of truth, and predictions for each of its frames."""

from typing import Any, Callable, ContextManager, Dict, Iterator, NamedTuple, Optional

import numpy as np

from .runfolder import Run


class Prediction(NamedTuple):
    """One frame's result: index in the source, truth and prediction [h,w] uint8 ids without padding."""

    frame: int
    truth: np.ndarray
    prediction: np.ndarray


class Subject(NamedTuple):
    """title: a line for people; run: None of somebody's PNGs; folder: where the scores go unless told otherwise; about:
    what eval.json says of where the predictions come from; predictions: opens an iterator over every frame once; speed:
    eval.json's part about it, asked for when all is counted."""

    title: str
    run: Optional[Run]
    source: Any
    folder: str
    about: Dict[str, Any]
    predictions: Callable[[], ContextManager[Iterator[Prediction]]]
    speed: Callable[[], Dict[str, Any]]
