# Makes clusters.csv and mixed.csv beside it, the numbers that the tests of clusters and mixed compare with.
# Run from the top of the checkout, with Debian's r-base-core, r-cran-sandwich, r-cran-clubsandwich,
# r-cran-lmertest and r-cran-pbkrtest, and dfadjust 1.0.5 from CRAN:
#   Rscript tests/reference/clusters.R
# It shares no code with the package. clusters_rows.csv, which it reads, are the curated peak FLOPS as they
# were on 2026-11-28, kept so that an added chip does not move the reference.

suppressPackageStartupMessages({
  library(sandwich)
  library(clubSandwich)
  library(dfadjust)
  library(lmerTest)
})

rows <- read.csv("tests/reference/clusters_rows.csv", stringsAsFactors = TRUE)
rows$x <- rows$year - 2012
rows$even <- 1 / as.numeric(table(rows$calendar_year)[as.character(rows$calendar_year)])
rows$row <- factor(seq_len(nrow(rows)))

designs <- list(line = log10_value ~ x, classes = log10_value ~ x + product_class)
clusters <- c("architecture", "vendor", "product_class", "row")

# Standard error of the slope, and its degrees of freedom; clubSandwich's working model is independent errors
# of one variance, with weights and without. vcovCL's HC1 has G/(G-1) (n-1)/(n-k).
one_way <- function(design, cluster, weighted) {
  model <- if (weighted) lm(designs[[design]], rows, weights = even) else lm(designs[[design]], rows)
  group <- rows[[cluster]]
  reduced <- coef_test(model, vcov = "CR2", cluster = group, test = "Satterthwaite", coefs = "x")
  values <- c(
    slope = coef(model)[["x"]],
    crv1_error = sqrt(vcovCL(model, cluster = group, type = "HC1")["x", "x"]),
    cr2_error = reduced$SE,
    cr2_freedom = reduced$df_Satt
  )
  # Of the line also where it is far from its middle: the contrast (1, 10) is the intercept at x = 10.
  if (design == "line") {
    rows$from_there <- rows$x - 10
    moved <- update(model, . ~ from_there, data = rows)
    far <- coef_test(moved, vcov = "CR2", cluster = group, test = "Satterthwaite", coefs = "(Intercept)")
    values <- c(values, far_error = far$SE, far_freedom = far$df_Satt)
  }
  if (!weighted && cluster != "row") {
    moulton <- dfadjustSE(model, group, ell = as.numeric(names(coef(model)) == "x"), rho0 = TRUE)
    values <- c(values, intraclass_freedom = moulton$coefficients[[1, "df"]])
  }
  data.frame(
    design = design, cluster = cluster, weighted = as.integer(weighted), quantity = names(values), value = values
  )
}

two_way <- function(fix) {
  model <- lm(designs$line, rows)
  covariance <- vcovCL(model, cluster = ~ architecture + calendar_year, type = "HC1", fix = fix)
  few <- vcovCL(model, cluster = ~ product_class + calendar_year, type = "HC1", fix = fix)
  data.frame(
    design = "line", cluster = c("architecture+calendar_year", "product_class+calendar_year"), weighted = 0,
    quantity = "two_way_error", value = sqrt(c(covariance["x", "x"], few["x", "x"]))
  )
}

grid <- expand.grid(design = names(designs), cluster = clusters, weighted = c(FALSE, TRUE), stringsAsFactors = FALSE)
result <- do.call(rbind, Map(one_way, grid$design, grid$cluster, grid$weighted))
result <- rbind(result, two_way(fix = TRUE))
result$value <- trimws(formatC(result$value, digits = 12, format = "g"))
write.csv(result, "tests/reference/clusters.csv", row.names = FALSE, quote = FALSE)

# A random intercept of each vendor and of each architecture within it, by REML.
mixed <- function(design) {
  formula <- update(designs[[design]], . ~ . + (1 | vendor) + (1 | vendor:architecture))
  model <- lmer(formula, rows, REML = TRUE, control = lmerControl(optCtrl = list(ftol_abs = 1e-14, xtol_abs = 1e-12)))
  variances <- as.data.frame(VarCorr(model))
  slope <- coef(summary(model, ddf = "Satterthwaite"))["x", ]
  kenward_roger <- coef(summary(model, ddf = "Kenward-Roger"))["x", ]
  effects <- ranef(model)
  values <- c(
    slope = slope[["Estimate"]],
    slope_error = slope[["Std. Error"]],
    satterthwaite_freedom = slope[["df"]],
    kenward_roger_error = kenward_roger[["Std. Error"]],
    kenward_roger_freedom = kenward_roger[["df"]],
    vendor_variance = variances$vcov[variances$grp == "vendor"],
    architecture_variance = variances$vcov[variances$grp == "vendor:architecture"],
    residual_variance = variances$vcov[variances$grp == "Residual"],
    log_likelihood = as.numeric(logLik(model)),
    effect_nvidia = effects$vendor["NVIDIA", 1],
    effect_nec = effects$vendor["NEC", 1],
    effect_hopper = effects$`vendor:architecture`["NVIDIA:Hopper", 1]
  )
  data.frame(design = design, quantity = names(values), value = values)
}

result <- do.call(rbind, lapply(names(designs), mixed))
result$value <- trimws(formatC(result$value, digits = 12, format = "g"))
write.csv(result, "tests/reference/mixed.csv", row.names = FALSE, quote = FALSE)
