"""The confusion matrix of one frame, from which every score derives. numpy only."""

import numpy as np

LEFT_OUT = 255  # padding, unknown colours, and whatever a protocol does not score


def confusion(truth: np.ndarray, prediction: np.ndarray, classes: int) -> np.ndarray:
    """Pixel counts [K,K] int64, rows truth, columns prediction, of ids [H,W] uint8; truth 255 is left out.

    ValueError if shapes or dtypes differ from that, if a predicted id is not below K, or a true one neither
    that nor 255.
    """
    check_ids(truth, prediction)
    if prediction.size and int(prediction.max()) >= classes:
        raise ValueError(_stranger("prediction", prediction, prediction >= classes, classes))
    # 256 rows of truth, so that no pixel has to be masked away first: a mask costs more than the counting.
    pairs = truth.ravel().astype(np.intp)
    pairs *= classes
    pairs += prediction.ravel()
    counts = np.bincount(pairs, minlength=256 * classes).astype(np.int64).reshape(256, classes)
    if counts[classes:LEFT_OUT].any():
        raise ValueError(_stranger("truth", truth, (truth >= classes) & (truth != LEFT_OUT), classes))
    return counts[:classes]


def check_ids(truth: np.ndarray, prediction: np.ndarray) -> None:
    """ValueError unless both are [H,W] uint8 of one size."""
    if truth.ndim != 2 or truth.shape != prediction.shape:
        raise ValueError("truth %s and prediction %s are not two maps of one size" % (truth.shape, prediction.shape))
    if truth.dtype != np.uint8 or prediction.dtype != np.uint8:
        raise ValueError("ids must be uint8; truth is %s, prediction %s" % (truth.dtype, prediction.dtype))


def _stranger(what: str, ids: np.ndarray, wrong: np.ndarray, classes: int) -> str:
    row, column = (int(i) for i in np.argwhere(wrong)[0])
    text = "%s has %d pixels with ids outside 0..%d, the first is %d at row %d, column %d"
    return text % (what, int(wrong.sum()), classes - 1, int(ids[row, column]), row, column)
