"""A line against a kinked one and one with class effects: by AIC, and by predicting what was left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from memwall_trends.fitting.designs import SINGULAR
from memwall_trends.fitting.kinks import place_kinks
from memwall_trends.fitting.least_squares import centre_groups, design_line, solve_least_squares
from memwall_trends.fitting.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from memwall_trends.fitting.designs import Floats, Integers

    Predict = Callable[["Points", "Points"], tuple[Floats, int, float | None]]

FEW_OBSERVATIONS, FEW_DATES = 10, 6
"""That a kink needs."""
FEW_FOLDS, MOST_FOLDS = 5, 200
LINE, KINK = "line", "kinked line"


@dataclass(frozen=True, eq=False)
class Shape:
    """How well one shape of growth describes observations, and predicts those that it has not seen.

    Attributes
    ----------
    name : str
    n_parameters : int
        Of the mean; the year of a kink is one.
    aic : float
        -2 log likelihood + 2 (parameters + 1), for the variance is one too, at normal independent errors
        (Akaike 1974, doi:10.1109/TAC.1974.1100705), as R's ``AIC`` has it.
    rmse_log10 : float, optional
        Root of the mean square of log10(actual / predicted) of what was left out; none where too few groups
        can be left out.
    skill, skill_error : float, optional
        1 - mean square / that of the line, and its standard error, by groups.
    kink_year : float, optional
        Decimal year.
    """

    name: str
    n_parameters: int
    aic: float
    rmse_log10: float | None
    skill: float | None
    skill_error: float | None
    kink_year: float | None

    @property
    def called(self) -> str:
        """What a sentence calls it."""
        return self.name if self.name.endswith("effects") else f"a {self.name}"

    @property
    def predicts_better(self) -> bool:
        """Whether it predicts better than the line by more than a standard error."""
        return self.skill is not None and self.skill_error is not None and self.skill > self.skill_error


@dataclass(frozen=True, eq=False)
class Points:
    """Observations to fit a shape to, or to predict.

    Attributes
    ----------
    years, values, weights : ndarray of float, shape (n,)
        Years since any origin, log10(value), and how much each counts.
    classes : ndarray of int, shape (n,)
    """

    years: Floats
    values: Floats
    weights: Floats
    classes: Integers

    def take(self, which: NDArray[np.bool_]) -> Points:
        """Return some of them.

        Examples
        --------
        >>> points = Points(np.arange(3.0), np.arange(3.0), np.ones(3), np.zeros(3, dtype=int))
        >>> points.take(np.array([True, False, True])).years.tolist()
        [0.0, 2.0]
        """
        return Points(self.years[which], self.values[which], self.weights[which], self.classes[which])


def compare_shapes(
    years: Floats,
    log10_values: Floats,
    *,
    weights: Floats,
    groups: Integers,
    classes: Integers | None = None,
    class_name: str = "class",
) -> tuple[Shape, ...]:
    """Return how a line, a line with a kink and a line with class effects describe and predict observations.

    Parameters
    ----------
    years, log10_values, weights : ndarray of float, shape (n,)
    groups : ndarray of int, shape (n,)
        What is left out together, so that no variant of a design helps to predict another; more than 200 of
        them in 200 parts that are alike in date. The year of a kink is sought anew without them.
    classes : ndarray of int, shape (n,), optional
        Each has an intercept of its own. Of a class that is left out whole the average line is told.
    class_name : str
        What the classes are.

    Returns
    -------
    tuple of Shape
        The line first; those of which the observations are too few are left out.

    Examples
    --------
    >>> years, random = np.linspace(2000, 2020, 80), np.random.default_rng(0)
    >>> values = 0.3 * np.minimum(years - 2010, 0) + random.normal(0, 0.2, 80)
    >>> line, kink = compare_shapes(years, values, weights=np.ones(80), groups=np.arange(80) // 2)
    >>> round(kink.kink_year), kink.aic < line.aic, kink.predicts_better
    (2010, True, True)
    """
    origin = float(years.mean())
    codes = np.zeros(len(years), dtype=np.int64) if classes is None else classes
    points = Points(years - origin, log10_values, weights / weights.mean(), codes)
    shapes: dict[str, Predict] = {LINE: _predict_line}
    n_obs = len(years)
    if n_obs >= FEW_OBSERVATIONS and len(np.unique(years)) >= FEW_DATES:
        shapes[KINK] = _predict_kink
    n_classes = len(np.unique(codes))
    if 1 < n_classes < n_obs - 2:
        shapes[f"{class_name} effects"] = _predict_classes
    folds = _fold(points, groups)
    losses = {name: _losses(points, folds, predict) for name, predict in shapes.items()}
    found = []
    for name, predict in shapes.items():
        fitted, n_parameters, kink = predict(points, points)
        skill, error = _skill(losses[LINE], losses[name], folds)
        loss = losses[name]
        found.append(
            Shape(
                name=name,
                n_parameters=n_parameters,
                aic=_aic(points, fitted, n_parameters),
                rmse_log10=None if loss is None else math.sqrt(float(loss.sum() / points.weights.sum())),
                skill=skill,
                skill_error=error,
                kink_year=None if kink is None else kink + origin,
            )
        )
    return tuple(found)


def say_which(shapes: tuple[Shape, ...], left_out: str) -> str:
    """Return in a line of plain words which shape is the best.

    Parameters
    ----------
    shapes : tuple of Shape
        As `compare_shapes` returns them.
    left_out : str
        What was left out, one after another: ``architectures``.

    Examples
    --------
    >>> line = Shape("line", 2, -10.0, 0.3, 0.0, 0.0, None)
    >>> kink = Shape("kinked line", 4, -14.0, 0.29, 0.06, 0.05, 2010.2)
    >>> say_which((line, kink), "architectures")
    'architectures left out are predicted best by a kinked line, in squared error 6% better than by a line
    (standard error 5%); AIC agrees'
    """
    by_aic = min(shapes, key=lambda shape: shape.aic)
    if shapes[0].rmse_log10 is None:
        return f"by AIC {by_aic.called} fits best; there are too few {left_out} to leave out"
    better = [shape for shape in shapes if shape.predicts_better]
    best = max(better, key=lambda shape: shape.skill or 0.0, default=shapes[0])
    agrees = "AIC agrees" if best is by_aic else f"AIC prefers {by_aic.called}"
    if best is shapes[0]:
        return f"{left_out} left out are predicted by a line as well as by any; {agrees}"
    return (
        f"{left_out} left out are predicted best by {best.called}, in squared error {best.skill:.0%} better "
        f"than by a line (standard error {best.skill_error:.0%}); {agrees}"
    )


def _predict_line(train: Points, test: Points) -> tuple[Floats, int, float | None]:
    coefficients = _fit(design_line(train.years, 0.0), train)
    return design_line(test.years, 0.0) @ coefficients, 2, None


def _predict_kink(train: Points, test: Points) -> tuple[Floats, int, float | None]:
    at = find_kink(train)

    def design(points: Points) -> Floats:
        return np.column_stack([design_line(points.years, 0.0), np.maximum(points.years - at, 0)])

    return design(test) @ _fit(design(train), train), 4, at


def _predict_classes(train: Points, test: Points) -> tuple[Floats, int, float | None]:
    known, codes = np.unique(train.classes, return_inverse=True)
    coefficients = _fit(
        np.hstack([design_line(train.years, 0.0), centre_groups(codes, train.weights)]), train
    )
    # From the average observation, as in the fit; so zero for a class that it has not seen.
    heights = np.append(coefficients[2:], 0.0)
    heights -= np.average(heights[codes], weights=train.weights)
    place = np.searchsorted(known, test.classes).clip(max=len(known) - 1)
    above = np.where(known[place] == test.classes, heights[place], 0.0)
    return design_line(test.years, 0.0) @ coefficients[:2] + above, 1 + len(known), None


def find_kink(points: Points) -> float:
    """Return the year at which a kink leaves the least squares.

    Examples
    --------
    >>> years = np.arange(21.0)
    >>> points = Points(years, np.maximum(years - 10, 0), np.ones(21), np.zeros(21, dtype=int))
    >>> round(find_kink(points))
    10
    """
    order = np.argsort(points.years, kind="stable")
    years, values, weights = (each[order] for each in (points.years, points.values, points.weights))
    candidates = place_kinks(years)
    terms = np.stack(
        [weights, weights * years, weights * years**2, weights * values, weights * years * values]
    )
    # What lies beyond each candidate, of which the kink's column is made, and what all of them sum to.
    beyond = np.zeros((len(terms), len(years) + 1))
    beyond[:, :-1] = terms[:, ::-1].cumsum(axis=1)[:, ::-1]
    n, x, xx, y, xy = beyond[:, np.searchsorted(years, candidates, side="right")]
    total, x_all, xx_all, y_all, xy_all = beyond[:, 0]
    onto_line = np.stack([x - candidates * n, xx - candidates * x])
    inverse = np.linalg.inv(np.array([[total, x_all], [x_all, xx_all]]))
    free = xx - 2 * candidates * x + candidates**2 * n - (onto_line * (inverse @ onto_line)).sum(axis=0)
    gained = xy - candidates * y - onto_line.T @ inverse @ np.array([y_all, xy_all])
    told = free > SINGULAR * xx_all
    return float(candidates[np.where(told, gained**2 / np.where(told, free, 1.0), 0.0).argmax()])


def _fit(design: Floats, points: Points) -> Floats:
    return solve_least_squares(design, points.values, points.weights)


def _aic(points: Points, fitted: Floats, n_parameters: int) -> float:
    n_obs = len(points.years)
    left = float(points.weights @ (points.values - fitted) ** 2)
    if left <= 0:
        return -math.inf
    log_likelihood = 0.5 * (
        np.log(points.weights).sum() - n_obs * (math.log(2 * math.pi) + 1 + math.log(left / n_obs))
    )
    return float(2 * (n_parameters + 1) - 2 * log_likelihood)


def _fold(points: Points, groups: Integers) -> Integers | None:
    """Return in which turn each observation is left out."""
    _, codes = np.unique(groups, return_inverse=True)
    n_groups = int(codes.max()) + 1
    if n_groups < FEW_FOLDS:
        return None
    if n_groups <= MOST_FOLDS:
        return codes
    dates = np.bincount(codes, weights=points.years) / np.bincount(codes)
    ranks = np.argsort(np.argsort(dates, kind="stable"), kind="stable")
    folds: Integers = ranks[codes] % MOST_FOLDS
    return folds


def _losses(points: Points, folds: Integers | None, predict: Predict) -> Floats | None:
    """Return the weighted squared error of each observation when it was left out."""
    if folds is None:
        return None
    predicted = None
    if predict is not _predict_kink:
        one_class = np.zeros_like(points.classes)
        predicted = _predict_at_once(points, folds, one_class if predict is _predict_line else points.classes)
    if predicted is None:
        predicted = np.empty(len(points.years))
        for fold in range(int(folds.max()) + 1):
            left_out = folds == fold
            predicted[left_out] = predict(points.take(~left_out), points.take(left_out))[0]
    losses: Floats = points.weights * (points.values - predicted) ** 2
    return losses


def _predict_at_once(points: Points, folds: Integers, classes: Integers) -> Floats | None:
    """Return what the line within classes says of each observation when its fold was left out.

    Sums of a fold are taken from those of all. None where some fold leaves no dates to tell a slope.
    """
    n_folds, n_classes = int(folds.max()) + 1, int(classes.max()) + 1
    shape = (n_folds, n_classes)
    part = Moments.of(points.years, points.values, folds * n_classes + classes, points.weights)
    part = part.merge_by(np.arange(len(part)), n_folds * n_classes)
    each_class = np.tile(np.arange(n_classes), n_folds)
    left = part.merge_by(each_class).take(each_class).minus(part)
    weights = left.weights.reshape(shape)
    spread = left.year_squares.reshape(shape).sum(axis=1)
    if (spread <= SINGULAR * points.weights.sum()).any():
        return None
    slopes = left.cross_products.reshape(shape).sum(axis=1) / spread
    # Of a class that is left out whole the average observation is told.
    years, values = (
        np.where(weights > 0, each.reshape(shape), np.average(each.reshape(shape), 1, weights, keepdims=True))
        for each in (left.mean_years, left.mean_log10)
    )
    predicted: Floats = values[folds, classes] + slopes[folds] * (points.years - years[folds, classes])
    return predicted


def _skill(
    line: Floats | None, other: Floats | None, folds: Integers | None
) -> tuple[float | None, float | None]:
    if line is None or other is None or folds is None or not line.sum() > 0:
        return None, None
    skill = 1 - float(other.sum() / line.sum())
    # Of a ratio of sums over groups, by its linear part.
    scores = np.bincount(folds, weights=(1 - skill) * line - other)
    n_folds = len(scores)
    error = math.sqrt(n_folds / (n_folds - 1) * float(scores @ scores)) / float(line.sum())
    return skill, error
