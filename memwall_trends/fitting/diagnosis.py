"""`Diagnosis`: whether a line through log10(value) is the right model, and which devices it hangs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from memwall_trends import defaults
from memwall_trends.datasets.conditions import list_columns
from memwall_trends.errors import MemwallError, TooFewObservations
from memwall_trends.fitting.bounds import check_level, check_period
from memwall_trends.fitting.least_squares import centre_groups, design_line, solve_least_squares
from memwall_trends.fitting.methods import CLUSTER, PLURALS, Method, cluster_codes, find_weights
from memwall_trends.fitting.residuals import (
    Check,
    check_exact,
    check_likeness,
    check_normality,
    check_runs,
    check_scatter,
    measure_influence,
)
from memwall_trends.fitting.shapes import compare_shapes, say_which
from memwall_trends.units import decimal_years, format_number, power_of_ten

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers
    from memwall_trends.fitting.shapes import Shape

LEAST_SQUARES = ("ols", "wls")
LIKE = "vendor"
"""By what, apart from the cluster, residuals may be alike."""
CLASSES = ("product_class", "kind", "family")
"""Whose effects a line is set against: the first that the observations have."""
FEW_OBSERVATIONS = 5
MOST_SHOWN = 5
NOTABLE = 4
"""A Cook's distance above 4/n is worth a look (Bollen and Jackman 1985, doi:10.1177/0049124185013004004)."""
TOLD = ("name", "date", "value", "source", "locator")
"""What is said of an observation, of the columns that there are."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Diagnosis:
    """What the residuals of a trend say of it.

    Attributes
    ----------
    fitted : dict
        What was fitted to what: the keys that the record starts with.
    described : str
        The same in a sentence.
    slope : float
        Of the line, log10 units a year.
    level : float
        A p value below 1 - level is a sign.
    observations : DataFrame
        The most influential first: ``name, date, value, source, locator`` as far as there are such columns,
        ``year, residual_log10, leverage, standardized, cooks_distance, slope_without``.
    checks : tuple of Check
        Of normality, of one scatter, of runs in time, and of what shares an architecture or a vendor.
    shapes : tuple of Shape
        The line, and where there is enough for them a kinked one and one with class effects.
    left_out : str
        What was left out to see how they predict: ``architectures``.

    Examples
    --------
    >>> from memwall_trends.fitting.trends import fit_trend
    >>> diagnosis = fit_trend("peak_flops", dataset="gholami2024").diagnose()
    >>> diagnosis.observations["name"].tolist()[:2]
    ['Intel Pentium II Xeon', 'ATI Radeon HD 5870']
    """

    fitted: dict[str, Any]
    described: str
    slope: float
    level: float
    observations: pd.DataFrame
    checks: tuple[Check, ...]
    shapes: tuple[Shape, ...]
    left_out: str

    @property
    def n_obs(self) -> int:
        """Number of observations."""
        return len(self.observations)

    @property
    def n_influential(self) -> int:
        """Number of observations whose Cook's distance is above 4/n."""
        return int((self.observations["cooks_distance"] > NOTABLE / self.n_obs).sum())

    @property
    def verdict(self) -> str:
        """In a line, which shape of growth is the best."""
        return say_which(self.shapes, self.left_out)

    def find_check(self, name: str) -> Check:
        """Return the check of that name, as in ``normal``.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> fit_trend("peak_flops", dataset="gholami2024").diagnose().find_check("normal").test
        'Shapiro-Wilk'
        """
        return next(check for check in self.checks if check.name == name)

    def summary(self) -> pd.DataFrame:
        """Return one row a check: ``check, test, statistic, p_value, meaning``.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> fit_trend("peak_flops", dataset="gholami2024").diagnose().summary()["test"].tolist()[:3]
        ['Shapiro-Wilk', 'Breusch-Pagan', 'Breusch-Godfrey']
        """
        rows = [
            (each.name, each.test, each.statistic, find_p_value(each), each.meaning) for each in self.checks
        ]
        return pd.DataFrame(rows, columns=["check", "test", "statistic", "p_value", "meaning"])

    def shown(self) -> pd.DataFrame:
        """Return the checks as text for a reader.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> fit_trend("peak_flops", dataset="gholami2024").diagnose().shown().columns.tolist()
        ['residuals are', 'number', 'p', 'which means']
        """
        rows = [
            (check, format_number(number, 3), "n/a" if np.isnan(p_value) else f"{p_value:.2g}", meaning)
            for check, _, number, p_value, meaning in self.summary().itertuples(index=False)
        ]
        return pd.DataFrame(rows, columns=["residuals are", "number", "p", "which means"])

    def shown_influential(self, per: float = defaults.PERIOD_YEARS, most: int = MOST_SHOWN) -> pd.DataFrame:
        """Return the observations on which the line hangs most as text for a reader.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> fit_trend("peak_flops", dataset="gholami2024").diagnose().shown_influential()["without"][0]
        '2.935x'
        """
        check_period(per)
        rows = self.observations.head(most)
        shown = pd.DataFrame(
            {
                "device": rows.get("name", ""),
                "year": rows["date"].dt.strftime("%Y"),
                "of line": [f"{format_number(power_of_ten(each), 2)}x" for each in rows["residual_log10"]],
                "leverage": [f"{each:.3f}" for each in rows["leverage"]],
                "Cook": [f"{each:.3f}" for each in rows["cooks_distance"]],
                "without": [
                    f"{format_number(power_of_ten(slope * per))}x" for slope in rows["slope_without"]
                ],
                "source": rows.get("source", ""),
            }
        )
        empty = [name for name in ("device", "source") if (shown[name].fillna("").astype(str) == "").all()]
        return shown.drop(columns=empty).fillna("").reset_index(drop=True)

    def shown_shapes(self) -> pd.DataFrame:
        """Return the shapes of growth against each other as text for a reader.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> fit_trend("peak_flops", dataset="gholami2024").diagnose().shown_shapes()["shape"].tolist()
        ['line', 'kinked line (2007.6)', 'product class effects']
        """
        least = min(shape.aic for shape in self.shapes)
        rows = [
            (
                shape.name if shape.kink_year is None else f"{shape.name} ({shape.kink_year:.1f})",
                f"{shape.n_parameters}",
                f"{shape.aic - least:.1f}",
                "n/a" if shape.rmse_log10 is None else f"{shape.rmse_log10:.3f}",
                _show_skill(shape),
            )
            for shape in self.shapes
        ]
        return pd.DataFrame(rows, columns=["shape", "parameters", "AIC over best", "error", "skill"])

    def to_record(self, per: float = defaults.PERIOD_YEARS) -> dict[str, Any]:
        """Return all as one record, the keys of ``memwall-trends diagnose --format json``.

        Examples
        --------
        >>> from memwall_trends.fitting.trends import fit_trend
        >>> record = fit_trend("peak_flops", dataset="gholami2024").diagnose().to_record()
        >>> record["normality"]["test"], record["heteroscedasticity"]["test"]
        ('Shapiro-Wilk', 'Breusch-Pagan')
        """
        check_period(per)
        normal, scatter, runs, *alike = (
            {
                "test": each.test,
                "statistic": each.statistic,
                "p_value": each.p_value,
                **each.details,
                "meaning": each.meaning,
            }
            for each in self.checks
        )
        rows = self.observations.assign(
            date=self.observations["date"].dt.strftime("%Y-%m-%d"),
            rate_without=[power_of_ten(each * per) for each in self.observations["slope_without"]],
        ).drop(columns=["year", "slope_without"])
        least = min(shape.aic for shape in self.shapes)
        return {
            **self.fitted,
            "rate": power_of_ten(self.slope * per),
            "period_years": per,
            "level": self.level,
            "n_influential": self.n_influential,
            "observations": [
                {str(key): cell for key, cell in row.items()} for row in rows.to_dict(orient="records")
            ],
            "normality": normal,
            "heteroscedasticity": scatter,
            "autocorrelation": runs,
            "intraclass": alike,
            "shapes": [
                {
                    "shape": shape.name,
                    "parameters": shape.n_parameters,
                    "aic": shape.aic,
                    "aic_over_best": shape.aic - least,
                    "rmse_log10": shape.rmse_log10,
                    "skill": shape.skill,
                    "skill_error": shape.skill_error,
                    "kink_year": shape.kink_year,
                }
                for shape in self.shapes
            ],
            "left_out": self.left_out,
            "verdict": self.verdict,
        }

    def __str__(self) -> str:
        """Return what a terminal shows."""
        tables = (self.shown(), self.shown_influential(), self.shown_shapes())
        return "\n\n".join(
            [
                f"{self.fitted['series']} ({self.fitted['dataset']})\n{self.described}",
                *(table.to_string(index=False) for table in tables),
                self.verdict,
            ]
        )

    __repr__ = __str__


def diagnose_line(
    observations: pd.DataFrame,
    method: Method,
    *,
    fitted: dict[str, Any],
    described: str = "",
    level: float = defaults.LEVEL,
) -> Diagnosis:
    """Return what the residuals of a least-squares line say of it.

    Parameters
    ----------
    observations : DataFrame
        With ``date`` and ``value``; ``name``, ``source``, ``vendor`` and the column of the clusters where
        there are.
    method : Method
        ``ols`` or ``wls``, with its class effects, weights and cluster. Weights say how much an observation
        counts, not how sure it is: they bear on leverage and Cook's distance, and the residuals are tested as
        they are.
    fitted : dict
        What was fitted to what, with ``series`` and ``dataset``: the keys that the record starts with.
    described : str
        The same in a sentence.
    level : float
        A p value below 1 - level is a sign.

    Returns
    -------
    Diagnosis

    Raises
    ------
    MemwallError
        If the method is not least squares, there is no such column, or nothing is left over from the line.
    TooFewObservations
        If there are fewer than five observations.

    Examples
    --------
    >>> from memwall_trends.datasets import load_table
    >>> rows = load_table("dram_bandwidth", "gholami2024")
    >>> rows = rows.assign(date=pd.to_datetime(rows["date"]))
    >>> diagnose_line(rows, Method(), fitted={"series": "mine", "dataset": ""}).n_obs
    12
    """
    check_level(level)
    alpha, n_obs = 1 - level, len(observations)
    origin = str(fitted["series"])
    _check_method(method)
    if n_obs < FEW_OBSERVATIONS:
        raise TooFewObservations(
            f"{origin}: {n_obs} observations; a diagnosis needs at least {FEW_OBSERVATIONS}", n_obs
        )
    rows = _sort(observations)
    years = decimal_years(rows["date"].to_numpy())
    log10_values = np.log10(rows["value"].to_numpy(dtype=np.float64))
    given = find_weights(rows, method)
    weights = np.ones(n_obs) if given is None else given / given.mean()
    within = cluster_codes(rows, method.within) if method.within else None
    columns = _find_clusters(rows, method)
    clusters = cluster_codes(rows, columns[0]) if columns else None
    if clusters is not None and len(np.unique(clusters)) in (1, n_obs):
        clusters = None  # one for all, or each alone, tells rows from no others
    design = _design(years, weights, within)
    coefficients = solve_least_squares(design, log10_values, weights)
    residuals = log10_values - design @ coefficients
    check_exact(residuals, origin)
    influence = measure_influence(design, log10_values, weights)
    alike = dict.fromkeys([*columns, *([LIKE] if LIKE in rows else [])])
    likenesses = (check_likeness(residuals, cluster_codes(rows, name), name, alpha) for name in alike)
    classes = _find_classes(rows, method)
    measured = rows[[name for name in TOLD if name in rows]].assign(
        year=years,
        residual_log10=residuals,
        leverage=influence.leverage,
        standardized=influence.standardized,
        cooks_distance=influence.cooks_distance,
        slope_without=influence.slope_without,
    )
    return Diagnosis(
        fitted=fitted,
        described=described,
        slope=float(coefficients[1]),
        level=level,
        observations=measured.sort_values("cooks_distance", ascending=False, kind="stable").reset_index(
            drop=True
        ),
        checks=(
            check_normality(residuals, alpha),
            check_scatter(years, residuals, clusters, alpha),
            check_runs(years, residuals, clusters, alpha),
            *(check for check in likenesses if check is not None),
        ),
        shapes=compare_shapes(
            years,
            log10_values,
            weights=weights,
            groups=np.arange(n_obs) if clusters is None else clusters,
            classes=cluster_codes(rows, classes) if classes else None,
            class_name=classes.replace("_", " "),
        ),
        left_out="observations" if clusters is None else _plural(columns[0]),
    )


def find_p_value(check: Check) -> float:
    """Return the p value of a check, that which allows for clusters where there is one.

    Examples
    --------
    >>> find_p_value(Check("of one scatter", "Breusch-Pagan", 4.0, 0.04, "", {"clustered_p_value": 0.2}))
    0.2
    """
    clustered = check.details.get("clustered_p_value")
    return check.p_value if clustered is None else float(clustered)


def _check_method(method: Method) -> None:
    if method.name not in LEAST_SQUARES:
        raise MemwallError(
            f"a diagnosis is of least squares: the residuals of the method {method.name!r} follow other "
            "laws; use --method ols or wls"
        )


def _sort(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the observations by date, those of one date by name, so that their order changes nothing."""
    names = [name for name in ("date", "name", "value") if name in observations]
    return observations.sort_values(names, kind="stable").reset_index(drop=True)


def _find_clusters(rows: pd.DataFrame, method: Method) -> list[str]:
    """Return the columns whose values share an error; none where the rows have none."""
    if isinstance(method.vcov, Mapping):
        return list_columns(next(iter(method.vcov.values())).replace("+", ","))
    if method.cluster:
        return list_columns(method.cluster)
    return [CLUSTER] if _says_something(rows, CLUSTER) else []


def _find_classes(rows: pd.DataFrame, method: Method) -> str:
    if method.within:
        return method.within
    return next((name for name in CLASSES if _says_something(rows, name)), "")


def _says_something(rows: pd.DataFrame, column: str) -> bool:
    return column in rows and bool((rows[column].fillna("").astype(str) != "").any())


def _design(years: Floats, weights: Floats, within: Integers | None) -> Floats:
    line = design_line(years, float(years.mean()))
    return line if within is None else np.hstack([line, centre_groups(within, weights)])


def _plural(column: str) -> str:
    return PLURALS.get(column, f"values of {column}")


def _show_skill(shape: Shape) -> str:
    if shape.skill is None or shape.skill_error is None:
        return "n/a"
    return f"{shape.skill:.1%} ± {shape.skill_error:.1%}" if shape.skill_error else ""
