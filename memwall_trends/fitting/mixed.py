"""A mixed model: one line for all, with an intercept of each group, as a vendor, and of each subgroup within.

Notation of the formulas: y = X b + Z_1 u_1 + Z_2 u_2 + e with u_i of variance s_i, e of variance s_0,
V = s_0 I + s_1 Z_1 Z_1' + s_2 Z_2 Z_2' and P = V^-1 - V^-1 X (X'V^-1 X)^-1 X'V^-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from memwall_trends.errors import MemwallError
from memwall_trends.fitting.designs import SINGULAR, orthogonalize

if TYPE_CHECKING:
    from memwall_trends.fitting.designs import Floats, Integers

FEW_GROUPS = 3
NONE_OF_IT = 1e-6
"""A variance component below this share of the residual variance is zero: the optimum is at the edge."""
ONLY_GROUPS = 1e4
"""A group's standard deviation over that of the residuals: beyond, the residuals are rounding errors."""


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A common line with random intercepts.

    Attributes
    ----------
    coefficients : ndarray of float, shape (k,)
        The fixed ones, by generalised least squares.
    covariance : ndarray of float, shape (k, k)
        Of them, after Kenward and Roger.
    group_variance, subgroup_variance, residual_variance : float
        The variance components; zero where the optimum is at the edge.
    group_effects : ndarray of float, shape (groups,)
        Predicted intercepts as differences from the common line, in the order of the codes: pulled toward
        zero the more, the fewer observations a group has.
    subgroup_effects : ndarray of float, shape (subgroups,)
        The same of subgroups, as differences from their group. A subgroup that is in two groups has one in
        each; this is their mean over its observations.
    freedom : KenwardRoger
        Gives the degrees of freedom of any contrast: ``freedom.of(contrast)``.
    log_likelihood : float
        Restricted; of fits with the same design it may be compared.
    n_groups, n_subgroups : int
    """

    coefficients: Floats
    covariance: Floats
    group_variance: float
    subgroup_variance: float
    residual_variance: float
    group_effects: Floats
    subgroup_effects: Floats
    freedom: KenwardRoger
    log_likelihood: float
    n_groups: int
    n_subgroups: int


@dataclass(frozen=True, eq=False)
class KenwardRoger:
    """Degrees of freedom of a contrast, 2 (c'Fc)^2 / (g'Wg) with F = (X'V^-1 X)^-1.

    W is the covariance of the variance components from their expected information, and g the derivatives of
    c'Fc with respect to them. For one contrast this is Satterthwaite's freedom, and that of Kenward and Roger
    (1997, doi:10.2307/2533558).

    Attributes
    ----------
    fixed : ndarray of float, shape (k, k)
        F.
    components : ndarray of float, shape (m, m)
        W, of the components above zero.
    derivatives : ndarray of float, shape (m, k, k)
        Of F.
    """

    fixed: Floats
    components: Floats
    derivatives: Floats

    def of(self, contrast: Floats) -> float:
        """Return the degrees of freedom of a contrast, shape (k,)."""
        slopes = self.derivatives @ contrast @ contrast
        return float(2 * (contrast @ self.fixed @ contrast) ** 2 / (slopes @ self.components @ slopes))


def fit_mixed(
    design: Floats, outcome: Floats, groups: Integers, subgroups: Integers | None = None
) -> MixedFit:
    """Fit a common line with a random intercept of each group and, within it, of each subgroup.

    The variance components are those of the greatest restricted likelihood, found by ``scipy.optimize`` in
    the form of Bates et al. (2015, doi:10.18637/jss.v067.i01; R's ``lme4``). ``statsmodels``' ``MixedLM``
    comes to the same, but takes seconds where a component is zero, and may not end there. The covariance of
    the coefficients allows for the components being estimated (Kenward and Roger 1997, doi:10.2307/2533558;
    R's ``pbkrtest``).

    Parameters
    ----------
    design : ndarray of float, shape (n, k)
        Of full column rank, with an intercept.
    outcome : ndarray of float, shape (n,)
    groups : ndarray of int, shape (n,)
        0 to G - 1, as of vendors; at least three.
    subgroups : ndarray of int, shape (n,), optional
        0 to S - 1, as of architectures. One that is in two groups counts as two.

    Returns
    -------
    MixedFit

    Raises
    ------
    MemwallError
        If there are too few groups, no subgroup has two members or no group two subgroups, or the optimum is
        not found.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> years, groups = random.uniform(-10, 10, 120), np.arange(120) % 12
    >>> outcome = 0.2 * years + random.normal(0, 0.5, 12)[groups] + random.normal(0, 0.2, 120)
    >>> fit = fit_mixed(np.column_stack([np.ones(120), years]), outcome, groups)
    >>> round(float(fit.coefficients[1]), 2), round(fit.residual_variance**0.5, 2)
    (0.2, 0.19)
    """
    _check(design, outcome, groups, subgroups)
    nested = None if subgroups is None else _nest(groups, subgroups)
    codes = [groups] if nested is None else [groups, nested]
    variances, log_likelihood = _maximize(design, outcome, codes)
    kept = [(code, variance) for code, variance in zip(codes, variances[1:], strict=True) if variance > 0]
    model = _Model(design, variances[0], [variance for _, variance in kept], [code for code, _ in kept])
    coefficients = model.fixed @ (model.solved.T @ outcome)
    solved = model.solve((outcome - design @ coefficients)[:, np.newaxis])[:, 0]
    effects: list[Any] = [
        variance * np.bincount(code, weights=solved)
        for code, variance in zip(codes, variances[1:], strict=True)
    ]
    freedom, covariance = _kenward_roger(model)
    subgroup_effects = np.empty(0)
    if subgroups is not None:
        rows = np.bincount(subgroups).clip(min=1)
        subgroup_effects = np.bincount(subgroups, weights=effects[1][codes[1]]) / rows
    return MixedFit(
        coefficients=coefficients,
        covariance=covariance,
        group_variance=variances[1],
        subgroup_variance=variances[2] if subgroups is not None else 0.0,
        residual_variance=variances[0],
        group_effects=effects[0],
        subgroup_effects=subgroup_effects,
        freedom=freedom,
        log_likelihood=log_likelihood,
        n_groups=len(effects[0]),
        n_subgroups=len(subgroup_effects),
    )


def _check(design: Floats, outcome: Floats, groups: Integers, subgroups: Integers | None) -> None:
    n_obs, n_columns = design.shape
    lengths = {len(outcome), len(groups), n_obs if subgroups is None else len(subgroups)}
    if lengths != {n_obs}:
        raise MemwallError(f"each of the {n_obs} observations needs a value, a group and a subgroup")
    n_groups = len(np.unique(groups))
    if n_groups < FEW_GROUPS:
        raise MemwallError(
            f"a mixed model needs at least {FEW_GROUPS} vendors to tell how they differ; got {n_groups}; use "
            "--method ols"
        )
    if n_obs <= n_groups + n_columns - 1:
        raise MemwallError(
            f"{n_obs} observations of {n_groups} vendors are too few to tell vendors from observations; use "
            "--method ols"
        )
    if subgroups is not None:
        n_nested = _nest(groups, subgroups).max() + 1
        if n_nested in (n_obs, n_groups):
            why = (
                "no architecture has two observations"
                if n_nested == n_obs
                else "each vendor has one architecture"
            )
            raise MemwallError(
                f"{why}, so that its share of the variance cannot be told; leave out the architecture"
            )


def _nest(groups: Integers, subgroups: Integers) -> Integers:
    """Return the subgroups with those that are in two groups taken for two."""
    _, nested = np.unique(np.stack([groups, subgroups]), axis=1, return_inverse=True)
    return nested.ravel()


def _maximize(design: Floats, outcome: Floats, codes: list[Integers]) -> tuple[list[float], float]:
    """Return the variances of the residuals and of each kind of group, and the restricted likelihood.

    With t_i^2 = s_i / s_0, the likelihood depends on t alone, and groups enter by their cross-products. It is
    even in t: a search kept to t >= 0 could end at 0, where its slope is zero whether or not it is greatest.
    """
    from scipy.linalg import solve_triangular
    from scipy.optimize import minimize

    n_obs, n_columns = design.shape
    basis = orthogonalize(design, None)
    residuals = outcome - basis.columns @ (basis.columns.T @ outcome)
    scale = float(np.sqrt((residuals**2).mean()))
    if scale <= SINGULAR * (1 + float(abs(outcome).max())):
        raise MemwallError("all observations lie on one line, so that no vendor differs; use --method ols")
    fixed = np.column_stack([basis.columns, residuals / scale])
    whole = np.hstack([_indicate(code) for code in codes])
    widths = [code.max() + 1 for code in codes]
    crossed, mixed, plain = whole.T @ whole, whole.T @ fixed, fixed.T @ fixed

    def deviance(ratios: Floats) -> tuple[float, float]:
        each = np.repeat(ratios, widths)
        lower = np.linalg.cholesky(each[:, np.newaxis] * crossed * each + np.eye(len(each)))
        explained = solve_triangular(lower, each[:, np.newaxis] * mixed, lower=True)
        triangle = np.diag(np.linalg.cholesky(plain - explained.T @ explained))
        variance = triangle[-1] ** 2 / (n_obs - n_columns)
        logs = np.log(np.diag(lower)).sum() + np.log(triangle[:-1]).sum()
        return float(2 * logs + (n_obs - n_columns) * (1 + np.log(2 * np.pi * variance))), float(variance)

    search: Any = minimize  # the stubs do not know all that it takes
    try:
        found = search(
            lambda ratios: deviance(ratios)[0],
            np.ones(len(codes)),
            method="L-BFGS-B",
            jac="3-point",
            bounds=[(-ONLY_GROUPS, ONLY_GROUPS)] * len(codes),
            options={"ftol": 1e-13, "gtol": 1e-6},
        )
        least, variance = deviance(found.x)
    except np.linalg.LinAlgError:  # rounding errors are all that is left
        least, variance = float("nan"), 0.0
    if not np.isfinite(least) or abs(found.x).max() >= ONLY_GROUPS:
        raise MemwallError(
            "the mixed model has no optimum that can be found: vendors and architectures explain all there "
            "is; leave out the architecture, or use --method ols --se cluster"
        )
    residual = scale**2 * variance
    shares = [float(ratio) ** 2 for ratio in found.x]
    # The determinant of X'V^-1 X is that of the orthogonal columns times that of the triangle, squared.
    constant = 2 * np.log(abs(np.diag(basis.triangle))).sum() + 2 * (n_obs - n_columns) * np.log(scale)
    components = [share * residual if share > NONE_OF_IT else 0.0 for share in shares]
    return [residual, *components], float(-(least + constant) / 2)


def _indicate(code: Integers) -> Floats:
    """Return one column for each group, 1 where an observation is in it."""
    columns: Floats = np.eye(code.max() + 1)[code]
    return columns


class _Model:
    """V^-1 by Woodbury's identity, so that only matrices of groups by groups are inverted."""

    def __init__(
        self, design: Floats, residual: float, variances: list[float], codes: list[Integers]
    ) -> None:
        self.design, self.residual, self.variances = design, residual, variances
        self.indicators = [_indicate(code) for code in codes]
        whole = np.hstack([np.empty((len(design), 0)), *self.indicators])
        self.whole = whole
        ratios = [
            residual / variance * np.ones(each.shape[1])
            for each, variance in zip(self.indicators, variances, strict=True)
        ]
        self.inner = np.linalg.inv(whole.T @ whole + np.diag(np.concatenate([np.empty(0), *ratios])))
        self.solved = self.solve(design)
        self.fixed: Any = np.linalg.inv(design.T @ self.solved)

    def solve(self, right: Floats) -> Floats:
        """Return V^-1 of the columns."""
        solved: Floats = (right - self.whole @ (self.inner @ (self.whole.T @ right))) / self.residual
        return solved


def _kenward_roger(model: _Model) -> tuple[KenwardRoger, Floats]:
    """Return the degrees of freedom and the adjusted covariance.

    With D_i = dV/ds_i (I for the residuals, Z_i Z_i' else) and B_i = D_i V^-1 X: the information of s_i and
    s_j is trace(P D_i P D_j) / 2, dF/ds_i is F X'V^-1 B_i F, and the covariance F + 2 F [sum over i and j of
    W_ij (B_i'V^-1 B_j - B_i'V^-1 X F X'V^-1 B_j)] F.
    """
    solved, fixed = model.solved, model.fixed
    n_components = 1 + len(model.variances)
    moved = [solved, *(each @ (each.T @ solved) for each in model.indicators)]
    slopes = [solved.T @ each for each in moved]
    weights: Any = np.linalg.inv(_information(model))
    extra = np.zeros_like(fixed)
    for i in range(n_components):
        backward = model.solve(moved[i])
        for j in range(n_components):
            extra += weights[i, j] * (backward.T @ moved[j] - slopes[i] @ fixed @ slopes[j])
    covariance = fixed + 2 * fixed @ extra @ fixed
    derivatives: Any = np.stack([fixed @ each @ fixed for each in slopes])
    return KenwardRoger(fixed, weights, derivatives), (covariance + covariance.T) / 2


def _information(model: _Model) -> Floats:
    """Return trace(P D_i P D_j) / 2 for all components.

    Those of the residuals follow from P V P = P and trace(P V) = n - k, without a matrix of n x n.
    """
    n_obs, n_columns = model.design.shape
    variances = np.array(model.variances)
    n_random = len(variances)
    inside = [
        [
            left.T @ model.solve(right) - left.T @ model.solved @ model.fixed @ model.solved.T @ right
            for right in model.indicators
        ]
        for left in model.indicators
    ]
    traces = np.empty((n_random + 1, n_random + 1))
    traces[1:, 1:] = [[(each**2).sum() for each in row] for row in inside]
    own = np.array([np.trace(inside[i][i]) for i in range(n_random)])
    traces[0, 1:] = traces[1:, 0] = (own - variances @ traces[1:, 1:]) / model.residual
    whole = (n_obs - n_columns - variances @ own) / model.residual
    traces[0, 0] = (whole - variances @ traces[0, 1:]) / model.residual
    return traces / 2
