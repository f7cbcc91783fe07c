"""Make wild.csv beside it: p-values of the wild cluster bootstrap-t by pyfixest (wildboottest).

Run from the top of the checkout with pyfixest 0.60 and wildboottest 0.3.2 installed, neither of which the
package needs: ``python tests/reference/wild.py``. Webb's weights, null hypothesis imposed, 99,999 draws. The
p-value of a slope other than zero is that of zero once that slope is taken off the values.
"""

from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
DRAWS = 99_999
FORMULAS = {"line": "moved ~ x", "classes": "moved ~ x + C(product_class)"}
OFF = (-3.0, -2.0, 1.0, 2.0, 3.0)
"""How many standard errors the tested slope lies off the fitted one."""


def main() -> None:
    """Write the p-values."""
    import pyfixest  # type: ignore[import-not-found, unused-ignore]

    rows = pd.read_csv(HERE / "clusters_rows.csv")
    rows["x"] = rows["year"] - 2012
    found = []
    for design, formula in FORMULAS.items():
        for cluster in ("architecture", "vendor", "product_class"):
            rows["group"] = rows[cluster].astype("category").cat.codes
            rows["moved"] = rows["log10_value"]
            fit = pyfixest.feols(formula, data=rows, vcov={"CRV1": "group"})
            slope, error = fit.coef()["x"], fit.se()["x"]
            found.append((design, cluster, "slope_error", np.nan, error))
            for off in OFF:
                hypothesis = round(slope + off * error, 6)
                rows["moved"] = rows["log10_value"] - hypothesis * rows["x"]
                moved = pyfixest.feols(formula, data=rows, vcov={"CRV1": "group"})
                drawn = moved.wildboottest(reps=DRAWS, param="x", weights_type="webb", seed=1)
                found.append((design, cluster, "p_value", hypothesis, drawn["Pr(>|t|)"]))
    columns = ["design", "cluster", "quantity", "hypothesis", "value"]
    pd.DataFrame(found, columns=columns).to_csv(HERE / "wild.csv", index=False, float_format="%.12g")


if __name__ == "__main__":
    main()
