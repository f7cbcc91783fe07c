# Makes robust.csv beside it, the numbers that the tests of estimators and of the bootstrap compare with.
# Run from the top of the checkout, with Debian's r-base-core, r-cran-quantreg, r-cran-sandwich, r-cran-mass
# and r-cran-boot:
#   Rscript tests/reference/robust.R
# It shares no code with the package: the CSVs are read, filtered and fitted by R alone.
# The slope is in log10 units a year; "middle" is the line at the mean year of the observations.

suppressPackageStartupMessages({
  library(sandwich)
  library(quantreg)
  library(MASS)
  library(boot)
})

DRAWS <- 20000
series <- list(
  peak_flops = NULL, dram_bandwidth = NULL, interconnect_bandwidth = NULL, memory_capacity = NULL,
  model_size = "transformer", training_compute = "transformer"
)

read_rows <- function(name) {
  rows <- read.csv(file.path("datasets", "gholami2024", paste0(name, ".csv")))
  kind <- series[[name]]
  if (!is.null(kind)) rows <- rows[rows$kind == kind, ]
  year <- as.numeric(as.Date(rows$date)) / 365.25 + 1970
  calendar_year <- substr(rows$date, 1, 4)
  data.frame(
    x = year - mean(year), y = log10(rows$value), vendor = rows$vendor,
    weight = 1 / as.numeric(table(calendar_year)[calendar_year])
  )
}

# Line and standard errors, as c(middle, slope).
line <- function(method, coefficients, covariance = NULL) {
  values <- c(middle = coefficients[[1]], slope = coefficients[[2]])
  if (!is.null(covariance)) {
    values <- c(values, middle_error = sqrt(covariance[1, 1]), slope_error = sqrt(covariance[2, 2]))
  }
  setNames(values, paste(method, names(values), sep = "_"))
}

# Huber (1981), equation 7.6.2: K^2 s^2 [sum(psi^2) / (n - p)] / mean(psi')^2 (X'X)^-1 with
# K = 1 + p / n var(psi') / mean(psi')^2. summary.rlm() takes var(psi') over n - 1, statsmodels over n.
huber_covariance <- function(model, design) {
  scaled <- residuals(model) / model$s
  psi <- pmax(-1.345, pmin(1.345, scaled))
  slope_of_psi <- as.numeric(abs(scaled) <= 1.345)
  n <- nrow(design)
  p <- ncol(design)
  m <- mean(slope_of_psi)
  k <- 1 + p / n * mean((slope_of_psi - m)^2) / m^2
  k^2 * model$s^2 * sum(psi^2) / (n - p) / m^2 * solve(crossprod(design))
}

# Koenker and Bassett (1978): tau (1 - tau) / density^2 (X'X)^-1. The density of the residuals at zero by an
# Epanechnikov kernel, its bandwidth by Hall and Sheather (quantreg's bandwidth.rq) on the residuals' quartiles.
# quantreg's own se = "ker" smooths more: its 95 % intervals hold the slope in 99 % of simulated draws of 200.
quantile_line <- function(rows, tau) {
  model <- suppressWarnings(rq(y ~ x, tau = tau, data = rows)) # "may be nonunique": ours are the same
  u <- residuals(model)
  width <- bandwidth.rq(tau, length(u), hs = TRUE)
  while (tau - width <= 0 || tau + width >= 1) width <- width / 2
  bandwidth <- IQR(u) / 1.34 * (qnorm(tau + width) - qnorm(tau - width))
  density_at_zero <- mean(0.75 * pmax(0, 1 - (u / bandwidth)^2)) / bandwidth
  covariance <- tau * (1 - tau) / density_at_zero^2 * solve(crossprod(cbind(1, rows$x)))
  line(paste0("quantile_", tau), coef(model), covariance)
}

theil_sen_slope <- function(x, y) {
  pairs <- combn(length(x), 2)
  run <- x[pairs[2, ]] - x[pairs[1, ]]
  rise <- y[pairs[2, ]] - y[pairs[1, ]]
  median((rise / run)[run != 0])
}

numbers <- function(name) {
  rows <- read_rows(name)
  design <- cbind(1, rows$x)
  ols <- lm(y ~ x, data = rows)
  wls <- lm(y ~ x, data = rows, weights = weight)
  huber <- rlm(y ~ x, data = rows, psi = psi.huber, k = 1.345, acc = 1e-13, maxit = 500)
  values <- c(
    line("hc3", coef(ols), vcovHC(ols, type = "HC3")),
    line("wls", coef(wls), vcovHC(wls, type = "HC3")),
    line("huber", coef(huber), huber_covariance(huber, design)),
    huber_scale = huber$s,
    huber_slope_error_by_summary = coef(summary(huber))["x", "Std. Error"],
    quantile_line(rows, 0.5),
    quantile_line(rows, 0.9),
    theil_sen_slope = theil_sen_slope(rows$x, rows$y)
  )
  if (name == "peak_flops") {
    values <- c(values, line("cluster", coef(ols), vcovCL(ols, cluster = ~vendor, type = "HC1")))
  }
  values
}

# Ends of the slope's 95 % intervals with their Monte Carlo errors: of a quantile p of R draws,
# sqrt(p (1 - p) / R) / density. BCa takes other quantiles than 0.025 and 0.975; they depend on the share of
# draws below the estimate, whose error of sqrt(0.25 / R) shifts the normal quantile by twice as much / dnorm(0).
intervals <- function(name, drawn) {
  rows <- read_rows(name)
  groups <- if (drawn == "cluster") unique(rows$vendor) else seq_len(nrow(rows))
  members <- if (drawn == "cluster") lapply(groups, function(g) which(rows$vendor == g)) else as.list(groups)
  slope <- function(groups, chosen) {
    picked <- rows[unlist(members[chosen]), ]
    if (length(unique(picked$x)) == 1) NaN else cov(picked$x, picked$y) / var(picked$x)
  }
  set.seed(1)
  result <- boot(groups, slope, R = DRAWS)
  # A resample of one date has no line.
  result$t <- result$t[is.finite(result$t), , drop = FALSE]
  result$R <- nrow(result$t)
  smoothed <- density(result$t[, 1], n = 4096)
  density_at <- approxfun(smoothed$x, smoothed$y)
  monte_carlo <- function(ends, bca) {
    below <- sapply(ends, function(end) mean(result$t <= end))
    shift <- if (bca) 2 * sqrt(0.25 / result$R) / dnorm(0) * dnorm(qnorm(below)) else 0
    sqrt(below * (1 - below) / result$R + shift^2) / density_at(ends)
  }
  # The acceleration by the jackknife over what is drawn; boot's own default is a regression estimate.
  jackknife <- sapply(seq_along(groups), function(g) slope(groups, seq_along(groups)[-g]))
  influence <- (length(groups) - 1) * (mean(jackknife) - jackknife)
  percentile <- boot.ci(result, type = "perc")$percent[4:5]
  bca <- boot.ci(result, type = "bca", L = influence)$bca[4:5]
  values <- c(percentile, monte_carlo(percentile, FALSE), bca, monte_carlo(bca, TRUE))
  ends <- c("low", "high", "low_mc_error", "high_mc_error")
  setNames(values, paste(drawn, c(paste0("percentile_", ends), paste0("bca_", ends)), sep = "_"))
}

result <- do.call(rbind, lapply(names(series), function(name) {
  values <- c(numbers(name), intervals(name, "pairs"))
  if (name == "peak_flops") values <- c(values, intervals(name, "cluster"))
  data.frame(series = name, quantity = names(values), value = unname(values))
}))
result$value <- trimws(formatC(result$value, digits = 12, format = "g"))
write.csv(result, "tests/reference/robust.csv", row.names = FALSE, quote = FALSE)
